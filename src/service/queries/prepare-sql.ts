import { nearest } from "../../nearest.ts";
import { Problem } from "../problem.ts";
import type { State } from "../state.ts";
import type { Names } from "./check-select.ts";
import { withQuotedNames } from "./dataset-names.ts";
import { deepestSql, mostConditions } from "./query-limits.ts";
import { firstWord, isWord, sqlTokens, type Token } from "./sql-tokens.ts";

export const namesOf = (state: State): Names => ({
  isDataset: (name) => state.datasets.get(name) !== undefined,
  unknown: (name) => {
    const known = Array.from(state.datasets.values(), (dataset) => dataset.name);
    return new Problem("not_found", `there is no dataset ${JSON.stringify(name)}; ${nearest(name, known)}`);
  },
});

/** SQL text as DuckDB reads it, one statement; and what its first word says it is. */
export const prepared = (sql: string, names: Names): { readonly sql: string; readonly statement: string } => {
  // DuckDB's parser would end there.
  if (sql.includes("\0")) throw new Problem("query_failed", "the query holds a zero character");
  const tokens = sqlTokens(sql);
  const last = tokens.findIndex(({ kind, text }) => kind === "symbol" && text === ";");
  if (last >= 0 && tokens.slice(last).some(({ text }) => text !== ";")) {
    throw new Problem("unsupported_query", "several statements are not supported: send one at a time");
  }
  checkDepth(tokens);
  if (tokens.filter((token) => isWord(token, "AND", "OR")).length > mostConditions) {
    throw new Problem("unsupported_query", `the query has more than ${mostConditions} ANDs and ORs`);
  }
  const statement = firstWord(sql) ?? "this statement";
  return { sql: withQuotedNames(sql, tokens, names.isDataset), statement };
};

/** DuckDB takes long for deep brackets, and cannot be interrupted then. */
const checkDepth = (tokens: readonly Token[]): void => {
  let depth = 0;
  for (const { kind, text } of tokens) {
    if (kind !== "symbol") continue;
    if ("([{".includes(text)) depth += 1;
    else if (")]}".includes(text)) depth -= 1;
    if (depth > deepestSql) {
      throw new Problem("unsupported_query", `brackets are nested deeper than ${deepestSql} levels`);
    }
  }
};

/** Throws `not_found`. */
export const checkDataset = (state: State, dataset: string): void => {
  const names = namesOf(state);
  if (!names.isDataset(dataset)) throw names.unknown(dataset);
};
