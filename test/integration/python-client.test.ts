import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, inject, it, onTestFinished } from "vitest";
import { serve } from "../../src/service/index.ts";
import { snowflakeDriver } from "../../src/service/sources/snowflake.ts";
import { startAuthProxy } from "../support/auth-proxy.ts";
import { skip } from "../support/skip.ts";
import { warehouseSource } from "../support/warehouse-source.ts";
import { loadIndex } from "./load-index.ts";
import { fetchEnvironment, noPython } from "./servers/python.ts";

const [elasticsearch, snowflake] = [inject("elasticsearch"), inject("snowflake")];
const folder = join(import.meta.dirname, "servers/python-client");
const python = await fetchEnvironment("client", join(folder, "client.requirements.txt"));
const apiKey = "key-41c0de";

/** Where the client finds sources; those that are missing are left out. */
const sources = async (): Promise<Readonly<Record<string, string>>> => {
  const found: Record<string, string> = {};
  if ("url" in elasticsearch) {
    await loadIndex({ url: elasticsearch.url, index: "people", records: 250 });
    const proxy = await startAuthProxy(elasticsearch.url, { authorization: `ApiKey ${apiKey}` });
    onTestFinished(() => proxy.close());
    Object.assign(found, { SEARCH_URL: proxy.url, SEARCH_API_KEY: apiKey });
  }
  if ("url" in snowflake) {
    const { url: account, token: pat_token } = snowflake;
    const config = { account, pat_token, warehouse: "COMPUTE_WH", database: "DB", schema: "PUBLIC" };
    const { query } = warehouseSource(snowflakeDriver, { source: "snowflake", auth: "pat", config });
    await query("CREATE OR REPLACE TABLE PEOPLE AS SELECT 1 AS ID, 'Ann' AS NAME UNION ALL SELECT 2, 'Bo'");
    Object.assign(found, { SNOWFLAKE_ACCOUNT: account, SNOWFLAKE_PAT: pat_token });
  }
  return found;
};

if (python === undefined) skip("the API's Python client", noPython);
else {
  it("the API's Python client works against the service as its examples use it", { timeout: 180_000 }, async () => {
    const work = await mkdtemp(join(tmpdir(), "python-client-"));
    onTestFinished(() => rm(work, { recursive: true, force: true }));
    const server = await serve({ credentials: { accessKey: "IAK_TEST", secretKey: "test-secret-key" } });
    onTestFinished(() => server.close());
    const env = {
      ...(await sources()),
      INFINO_ENDPOINT: server.url,
      INFINO_ACCESS_KEY: "IAK_TEST",
      INFINO_SECRET_KEY: "test-secret-key",
      FOLDER: work,
      PYTHONDONTWRITEBYTECODE: "1",
    };
    const { stdout } = await execa(python, [join(folder, "client.py")], { env, timeout: 150_000 });
    const steps = new Map(
      stdout.split("\n").map((line): [string, unknown] => {
        const { step, result } = JSON.parse(line) as { step: string; result: unknown };
        return [step, result];
      }),
    );
    expect(Object.fromEntries(steps)).toMatchObject({
      ping: "healthy",
      sources: ["bigquery", "elasticsearch", "file", "opensearch", "snowflake"],
      "create again": { acknowledged: true, index: "upload_json_demo" },
      bulk: false,
      metadata: { index: "upload_json_demo", docs_count: 20 },
      datasets: ["upload_json_demo"],
      schema: { name: "dict", price: "dict", tags: "dict" },
      record: { _id: "7", found: true, _source: { name: "Product 7", tags: ["tag2"] } },
      match_all: { total: 20, hits: 3 },
      bool: [2, 4, 8],
      terms: { electronics: 10, home: 10 },
      sql: {
        columns: [{ name: "category" }, { name: "n" }],
        rows: [
          ["electronics", 10],
          ["home", 10],
        ],
      },
      upserted: "Renamed",
      "missing record": { status: 404 },
      "no json": { status: 400 },
      drop: { acknowledged: true },
      upload: { status: "completed", processed: 1000, errors: [] },
      "async upload": { first: "submitted", last: "completed", stats: 1000 },
      count: [[2000]],
      "connections left": [],
    });
    if ("url" in elasticsearch) {
      expect(Object.fromEntries(steps)).toMatchObject({
        "search connection": "connected",
        update: "Renamed",
        "search metadata": expect.arrayContaining(["mappings", "settings"]),
        "search query": 2,
        "search import": "completed",
        "search imported": [[250]],
      });
    }
    if ("url" in snowflake) {
      expect(Object.fromEntries(steps)).toMatchObject({
        "sql connection": "connected",
        "sql metadata": ["ID", "NAME"],
        "sql smoke": { columns: [{ display_name: "N" }], error_message: null },
        "sql query": { columns: ["ID", "NAME"], rows: 2 },
        "sql import": "completed",
        "sql imported": [[2]],
      });
    }
  });
}
