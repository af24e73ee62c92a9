import { describe, expect, it } from "vitest";
import { builtinConnectorTypes, type ConnectorType, createCatalog } from "../../src/catalog/index.ts";
import { startService } from "../support/service.ts";
import { member } from "../support/signed.ts";

const closed = "http://127.0.0.1:1";
const pat = { name: "wh", account: "of nobody", pat_token: "planted-secret", warehouse: "w", database: "d" };
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\+00:00$/;

describe("the sources", () => {
  it("are the catalog's connector types", async () => {
    const { call } = await startService();
    const answer = await call("GET", "/sources");
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(
      builtinConnectorTypes().map(({ id, name, description, category, auth_strategy }) => ({
        id,
        type: id,
        name,
        description,
        category,
        auth_strategy,
      })),
    );
  });

  it("include a project's own types, and leave out disabled ones", async () => {
    const own: ConnectorType = {
      id: "acme-erp",
      name: "Acme ERP",
      description: "Ours.",
      category: "erp",
      disabled: false,
      supported_modes: ["import"],
      auth_strategy: "connection",
      connections: [
        {
          type: "key",
          label: "Key",
          integration_type: "native",
          fields: [
            { name: "erp_key", label: "Key", required: true, type: "string", secret: true, aliases: ["erpKey"] },
          ],
        },
      ],
    };
    const { call } = await startService({ catalog: createCatalog([own, { ...own, id: "old-erp", disabled: true }]) });
    expect((await call("GET", "/sources")).body).toMatchObject([{ id: "acme-erp" }]);
    const created = await call("POST", "/source/acme-erp", { config: { name: "erp", erpKey: "planted-secret" } });
    expect(created.text).not.toContain("planted-secret");
    expect((await call("GET", `/source/${member(created, "connection_id")}`)).body).toMatchObject({
      type: "acme-erp",
      status: "disconnected",
      reason: expect.stringContaining("no driver"),
      config: { name: "erp" },
    });
    expect((await call("POST", "/source/old-erp", { config: { erp_key: "k" } })).body).toMatchObject({
      error: { type: "unknown_source_type", reason: expect.stringContaining("acme-erp") },
    });
  });
});

describe("a connection", () => {
  it("is created, read, listed, updated and deleted", async () => {
    const { call } = await startService();
    const created = await call("POST", "/source/snowflake", { config: pat });
    expect(created.status).toBe(200);
    expect(created.body).toMatchObject({
      connection_id: expect.stringMatching(/^conn-[0-9a-f]+$/),
      message: expect.any(String),
      created_at: expect.stringMatching(timestamp),
      auth: null,
    });
    const id = member(created, "connection_id");
    expect(member(created, "id")).toBe(id);

    const { pat_token: _, ...shown } = pat;
    const read = await call("GET", `/source/${id}`);
    expect(read.body).toEqual({
      id,
      type: "snowflake",
      status: "disconnected",
      reason: expect.stringContaining("of nobody"),
      created_at: member(created, "created_at"),
      updated_at: member(created, "created_at"),
      config: shown,
      query_type: "sql",
    });
    expect((await call("GET", "/sources/connections")).body).toEqual([read.body]);

    const updated = await call("PATCH", `/source/${id}`, { config: { warehouse: "w2", role: "r" } });
    expect(updated.body).toMatchObject({ id, config: { ...shown, warehouse: "w2", role: "r" } });
    expect(member(updated, "updated_at") > member(created, "created_at")).toBe(true);
    expect(member(updated, "created_at")).toBe(member(created, "created_at"));

    expect((await call("DELETE", `/source/${id}`)).body).toEqual({ acknowledged: true });
    for (const [method, body] of [["GET"], ["PATCH", { config: {} }], ["DELETE"]] as const) {
      expect((await call(method, `/source/${id}`, body)).body).toMatchObject({
        error: { type: "not_found" },
        status: 404,
      });
    }
  });

  it.each([
    ["name inside config", { config: { ...pat } }],
    ["name beside config", { name: "wh", config: { ...pat, name: undefined } }],
    ["no config at all", pat],
  ])("may be given with %s", async (_, body) => {
    const { call } = await startService();
    const created = await call("POST", "/source/snowflake", body);
    expect(created.body).toMatchObject({ config: { name: "wh", account: "of nobody" } });
  });

  it("may be given in the API's other form, with host, port and auth", async () => {
    const { call } = await startService();
    const body = {
      host: "127.0.0.1",
      port: 1,
      auth: { type: "basic", username: "u", password: "planted-secret", extra: "planted-extra" },
    };
    const created = await call("POST", "/source/elasticsearch", body);
    expect(created.body).toMatchObject({ config: { host: "127.0.0.1", port: 1, username: "u" } });
    expect(created.text).not.toMatch(/planted/);
  });

  it("may share its name with others", async () => {
    const { call } = await startService();
    const first = await call("POST", "/source/snowflake", { config: pat });
    const second = await call("POST", "/source/snowflake", { config: pat });
    expect(member(first, "id")).not.toBe(member(second, "id"));
    expect((await call("GET", "/sources/connections")).body).toHaveLength(2);
  });

  it("keeps fields that the catalog does not know", async () => {
    const { call } = await startService();
    const created = await call("POST", "/source/opensearch", { config: { base_url: closed, custom: { deep: [1] } } });
    expect(created.body).toMatchObject({ config: { base_url: closed, custom: { deep: [1] } } });
  });

  it("shows BigQuery's project from the key, and never the key", async () => {
    const { call } = await startService();
    const key = { type: "service_account", project_id: "p-1", private_key: "planted-secret" };
    for (const service_account_key of [JSON.stringify(key), key]) {
      const created = await call("POST", "/source/bigquery", { config: { service_account_key, dataset_ids: "a,b" } });
      expect(created.body).toMatchObject({ config: { dataset_ids: "a,b", project_id: "p-1" } });
      expect(created.text).not.toContain("planted-secret");
    }
  });

  it("shows no secret of any of the type's connection types", async () => {
    const { call } = await startService();
    const config = {
      base_url: closed,
      username: "u",
      password: "planted-1",
      api_key: "planted-2",
      bearer_token: "planted-3",
    };
    const created = await call("POST", "/source/elasticsearch", { config });
    const updated = await call("PATCH", `/source/${member(created, "id")}`, { config: { password: "planted-4" } });
    const read = await call("GET", `/source/${member(created, "id")}`);
    const list = await call("GET", "/sources/connections");
    for (const answer of [created, updated, read, list]) {
      expect(answer.status).toBe(200);
      expect(answer.text).not.toMatch(/planted/);
    }
  });
});

describe("an update", () => {
  const create = async () => {
    const { call } = await startService();
    const id = member(await call("POST", "/source/snowflake", { config: { ...pat, role: "r" } }), "id");
    return { call, path: `/source/${id}` };
  };

  it("merges, and a null unsets", async () => {
    const { call, path } = await create();
    const updated = await call("PATCH", path, { config: { role: null, schema: "s" } });
    expect(updated.body).toMatchObject({ config: { name: "wh", schema: "s" } });
    expect(updated.text).not.toContain('"role"');
  });

  it("keeps the secrets that it does not name", async () => {
    const { call, path } = await create();
    expect((await call("PATCH", path, { config: { schema: "s" } })).status).toBe(200);
    expect((await call("PATCH", path, { config: { pat_token: null } })).body).toMatchObject({
      error: { type: "missing_fields", reason: expect.stringContaining("pat_token") },
    });
  });

  it("that is refused changes nothing", async () => {
    const { call, path } = await create();
    const before = await call("GET", path);
    expect((await call("PATCH", path, { config: { warehouse: null, role: "x" } })).status).toBe(400);
    expect((await call("GET", path)).body).toEqual(before.body);
  });

  it("renames by name inside or beside config", async () => {
    const { call, path } = await create();
    expect((await call("PATCH", path, { config: { name: "n1" } })).body).toMatchObject({ config: { name: "n1" } });
    expect((await call("PATCH", path, { name: "n2", config: {} })).body).toMatchObject({ config: { name: "n2" } });
    expect((await call("PATCH", path, { name: "n3" })).body).toMatchObject({
      config: { name: "n3", account: "of nobody" },
    });
  });

  it("that is accepted changes updated_at, reading does not", async () => {
    const { call, path } = await create();
    const before = member(await call("GET", path), "updated_at");
    expect(member(await call("GET", path), "updated_at")).toBe(before);
    const first = member(await call("PATCH", path, {}), "updated_at");
    const second = member(await call("PATCH", path, {}), "updated_at");
    expect(first > before).toBe(true);
    expect(second > first).toBe(true);
  });

  it("at once with others loses none of them", async () => {
    const { call, path } = await create();
    await Promise.all(Array.from({ length: 50 }, (_, n) => call("PATCH", path, { config: { [`field_${n}`]: n } })));
    const read = await call("GET", path);
    expect(read.body).toMatchObject({
      config: Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`field_${n}`, n])),
    });
  });
});

describe("a connection is refused", () => {
  it.each([
    ["elasticsearch", { config: {} }, "missing_fields", /base_url/],
    ["elasticsearch", { config: { base_url: "" } }, "missing_fields", /base_url/],
    ["elasticsearch", { config: { base_url: closed, username: "u" } }, "missing_fields", /password/],
    ["snowflake", { config: { ...pat, pat_token: undefined } }, "missing_fields", /pat_token/],
    ["snowflake", { config: { ...pat, warehouse: null } }, "missing_fields", /warehouse/],
    ["bigquery", { config: { dataset_ids: "a" } }, "missing_fields", /service_account_key/],
    ["opensearch", { config: { base_url: closed, timeout_secs: "30" } }, "invalid_field", /timeout_secs.*integer/],
    ["opensearch", { config: { base_url: closed, accept_invalid_certs: 1 } }, "invalid_field", /accept_invalid_certs/],
    ["opensearch", { config: { base_url: closed, name: 3 } }, "invalid_field", /name/],
    ["opensearch", { config: { base_url: closed, name: "" } }, "invalid_field", /name/],
    ["opensearch", { config: "x" }, "invalid_field", /config/],
    ["opensearch", [], "bad_request", /object/],
    ["file", { config: {} }, "bad_request", /no connection/],
    ["oracle", { config: {} }, "unknown_source_type", /oracle.*snowflake/],
    ["constructor", { config: {} }, "unknown_source_type", /constructor/],
  ])("%s with %j: %s", async (source, body, type, reason) => {
    const { call } = await startService();
    const answer = await call("POST", `/source/${source}`, body);
    expect(answer.body).toEqual({ error: { type, reason: expect.stringMatching(reason) }, status: 400 });
    expect((await call("GET", "/sources/connections")).body).toEqual([]);
  });

  it("without its secret being repeated", async () => {
    const { call } = await startService();
    const answer = await call("POST", "/source/snowflake", { config: { pat_token: "planted-secret" } });
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain("planted-secret");
  });
});
