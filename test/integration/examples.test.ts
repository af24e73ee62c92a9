import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Server, serve } from "../../src/service/index.ts";
import { bigqueryDriver } from "../../src/service/sources/bigquery.ts";
import { snowflakeDriver } from "../../src/service/sources/snowflake.ts";
import { cli } from "../cli/support.ts";
import { type AuthProxy, startAuthProxy } from "../support/auth-proxy.ts";
import { skip } from "../support/skip.ts";
import { warehouseSource } from "../support/warehouse-source.ts";
import { loadIndex } from "./load-index.ts";

const root = join(import.meta.dirname, "../..");
const credentials = { accessKey: "IAK_TEST", secretKey: "test-secret-key" };
const [elasticsearch, opensearch] = [inject("elasticsearch"), inject("opensearch")];
const [snowflake, bigquery] = [inject("snowflake"), inject("bigquery")];

let work: string;
let server: Server;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "connector-deployer-examples-"));
  server = await serve({ credentials, dataDir: join(work, "service") });
});
afterAll(async () => {
  await server.close();
  await rm(work, { recursive: true, force: true });
});

/** A copy of an example, with the command line in it. */
const stage = async (example: string, values: Readonly<Record<string, string>>) => {
  const cwd = join(work, example);
  // Somebody may have tried the example in its place: such a ledger is of another service.
  const filter = (source: string): boolean => basename(source) !== ".connector-deployer";
  await cp(join(root, "examples", example), cwd, { recursive: true, filter });
  const env = {
    ...values,
    INFINO_ENDPOINT: server.url,
    INFINO_ACCESS_KEY: credentials.accessKey,
    INFINO_SECRET_KEY: credentials.secretKey,
  };
  const run = async (...args: readonly string[]) => {
    const ended = await cli(args, { cwd, env });
    expect(ended, `${args.join(" ")}\n${ended.stderr}`).toMatchObject({ exit: 0 });
    return ended.stdout;
  };
  const secrets = Object.entries(values).flatMap(([name, value]) => (/PASSWORD|KEY|TOKEN/.test(name) ? [value] : []));
  return {
    run,
    /** Deploys, waits, and shows that a second plan has nothing to do. */
    deploy: async () => {
      const applied = await run("apply", "--wait", "--yes");
      expect(await run("plan", "--exit-code")).toContain("0 to add, 0 to change, 0 to delete");
      const status = await run("status");
      for (const secret of secrets) expect(`${applied}${status}`).not.toContain(secret);
      return status;
    },
    rows: async (query: string): Promise<unknown> =>
      JSON.parse(await run("query", "--sql", query, "-o", "json")).answer.rows,
  };
};

if ("missing" in opensearch || "missing" in elasticsearch) {
  skip("examples/search-to-dataset", "missing" in opensearch ? opensearch.missing : "Elasticsearch is missing");
} else {
  describe("examples/search-to-dataset", () => {
    const proxies: AuthProxy[] = [];
    afterAll(() => Promise.all(proxies.map((proxy) => proxy.close())));

    it("is deployed, imported and queried", { timeout: 120_000 }, async () => {
      const accounts = ["8812", "1403"];
      const account = (n: number) => accounts[n % 2] ?? "";
      const mappings = { account: { type: "keyword" }, number: { type: "long" }, line: { type: "keyword" } };
      await Promise.all([
        loadIndex({
          url: opensearch.url,
          index: "products",
          records: 600,
          mappings,
          record: (n) => ({ account: account(n), name: `Product ${n}`, price: n / 4, updated: "2026-01-30T12:00:01Z" }),
        }),
        loadIndex({
          url: elasticsearch.url,
          index: "orders",
          records: 300,
          mappings,
          record: (n) => ({ account: account(n), number: n, total: n * 1.5 }),
        }),
        loadIndex({
          url: elasticsearch.url,
          index: "order-lines",
          records: 900,
          mappings,
          record: (n) => ({ account: account(n % 300), line: `${n % 300}/${n}`, order: n % 300, sku: "x", amount: 2 }),
        }),
      ]);
      const basic = `Basic ${Buffer.from("catalog-reader:pass-5d1f").toString("base64")}`;
      proxies.push(
        await startAuthProxy(opensearch.url, { authorization: basic }),
        await startAuthProxy(elasticsearch.url, { authorization: "ApiKey key-77aa21" }),
      );
      const example = await stage("search-to-dataset", {
        OPENSEARCH_URL: proxies[0]?.url ?? "",
        OPENSEARCH_PASSWORD: "pass-5d1f",
        ELASTICSEARCH_URL: proxies[1]?.url ?? "",
        ELASTICSEARCH_API_KEY: "key-77aa21",
      });
      expect(await example.deploy()).toContain("connected");
      expect(await example.rows('SELECT count(*) FROM "acme-t101-catalog-product-collect"')).toEqual([[300]]);
      expect(
        await example.rows(
          'SELECT _id, price, "$last-modified" FROM "acme-t101-catalog-product-collect" WHERE name = \'Product 4\'',
        ),
      ).toEqual([["r4", 1, "~t2026-01-30T12:00:01Z"]]);
      // The key that the template declares is the record's _id.
      expect(
        await example.rows(`SELECT o._id, o.total, count(*) AS lines FROM "acme-t102-orders-order-collect" o
          JOIN "acme-t102-orders-order-line-collect" l ON l."order" = o.number WHERE o.number < 4 GROUP BY ALL ORDER BY 1`),
      ).toEqual([
        ["1", 1.5, 3],
        ["3", 4.5, 3],
      ]);
      const found = await example.run("query", "acme-t101-catalog", "products", '{"size": 3}', "-o", "json");
      expect(JSON.parse(found)).toMatchObject({ answer: { hits: { hits: [{}, {}, {}] } } });
      expect(await example.run("metadata", "acme-t101-catalog", "products", "-o", "json")).toContain('"mappings"');
    });
  });
}

if ("missing" in snowflake || "missing" in bigquery) {
  skip("examples/warehouse-to-dataset", "missing" in snowflake ? snowflake.missing : "BigQuery is missing");
} else {
  it("examples/warehouse-to-dataset is deployed, imported and queried", { timeout: 120_000 }, async () => {
    const billing = warehouseSource(snowflakeDriver, {
      source: "snowflake",
      auth: "pat",
      config: {
        account: snowflake.url,
        pat_token: snowflake.token,
        warehouse: "COMPUTE_WH",
        database: "BILLING",
        schema: "PUBLIC",
      },
    });
    await billing.query(`CREATE OR REPLACE TABLE INVOICES (ID INTEGER, ACCOUNT VARCHAR, CUSTOMER VARCHAR,
      AMOUNT NUMBER(12,2), ISSUED DATE, UPDATED_AT TIMESTAMP_NTZ)`);
    await billing.query(`INSERT INTO INVOICES SELECT SEQ4(), IFF(SEQ4() % 2 = 0, '8812', '1403'), 'Customer ' || SEQ4(),
      12.50, '2026-01-30'::DATE, '2026-01-30 12:00:01'::TIMESTAMP_NTZ FROM TABLE(GENERATOR(ROWCOUNT => 200))`);
    const sales = warehouseSource(bigqueryDriver, {
      source: "bigquery",
      auth: "service_account_key",
      config: { service_account_key: bigquery.key, dataset_ids: "sales", api_endpoint: bigquery.url },
    });
    await sales.query(`CREATE OR REPLACE TABLE sales.orders AS SELECT IF(MOD(n, 2) = 0, 'eu', 'us') AS region, n AS number,
      n * 2 AS total FROM UNNEST(GENERATE_ARRAY(1, 100)) AS n`);
    const example = await stage("warehouse-to-dataset", {
      SNOWFLAKE_ACCOUNT: snowflake.url,
      SNOWFLAKE_TOKEN: snowflake.token,
      BIGQUERY_ENDPOINT: bigquery.url,
      BIGQUERY_KEY: bigquery.key,
    });
    expect(await example.deploy()).toContain("connected");
    expect(
      await example.rows(
        'SELECT _id, "AMOUNT", "$last-modified" FROM "acme-t201-billing-invoice-collect" ORDER BY "ID" LIMIT 2',
      ),
    ).toEqual([
      ["0", 12.5, "~t2026-01-30T12:00:01Z"],
      ["2", 12.5, "~t2026-01-30T12:00:01Z"],
    ]);
    expect(
      await example.rows(
        'SELECT region, sum(total) AS total, count(DISTINCT _id) FROM "acme-t201-sales-order-collect" GROUP BY 1 ORDER BY 1',
      ),
    ).toEqual([
      ["eu", 5100, 50],
      ["us", 5000, 50],
    ]);
    const counted = await example.run(
      "query",
      "acme-t201-billing",
      "INVOICES",
      "SELECT COUNT(*) AS N FROM INVOICES",
      "-o",
      "json",
    );
    expect(counted).toContain("200");
    for (const [connection, table] of [
      ["acme-t201-billing", "INVOICES"],
      ["acme-t201-sales", "orders"],
    ]) {
      const described = await example.run("metadata", connection ?? "", table ?? "", "-o", "json");
      expect(described).toContain('"columns"');
    }
  });
}
