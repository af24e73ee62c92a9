import type { DuckDBConnection, DuckDBResult } from "@duckdb/node-api";
import type { Json } from "../../contract/index.ts";
import type { SqlWire } from "../../infino/index.ts";
import { Problem } from "../problem.ts";
import { mostCharacters, mostCounted, mostRows } from "./query-limits.ts";
import { jsonConverter } from "./sql-value.ts";

/**
 * The rows of a SELECT, as far as an answer holds them: the rest is counted. `truncated` where there are more. Throws
 * `result_too_large` where not even the first row fits.
 */
export const runSelect = async (connection: DuckDBConnection, sql: string): Promise<SqlWire> => {
  const result = await connection.stream(sql);
  const types = result.columnTypes();
  const columns = result.columnNames().map((name, at) => ({ name, type: typeName(types[at]) }));
  const { rows, total, truncated } = await takeRows(result);
  return { columns, rows, size: rows.length, total, ...(truncated ? { truncated: true as const } : {}) };
};

const typeName = (type: { readonly alias?: string | undefined; toString(): string } | undefined): string => {
  const name = type?.alias ?? String(type);
  return name === "TIMESTAMP WITH TIME ZONE" ? "TIMESTAMPTZ" : name;
};

const takeRows = async (
  result: DuckDBResult,
): Promise<{ readonly rows: readonly (readonly Json[])[]; readonly total: number; readonly truncated: boolean }> => {
  const convert = await jsonConverter();
  // Those of a chunk do not tell JSON from text.
  const types = result.columnTypes();
  const rows: (readonly Json[])[] = [];
  let characters = 0;
  let isFull = false;
  let total = 0;
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (let at = 0; at < chunk.rowCount && !isFull; at++) {
      const row = chunk.getRowValues(at).map((value, column) => convert(value, types[column]));
      characters += JSON.stringify(row).length;
      isFull = rows.length === mostRows || characters > mostCharacters;
      if (!isFull) rows.push(row);
      else if (rows.length === 0) {
        throw new Problem("result_too_large", `one row is larger than ${mostCharacters} characters: select less of it`);
      }
    }
    total += chunk.rowCount;
    if (isFull && total >= mostCounted) break;
  }
  return { rows, total, truncated: rows.length < total };
};
