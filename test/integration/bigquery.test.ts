import { beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { bigqueryDriver } from "../../src/service/sources/bigquery.ts";
import { selfSigned, startAuthProxy } from "../support/auth-proxy.ts";
import { skip } from "../support/skip.ts";
import { closedUrl, problemType, startSilentServer, takeLog, warehouseSource } from "../support/warehouse-source.ts";

const server = inject("bigquery");

if ("missing" in server) skip("bigquery", server.missing);
else {
  const source = warehouseSource(bigqueryDriver, {
    source: "bigquery",
    auth: "service_account_key",
    config: { service_account_key: server.key, dataset_ids: server.datasets.join(", "), api_endpoint: server.url },
  });
  const { check, query, metadata, read, batches, change, driver } = source;
  const keyWith = (changes: object) => ({ service_account_key: { ...JSON.parse(server.key), ...changes } });

  beforeAll(async () => {
    await query(`CREATE TABLE people (
      id INT64, exact NUMERIC(12,2), huge BIGNUMERIC, float FLOAT64, name STRING, active BOOL, born DATE, wakes TIME,
      created DATETIME, seen TIMESTAMP, extra JSON, home STRUCT<city STRING, codes ARRAY<INT64>>, tags ARRAY<STRING>,
      photo BYTES)`);
    await query(`INSERT INTO people VALUES (1, NUMERIC '12.30', BIGNUMERIC '123456789012345678901234567890.5', 1.5,
      'Ann', true, DATE '1969-12-31', TIME '06:30:00.25', DATETIME '1969-12-31T23:59:59.5',
      TIMESTAMP '1969-12-31 23:59:59.5+00', JSON '{"deep": [1, null]}', STRUCT('Oslo' AS city, [1, 9007199254740993] AS codes),
      ['a', 'b'], b'\\x00\\xff')`);
    await query("INSERT INTO people (id) VALUES (1234567890123456789)");
    await query("CREATE TABLE marketing.leads AS SELECT 7 AS id");
    await query(`CREATE TABLE many AS SELECT id, MOD(id, 100) AS \`group\`, CONCAT('name ', CAST(id AS STRING)) AS name
      FROM UNNEST(GENERATE_ARRAY(0, 99999)) AS id`);
  });

  describe("a connection to BigQuery", () => {
    it("is connected with a key as text or as an object, in its own project or another", async () => {
      expect(await check()).toEqual({ status: "connected" });
      expect(await check({ ...keyWith({ project_id: "of-nobody" }), project_id: server.project })).toEqual({
        status: "connected",
      });
    });

    it("is an error where the key is not the account's, or none, and says nothing of it", async () => {
      const stranger = await check({ service_account_key: server.strangerKey });
      expect(stranger).toMatchObject({ status: "error", reason: expect.stringContaining("invalid_grant") });
      for (const key of ["{}", "no json", JSON.stringify({ ...JSON.parse(server.key), private_key: "none" })]) {
        expect((await check({ service_account_key: key })).status).toBe("error");
      }
      expect(stranger.reason).not.toMatch(/PRIVATE KEY|Bearer/);
    });

    it("is disconnected where a dataset is not there", async () => {
      expect(await check({ dataset_ids: "sales,nothing" })).toMatchObject({
        status: "disconnected",
        reason: expect.stringContaining("nothing"),
      });
    });

    it("is disconnected where nothing listens, at either address", async () => {
      const closed = await closedUrl();
      expect((await check({ api_endpoint: closed })).status).toBe("disconnected");
      expect((await check(keyWith({ token_uri: `${closed}/token` }))).status).toBe("disconnected");
    });

    it("is disconnected where nobody vouches for the certificate", async (context) => {
      const certificate = selfSigned();
      if (certificate === undefined) return context.skip("openssl is not installed");
      const proxy = await startAuthProxy(server.url, { certificate });
      onTestFinished(() => proxy.close());
      const status = await check({ api_endpoint: proxy.url });
      expect(status).toMatchObject({ status: "disconnected", reason: expect.stringContaining("SELF_SIGNED") });
      expect(proxy.requests).toEqual([]);
    });

    it("is disconnected after its time where nobody answers, and lets the request go", async () => {
      const silent = await startSilentServer();
      const late = { status: "disconnected", reason: "no answer within 0.3 s" };
      expect(await check({ api_endpoint: silent.url, timeout_secs: 0.3 })).toEqual(late);
      expect(await check({ ...keyWith({ token_uri: silent.url }), timeout_secs: 0.3 })).toEqual(late);
      await expect.poll(silent.open).toBe(0);
    });
  });

  describe("a query", () => {
    it("is answered with columns and rows", async () => {
      expect(await query("SELECT id, name FROM people WHERE id = 1;")).toMatchObject({
        statement_type: "SELECT",
        affected_rows: 0,
        error_message: null,
        columns: [
          { display_name: "id", data_type: "INT64" },
          { display_name: "name", data_type: "STRING" },
        ],
        rows: [[1, "Ann"]],
      });
    });

    it("may give nothing, or read another dataset of the connection", async () => {
      expect((await query("SELECT * FROM people WHERE id = 0")).rows).toEqual([]);
      expect((await query("SELECT id FROM marketing.leads")).rows).toEqual([[7]]);
    });

    it("that is wrong is told in BigQuery's words", async () => {
      expect(await problemType(query("SELEC 1"))).toBe("source_error");
      await expect(query("SELEC 1")).rejects.toThrow(/Syntax error/);
      expect(await problemType(query("SELECT * FROM nothing"))).toBe("source_not_found");
      await expect(query("SELECT * FROM nothing")).rejects.toThrow(/Not found.*nothing/);
    });

    it("is refused where it gives too many rows or bytes", async () => {
      const some = "SELECT * FROM many WHERE id < 2000";
      expect(await problemType(query(some, { rows: 999, bytes: 1e9 }))).toBe("result_too_large");
      expect(await problemType(query(some, { rows: 1e9, bytes: 10_000 }))).toBe("result_too_large");
      expect((await query(`${some} LIMIT 999`, { rows: 999, bytes: 1e9 })).rows).toHaveLength(999);
    });

    it("is refused with wrong credentials, unreachable or late as what it is", async () => {
      const ask = (changes: object) =>
        problemType(
          driver.query(change({ ...changes }), "x", "SELECT 1", { rows: 1, bytes: 99 }, new AbortController().signal),
        );
      expect(await ask({ service_account_key: server.strangerKey })).toBe("source_refused");
      expect(await ask({ api_endpoint: await closedUrl() })).toBe("source_unreachable");
      expect(await ask({ api_endpoint: (await startSilentServer()).url, timeout_secs: 0.2 })).toBe("source_timeout");
    });
  });

  it("describes tables, of the datasets of the connection alone", async () => {
    const { columns, schema, table } = await metadata("people");
    expect({ schema, table }).toEqual({ schema: "sales", table: "people" });
    expect(columns).toContainEqual({ name: "tags", type: "ARRAY<STRING>", nullable: true });
    expect(columns).toContainEqual({
      name: "home",
      type: "STRUCT<city STRING, codes ARRAY<INT64>>",
      nullable: true,
    });
    expect(await metadata("marketing.leads")).toMatchObject({ schema: "marketing", table: "leads" });
    expect(await metadata(`\`${server.project}.marketing.leads\``)).toMatchObject({ schema: "marketing" });
    expect(await problemType(metadata("nothing"))).toBe("source_not_found");
    expect(await metadata("marketing")).toEqual({
      schema: "marketing",
      tables: [{ schema: "marketing", name: "leads" }],
    });
    expect(await problemType(metadata("private.people"))).toBe("bad_request");
  });

  it("reads values as their types say", async () => {
    const [batch] = await read({ dataset: "people" });
    expect(batch?.columns?.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "id BIGINT",
      "exact DECIMAL(38,9)",
      "huge DECIMAL(38,9)",
      "float DOUBLE",
      "name VARCHAR",
      "active BOOLEAN",
      "born DATE",
      "wakes TIME",
      "created TIMESTAMP",
      "seen TIMESTAMPTZ",
      "extra JSON",
      "home JSON",
      "tags JSON",
      "photo VARCHAR",
    ]);
    const [first, second] = (batch?.rows ?? []).toSorted((a) => (a.properties["id"] === 1 ? -1 : 1));
    expect(first?.properties).toEqual({
      id: 1,
      exact: "12.3",
      huge: "123456789012345678901234567890.5",
      float: 1.5,
      name: "Ann",
      active: true,
      born: "1969-12-31",
      wakes: "06:30:00.250000",
      created: "1969-12-31T23:59:59.500000",
      seen: "1969-12-31T23:59:59.5Z",
      extra: { deep: [1, null] },
      home: { city: "Oslo", codes: [1, "9007199254740993"] },
      tags: ["a", "b"],
      photo: "AP8=",
    });
    expect(second?.properties).toEqual({ id: "1234567890123456789", tags: [] });
  });

  it("gives the columns of an empty table, and a column _id as the record's identity", async () => {
    expect(await read({ query: "SELECT id FROM people WHERE FALSE" })).toMatchObject([
      { rows: [], columns: [{ name: "id" }] },
    ]);
    const [batch] = await read({ query: "SELECT id AS _id, name FROM people WHERE id = 1" });
    expect(batch).toEqual({
      rows: [{ _id: "1", properties: { name: "Ann" } }],
      columns: [{ name: "name", type: "VARCHAR" }],
    });
  });

  describe("100,000 records", () => {
    it("come in batches, and no more of them than are wanted", async () => {
      await takeLog(server.url);
      let rows = 0;
      for await (const batch of batches({ dataset: "many" })) {
        if (rows === 0) expect((await takeLog(server.url)).parts).toBeLessThan(4);
        expect(batch.rows.length).toBeLessThanOrEqual(5_000);
        rows += batch.rows.length;
      }
      expect(rows).toBe(100_000);
      expect((await takeLog(server.url)).parts).toBeGreaterThan(15);
    });

    it("go on after a key, and only later ones are asked for", async () => {
      const request = { dataset: "many", key: ["group", "id"], resumable: true };
      const seen: string[] = [];
      let cursor: readonly string[] | undefined;
      for await (const batch of batches(request)) {
        seen.push(...batch.rows.map(({ properties }) => `${properties["group"]}/${properties["id"]}`));
        cursor = batch.cursor as readonly string[];
        if (seen.length > 30_000) break;
      }
      const last = seen.at(-1)?.split("/");
      expect(cursor).toEqual(last);
      await takeLog(server.url);
      for await (const batch of batches({ ...request, after: cursor ?? null })) {
        seen.push(...batch.rows.map(({ properties }) => `${properties["group"]}/${properties["id"]}`));
      }
      expect(seen).toHaveLength(100_000);
      expect(new Set(seen).size).toBe(100_000);
      const asked = (await takeLog(server.url)).queries.at(-1);
      expect(asked?.["query"]).toMatch(/WHERE `group` > CAST\(@p0 AS INT64\).*ORDER BY `group`, `id`$/s);
      expect(JSON.stringify(asked?.["queryParameters"])).toContain(`"value":"${last?.[1]}"`);
    });
  });

  it("refuses a key that is null, repeated or none, by name", async () => {
    const keyed = { resumable: true, key: ["k"] };
    const rows = (values: string) => ({ ...keyed, query: `SELECT * FROM UNNEST([${values}]) AS k` });
    await expect(read(rows("1, NULL"))).rejects.toThrow(/\bk\b/);
    await expect(read(rows("1, 7, 7"))).rejects.toThrow(/k 7/);
    await expect(read({ ...rows("1, NULL"), after: ["1"] })).rejects.toThrow(/\bk\b/);
    expect(await problemType(read({ ...rows("1"), key: ["nothing"] }))).toBe("bad_request");
    expect(await problemType(read({ ...keyed, dataset: "people", key: ["home"] }))).toBe("bad_request");
  });

  it.each(["id", "exact", "name", "born", "wakes", "created", "seen", "photo"])(
    "goes on after a key of the type of %s",
    async (key) => {
      const request = { query: "SELECT * FROM people WHERE name IS NOT NULL", key: [key], resumable: true };
      const [batch] = await read(request);
      expect(batch?.cursor).toEqual([String(batch?.rows[0]?.properties[key])]);
      expect(await read({ ...request, after: batch?.cursor ?? null })).toEqual([]);
    },
  );
}
