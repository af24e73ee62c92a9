import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root, type State } from "../support/pulumi/dynamic-host.ts";
import { args, planted, type Stage, startStage } from "../support/pulumi/stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage("connection");
});
afterAll(() => stage.stop());

describe("a connection that is made", () => {
  it("exists, shows what is known of it and has no difference afterwards", async () => {
    const given = args();
    const { id, inputs, outs } = await stage.make(given);
    expect(await stage.live(id)).toMatchObject({ name: given.name, base_url: "http://127.0.0.1:1", timeout_secs: 30 });
    expect(outs).toMatchObject({ ...given, connectionId: id, status: "disconnected", endpoint: stage.front.url });
    expect(outs["live"]).not.toHaveProperty("config.api_key");
    expect(await stage.host.diff(id, outs, inputs)).toEqual({ changes: false, replaces: [], deletesFirst: false });
  });

  it("is compared without a request", async () => {
    const { id, inputs, outs } = await stage.make(args());
    const work = async () => {
      await stage.host.check(inputs, args());
      await stage.host.diff(id, outs, args());
    };
    expect(await stage.requestsOf(work)).toEqual([]);
  });

  it("keeps the name that it had where the program gives none", async () => {
    const given = args();
    const { name, ...rest } = given;
    expect((await stage.host.check(given, rest)).inputs["name"]).toBe(name);
  });

  it("has the same provider text everywhere, in at most 128 bytes", async () => {
    const { outs } = await stage.make(args());
    expect(outs["__provider"]).toBe(
      'exports.handler=()=>require("module").createRequire(process.cwd()+"/")("connector-deployer/providers/v1/connection");',
    );
    expect(Buffer.byteLength(String(outs["__provider"]))).toBeLessThanOrEqual(128);
  });

  it("can be made by a program in another folder, such as this package's own", async () => {
    const host = await stage.startHost(stage.env, root);
    const { id, inputs, outs } = await stage.make(args(), host);
    expect((await stage.host.diff(id, outs, inputs)).changes).toBe(false);
  });

  it("is made beside many others by the very first calls, with few listings", async () => {
    const host = await stage.startHost();
    const all = Array.from({ length: 20 }, () => args());
    const requests = await stage.requestsOf(() => Promise.all(all.map((given) => stage.make(given, host))));
    expect(requests.filter((request) => request.startsWith("POST"))).toHaveLength(20);
    expect(requests.filter((request) => request === "GET /sources/connections").length).toBeLessThan(10);
  });
});

describe("a change", () => {
  it("sends one PATCH with nothing but what changed", async () => {
    const given = args();
    const { id, outs } = await stage.make(given);
    const news = { ...given, config: { ...given.config, timeout_secs: 60 } };
    expect(await stage.host.diff(id, outs, news)).toEqual({ changes: true, replaces: [], deletesFirst: false });
    let after: State = {};
    const requests = await stage.requestsOf(async () => {
      after = await stage.host.update(id, outs, news);
    });
    expect(requests.filter((request) => !request.startsWith("GET"))).toEqual([`PATCH /source/${id}`]);
    expect(JSON.parse(stage.front.bodies.at(-1) ?? "")).toEqual({ config: { timeout_secs: 60 } });
    expect(await stage.live(id)).toMatchObject({ timeout_secs: 60 });
    expect((await stage.host.diff(id, after, news)).changes).toBe(false);
  });

  it("of a secret is seen and sends that secret alone", async () => {
    const given = args();
    const { id, outs } = await stage.make(given);
    const news = { ...given, config: { ...given.config, api_key: "another-api-key" } };
    expect((await stage.host.diff(id, outs, news)).changes).toBe(true);
    const after = await stage.host.update(id, outs, news);
    expect(JSON.parse(stage.front.bodies.at(-1) ?? "")).toEqual({ config: { api_key: "another-api-key" } });
    expect((await stage.host.diff(id, after, news)).changes).toBe(false);
  });

  it("that takes a field out sets its default, and is none where it had that already", async () => {
    const { name, ...given } = args();
    const { timeout_secs, ...config } = given.config;
    const { id, outs } = await stage.make({ ...given, name, config: { ...config, timeout_secs: 60 } });
    const after = await stage.host.update(id, outs, { ...given, name, config });
    expect((await stage.live(id))["timeout_secs"] ?? 30).toBe(30);
    expect((await stage.host.diff(id, after, { ...given, name, config })).changes).toBe(false);

    const second = await stage.make(args());
    const { timeout_secs: _, ...rest } = second.inputs["config"] as State;
    expect((await stage.host.diff(second.id, second.outs, { ...second.inputs, config: rest })).changes).toBe(false);
  });

  it("of the name keeps the connection", async () => {
    const given = args();
    const { id, outs } = await stage.make(given);
    const news = { ...given, name: `${given.name}-renamed` };
    expect(await stage.host.diff(id, outs, news)).toMatchObject({ changes: true, replaces: [] });
    await stage.host.update(id, outs, news);
    expect((await stage.named(news.name)).map((connection) => connection.id)).toEqual([id]);
  });

  it.each([
    ["source", { source: "opensearch" }],
    ["auth", { auth: "bearer_token", config: { base_url: "http://127.0.0.1:1", bearer_token: "another" } }],
  ])("of %s replaces it, the old one first", async (name, change) => {
    const given = args();
    const { id, outs } = await stage.make(given);
    expect(await stage.host.diff(id, outs, { ...given, ...change })).toEqual({
      changes: true,
      replaces: [name],
      deletesFirst: true,
    });
  });

  it("of where credentials come from writes nothing", async () => {
    const given = args();
    const { id, outs } = await stage.make(given);
    const news = { ...given, target: { accessKey: { env: "INFINO_ACCESS_KEY" } } };
    expect(await stage.host.diff(id, outs, news)).toMatchObject({ changes: true, replaces: [] });
    const requests = await stage.requestsOf(async () => {
      const after = await stage.host.update(id, outs, news);
      expect((await stage.host.diff(id, after, news)).changes).toBe(false);
    });
    expect(requests).toEqual([`GET /source/${id}`]);
  });
});

describe("what is not known in a preview", () => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

  it.each([
    ["a text", { config: { base_url: unknown, api_key: planted } }],
    ["a secret", { config: { base_url: "http://127.0.0.1:1", api_key: unknown } }],
    ["a number", { config: { base_url: "http://127.0.0.1:1", api_key: planted, timeout_secs: unknown } }],
    ["the whole configuration", { config: unknown }],
    ["the name", { name: unknown }],
    ["the source", { source: unknown }],
    ["the connection type", { auth: unknown }],
    ["whether to adopt", { adopt: unknown }],
  ])("is not validated and counts as a change: %s", async (_, change) => {
    const given = args();
    const { id, outs } = await stage.make(given);
    const news = { ...given, ...change };
    expect((await stage.host.check(given, news)).failures).toEqual([]);
    expect((await stage.host.diff(id, outs, news)).changes).toBe(true);
  });

  it("does not hide what is wrong beside it", async () => {
    const { failures } = await stage.host.check({}, args({}, { base_url: unknown, timeout_secs: "soon" }));
    expect(failures.map(({ property }) => property)).toEqual(["config.timeout_secs"]);
  });
});
