import type { Found, Start } from "./started.ts";

/** A stand-in for Snowflake. */
export type SnowflakeServer = { readonly url: string };

/** A stand-in for BigQuery. */
export type BigqueryServer = { readonly url: string };

declare module "vitest" {
  interface ProvidedContext {
    readonly snowflake: Found<SnowflakeServer>;
    readonly bigquery: Found<BigqueryServer>;
  }
}

export const start: Start<{ snowflake: Found<SnowflakeServer>; bigquery: Found<BigqueryServer> }> = async () => ({
  values: { snowflake: { missing: "not started yet" }, bigquery: { missing: "not started yet" } },
  stop: async () => undefined,
});
