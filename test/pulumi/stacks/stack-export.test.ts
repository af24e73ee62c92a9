import { describe, expect, it } from "vitest";
import type { Json, Properties } from "../../../src/contract/index.ts";
import { readStackExport } from "../../../src/pulumi/stacks/index.ts";

const [signature, secret] = ["4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"];
const encrypted: Json = { [signature]: secret, ciphertext: "v1:AAAA:BBBB" };
const inClear = (value: Json): Json => ({ [signature]: secret, plaintext: JSON.stringify(value) });

const type = "pulumi-nodejs:dynamic/connector-deployer:Connection";
const inputs: Properties = {
  source: "elasticsearch",
  auth: "api_key",
  name: "acme",
  config: { base_url: "http://127.0.0.1:9", api_key: encrypted },
};

const resource = (more: Properties = {}): Properties => ({
  urn: `urn:pulumi:t001::fleet::${type}::acme`,
  custom: true,
  id: "conn-1",
  type,
  inputs,
  outputs: { ...inputs, live: encrypted, endpoint: "http://127.0.0.1:1" },
  ...more,
});

const document = (...resources: readonly Json[]): string =>
  JSON.stringify({ version: 3, deployment: { manifest: {}, resources } });

const read = (...resources: readonly Json[]) => readStackExport(document(...resources), "state.json");

const codeOf = (text: string): unknown => {
  try {
    readStackExport(text, "state.json");
    return undefined;
  } catch (error) {
    expect((error as Error).message).toContain("state.json");
    expect((error as { hint?: string }).hint).toMatch(/pulumi/);
    return (error as { code?: unknown }).code;
  }
};

describe("a stack export", () => {
  it("says what was declared, without what it hides", () => {
    const { resources, stack, isOnlyOurs } = read(
      { urn: "urn:pulumi:t001::fleet::pulumi:pulumi:Stack::fleet-t001", type: "pulumi:pulumi:Stack" },
      resource(),
    );
    expect({ stack, isOnlyOurs }).toEqual({ stack: "t001", isOnlyOurs: true });
    expect(resources).toEqual([
      {
        urn: `urn:pulumi:t001::fleet::${type}::acme`,
        name: "acme",
        kind: "connection",
        id: "conn-1",
        properties: {
          source: "elasticsearch",
          auth: "api_key",
          config: { name: "acme", base_url: "http://127.0.0.1:9" },
        },
        hidden: ["/config/api_key"],
        secret: ["/config/api_key"],
        fingerprints: {},
        endpoint: "http://127.0.0.1:1",
      },
    ]);
  });

  it("may hide a whole configuration, a part of a list, or nothing", () => {
    const whole = read(resource({ inputs: { ...inputs, config: encrypted } })).resources[0];
    expect(whole).toMatchObject({ hidden: ["/config"], properties: { config: { name: "acme" } } });
    const tags = read(resource({ inputs: { ...inputs, config: { tags: ["a", encrypted] } } })).resources[0];
    expect(tags?.hidden).toEqual(["/config/tags"]);
    expect(tags?.properties["config"]).toEqual({ name: "acme" });
    const clear = { ...inputs, config: inClear({ base_url: "http://127.0.0.1:9", api_key: inClear("planted") }) };
    const shown = read(resource({ inputs: clear, outputs: { live: inClear({ source: "elasticsearch" }) } }));
    expect(shown.resources[0]).toMatchObject({
      hidden: [],
      secret: ["/config"],
      properties: { config: { api_key: "planted" } },
      live: { source: "elasticsearch" },
    });
  });

  it("tells apart what is ours, what is only looked up, what is half done, and whole tenants", () => {
    const found = read(
      resource({ external: true }),
      resource({ delete: true }),
      { urn: "urn:pulumi:t001::fleet::connector-deployer:index:Tenant::t001", type: "connector-deployer:index:Tenant" },
      {
        urn: "urn:pulumi:t001::fleet::pulumi-nodejs:dynamic/connector-deployer:TenantDeployment::t002",
        type: "pulumi-nodejs:dynamic/connector-deployer:TenantDeployment",
      },
      { urn: "urn:pulumi:t001::fleet::aws:s3/bucket:Bucket::b", type: "aws:s3/bucket:Bucket" },
    );
    expect(found.resources).toEqual([]);
    expect(found.skipped.map(({ reason }) => reason)).toEqual([
      "the program only looks it up",
      "an interrupted run of Pulumi left it half done",
    ]);
    expect(found.components).toHaveLength(1);
    expect(found.deployments.map(({ name }) => name)).toEqual(["t002"]);
    expect(found.isOnlyOurs).toBe(false);
  });

  it("without resources is an empty one", () => {
    expect(read()).toMatchObject({ resources: [], isOnlyOurs: true });
    expect(readStackExport('{"version":3,"deployment":{}}', "state.json").resources).toEqual([]);
  });
});

describe("refused is", () => {
  it.each([
    ["an empty file", ""],
    ["a file that was cut", document(resource()).slice(0, -20)],
    ["a text", "urn:pulumi:t001"],
    ["a list", "[]"],
    ["null", "null"],
    ["another document", '{"type":"plan","schemaVersion":1}'],
    ["a checkpoint of the file backend", '{"version":3,"checkpoint":{"stack":"t001","latest":{"resources":[]}}}'],
    ["an older version", '{"version":1,"deployment":{"resources":[]}}'],
    ["a version that is no number", '{"version":"3","deployment":{"resources":[]}}'],
    ["a deployment that is none", '{"version":3,"deployment":[]}'],
    ["resources that are no list", '{"version":3,"deployment":{"resources":{}}}'],
    ["a resource without a name", '{"version":3,"deployment":{"resources":[{"type":"x"}]}}'],
    ["a resource that is null", '{"version":3,"deployment":{"resources":[null]}}'],
  ])("%s", (_, text) => {
    expect(codeOf(text)).toBe("usage");
  });

  it("a value that is nested without end", () => {
    const deep = `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`;
    const text = document(resource()).replace('"http://127.0.0.1:9"', deep);
    expect(() => readStackExport(text, "state.json")).toThrow(expect.objectContaining({ code: "usage" }));
  });

  it("nothing that only looks dangerous: members of prototypes are members like any other", () => {
    const text = document(resource()).replace('"base_url"', '"__proto__":{"polluted":true},"constructor":1,"base_url"');
    const [found] = readStackExport(text, "state.json").resources;
    expect(Object.keys(found?.properties["config"] ?? {})).toContain("__proto__");
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    const bare = '{"version":3,"deployment":{"__proto__":{"resources":[1]}}}';
    expect(readStackExport(bare, "state.json").resources).toEqual([]);
  });

  it("a mark that is none of Pulumi's: its value counts as hidden", () => {
    for (const odd of [
      { [signature]: secret },
      { [signature]: secret, plaintext: "{" },
      { [signature]: "asset", plaintext: '"x"' },
    ]) {
      const { resources } = read(resource({ inputs: { ...inputs, config: { api_key: odd } } }));
      expect(resources[0]?.hidden).toEqual(["/config/api_key"]);
    }
  });
});
