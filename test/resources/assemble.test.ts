import { describe, expect, it } from "vitest";
import { builtinCatalog } from "../../src/catalog/index.ts";
import type { Component, Properties } from "../../src/contract/index.ts";
import type { InfinoClient } from "../../src/infino/index.ts";
import type { ResourceKind } from "../../src/resources/index.ts";
import { assemble, infinoKinds, secretPaths } from "../../src/resources/index.ts";

const component = (_id: string, type: string, properties: Properties, more: Partial<Component> = {}): Component => ({
  tenant: "t001",
  connector: "crm",
  system: "acme-t001-crm",
  _id,
  type,
  properties,
  ...more,
});

const key = { $secret: "$SECRET(k)" };
const connection = (properties: Properties = {}, _id = "c"): Component =>
  component(_id, "connection", {
    source: "elasticsearch",
    auth: "api_key",
    config: { base_url: "https://es.example", api_key: key },
    ...properties,
  });
const job = (properties: Properties = {}, more: Partial<Component> = {}): Component =>
  component(
    "j",
    "import-job",
    { connection: "c", source_dataset: "contacts", target_dataset: "d", ...properties },
    more,
  );

const of = (...components: readonly Component[]) => assemble(components, infinoKinds, builtinCatalog());
const problems = (...components: readonly Component[]): string[] =>
  of(...components).problems.map(({ code, path }) => `${code} ${path}`);

describe("a component becomes a resource", () => {
  it("whose name is its _id unless given", () => {
    expect(of(connection()).resources[0]?.properties).toMatchObject({ config: { name: "c" } });
    const named = connection({ config: { name: "n", base_url: "https://es.example", api_key: key } });
    expect(of(named).resources[0]?.properties).toMatchObject({ config: { name: "n" } });
  });

  it("whose query is text and whose schedule comes from the manifest unless it says none", () => {
    const query = { query: { match_all: {} }, size: 1 };
    const [, made] = of(connection(), job({ query }, { schedule: "0 0 * * *" })).resources;
    expect(made?.properties).toEqual({
      connection: "c",
      source: "elasticsearch",
      source_dataset: "contacts",
      target_dataset: "d",
      query: '{"query":{"match_all":{}},"size":1}',
      schedule: "0 0 * * *",
    });
    const [, without] = of(connection(), job({ schedule: "none" }, { schedule: "0 0 * * *" })).resources;
    expect(without?.properties).not.toHaveProperty("schedule");
    const [, sql] = of(connection(), job({ query: "SELECT 1" })).resources;
    expect(sql?.properties["query"]).toBe("SELECT 1");
  });

  it("whose query holds no secret but as a whole", () => {
    expect(problems(connection(), job({ query: { query: { term: { token: key } } } }))).toEqual([
      "invalid-value /query",
    ]);
    expect(problems(connection(), job({ query: key }))).toEqual([]);
  });
});

describe("what is wrong with a component", () => {
  const config = (members: Properties): Component =>
    connection({ config: { base_url: "https://es.example", api_key: key, ...members } });

  it.each<[string, readonly Component[], readonly string[]]>([
    ["nothing", [connection(), job()], []],
    ["an unknown kind", [component("x", "conection", {})], ["unknown-kind /type"]],
    ["an unknown connector type", [connection({ source: "elastic" })], ["unknown-connector-type /source"]],
    ["a connector type without connections", [connection({ source: "file" })], ["unknown-connector-type /source"]],
    ["an unknown connection type", [connection({ auth: "apikey" })], ["unknown-connection-type /auth"]],
    ["a missing field", [connection({ config: { api_key: key } })], ["missing-field /config/base_url"]],
    ["an unknown field", [config({ timeout: 3 })], ["unknown-field /config/timeout"]],
    ["a wrong type", [config({ timeout_secs: "30" })], ["wrong-type /config/timeout_secs"]],
    ["config that is no mapping", [connection({ config: "x" })], ["wrong-type /config"]],
    [
      "a secret in clear",
      [connection({ config: { base_url: "https://es.example", api_key: "clear" } })],
      ["plain-secret /config/api_key"],
    ],
    ["a reference to nothing", [connection(), job({ connection: "d" })], ["dangling-reference /connection"]],
    ["a schedule of six fields", [connection(), job({ schedule: "0 0 0 * * *" })], ["invalid-schedule /schedule"]],
    ["a schedule that is none", [connection(), job({ schedule: "61 * * * *" })], ["invalid-schedule /schedule"]],
    [
      "a dataset name in capitals",
      [connection(), job({ target_dataset: "Contacts" })],
      ["invalid-dataset-name /target_dataset"],
    ],
    ["a dataset name of the API", [component("d", "dataset", { name: "sources" })], ["invalid-dataset-name /name"]],
    [
      "two with one natural key",
      [connection(), connection({ config: { name: "c", base_url: "https://b", api_key: key } }, "c2")],
      ["duplicate-natural-key "],
    ],
    ["an unknown rule for data", [component("d", "dataset", { on_delete: "keep" })], ["invalid-value /on_delete"]],
  ])("%s", (_name, components, expected) => {
    expect(problems(...components)).toEqual(expected);
  });

  it("comes with a hint that names the nearest known one, and never with a secret", () => {
    const [problem] = of(connection({ source: "elasticsaerch" })).problems;
    expect(problem?.hint).toContain('"elasticsearch"');
    const [clear] = of(connection({ config: { base_url: "https://es.example", api_key: "hunter2hunter2" } })).problems;
    expect(JSON.stringify(clear)).not.toContain("hunter2");
  });

  it("includes references that go in a circle", () => {
    const ring: ResourceKind<InfinoClient> = {
      name: "ring",
      holdsData: false,
      properties: (own) => own.properties,
      shape: () => ({ schema: {}, secret: [], writeOnly: [], immutable: [], unordered: [], local: [], defaults: {} }),
      references: (own) => [{ path: "/next", kind: "ring", _id: String(own["next"]) }],
      key: (own) => JSON.stringify(own),
      list: async () => [],
      create: async () => "",
      delete: async () => undefined,
    };
    const link = (_id: string, next: string): Component => component(_id, "ring", { next });
    const found = assemble([link("a", "b"), link("b", "c"), link("c", "a")], [ring], builtinCatalog()).problems;
    expect(found).toMatchObject([{ code: "reference-cycle", _id: "c", path: "/next" }]);
    expect(found[0]?.message).toContain("ring/a → ring/b → ring/c → ring/a");
    expect(assemble([link("a", "a")], [ring], builtinCatalog()).problems).toMatchObject([{ code: "reference-cycle" }]);
  });
});

describe("secret paths", () => {
  it("follow from connector type and connection type", () => {
    const paths = secretPaths(builtinCatalog(), "connection", { source: "snowflake", auth: "user_password" });
    expect(paths).toEqual(["/config/password"]);
    expect(secretPaths(builtinCatalog(), "import-job", {})).toEqual([]);
    expect(secretPaths(builtinCatalog(), "pipe", {})).toEqual([]);
  });
});
