import { isObject } from "../../contract/index.ts";
import type { SqlWire } from "../../infino/index.ts";
import type { Call } from "../operations.ts";
import { Problem } from "../problem.ts";
import type { State } from "../state.ts";
import { checkSelect } from "./check-select.ts";
import { withEmptyDatasets } from "./empty-datasets.ts";
import { namesOf, prepared } from "./prepare-sql.ts";
import { longestSql, readWithin } from "./query-limits.ts";
import { runSelect } from "./run-select.ts";
import { firstWord } from "./sql-tokens.ts";
import { writeSql } from "./write-sql.ts";

/** `GET /sql`: reads only. */
export const readSql = (state: State, call: Call): Promise<SqlWire> => {
  const sql = queryOf(call);
  if (isWrite(sql)) {
    throw new Problem("unsupported_query", "GET /sql only reads: send INSERT and UPSERT with POST");
  }
  return select(state, sql, call.signal);
};

/** `POST /sql`: reads, or writes with INSERT INTO and UPSERT INTO. */
export const readOrWriteSql = (state: State, call: Call): Promise<SqlWire> => {
  const sql = queryOf(call);
  return isWrite(sql) ? writeSql(state, sql, call.signal) : select(state, sql, call.signal);
};

const isWrite = (sql: string): boolean => ["INSERT", "UPSERT"].includes(firstWord(sql) ?? "");

const queryOf = (call: Call): string => {
  const body = call.json();
  const query = isObject(body) ? body["query"] : undefined;
  if (typeof query !== "string" || query.trim() === "") {
    throw new Problem("bad_request", 'the body must be {"query": "SQL text"}');
  }
  if (query.length > longestSql) {
    throw new Problem("unsupported_query", `the query has ${query.length} characters, more than ${longestSql}`);
  }
  return query;
};

const select = (state: State, query: string, signal: AbortSignal): Promise<SqlWire> => {
  const names = namesOf(state);
  const { sql, statement } = prepared(query, names);
  return readWithin(state, signal, async (connection) => {
    const checked = await checkSelect(connection, sql, statement, names);
    return withEmptyDatasets(state, connection, checked, async (hasEmpty) => {
      try {
        return await runSelect(connection, sql);
      } catch (error) {
        // Columns of a dataset without records have no types, which some functions need.
        if (hasEmpty && error instanceof Error && error.message.startsWith("Binder Error")) return nothing;
        throw error;
      }
    });
  });
};

const nothing: SqlWire = { columns: [], rows: [], size: 0, total: 0 };
