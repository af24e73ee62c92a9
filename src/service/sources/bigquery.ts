import { explainBigquery } from "./bigquery/explain.ts";
import { openBigquery, quoteBigquery } from "./bigquery/session.ts";
import { sqlDriver } from "./warehouse/sql-driver.ts";

/** BigQuery, over Google's own client, which is loaded when it is first needed. */
export const bigqueryDriver = sqlDriver({
  open: openBigquery,
  quote: quoteBigquery,
  explain: explainBigquery,
});
