import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createService, type Service, serve } from "../../src/service/index.ts";
import { startService, testCredentials } from "../support/service.ts";
import { type Answer, type SignedClient, sign, signedClient } from "../support/signed.ts";

type Table = {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
  readonly size: number;
  readonly total: number;
  readonly truncated?: boolean;
};

const table = (answer: Answer): Table => {
  expect(answer.text).not.toContain('"error"');
  return answer.body as Table;
};

const reason = (answer: Answer): string =>
  String((answer.body as { readonly error?: { readonly reason?: string } }).error?.reason);

const fill = async (call: SignedClient): Promise<void> => {
  for (const name of ["empty", "my-data.set_1", "order"]) await call("PUT", `/${name}`);
  const insert = async (query: string) => expect((await call("POST", "/sql", { query })).text).not.toContain('"error"');
  await insert(`INSERT INTO products (id, name, price, in_stock, at, tags) VALUES
    (1, 'Lamp', 5, true, TIMESTAMP '2024-01-15 10:00:00.5', ['a', 'b']), (2, 'It''s', 12.5, false, NULL, NULL)`);
  await insert("INSERT INTO my-data.set_1 (_id, a) VALUES ('x', 1)");
  await insert(`INSERT INTO "order" (_id, a) VALUES ('y', 2)`);
};

let service: Service;
let call: SignedClient;
const sql = (query: string) => call("POST", "/sql", { query });
/** The same with little time for a query, which is for those alone that take too long. */
let hasty: Service;
const hastySql = (query: string) =>
  signedClient(testCredentials, (message) => hasty.fetch(message))("POST", "/sql", { query });

beforeAll(async () => {
  service = await createService({ credentials: testCredentials });
  hasty = await createService({ credentials: testCredentials, queryTimeout: 1_500 });
  call = signedClient(testCredentials, (message) => service.fetch(message));
  await fill(call);
});
afterAll(async () => {
  await Promise.all([service.close(), hasty.close()]);
});

describe("SQL over datasets", () => {
  it("answers columns, rows and their number, _id first", async () => {
    const answer = table(await sql("SELECT * FROM products ORDER BY id LIMIT 10"));
    expect(answer.columns).toEqual([
      { name: "_id", type: "VARCHAR" },
      { name: "id", type: "BIGINT" },
      { name: "name", type: "VARCHAR" },
      { name: "price", type: "DOUBLE" },
      { name: "in_stock", type: "BOOLEAN" },
      { name: "at", type: "TIMESTAMP" },
      { name: "tags", type: "JSON" },
    ]);
    expect(answer.rows).toEqual([
      ["1", 1, "Lamp", 5, true, "2024-01-15T10:00:00.5", ["a", "b"]],
      ["2", 2, "It's", 12.5, false, null, null],
    ]);
    expect(answer).toMatchObject({ size: 2, total: 2 });
  });

  it.each([
    ["9007199254740993::BIGINT", "9007199254740993"],
    ["42::BIGINT", 42],
    ["-42::HUGEINT", -42],
    ["99999999999999999999::HUGEINT", "99999999999999999999"],
    ["1.50::DECIMAL(10,2)", 1.5],
    ["1234567890123456.55::DECIMAL(18,2)", "1234567890123456.55"],
    ["'nan'::DOUBLE", "NaN"],
    ["'-inf'::DOUBLE", "-Infinity"],
    ["TIMESTAMPTZ '2024-01-01 10:00:00+02:00'", "2024-01-01T08:00:00Z"],
    ["TIMESTAMP '1969-12-31 23:59:59.999999'", "1969-12-31T23:59:59.999999"],
    ["DATE '2024-02-29'", "2024-02-29"],
    ["TIME '10:00:01'", "10:00:01"],
    [`'{"a":[1,{"b":null}],"n":12345678901234567890}'::JSON`, { a: [1, { b: null }], n: "12345678901234567890" }],
    ["'ab'::BLOB", "YWI="],
    ["{'a': 1, 'b': [true, NULL]}", { a: 1, b: [true, null] }],
    ["MAP {'k': 1}", { k: 1 }],
    ["INTERVAL 1 DAY", "1 day"],
    ["NULL", null],
    ["'a' || chr(0) || 'b'", "a\0b"],
  ])("%s is answered as JSON", async (expression, value) => {
    expect(table(await sql(`SELECT ${expression} AS v`)).rows).toEqual([[value]]);
  });

  it.each([
    ["unquoted with - and .", "SELECT a FROM my-data.set_1"],
    ["in capitals", "SELECT m.a FROM MY-DATA.SET_1 AS m"],
    ["in double quotes", 'SELECT a FROM "my-data.set_1"'],
    ["in backquotes", "SELECT `a` FROM `my-data.set_1`"],
    ["with a comment right behind", "SELECT a FROM my-data.set_1-- where"],
    ["in a join", "SELECT m.a FROM products p JOIN my-data.set_1 m ON m.a = p.id"],
    ["in a subquery", "SELECT a FROM (FROM my-data.set_1)"],
    ["below a CTE", "WITH t AS (SELECT * FROM my-data.set_1) SELECT a FROM t"],
    ["in a union", "SELECT a FROM my-data.set_1 UNION SELECT a FROM my-data.set_1"],
    ["under LATERAL", "SELECT l.a FROM my-data.set_1 d, LATERAL (SELECT d.a AS a) l"],
    ["in a scalar subquery", "SELECT (SELECT max(a) FROM my-data.set_1)"],
  ])("finds a dataset %s", async (_, query) => {
    expect(table(await sql(query)).rows).toEqual([[1]]);
  });

  it.each([
    ["a keyword", "SELECT a FROM order", [[2]]],
    ["a CTE of a dataset's name", "WITH products AS (SELECT 9 AS z) SELECT * FROM products", [[9]]],
    [
      "a recursive CTE",
      "WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t WHERE a < 3) FROM t",
      [[1], [2], [3]],
    ],
    ["VALUES", "VALUES (1), (2)", [[1], [2]]],
    ["comments and a semicolon", "/* a /* b */ */ SELECT 1 -- c\n;", [[1]]],
    [
      "range and unnest",
      "SELECT * FROM range(2) t(i), unnest(['a']) u(x)",
      [
        [0, "a"],
        [1, "a"],
      ],
    ],
    [
      "columns with names of the session",
      "SELECT user, t.current_role FROM (SELECT 1 AS user, 2) t(user, current_role)",
      [[1, 2]],
    ],
    ["a window", "SELECT rank() OVER (ORDER BY price DESC) FROM products ORDER BY id", [[2], [1]]],
    ["a pivot", "SELECT * FROM (SELECT name, price FROM products) PIVOT (sum(price) FOR name IN ('Lamp'))", [[5]]],
  ])("takes %s", async (_, query, rows) => {
    expect(table(await sql(query)).rows).toEqual(rows);
  });

  it.each([
    ["SELECT * FROM empty", []],
    ["SELECT count(*) FROM empty", [[0]]],
    ["SELECT name, sum(price) FROM empty WHERE price > 5 AND name LIKE 'x%' GROUP BY name ORDER BY name", []],
    ["SELECT date_trunc('day', created) FROM empty", []],
    [
      "SELECT p.id, e.x FROM products p LEFT JOIN empty e ON e.x = p.id ORDER BY 1",
      [
        [1, null],
        [2, null],
      ],
    ],
  ])("%s of a dataset without records is no error", async (query, rows) => {
    expect(table(await sql(query)).rows).toEqual(rows);
  });

  it("answers 404 for an unknown dataset and names a near one", async () => {
    const answer = await sql("SELECT * FROM product");
    expect(answer.body).toMatchObject({ error: { type: "not_found" }, status: 404 });
    expect(reason(answer)).toContain('"products"');
  });
});

describe("SQL that would reach further", () => {
  it.each(
    [
      ["SELECT * FROM read_csv('/etc/passwd')", "unsupported_query", "read_csv"],
      ["SELECT (SELECT max(c) FROM read_text('/etc/passwd') t(c))", "unsupported_query", "read_text"],
      [
        "SELECT * FROM products WHERE name IN (SELECT c FROM read_blob('/etc/passwd') t(c))",
        "unsupported_query",
        "read_blob",
      ],
      ["WITH t AS (SELECT * FROM glob('/*')) SELECT * FROM t", "unsupported_query", "glob"],
      ["SELECT * FROM '/etc/passwd'", "not_found", "passwd"],
      ['FROM "/etc/passwd"', "not_found", "passwd"],
      ["SELECT * FROM 'x.parquet'", "not_found", "x.parquet"],
      ["COPY products TO '/tmp/stolen.csv'", "unsupported_query", "COPY"],
      ["ATTACH '/tmp/other.db'", "unsupported_query", "ATTACH"],
      ["INSTALL httpfs", "unsupported_query", "INSTALL"],
      ["LOAD httpfs", "unsupported_query", "LOAD"],
      ["SET memory_limit = '1TB'", "unsupported_query", "SET"],
      ["PRAGMA database_list", "unsupported_query", "PRAGMA"],
      ["CALL duckdb_settings()", "unsupported_query", "CALL"],
      ["EXPORT DATABASE '/tmp/x'", "unsupported_query", "EXPORT"],
      ["CREATE TABLE x (a INT)", "unsupported_query", "CREATE"],
      ["CREATE TEMP VIEW products AS SELECT 1", "unsupported_query", "CREATE"],
      ["DROP VIEW products", "unsupported_query", "DROP"],
      ["DELETE FROM products", "unsupported_query", "DELETE"],
      ["UPDATE products SET id = 1", "unsupported_query", "UPDATE"],
      ["EXPLAIN SELECT 1", "unsupported_query", "EXPLAIN"],
      ["BEGIN", "unsupported_query", "BEGIN"],
      ["SHOW TABLES", "unsupported_query", "SHOW"],
      ["SELECT * FROM store.products", "unsupported_query", "store.products"],
      ["SELECT * FROM memory.store.products", "unsupported_query", "memory.store.products"],
      ["SELECT * FROM main.products", "unsupported_query", "main.products"],
      ["SELECT * FROM stage.cursors", "unsupported_query", "stage.cursors"],
      ["SELECT * FROM information_schema.tables", "unsupported_query", "information_schema"],
      ["SELECT * FROM pg_catalog.pg_class", "unsupported_query", "pg_class"],
      ["SELECT * FROM duckdb_settings()", "unsupported_query", "duckdb_settings"],
      ["SELECT * FROM duckdb_tables", "not_found", "duckdb_tables"],
      ["SELECT * FROM (WITH duckdb_tables AS (SELECT 1) SELECT 1) t, duckdb_tables", "not_found", "duckdb_tables"],
      ["WITH t AS (SELECT * FROM t) SELECT * FROM t", "not_found", '"t"'],
      ["SELECT * FROM query('SELECT 1')", "unsupported_query", "query"],
      ["SELECT * FROM query_table('store.products')", "unsupported_query", "query_table"],
      ["SELECT * FROM json_execute_serialized_sql('x')", "unsupported_query", "json_execute_serialized_sql"],
      [
        "SELECT json_serialize_plan('SELECT * FROM read_csv(''/etc/passwd'')')",
        "unsupported_query",
        "json_serialize_plan",
      ],
      ["SELECT current_setting('temp_directory')", "unsupported_query", "current_setting"],
      ["SELECT ('temp_directory').current_setting()", "unsupported_query", "current_setting"],
      ["SELECT getenv('HOME')", "unsupported_query", "getenv"],
      ["SELECT system.main.getenv('HOME')", "unsupported_query", "system.main.getenv"],
      ["SELECT current_schema", "unsupported_query", "current_schema"],
      ['SELECT "User" FROM products', "unsupported_query", "user"],
      [`SELECT 1 ${"OR 1 ".repeat(30_000)}`, "unsupported_query", "1000 ANDs and ORs"],
      [`SELECT ${"1, ".repeat(3000)} 1`, "unsupported_query", "2000"],
      [
        "SELECT max(id) OVER (ORDER BY current_setting('threads')) FROM products",
        "unsupported_query",
        "current_setting",
      ],
      ["SELECT pg_get_viewdef(1)", "unsupported_query", "pg_get_viewdef"],
      ["SELECT system.main.read_text('x')", "unsupported_query", "read_text"],
      ["SELECT write_log('x')", "unsupported_query", "write_log"],
      ["SELECT sleep_ms(100000)", "unsupported_query", "sleep_ms"],
      ["SELECT repeat('x', 4000000000)", "unsupported_query", "repeat"],
      ["SELECT range(1000000000)", "unsupported_query", "range"],
      ["SELECT list_distinct(generate_series(1, 100000000))", "unsupported_query", "generate_series"],
      ["SELECT list_resize([1], 10000000000)", "unsupported_query", "list_resize"],
      ["SELECT bitstring('1', 1000000000)", "unsupported_query", "bitstring"],
      ["SELECT format('{:>2000000000}', 'x')", "unsupported_query", "format"],
      ["SELECT format('{:>{}}', 'x', 2000000000)", "unsupported_query", "format"],
      ["SELECT printf('%1000000000d', 1)", "unsupported_query", "printf"],
      ["SELECT lpad('x', (SELECT 4000000000)::INT, 'y')", "unsupported_query", "lpad"],
      ["SELECT 1; SELECT 2", "unsupported_query", "one at a time"],
      ["SELECT 1; DROP TABLE store.products", "unsupported_query", "one at a time"],
      ["SELECT 1 /* ; */ ; -- x\n COPY products TO '/tmp/x'", "unsupported_query", "one at a time"],
      ["SELECT $1", "unsupported_query", "parameters"],
      ["SELECT 'a\0'; DROP TABLE store.products --'", "query_failed", "zero"],
      ["SELECT nope FROM products", "query_failed", "nope"],
      ["SELEC 1", "query_failed", "SELEC"],
      ["SELECT 'abc'::INT", "query_failed", "abc"],
      ["SELECT * FROM products AT (VERSION => 1)", "unsupported_query", "AT"],
      [`SELECT ${"(".repeat(40_000)}1${")".repeat(40_000)}`, "unsupported_query", "nested"],
      [`SELECT ${"[".repeat(900)}1${"]".repeat(900)}`, "unsupported_query", "nested"],
      [`SELECT ${"NOT ".repeat(40_000)}TRUE`, "query_failed", ""],
      [`SELECT 1${" UNION ALL SELECT 1".repeat(3_000)}`, "unsupported_query", "unions"],
      [`SELECT * FROM products${", products".repeat(100)}`, "unsupported_query", "tables"],
      [
        `WITH t0 AS (FROM products)${Array.from({ length: 12 }, (_, at) => `, t${at + 1} AS NOT MATERIALIZED (SELECT a.* FROM t${at} a, t${at} b)`).join("")} FROM t12`,
        "unsupported_query",
        "CTE",
      ],
      [`SELECT '${"x".repeat(200_000)}'`, "unsupported_query", "characters"],
    ].map(([query = "", type = "", words = ""]) => [query.slice(0, 80), query, type, words] as const),
  )("is refused: %s", async (_, query, type, words) => {
    const answer = await sql(query);
    expect(answer.body).toMatchObject({ error: { type } });
    expect(reason(answer)).toContain(words);
  });

  it("is stopped when it takes too long, and the service goes on", async () => {
    const endless = [
      hastySql("SELECT count(*) FROM range(1000000000000)"),
      hastySql("WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t) SELECT count(*) FROM t"),
    ];
    const alongside = table(await hastySql("SELECT 1")).rows;
    expect(alongside).toEqual([[1]]);
    for (const answer of await Promise.all(endless)) {
      expect(answer.body).toMatchObject({ error: { type: "query_timeout" }, status: 504 });
    }
  });

  it("is answered in time where DuckDB cannot be interrupted", async () => {
    // Some seconds of work, during which the service is closed if this test is the last one.
    expect((await hastySql(`INSERT INTO long (_id, t) VALUES ('1', '${"a".repeat(60_000)}')`)).status).toBe(200);
    const started = performance.now();
    const answer = await hastySql("SELECT levenshtein(t, reverse(t)) FROM long");
    expect(answer.body).toMatchObject({ error: { type: "query_timeout" }, status: 504 });
    expect(performance.now() - started).toBeLessThan(6_000);
  });

  it("is stopped when the client goes away", async () => {
    const gone = new AbortController();
    const signed = await sign(
      testCredentials,
      "POST",
      "/sql",
      JSON.stringify({ query: "SELECT count(*) FROM range(1e12::BIGINT)" }),
    );
    const answer = service.fetch(new Request(signed, { signal: gone.signal }));
    setTimeout(() => gone.abort(), 50);
    // Where it went on to its time limit, the status would be 504.
    expect((await answer).status).toBe(500);
  });

  it("leaves the datasets as they were", async () => {
    expect(table(await sql("SELECT count(*) FROM products")).rows).toEqual([[2]]);
  });
});

describe("a large answer", () => {
  it("holds 10,000 rows and says how many there are", async () => {
    const answer = table(await sql("SELECT * FROM range(20000)"));
    expect(answer).toMatchObject({ size: 10_000, total: 20_000, truncated: true });
    expect(answer.rows).toHaveLength(10_000);
  });

  it("stops counting after a million", async () => {
    const answer = table(await sql("SELECT * FROM range(1e12::BIGINT)"));
    expect(answer).toMatchObject({ size: 10_000, truncated: true });
    expect(answer.total).toBeGreaterThanOrEqual(1_000_000);
  });

  it("is refused where it is nested too deeply to be written", async () => {
    const deep = `'${"[".repeat(50_000)}${"]".repeat(50_000)}'`;
    expect((await sql(`SELECT json_extract(${deep}, '$[0]')`)).body).toMatchObject({
      error: { type: "result_too_large" },
    });
  });

  it("is cut off by its size", async () => {
    const answer = table(await sql("SELECT repeat('x', 10000) FROM range(3000)"));
    expect(answer).toMatchObject({ total: 3000, truncated: true });
    expect(answer.size).toBeLessThan(1_700);
    expect((await sql("SELECT string_agg(repeat('x', 10000), '') FROM range(3000)")).body).toMatchObject({
      error: { type: "result_too_large" },
      status: 413,
    });
  });
});

describe("a body without a query", () => {
  it.each([[{}], [{ query: "" }], [{ query: 1 }], [[]], ["text"]])("%j is refused", async (body) => {
    expect((await call("POST", "/sql", JSON.stringify(body))).body).toMatchObject({ error: { type: "bad_request" } });
  });
});

it("counts in FROM as far as it likes, and makes short lists and texts", async () => {
  const { call } = await startService();
  const rows = async (query: string) => (await call("POST", "/sql", { query })).body;
  expect(await rows("SELECT count(*) FROM range(100000)")).toMatchObject({ rows: [[100_000]] });
  expect(await rows("SELECT len(range(10)), format('{:>3}', 'x'), printf('%02d', 7)")).toMatchObject({
    rows: [[10, "  x", "07"]],
  });
});

describe("INSERT and UPSERT", () => {
  it("find columns by their properties, whatever SQL calls them", async () => {
    const { call } = await startService();
    const sql = async (query: string) => (await call("POST", "/sql", { query })).status;
    expect(await sql("UPSERT INTO w (_id, _by) VALUES ('x', 'a')")).toBe(200);
    expect(await sql("UPSERT INTO w (_id, _by) VALUES ('x', 'b')")).toBe(200);
    expect((await call("GET", "/w/doc/x")).body).toMatchObject({ _source: { _by: "b" } });
    const { body } = await call("POST", "/sql", { query: "SELECT * FROM w" });
    expect(body).toMatchObject({ columns: [{ name: "_id" }, { name: "_by#1" }], rows: [["x", "b"]] });
  });

  it("read from datasets of any name", async () => {
    const { call } = await startService();
    for (const name of ["given", "merged"]) {
      expect((await call("PUT", `/${name}`)).status).toBe(200);
      const query = `UPSERT INTO foo (id, a) SELECT '1', a FROM ${name}`;
      expect(await call("POST", "/sql", { query })).toMatchObject({ status: 200, body: { rows: [[0]] } });
    }
  });

  const start = async () => {
    const started = await startService();
    const send = (query: string) => started.call("POST", "/sql", { query });
    return { send, rows: async (query: string) => table(await send(query)).rows };
  };

  it("insert takes _id, else id, and refuses a record that is there", async () => {
    const { send, rows } = await start();
    expect((await send("INSERT INTO ds (id, name) VALUES (1, 'a'), (2, 'b')")).body).toEqual({
      columns: [{ name: "affected_rows", type: "BIGINT" }],
      rows: [[2]],
      size: 1,
      total: 1,
    });
    await send("INSERT INTO ds (_id, id) VALUES ('x', 7)");
    expect(await rows("SELECT _id, id, name FROM ds ORDER BY id")).toEqual([
      ["1", 1, "a"],
      ["2", 2, "b"],
      ["x", 7, null],
    ]);
    for (const query of [
      "INSERT INTO ds (id) VALUES (1)",
      "INSERT INTO ds (_id) VALUES ('new'), ('new')",
      "INSERT INTO ds (id, name) VALUES (9, 'c'), (10, 'd'), (2, 'e')",
    ]) {
      expect((await send(query)).body).toMatchObject({ error: { type: "query_failed" } });
    }
    expect(await rows("SELECT count(*) FROM ds")).toEqual([[3]]);
  });

  it("upsert changes the columns that it names, by _id, else id", async () => {
    const { send, rows } = await start();
    await send("INSERT INTO ds (_id, id, name, price) VALUES ('own', 1, 'a', 1.5)");
    expect(await rows("UPSERT INTO ds (id, name) VALUES ('1', 'changed'), ('2', 'new')")).toEqual([[2]]);
    await send("UPSERT INTO ds (_id, price, extra) VALUES ('own', 2, 'first'), ('own', 3, 'last')");
    expect(await rows("SELECT * FROM ds ORDER BY id")).toEqual([
      ["own", 1, "changed", 3, "last"],
      ["2", 2, "new", null, null],
    ]);
    expect((await send("UPSERT INTO ds (name) VALUES ('x')")).body).toMatchObject({
      error: { type: "missing_fields" },
    });
  });

  it("values take the type of a column that is there", async () => {
    const { send, rows } = await start();
    await send("INSERT INTO ds (_id, day, n, j) VALUES ('a', DATE '2024-01-01', 1, [1])");
    await send(
      `INSERT INTO ds (_id, day, n, j) VALUES ('b', '2024-01-02', 1.5, '{"k": 1}'), ('c', NULL, NULL, 'text')`,
    );
    expect(await rows("SELECT _id, day, n, j FROM ds ORDER BY _id")).toEqual([
      ["a", "2024-01-01", 1, [1]],
      ["b", "2024-01-02", 1.5, { k: 1 }],
      ["c", null, null, "text"],
    ]);
    expect((await send("INSERT INTO ds (_id, day) VALUES ('d', 'no day')")).body).toMatchObject({
      status: 400,
    });
  });

  it("a query can be inserted", async () => {
    const { send, rows } = await start();
    await send("INSERT INTO from-ds (id, v) VALUES (1, 'a'), (2, 'b')");
    expect(await rows("INSERT INTO to.ds SELECT id, upper(v) AS w FROM from-ds WHERE id > 1")).toEqual([[1]]);
    expect(await rows("SELECT * FROM to.ds")).toEqual([["2", 2, "B"]]);
  });

  it.each([
    ["INSERT INTO ds VALUES (1)", "query_failed"],
    ["INSERT INTO ds (a) VALUES (1, 2)", "query_failed"],
    ["INSERT INTO ds (a, A) VALUES (1, 2)", "query_failed"],
    ["INSERT INTO ds (a) VALUES (1) RETURNING *", "query_failed"],
    ["INSERT INTO ds (a) VALUES (1); DROP TABLE store.ds", "unsupported_query"],
    ["INSERT INTO ds (a) VALUES (1)); DROP TABLE store.ds; --", "unsupported_query"],
    ["INSERT INTO ds (a) VALUES (1)) AS x, (SELECT 1", "query_failed"],
    ["INSERT INTO ds (a) SELECT * FROM read_csv('/etc/passwd')", "unsupported_query"],
    ["INSERT INTO ds (a) SELECT * FROM store.ds", "unsupported_query"],
    ["INSERT OR REPLACE INTO ds (a) VALUES (1)", "unsupported_query"],
    ["INSERT INTO ds", "query_failed"],
    ["INSERT INTO", "query_failed"],
    ['INSERT INTO "A b" (a) VALUES (1)', "invalid_name"],
    ["INSERT INTO sql (a) VALUES (1)", "invalid_name"],
  ])("%s is refused and makes nothing", async (query, type) => {
    const { send } = await start();
    expect((await send(query)).body).toMatchObject({ error: { type } });
    expect((await send("SELECT * FROM ds")).body).toMatchObject({ error: { type: "not_found" } });
  });
});

it("GET reads with a body, as clients send it, and writes nothing", async () => {
  const served = await serve({ port: 0, credentials: testCredentials });
  try {
    const client = signedClient({ ...testCredentials, url: served.url });
    await client("POST", "/sql", { query: "INSERT INTO ds (id) VALUES (1)" });
    const get = async (query: string): Promise<unknown> => {
      const body = JSON.stringify({ query });
      const signed = await sign({ ...testCredentials, url: served.url }, "GET", "/sql", undefined, {
        "content-type": "application/json",
        "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
      });
      return new Promise((resolve, reject) => {
        const url = new URL(served.url);
        const headers = { ...Object.fromEntries(signed.headers), "content-length": Buffer.byteLength(body) };
        request({ host: url.hostname, port: url.port, path: "/sql", method: "GET", headers }, (response) => {
          let text = "";
          response.on("data", (chunk) => {
            text += String(chunk);
          });
          response.on("end", () => resolve(JSON.parse(text)));
        })
          .on("error", reject)
          .end(body);
      });
    };
    expect(await get("SELECT id FROM ds")).toMatchObject({ rows: [[1]] });
    expect(await get("INSERT INTO ds (id) VALUES (2)")).toMatchObject({ error: { type: "unsupported_query" } });
    expect(await get("SELECT id FROM ds")).toMatchObject({ rows: [[1]] });
  } finally {
    await served.close();
  }
});
