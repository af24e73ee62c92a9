import type { DuckDBConnection } from "@duckdb/node-api";
import type { Properties } from "../../contract/index.ts";
import { idColumn, quoted, sourceText } from "../data/columns.ts";
import { parseExact } from "../data/exact-json.ts";
import { readColumns } from "../data/tables.ts";

/** The records of a dataset with these ids, by id; numbers have all their digits (`parseExact`). */
export const readRecords = async (
  connection: DuckDBConnection,
  dataset: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Properties>> => {
  const columns = ids.length === 0 ? undefined : await readColumns(connection, dataset);
  if (columns === undefined) return new Map();
  const answer = await connection.runAndReadAll(
    `SELECT ${idColumn}, ${sourceText(columns)} FROM store.${quoted(dataset)}
      WHERE ${idColumn} IN (SELECT unnest(CAST(CAST(? AS JSON) AS VARCHAR[])))`,
    [JSON.stringify(ids)],
  );
  return new Map(answer.getRowsJson().map(([id, text]) => [String(id), parseExact(String(text)) as Properties]));
};
