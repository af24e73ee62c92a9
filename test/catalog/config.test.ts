import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import {
  builtinCatalog,
  builtinConnectorTypes,
  type ConnectionType,
  type ConnectorType,
  configDefaults,
  configSchema,
  connectionType,
  derivedFields,
  inferConnectionType,
  missingFields,
  secretFields,
  secretFieldsOfType,
} from "../../src/catalog/index.ts";

const type = (source: string): ConnectorType => {
  const found = builtinCatalog().get(source);
  if (found === undefined) throw new Error(`no connector type ${source}`);
  return found;
};
const connection = (source: string, auth: string): ConnectionType => {
  const found = connectionType(builtinCatalog(), source, auth);
  if (found === undefined) throw new Error(`no connection type ${source} ${auth}`);
  return found;
};
const errors = (source: string, auth: string, config: unknown): string[] => {
  const ajv = new Ajv({ strict: true, strictRequired: false, allErrors: true });
  const validate = ajv.compile(configSchema(type(source), connection(source, auth)));
  validate(config);
  return (validate.errors ?? []).map((error) => `${error.keyword} ${JSON.stringify(error.params)}`);
};

describe("the schema of a config", () => {
  const cases = builtinConnectorTypes().flatMap((source) => source.connections.map((auth) => [source, auth] as const));
  it.each(cases.map(([source, auth]) => [source.id, auth.type, source, auth] as const))(
    "compiles for %s %s",
    (_, __, source, auth) => {
      expect(() => new Ajv({ strict: true, strictRequired: false }).compile(configSchema(source, auth))).not.toThrow();
    },
  );

  it("takes what is complete, with or without a name", () => {
    const config = { base_url: "http://localhost:9200", username: "u", password: "p" };
    expect(errors("elasticsearch", "basic_auth", config)).toEqual([]);
    expect(errors("elasticsearch", "basic_auth", { ...config, name: "x", timeout_secs: 5 })).toEqual([]);
  });

  it("takes an alias for a required field", () => {
    expect(errors("opensearch", "none", { host: "http://localhost:9200" })).toEqual([]);
    expect(errors("opensearch", "none", {})).toContain('required {"missingProperty":"base_url"}');
  });

  it("refuses missing, unknown, empty and wrongly typed fields", () => {
    expect(errors("snowflake", "pat", { account: "a", pat_token: "t", warehouse: "w" })).toEqual([
      'required {"missingProperty":"database"}',
    ]);
    expect(errors("opensearch", "none", { base_url: "http://h", timout_secs: 5 })).toEqual([
      'additionalProperties {"additionalProperty":"timout_secs"}',
    ]);
    expect(errors("opensearch", "none", { base_url: "" })).toEqual(['minLength {"limit":1}']);
    expect(errors("opensearch", "none", { base_url: "http://h", timeout_secs: "30" })).toEqual([
      'type {"type":"integer"}',
    ]);
  });
});

describe("what follows from the fields", () => {
  it("names the secrets of one connection type, aliases included", () => {
    expect(secretFields(connection("elasticsearch", "basic_auth"))).toEqual(["password"]);
    expect(secretFields(connection("opensearch", "none"))).toEqual([]);
    expect(secretFields(connection("bigquery", "service_account_key"))).toEqual(["service_account_key"]);
    const aliased: ConnectionType = {
      ...connection("opensearch", "none"),
      fields: [{ name: "token", label: "Token", required: true, type: "string", secret: true, aliases: ["pat"] }],
    };
    expect(secretFields(aliased)).toEqual(["token", "pat"]);
  });

  it("names the secrets of all connection types of a connector type", () => {
    expect([...secretFieldsOfType(type("elasticsearch"))].sort()).toEqual(["api_key", "bearer_token", "password"]);
    expect([...secretFieldsOfType(type("snowflake"))].sort()).toEqual(["password", "pat_token"]);
    expect(secretFieldsOfType(type("file"))).toEqual([]);
  });

  it("gives the defaults", () => {
    expect(configDefaults(connection("opensearch", "none"))).toEqual({ timeout_secs: 30, accept_invalid_certs: false });
    expect(configDefaults(connection("snowflake", "pat"))).toEqual({});
  });

  it("names the missing fields; null and an empty text count as missing", () => {
    expect(
      missingFields(connection("opensearch", "basic_auth"), { host: "http://h", username: "", password: null }),
    ).toEqual(["username", "password"]);
  });

  it.each([
    [{ base_url: "b" }, "none"],
    [{ base_url: "b", timeout_secs: 3, name: "n" }, "none"],
    [{ host: "b", username: "u", password: "p" }, "basic_auth"],
    [{ host: "b", username: "u" }, "basic_auth"],
    [{ host: "b", password: "p" }, "basic_auth"],
    [{ base_url: "b", api_key: "k" }, "api_key"],
    [{ base_url: "b", username: "u", api_key: "k" }, "api_key"],
    [{ base_url: "b", bearer_token: "t", unknown: 1 }, "bearer_token"],
    [{}, "basic_auth"],
  ])("infers from %j the connection type %s", (config, expected) => {
    expect(inferConnectionType(type("opensearch"), config)?.type).toBe(expected);
  });

  it("infers nothing where there are no connection types", () => {
    expect(inferConnectionType(type("file"), {})).toBeUndefined();
  });

  it("derives BigQuery's project from the key, unless it is given or the key is not readable", () => {
    const auth = connection("bigquery", "service_account_key");
    const key = JSON.stringify({ type: "service_account", project_id: "p-1" });
    expect(derivedFields(auth, { service_account_key: key })).toEqual({ project_id: "p-1" });
    expect(derivedFields(auth, { service_account_key: key, project_id: "mine" })).toEqual({});
    expect(derivedFields(auth, { service_account_key: "not json" })).toEqual({});
    expect(derivedFields(auth, { service_account_key: "[1]" })).toEqual({});
    expect(derivedFields(auth, {})).toEqual({});
  });
});
