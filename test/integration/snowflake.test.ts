import { existsSync } from "node:fs";
import { beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { snowflakeDriver } from "../../src/service/sources/snowflake.ts";
import { selfSigned, startAuthProxy } from "../support/auth-proxy.ts";
import { skip } from "../support/skip.ts";
import { closedUrl, problemType, startSilentServer, takeLog, warehouseSource } from "../support/warehouse-source.ts";

const server = inject("snowflake");

if ("missing" in server) skip("snowflake", server.missing);
else {
  const source = warehouseSource(snowflakeDriver, {
    source: "snowflake",
    auth: "pat",
    config: {
      account: server.url,
      pat_token: server.token,
      warehouse: "W",
      database: "DRIVER_TESTS",
      schema: "PUBLIC",
    },
  });
  const { check, query, metadata, read, batches, change, driver } = source;

  beforeAll(async () => {
    await query(`CREATE OR REPLACE TABLE PEOPLE (
      ID INTEGER, EXACT NUMBER(12,2), REAL_ONE FLOAT, NAME VARCHAR, ACTIVE BOOLEAN, BORN DATE, WAKES TIME,
      CREATED TIMESTAMP_NTZ, SEEN TIMESTAMP_TZ, EXTRA VARIANT, TAGS ARRAY, PHOTO BINARY)`);
    await query(`INSERT INTO PEOPLE SELECT 1, 12.30, 1.5, 'Ann', true, '1969-12-31'::DATE, '06:30:00.25'::TIME,
      '1969-12-31 23:59:59.5'::TIMESTAMP_NTZ, '2024-01-01 10:00:00 +02:00'::TIMESTAMP_TZ,
      PARSE_JSON('{"deep": [1, null]}'), ARRAY_CONSTRUCT(1, 2), TO_BINARY('00ff', 'HEX')`);
    await query("INSERT INTO PEOPLE (ID) VALUES (1234567890123456789)");
    await query(`CREATE OR REPLACE TABLE MANY AS
      SELECT SEQ4() AS ID, SEQ4() % 100 AS "group", 'name ' || SEQ4() AS NAME FROM TABLE(GENERATOR(ROWCOUNT => 100000))`);
  });

  describe("a connection to Snowflake", () => {
    it("is connected with a programmatic access token, and with a user and password", async () => {
      expect(await check()).toEqual({ status: "connected" });
      const password = { password: server.password };
      expect(await check({ user: server.user, ...password }, "user_password")).toEqual({ status: "connected" });
      expect(await check({ username: server.user, ...password }, "user_password")).toEqual({ status: "connected" });
    });

    it("is an error where the token or the password is wrong, and says neither", async () => {
      const token = await check({ pat_token: "pat-of-nobody" });
      expect(token.status).toBe("error");
      const password = await check({ user: server.user, password: "wrong-password" }, "user_password");
      expect(password.status).toBe("error");
      expect(JSON.stringify([token, password])).not.toMatch(/pat-of-nobody|wrong-password/);
    });

    it("is disconnected where nothing listens, and where account is no account", async () => {
      expect((await check({ account: await closedUrl() })).status).toBe("disconnected");
      expect((await check({ account: "two words" })).status).toBe("disconnected");
    });

    it("is disconnected where nobody vouches for the certificate", async (context) => {
      const certificate = selfSigned();
      if (certificate === undefined) return context.skip("openssl is not installed");
      const proxy = await startAuthProxy(server.url, { certificate });
      onTestFinished(() => proxy.close());
      const status = await check({ account: proxy.url });
      expect(status).toMatchObject({ status: "disconnected", reason: expect.stringContaining("SELF_SIGNED") });
      expect(proxy.requests).toEqual([]);
    });

    it("is disconnected after its time where nobody answers, and lets the request go", async () => {
      const silent = await startSilentServer();
      const status = await check({ account: silent.url, timeout_secs: 0.3 });
      expect(status).toEqual({ status: "disconnected", reason: "no answer within 0.3 s" });
      await expect.poll(silent.open).toBe(0);
    });

    it("is given up when nobody waits for it any more", async () => {
      const silent = await startSilentServer();
      const stop = new AbortController();
      const checking = driver.check(change({ account: silent.url }), stop.signal);
      await expect.poll(silent.open).toBe(1);
      stop.abort();
      expect((await checking).status).toBe("disconnected");
      await expect.poll(silent.open).toBe(0);
    });

    it("writes no log into the working folder", async () => {
      await check();
      expect(existsSync("snowflake.log")).toBe(false);
    });
  });

  describe("a query", () => {
    it("is answered with columns and rows", async () => {
      const answer = await query("SELECT ID, NAME FROM PEOPLE WHERE ID = 1;");
      expect(answer).toMatchObject({
        statement_type: "SELECT",
        affected_rows: 0,
        error_message: null,
        columns: [
          { display_name: "ID", data_type: "NUMBER(38,0)" },
          { display_name: "NAME", data_type: "VARCHAR" },
        ],
        rows: [[1, "Ann"]],
      });
      expect(answer.execution_time).toBeGreaterThanOrEqual(0);
    });

    it("may give nothing, or change rows", async () => {
      expect((await query("SELECT * FROM PEOPLE WHERE ID = 0")).rows).toEqual([]);
      await query("CREATE OR REPLACE TABLE CHANGED (ID INTEGER)");
      expect(await query("INSERT INTO CHANGED VALUES (1), (2)")).toMatchObject({
        statement_type: "INSERT",
        affected_rows: 2,
      });
    });

    it("that is wrong is told in Snowflake's words", async () => {
      expect(await problemType(query("SELEC 1"))).toBe("source_error");
      await expect(query("SELEC 1")).rejects.toThrow(/001003/);
      expect(await problemType(query("SELECT * FROM NOT_THERE"))).toBe("source_not_found");
      await expect(query("SELECT * FROM NOT_THERE")).rejects.toThrow(/002003.*NOT_THERE/);
    });

    it("is refused where it gives too many rows or bytes", async () => {
      const some = "SELECT * FROM MANY WHERE ID < 2000";
      expect(await problemType(query(some, { rows: 999, bytes: 1e9 }))).toBe("result_too_large");
      expect(await problemType(query(some, { rows: 1e9, bytes: 10_000 }))).toBe("result_too_large");
      expect((await query(`${some} LIMIT 999`, { rows: 999, bytes: 1e9 })).rows).toHaveLength(999);
    });

    it("is refused with wrong credentials, unreachable or late as what it is", async () => {
      const ask = (changes: object) =>
        problemType(
          driver.query(change({ ...changes }), "x", "SELECT 1", { rows: 1, bytes: 99 }, new AbortController().signal),
        );
      expect(await ask({ pat_token: "wrong" })).toBe("source_refused");
      expect(await ask({ account: await closedUrl() })).toBe("source_unreachable");
      expect(await ask({ account: (await startSilentServer()).url, timeout_secs: 0.2 })).toBe("source_timeout");
    });
  });

  it("describes a table", async () => {
    const { columns, schema, table } = await metadata("people");
    expect({ schema, table }).toEqual({ schema: "PUBLIC", table: "PEOPLE" });
    expect(columns).toContainEqual({ name: "EXACT", type: "NUMBER(12,2)", nullable: true });
    expect(await metadata('DRIVER_TESTS.PUBLIC."PEOPLE"')).toMatchObject({ schema: "PUBLIC", table: "PEOPLE" });
    expect(await problemType(metadata("not_there"))).toBe("source_not_found");
    expect(await metadata("driver_tests")).toMatchObject({
      schema: "PUBLIC",
      tables: expect.arrayContaining([{ schema: "PUBLIC", name: "PEOPLE" }]),
    });
    expect(await problemType(metadata('a"b'))).toBe("bad_request");
  });

  it("reads values as their types say", async () => {
    const [batch] = await read({ dataset: "PEOPLE" });
    expect(batch?.columns).toEqual([
      { name: "ID", type: "HUGEINT" },
      { name: "EXACT", type: "DECIMAL(12,2)" },
      { name: "REAL_ONE", type: "DOUBLE" },
      { name: "NAME", type: "VARCHAR" },
      { name: "ACTIVE", type: "BOOLEAN" },
      { name: "BORN", type: "DATE" },
      { name: "WAKES", type: "TIME" },
      { name: "CREATED", type: "TIMESTAMP" },
      { name: "SEEN", type: "TIMESTAMPTZ" },
      { name: "EXTRA", type: "JSON" },
      { name: "TAGS", type: "JSON" },
      { name: "PHOTO", type: "VARCHAR" },
    ]);
    const [first, second] = (batch?.rows ?? []).toSorted((a) => (a.properties["ID"] === 1 ? -1 : 1));
    expect(JSON.parse(JSON.stringify(first?.properties))).toEqual({
      ID: 1,
      EXACT: "12.30",
      REAL_ONE: 1.5,
      NAME: "Ann",
      ACTIVE: true,
      BORN: "1969-12-31",
      WAKES: "06:30:00.25",
      CREATED: "1969-12-31T23:59:59.5",
      SEEN: "2024-01-01T08:00:00Z",
      EXTRA: { deep: [1, null] },
      TAGS: [1, 2],
      PHOTO: "AP8=",
    });
    expect(second?.properties).toEqual({ ID: "1234567890123456789" });
  });

  it("keeps all digits of numbers inside JSON", async () => {
    const [batch] = await read({ query: `SELECT PARSE_JSON('{"big": [12345678901234567890]}') AS V` });
    expect(JSON.stringify(batch?.rows[0]?.properties)).toBe('{"V":{"big":[12345678901234567890]}}');
  });

  it("gives the columns of an empty table, and refuses two of one name", async () => {
    expect(await read({ query: "SELECT ID FROM PEOPLE WHERE FALSE" })).toMatchObject([
      { rows: [], columns: [{ name: "ID" }] },
    ]);
    expect(await problemType(read({ query: "SELECT 1 AS A, 2 AS A" }))).toBe("bad_request");
  });

  describe("100,000 records", () => {
    it("come in batches, and no more of them than are wanted", async () => {
      await takeLog(server.url);
      let rows = 0;
      for await (const batch of batches({ dataset: "MANY" })) {
        if (rows === 0) expect((await takeLog(server.url)).parts).toBeLessThan(8);
        expect(batch.rows.length).toBeLessThanOrEqual(5_000);
        rows += batch.rows.length;
      }
      expect(rows).toBe(100_000);
      expect((await takeLog(server.url)).parts).toBeGreaterThan(11);
    });

    it("go on after a key, and only later ones are asked for", async () => {
      const request = { dataset: "MANY", key: ["group", "ID"], resumable: true };
      const seen: string[] = [];
      let cursor: readonly string[] | undefined;
      for await (const batch of batches(request)) {
        seen.push(...batch.rows.map(({ properties }) => `${properties["group"]}/${properties["ID"]}`));
        cursor = batch.cursor as readonly string[];
        if (seen.length > 30_000) break;
      }
      const last = seen.at(-1)?.split("/");
      expect(cursor).toEqual(last);
      await takeLog(server.url);
      for await (const batch of batches({ ...request, after: cursor ?? null })) {
        seen.push(...batch.rows.map(({ properties }) => `${properties["group"]}/${properties["ID"]}`));
      }
      expect(seen).toHaveLength(100_000);
      expect(new Set(seen).size).toBe(100_000);
      const asked = (await takeLog(server.url)).queries.at(-1);
      expect(asked?.["sql"]).toMatch(/WHERE "group" > CAST\(\?.*ORDER BY "group", "ID"$/s);
      expect(asked?.["values"]).toEqual([last?.[0], last?.[0], last?.[1]]);
    });

    it("stop coming when nobody wants them any more", async () => {
      const stop = new AbortController();
      const reading = batches({ query: "SELECT * FROM MANY WHERE ID < 5000", batchRows: 10 }, stop.signal)[
        Symbol.asyncIterator
      ]();
      await reading.next();
      stop.abort(new Error("enough"));
      await expect(Array.fromAsync({ [Symbol.asyncIterator]: () => reading })).rejects.toThrow("enough");
    });
  });

  it("refuses a key that is null, repeated or none, by name", async () => {
    const keyed = { resumable: true, key: ["K"] };
    const rows = (values: string) => ({ ...keyed, query: `SELECT * FROM (VALUES ${values}) AS T (K, V)` });
    await expect(read(rows("(1, 2), (NULL, 3)"))).rejects.toThrow(/\bK\b/);
    await expect(read(rows("(1, 2), (7, 3), (7, 4)"))).rejects.toThrow(/K 7/);
    await expect(read({ ...rows("(1, 2), (NULL, 3)"), after: ["1"] })).rejects.toThrow(/\bK\b/);
    expect(await problemType(read({ ...rows("(1, 2)"), key: ["NOT_THERE"] }))).toBe("bad_request");
    expect(await problemType(read({ ...keyed, dataset: "PEOPLE", key: ["EXTRA"] }))).toBe("bad_request");
  });

  it.each([
    ["ID", "1"],
    ["EXACT", "12.30"],
    ["NAME", "Ann"],
    ["BORN", "1969-12-31"],
    ["WAKES", "06:30:00.25"],
    ["CREATED", "1969-12-31T23:59:59.5"],
    ["SEEN", "2024-01-01T08:00:00Z"],
  ])("goes on after a key of the type of %s", async (key, value) => {
    const request = { query: "SELECT * FROM PEOPLE WHERE NAME IS NOT NULL", key: [key], resumable: true };
    const [batch] = await read(request);
    expect(batch?.cursor).toEqual([value]);
    expect(await read({ ...request, after: [value] })).toEqual([]);
  });
}
