import { explainSnowflake } from "./snowflake/explain.ts";
import { openSnowflake, quoteSnowflake } from "./snowflake/session.ts";
import { sqlDriver } from "./warehouse/sql-driver.ts";

/** Snowflake, over its own driver, which is loaded when it is first needed. */
export const snowflakeDriver = sqlDriver({
  open: openSnowflake,
  quote: quoteSnowflake,
  explain: explainSnowflake,
});
