import { expect, inject, it } from "vitest";
import { bigqueryDriver } from "../../src/service/sources/bigquery.ts";
import { snowflakeDriver } from "../../src/service/sources/snowflake.ts";
import { skip } from "../support/skip.ts";
import { openStarter, type StarterFacts } from "../support/starter.ts";
import { warehouseSource } from "../support/warehouse-source.ts";

const [snowflake, bigquery] = [inject("snowflake"), inject("bigquery")];

/** Deploys it, waits until it works, and finds three records and nothing more to do. */
const expectThreeOrders = async (id: string, auth: string, facts: StarterFacts): Promise<void> => {
  const project = await openStarter(id, auth, facts);
  const report = await project.apply(await project.plan(), { wait: { timeout: 60_000 } });
  expect(report).toMatchObject({ summary: { insert: 3, failed: 0 }, waited: { healthy: 2, unhealthy: 0 } });
  const dataset = await project.datasetMetadata(`acme-example-${id}-order-collect`);
  expect(dataset).toMatchObject({ metadata: { docs_count: 3 } });
  expect((await project.plan()).changes).toEqual([]);
};

if ("missing" in snowflake) skip("the starters of snowflake", snowflake.missing);
else {
  it.each(["pat", "user_password"])("the starter of snowflake with %s imports a table", async (auth) => {
    const place = { account: snowflake.url, warehouse: "COMPUTE_WH", database: "BILLING" };
    const config = { ...place, schema: "PUBLIC", pat_token: snowflake.token };
    const { query } = warehouseSource(snowflakeDriver, { source: "snowflake", auth: "pat", config });
    await query("CREATE OR REPLACE TABLE STARTER_ORDERS AS SELECT SEQ4() AS ID FROM TABLE(GENERATOR(ROWCOUNT => 3))");
    await expectThreeOrders("snowflake", auth, {
      secret: auth === "pat" ? snowflake.token : snowflake.password,
      set: { ...place, table: "PUBLIC.STARTER_ORDERS", ...(auth === "pat" ? {} : { user: snowflake.user }) },
    });
  });
}

if ("missing" in bigquery) skip("the starter of bigquery", bigquery.missing);
else {
  it("the starter of bigquery imports a table", async () => {
    const config = { service_account_key: bigquery.key, dataset_ids: "sales", api_endpoint: bigquery.url };
    const auth = "service_account_key";
    const { query } = warehouseSource(bigqueryDriver, { source: "bigquery", auth, config });
    await query(
      "CREATE OR REPLACE TABLE sales.starter_orders AS SELECT n AS id FROM UNNEST(GENERATE_ARRAY(1, 3)) AS n",
    );
    await expectThreeOrders("bigquery", auth, {
      secret: bigquery.key,
      set: { dataset_ids: "sales", table: "starter_orders" },
      edit: (text) => text.replace(/# api_endpoint: .*/, `api_endpoint: ${bigquery.url}`),
    });
  });
}
