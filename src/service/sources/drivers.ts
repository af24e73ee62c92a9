import type { SourceDriver } from "./source-driver.ts";

const drivers: ReadonlyMap<string, () => Promise<SourceDriver>> = new Map([
  ["elasticsearch", async () => (await import("./search.ts")).searchDriver],
  ["opensearch", async () => (await import("./search.ts")).searchDriver],
  ["snowflake", async () => (await import("./snowflake.ts")).snowflakeDriver],
  ["bigquery", async () => (await import("./bigquery.ts")).bigqueryDriver],
]);

/** Loads the driver of a connector type; undefined where there is none. */
export const sourceDriver = (source: string): Promise<SourceDriver> | undefined => drivers.get(source)?.();
