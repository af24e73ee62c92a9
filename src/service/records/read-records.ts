import type { DuckDBConnection } from "@duckdb/node-api";
import type { Properties } from "../../contract/index.ts";
import { idColumn, quoted, sourceText } from "../data/columns.ts";
import { parseExact } from "../data/exact-json.ts";
import { createPause } from "../data/pause.ts";
import { readColumns } from "../data/tables.ts";

/** The records of a dataset with these ids, by id; numbers have all their digits (`parseExact`). */
export const readRecords = async (
  connection: DuckDBConnection,
  dataset: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Properties>> => {
  const columns = ids.length === 0 ? undefined : await readColumns(connection, dataset);
  if (columns === undefined) return new Map();
  const answer = await connection.stream(
    `SELECT ${idColumn}, ${sourceText(columns)} FROM store.${quoted(dataset)}
      WHERE ${idColumn} IN (SELECT unnest(CAST(CAST(? AS JSON) AS VARCHAR[])))`,
    [JSON.stringify(ids)],
  );
  const records = new Map<string, Properties>();
  const pause = createPause();
  for await (const rows of answer.yieldRowsJson()) {
    for (const [id, text] of rows) {
      if (pause.due()) await pause.take();
      records.set(String(id), parseExact(String(text)) as Properties);
    }
  }
  return records;
};
