import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { State } from "../support/pulumi/dynamic-host.ts";
import { args, messageOf, planted, type Stage, startStage } from "../support/pulumi/stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage("connection");
});
afterAll(() => stage.stop());

describe("arguments that are wrong", () => {
  it.each<[string, State, string, RegExp]>([
    ["an unknown argument", { conig: {} }, "conig", /did you mean "config"/],
    ["an unknown field", { config: { ...args().config, timeout: 1 } }, "config.timeout", /timeout_secs/],
    ["a required field that is missing", { config: { base_url: "http://x" } }, "config.api_key", /required/],
    ["an unknown source", { source: "elasticsaerch" }, "source", /did you mean "elasticsearch"/],
    ["an unknown connection type", { auth: "apikey" }, "auth", /did you mean "api_key"/],
    ["a source without connections", { source: "file" }, "source", /no connections/],
    ["a wrong type", { config: { ...args().config, timeout_secs: "soon" } }, "config.timeout_secs", /integer/],
    ["an empty secret", { config: { ...args().config, api_key: "" } }, "config.api_key", /fewer than 1/],
    ["a name in the configuration", { config: { ...args().config, name: "x" } }, "config.name", /argument name/],
    ["an empty name", { name: "" }, "name", /"name"/],
    [
      "a reference of a manifest",
      { config: { ...args().config, api_key: { $secret: "x" } } },
      "config.api_key",
      /Pulumi/,
    ],
    ["an adopt that is neither true nor false", { adopt: "yes" }, "adopt", /true or false/],
    ["a credential as a value", { target: { secretKey: planted } }, "target.secretKey", /never the value/],
    ["a target of another form", { target: planted }, "target", /credentials/],
    [
      "an unknown credential",
      { target: { secret_key: { env: "X" } } },
      "target.secret_key",
      /did you mean "secretKey"/,
    ],
    ["a catalog file that is missing", { catalog: ["catalog/none.yaml"] }, "catalog", /none\.yaml does not exist/],
    ["a catalog that is no list", { catalog: "catalog/none.yaml" }, "catalog", /list/],
  ])("are named by their property: %s", async (_, change, property, reason) => {
    const { failures } = await stage.host.check({}, args(change));
    expect(failures).toEqual([{ property, reason: expect.stringMatching(reason) }]);
    expect(JSON.stringify(failures)).not.toContain(planted);
  });

  it("are all named at once", async () => {
    const { failures } = await stage.host.check(
      {},
      args({ conig: 1, adopt: "yes" }, { timeout: 1, timeout_secs: "x" }),
    );
    expect(failures.map(({ property }) => property).sort()).toEqual([
      "adopt",
      "config.timeout",
      "config.timeout_secs",
      "conig",
    ]);
  });

  it("are never quoted from the configuration, where the program may have marked anything as secret", async () => {
    const { failures } = await stage.host.check({}, args({}, { base_url: 5, timeout_secs: planted }));
    expect(failures).toHaveLength(2);
    expect(JSON.stringify(failures)).not.toContain(planted);
  });

  it("are those that stand for something: null is no value", async () => {
    const { inputs, failures } = await stage.host.check(
      {},
      args({ adopt: null, target: null }, { timeout_secs: null }),
    );
    expect(failures).toEqual([]);
    expect(Object.keys(inputs).sort()).toEqual(["__provider", "auth", "config", "name", "source"]);
    expect(inputs["config"]).not.toHaveProperty("timeout_secs");
  });
});

describe("a catalog of one's own", () => {
  const acme = {
    ...args({ source: "acme-search", auth: "token" }),
    config: { url: "http://127.0.0.1:1", token: planted },
  };
  const file = [
    "id: acme-search",
    "name: Acme",
    "description: Ours",
    "category: search",
    "disabled: false",
    "supported_modes: [query]",
    "auth_strategy: connection",
    "connections:",
    "  - type: token",
    "    label: Token",
    "    integration_type: native",
    "    fields:",
    "      - { name: url, label: URL, required: true, type: string }",
    "      - { name: token, label: Token, required: true, type: string, secret: true }",
  ];

  it("is found beside the program", async () => {
    mkdirSync(join(stage.folder, "catalog"), { recursive: true });
    writeFileSync(join(stage.folder, "catalog/acme.yaml"), file.join("\n"));
    writeFileSync(join(stage.folder, "catalog/broken.yaml"), "id: [");
    writeFileSync(join(stage.folder, "catalog/wrong.json"), JSON.stringify({ id: "x" }));
    const check = (catalog: readonly string[], config: State = acme.config) =>
      stage.host.check({}, { ...acme, config, catalog });
    expect((await check(["catalog/acme.yaml"])).failures).toEqual([]);
    expect((await check(["catalog/acme.yaml"], { url: "http://x" })).failures).toMatchObject([
      { property: "config.token" },
    ]);
    expect((await check(["catalog/broken.yaml"])).failures).toMatchObject([{ property: "catalog" }]);
    expect((await check(["catalog/wrong.json"])).failures).toMatchObject([{ property: "catalog" }]);
    const olds = { ...acme, catalog: ["catalog/acme.yaml"] };
    const news = { ...olds, config: { ...acme.config, token: "another" } };
    expect(await stage.host.diff("conn-1", olds, news)).toMatchObject({ changes: true, replaces: [] });
  });
});

describe("a failure that Pulumi's host prints by itself", () => {
  it("is printed once, without a stack", async () => {
    const { id, outs } = await stage.make(args());
    const before = stage.host.printed().length;
    stage.front.refuse("GET /source/", 403);
    const message = await messageOf(stage.host.read(id, outs, {}));
    const printed = stage.host.printed().slice(before);
    const said = message.slice(message.indexOf("read connection"));
    expect(printed.split(said)).toHaveLength(2);
    expect(printed).not.toMatch(/\n\s+at /);
  });
});

describe("a target that cannot be used", () => {
  it("names every variable that is missing", async () => {
    const host = await stage.startHost({ INFINO_ENDPOINT: stage.front.url });
    const message = await messageOf(host.create(args()));
    expect(message).toContain("INFINO_ACCESS_KEY");
    expect(message).toContain("INFINO_SECRET_KEY");
  });

  it("takes its credentials from other variables and from files", async () => {
    writeFileSync(join(stage.folder, "secret-key"), `${stage.env["INFINO_SECRET_KEY"]}\n`);
    const host = await stage.startHost({
      OUR_ENDPOINT: stage.front.url,
      INFINO_ACCESS_KEY: stage.env["INFINO_ACCESS_KEY"] ?? "",
    });
    const target = { endpoint: { env: "OUR_ENDPOINT" }, secretKey: { file: "secret-key" } };
    const { id, inputs, outs } = await stage.make(args({ target }), host);
    expect(outs["target"]).toEqual(target);
    expect((await host.read(id, outs, inputs)).props).toEqual(outs);
    await host.delete(id, outs);
  });

  it("is told where it refuses the credentials", async () => {
    const wrong = "planted-wrong-secret-key";
    const host = await stage.startHost({ ...stage.env, INFINO_SECRET_KEY: wrong });
    const message = await messageOf(host.create(args()));
    expect(message).toMatch(/refused the credentials/);
    expect(message).not.toContain(wrong);
    expect(host.printed()).not.toContain(wrong);
  });

  it("is told where nothing answers", async () => {
    const host = await stage.startHost({ ...stage.env, INFINO_ENDPOINT: "http://127.0.0.1:1" });
    expect(await messageOf(host.create(args()))).toContain("http://127.0.0.1:1");
  }, 60_000);
});

describe("what Pulumi's host prints", () => {
  it("holds no secret, whatever went wrong", async () => {
    const host = await stage.startHost();
    const given = args();
    const { id, outs } = await stage.make(given, host);
    await host.check({}, args({ source: "none" }, { api_key: [planted] }));
    await messageOf(host.create(given));
    await messageOf(host.diff(id, outs, { ...given, catalog: ["none.json"] }));
    await messageOf(host.read("..", outs, given));
    await messageOf(host.update(id, { ...outs, live: {} }, { ...given, config: { ...given.config, timeout_secs: 1 } }));
    expect(host.printed()).not.toContain(planted);
  });
});
