import type { SourceDriver } from "./source-driver.ts";

const drivers: ReadonlyMap<string, () => Promise<SourceDriver>> = new Map([
  ["elasticsearch", async () => (await import("./search.ts")).searchDriver],
  ["opensearch", async () => (await import("./search.ts")).searchDriver],
  ["snowflake", async () => (await import("./snowflake.ts")).snowflakeDriver],
  ["bigquery", async () => (await import("./bigquery.ts")).bigqueryDriver],
]);

/** Loads the driver of a connector type; undefined where there is none. */
export const sourceDriver = (source: string): Promise<SourceDriver> | undefined => drivers.get(source)?.();

/** Optional packages that drivers load when they are first needed. */
const packages: ReadonlyMap<string, string> = new Map([
  ["snowflake", "snowflake-sdk"],
  ["bigquery", "@google-cloud/bigquery"],
]);

/** What is to be said of connections of these types whose drivers need packages that are not installed; once for each. */
export const missingPackages = (sources: Iterable<string>): readonly string[] =>
  [...new Set(sources)].flatMap((source) => {
    const name = packages.get(source);
    if (name === undefined || isInstalled(name)) return [];
    return [`connections to ${source} need a package that is not installed: npm i ${name}, then start serve again`];
  });

const isInstalled = (name: string): boolean => {
  try {
    import.meta.resolve(name);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND";
  }
};
