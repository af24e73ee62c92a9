import { canonicalJson } from "../canonical.ts";
import type { Json } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Context } from "./context.ts";
import { chosenTarget } from "./find-place.ts";
import type { QueryPartsOptions, QueryReport } from "./query-types.ts";

/** Rows asked for at once: what one answer of the local service holds. */
const partSize = 10_000;
/** Ends what would never end; a hundred thousand million rows are not asked for like this. */
const mostParts = 10_000_000;

const never = new AbortController().signal;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const literal = (value: string | number): string =>
  typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;

/**
 * The statement's rows from a key's value on. That value again, so that a second row of it is seen, and NULL, which no
 * comparison finds.
 */
const partOf = (sql: string, key: string, from: string | number | undefined): string => {
  // A comment at the end must not hide the bracket.
  const rows = `SELECT * FROM (${sql.replace(/[\s;]+$/, "")}\n) AS "rows"`;
  const rest = from === undefined ? "" : ` WHERE ${key} >= ${literal(from)} OR ${key} IS NULL`;
  return `${rows}${rest} ORDER BY ${key} LIMIT ${partSize}`;
};

type Part = { readonly columns: readonly Json[]; readonly rows: readonly (readonly Json[])[]; readonly total: number };

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

const read = (answer: { readonly [name: string]: Json }): Part => {
  const { columns, rows = [], total } = answer;
  if (!isList(columns) || !isList(rows) || !rows.every(isList)) {
    throw new DeployerError("target-problem", "query with SQL: the answer has no columns and rows");
  }
  return { columns, rows, total: typeof total === "number" ? total : rows.length };
};

const columnOf = ({ columns }: Part, name: string): number => {
  const names = columns.map((column) => (isObject(column) ? (column["name"] ?? column["display_name"]) : undefined));
  const same = (one: Json | undefined): boolean => typeof one === "string" && one.toLowerCase() === name.toLowerCase();
  const found = names.includes(name) ? names.indexOf(name) : names.findIndex(same);
  if (found >= 0) return found;
  throw new DeployerError("usage", `the rows have no column ${JSON.stringify(name)}`, {
    hint: `they have: ${names.join(", ")}`,
  });
};

const unfit = (key: string, why: string): DeployerError =>
  new DeployerError("usage", `the rows cannot be told apart by ${JSON.stringify(key)}: ${why}`, {
    hint: "name a column whose values no two rows share, such as _id; make one in the SELECT where there is none",
  });

const keyOf = (row: readonly Json[], at: number, key: string): string | number => {
  const value = row[at];
  if (typeof value === "string" || typeof value === "number") return value;
  throw unfit(key, `its value is ${canonicalJson(value ?? null)} in a row`);
};

/** See `Project.queryDatasetsInParts`. */
export async function* queryDatasetsInParts(
  context: Context,
  sql: string,
  { key, target, signal = never }: QueryPartsOptions,
): AsyncGenerator<QueryReport, void> {
  const name = chosenTarget(context, target);
  const { api } = await context.target(name);
  let last: string | number | undefined;
  for (let number = 0; number < mostParts; number++) {
    const answer = await api.querySql(partOf(sql, quoted(key), last), signal);
    const part = read(answer);
    const isFirst = last === undefined;
    // A write, or no rows: there is no column to look for.
    if (isFirst && part.rows.length === 0) {
      yield { type: "query-result", schemaVersion: 1, target: name, answer };
      return;
    }
    const at = part.rows.length === 0 ? 0 : columnOf(part, key);
    const isKnown = part.rows[0] !== undefined && part.rows[0][at] === last;
    const rows = isKnown ? part.rows.slice(1) : part.rows;
    for (const row of rows) {
      const value = keyOf(row, at, key);
      if (value === last) throw unfit(key, `more than one row has ${JSON.stringify(value)}`);
      last = value;
    }
    if (rows.length > 0) {
      const { rows: _rows, size: _size, total: _total, truncated: _truncated, ...rest } = answer;
      yield { type: "query-result", schemaVersion: 1, target: name, answer: { ...rest, rows } };
    } else if (part.total > part.rows.length) {
      throw new DeployerError("target-problem", "query with SQL: a row is larger than what the target gives at once", {
        hint: "select less of it",
      });
    }
    const isLast =
      rows.length === 0 ||
      (part.total === part.rows.length && typeof answer["total"] === "number" && part.rows.length < partSize);
    if (isLast) return;
  }
}
