import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { bigqueryDriver } from "../../src/service/sources/bigquery.ts";
import { snowflakeDriver } from "../../src/service/sources/snowflake.ts";
import type { SourceDriver } from "../../src/service/sources/source-driver.ts";
import { startService, temporaryFolder, testCredentials } from "../support/service.ts";
import { member, type SignedClient, signedClient } from "../support/signed.ts";
import { skip } from "../support/skip.ts";
import { readLog, takeLog, warehouseSource } from "../support/warehouse-source.ts";

type Warehouse = {
  readonly driver: SourceDriver;
  readonly url: string;
  readonly config: Properties;
  /** Makes a table of orders 1 to 3. */
  readonly orders: (table: string) => readonly string[];
  /** Makes a table of numbers from 0. */
  readonly numbers: (table: string, count: number) => string;
  /** Parts of a result before the warehouse holds the rest back. */
  readonly parts: number;
};

const program = fileURLToPath(new URL("../support/serve-process.ts", import.meta.url));

const spawnService = async (dataDir: string) => {
  const child = spawn(process.execPath, [program, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = once(child, "exit");
  const died = exited.then(([code]) => Promise.reject(new Error(`the service ended with ${code}`)));
  died.catch(() => undefined);
  const [line] = await Promise.race([once(child.stdout, "data"), died]);
  return {
    call: signedClient({ ...testCredentials, url: String(line).trim() }),
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
};

const connect = async (call: SignedClient, source: string, config: Properties): Promise<string> => {
  const id = member(await call("POST", `/source/${source}`, { config: { name: "wh", ...config } }), "id");
  expect((await call("GET", `/source/${id}`)).body).toMatchObject({ status: "connected" });
  return id;
};

const startJob = async (call: SignedClient, source: string, config: Properties): Promise<string> =>
  member(await call("PUT", `/import/${source}`, config), "job_id");

const runsOf = async (call: SignedClient, job: string): Promise<readonly Properties[]> =>
  (await call("GET", `/import/jobs/${job}/runs`)).body as readonly Properties[];

/** The job's newest run, once it has ended and fits. */
const endedRun = async (call: SignedClient, job: string, fits: Properties = {}): Promise<Properties> => {
  await expect
    .poll(async () => (await runsOf(call, job))[0], { timeout: 60_000, interval: 50 })
    .toMatchObject({ status: expect.stringMatching(/completed|failed/), ...fits });
  return (await runsOf(call, job))[0] ?? {};
};

const select = async (call: SignedClient, query: string): Promise<unknown> => {
  const answer = await call("POST", "/sql", { query });
  expect(answer.status).toBe(200);
  return (answer.body as { readonly rows: unknown }).rows;
};

const found = { snowflake: inject("snowflake"), bigquery: inject("bigquery") };
const warehouses: { [source: string]: Warehouse } = {};
if (!("missing" in found.snowflake)) {
  const { url, token } = found.snowflake;
  warehouses["snowflake"] = {
    driver: snowflakeDriver,
    url,
    config: { account: url, pat_token: token, warehouse: "W", database: "IMPORT_TESTS", schema: "PUBLIC" },
    orders: (table) => [
      `CREATE OR REPLACE TABLE ${table} (id INTEGER, price NUMBER(10,2), placed TIMESTAMP_NTZ, seen TIMESTAMP_TZ, lines VARIANT)`,
      ...[1, 2, 3].map(
        (id) => `INSERT INTO ${table} SELECT ${id}, ${id}.50, '2024-01-0${id} 10:00:00'::TIMESTAMP_NTZ,
          '2024-01-0${id} 10:00:00 +02:00'::TIMESTAMP_TZ, PARSE_JSON('[{"sku": "a${id}"}]')`,
      ),
    ],
    numbers: (table, count) =>
      `CREATE OR REPLACE TABLE ${table} AS SELECT SEQ4() AS id, 'n' || SEQ4() AS name FROM TABLE(GENERATOR(ROWCOUNT => ${count}))`,
    parts: 6,
  };
} else skip("imports from snowflake", found.snowflake.missing);
if (!("missing" in found.bigquery)) {
  const { url, key } = found.bigquery;
  warehouses["bigquery"] = {
    driver: bigqueryDriver,
    url,
    config: { service_account_key: key, dataset_ids: "sales", api_endpoint: url },
    orders: (table) => [
      `CREATE OR REPLACE TABLE ${table} (id INT64, price NUMERIC(10,2), placed DATETIME, seen TIMESTAMP, lines JSON)`,
      ...[1, 2, 3].map(
        (id) => `INSERT INTO ${table} VALUES (${id}, NUMERIC '${id}.50', DATETIME '2024-01-0${id}T10:00:00',
          TIMESTAMP '2024-01-0${id} 08:00:00+00', JSON '[{"sku": "a${id}"}]')`,
      ),
    ],
    numbers: (table, count) =>
      `CREATE OR REPLACE TABLE ${table} AS SELECT id, CONCAT('n', CAST(id AS STRING)) AS name FROM UNNEST(GENERATE_ARRAY(0, ${count - 1})) AS id`,
    parts: 5,
  };
} else skip("imports from bigquery", found.bigquery.missing);

const sourceOf = (source: string, { driver, config }: Warehouse) =>
  warehouseSource(driver, { source, auth: source === "snowflake" ? "pat" : "service_account_key", config });

describe.each(Object.entries(warehouses))("an import from %s", (source, warehouse) => {
  const { query } = sourceOf(source, warehouse);

  it("copies records with their types, and then what was changed and deleted", async () => {
    for (const statement of warehouse.orders("orders")) await query(statement);
    const { call } = await startService();
    const source_id = await connect(call, source, warehouse.config);
    const named = { "x-infino-connection-id": source_id };
    expect(
      (await call("POST", `/source/${source_id}/ORDERS/dsl`, { query: "SELECT id FROM orders WHERE id = 2" }, named))
        .body,
    ).toMatchObject({
      statement_type: "SELECT",
      columns: [{ display_name: expect.stringMatching(/^id$/i) }],
      rows: [[2]],
    });
    const job = await startJob(call, source, {
      source_id,
      target_dataset: "orders",
      query: "SELECT * FROM orders WHERE id < 9;",
      primary_key: "id",
    });
    expect(await endedRun(call, job)).toMatchObject({ status: "completed", stats: { documents_processed: 3 } });
    expect(
      await select(call, "SELECT _id, typeof(price)[1:7], placed, seen, lines->'$[0].sku' FROM orders ORDER BY _id"),
    ).toEqual(
      [1, 2, 3].map((id) => [String(id), "DECIMAL", `2024-01-0${id}T10:00:00`, `2024-01-0${id}T08:00:00Z`, `a${id}`]),
    );

    await query("UPDATE orders SET price = 9.75 WHERE id = 2");
    await query("DELETE FROM orders WHERE id = 3");
    await query("INSERT INTO orders (id) VALUES (4)");
    expect((await call("POST", `/import/jobs/${job}/run`)).status).toBeLessThan(300);
    expect(await endedRun(call, job, { trigger: "request" })).toMatchObject({
      status: "completed",
      documents_removed: 1,
    });
    expect(await select(call, "SELECT _id, CAST(price AS DOUBLE) FROM orders ORDER BY _id")).toEqual([
      ["1", 1.5],
      ["2", 9.75],
      ["4", null],
    ]);
  });

  it("goes on after a kill, and asks only for what is not there yet", async () => {
    const count = 50_000;
    await query(warehouse.numbers("numbers", count));
    const folder = temporaryFolder();
    const first = await spawnService(folder);
    const source_id = await connect(first.call, source, warehouse.config);
    await takeLog(warehouse.url);
    await fetch(`${warehouse.url}/hold?parts=${warehouse.parts}`, { method: "POST" });
    const job = await startJob(first.call, source, {
      source_id,
      source_dataset: "numbers",
      target_dataset: "numbers",
      primary_key: "id",
    });
    await expect.poll(async () => (await readLog(warehouse.url)).held, { timeout: 60_000, interval: 50 }).toBe(true);
    await first.kill();
    await takeLog(warehouse.url);

    const second = await spawnService(folder);
    const run = await endedRun(second.call, job);
    expect(run).toMatchObject({ status: "completed", trigger: "resume", stats: { documents_processed: count } });
    const resumed = Number(run["documents_resumed"]);
    expect(resumed).toBeGreaterThanOrEqual(5_000);
    const asked = (await takeLog(warehouse.url)).queries.filter((one) => /ORDER BY/.test(JSON.stringify(one)));
    expect(asked).toHaveLength(1);
    expect(JSON.stringify(asked)).toMatch(new RegExp(`"${resumed - 1}"`));
    expect(await select(second.call, "SELECT count(*), count(DISTINCT _id), min(id), max(id) FROM numbers")).toEqual([
      [count, count, 0, count - 1],
    ]);
  });
});

if (Object.keys(warehouses).length > 0) {
  it("an import runs by its schedule, from every warehouse, and without a key replaces what it brought", async () => {
    const all = Object.entries(warehouses).map(([source, warehouse]) => {
      const { query } = sourceOf(source, warehouse);
      return { source, config: warehouse.config, statements: warehouse.orders("scheduled"), query };
    });
    for (const { statements, query } of all) for (const statement of statements) await query(statement);
    const minute = 60_000;
    const shift = minute - (Date.now() % minute) - 4_000;
    const { call } = await startService({ clock: () => Date.now() + shift });
    const jobs = all.map(async ({ source, config, query }) => {
      const source_id = await connect(call, source, config);
      const plan = { source_id, source_dataset: "scheduled", target_dataset: source, schedule: "* * * * *" };
      const job = await startJob(call, source, plan);
      await endedRun(call, job, { trigger: "created" });
      await query("DELETE FROM scheduled WHERE id = 1");
      expect(await endedRun(call, job, { trigger: "schedule" })).toMatchObject({ status: "completed" });
      expect(await select(call, `SELECT * EXCLUDE (_id) FROM ${source} ORDER BY id`)).toHaveLength(2);
    });
    await Promise.all(jobs);
  });
}
