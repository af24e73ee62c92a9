import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { args, messageOf, never, planted, type Stage, startStage } from "../support/pulumi/stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage("connection");
});
afterAll(() => stage.stop());

const posts = (requests: readonly string[]): number => requests.filter((request) => request.startsWith("POST")).length;

describe("a create whose answer was lost", () => {
  it("fails, and the next run finds what it made and writes its secrets", async () => {
    const given = args();
    stage.front.lose("POST");
    expect(await messageOf(stage.host.create(given))).toContain("pulumi up");
    const [made] = await stage.named(given.name);

    const again = await stage.startHost();
    let id = "";
    const requests = await stage.requestsOf(async () => {
      ({ id } = await stage.make(given, again));
    });
    expect(id).toBe(made?.id);
    expect(posts(requests)).toBe(0);
    expect(JSON.parse(stage.front.bodies.at(-1) ?? "")).toEqual({ config: { api_key: planted } });
    expect(await stage.named(given.name)).toHaveLength(1);
  });

  it("is found by the same process too", async () => {
    const given = args();
    stage.front.lose("POST");
    await messageOf(stage.host.create(given));
    expect((await stage.make(given)).id).toBe((await stage.named(given.name))[0]?.id);
  });
});

describe("an object of the same name that somebody else made", () => {
  const { name: _, ...given } = args();
  const strange = (name: string, config = {}) =>
    stage.other.createConnection("elasticsearch", { ...given.config, name, api_key: "theirs", ...config }, never);

  it.each([
    ["another value", "acme-strange-1", { timeout_secs: 31 }],
    ["a field more", "acme-strange-2", { accept_invalid_certs: true }],
  ])("is left alone and named: %s", async (_, name, config) => {
    const { connection_id } = await strange(name, config);
    const requests = await stage.requestsOf(async () => {
      expect(await messageOf(stage.host.create({ ...given, name }))).toMatch(
        new RegExp(`${connection_id}.*adopt: true`),
      );
    });
    expect(requests).toEqual(["GET /sources/connections"]);
  });

  it("is taken over when asked for: what differs and the secrets are written", async () => {
    const { connection_id } = await strange("acme-strange-3", { timeout_secs: 31 });
    const wanted = { ...given, name: "acme-strange-3", adopt: true };
    const { id, inputs, outs } = await stage.make(wanted);
    expect(id).toBe(connection_id);
    expect(JSON.parse(stage.front.bodies.at(-1) ?? "")).toEqual({ config: { api_key: planted, timeout_secs: 30 } });
    expect((await stage.host.diff(id, outs, inputs)).changes).toBe(false);
  });

  it("cannot be taken over where it is of another source", async () => {
    const name = "acme-strange-4";
    const { connection_id } = await stage.other.createConnection("opensearch", { ...given.config, name }, never);
    expect(await messageOf(stage.host.create({ ...given, name, adopt: true }))).toMatch(
      new RegExp(`${connection_id}.*source`),
    );
  });

  it("is not guessed at where there are several", async () => {
    const ids = [await strange("acme-strange-5"), await strange("acme-strange-5")].map((made) => made.connection_id);
    const message = await messageOf(stage.host.create({ ...given, name: "acme-strange-5", adopt: true }));
    for (const id of ids) expect(message).toContain(id);
  });
});

describe("two resources of one program with the same name", () => {
  it("are told apart, in whatever order they come", async () => {
    const given = args();
    const results = await Promise.allSettled([stage.make(given), stage.make(given)]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await stage.named(given.name)).toHaveLength(1);
  });

  it("do not share an object that the state has already", async () => {
    const given = args();
    const { id, outs } = await stage.make(given);
    const later = await stage.startHost();
    await later.diff(id, outs, given);
    expect(await messageOf(later.create({ ...given, adopt: true }))).toContain(id);
  });
});

describe("a connection that is only looked up", () => {
  it("is read by its id alone, without its secrets", async () => {
    const given = args();
    const { id } = await stage.make(given);
    const { api_key, ...config } = given.config;
    const found = await stage.host.read(id, undefined, {});
    expect(found.id).toBe(id);
    expect(found.props).toMatchObject({ source: "elasticsearch", name: given.name, config, connectionId: id });
    expect(JSON.stringify(found)).not.toContain(planted);
    // A later refresh of it starts from what was found.
    expect((await stage.host.read(id, found.props, found.inputs)).props).toEqual(found.props);
  });
});
