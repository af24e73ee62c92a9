import type { DuckDBConnection } from "@duckdb/node-api";
import { isObject, type Json, type Properties } from "../../contract/index.ts";
import { Problem } from "../problem.ts";
import { mostExpressions } from "./query-limits.ts";
import {
  functionRefusal,
  isCounting,
  isFormatting,
  isRepeating,
  isSessionName,
  isTableFunction,
} from "./sql-functions.ts";

/** Relations that one statement may have; DuckDB takes minutes to plan some thousands, and cannot be interrupted. */
const mostRelations = 64;

/** With those of CTEs, each time that they are named. */
const mostExpanded = 256;

/** What repeat, lpad, range and the like may be told to make. */
const longestRepeat = 10_000;

const expressionLists = new Set(["select_list", "group_expressions", "orders"]);

const relationTypes = new Set([
  "BASE_TABLE",
  "SUBQUERY",
  "JOIN",
  "EXPRESSION_LIST",
  "EMPTY",
  "PIVOT",
  "TABLE_FUNCTION",
]);

export type CheckedSelect = {
  /** Datasets that it reads. */
  readonly datasets: ReadonlySet<string>;
  /** Names that may be those of columns. */
  readonly columns: ReadonlySet<string>;
  /** Of these the ones that DuckDB takes for functions where there is no such column, in lower case. */
  readonly sessionNames: ReadonlySet<string>;
};

export type Names = {
  isDataset(name: string): boolean;
  /** The problem of a name that is none. */
  unknown(name: string): Problem;
};

/**
 * What one SELECT reads, by DuckDB's own parser. Throws `Problem`: `unsupported_query` where it is no SELECT or reads
 * anything but datasets, `query_failed` where it cannot be parsed, `not_found` for an unknown dataset.
 */
export const checkSelect = async (
  connection: DuckDBConnection,
  sql: string,
  statement: string,
  names: Names,
): Promise<CheckedSelect> => {
  const reader = await connection.runAndReadAll("SELECT json_serialize_sql(CAST($1 AS VARCHAR))", [sql]);
  const tree = JSON.parse(String(reader.getRows()[0]?.[0])) as Properties;
  if (tree["error"] === true) throw refusal(tree, statement);
  const statements = tree["statements"];
  if (!Array.isArray(statements) || statements.length !== 1) {
    throw new Problem("unsupported_query", `one statement at a time: these are ${(statements as Json[]).length}`);
  }
  const checked = walk(statements, names);
  if (relationsIn(statements, new Map()) > mostExpanded) {
    throw new Problem(
      "unsupported_query",
      `the query has more than ${mostExpanded} tables, where each CTE counts anew`,
    );
  }
  return checked;
};

/** Relations, with those of a CTE wherever it is named: DuckDB may put it there. */
const relationsIn = (value: Json, ctes: ReadonlyMap<string, number>): number => {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + relationsIn(item, ctes), 0);
  if (!isObject(value)) return 0;
  const map = value["cte_map"];
  const inner = new Map(ctes);
  for (const cte of isObject(map) && Array.isArray(map["map"]) ? map["map"] : []) {
    if (isObject(cte)) inner.set(String(cte["key"]).toLowerCase(), relationsIn(cte["value"] ?? null, inner));
  }
  const own = isRelation(value) ? (inner.get(String(value["table_name"]).toLowerCase()) ?? 1) : 0;
  return Object.entries(value).reduce(
    (sum, [key, member]) => (key === "cte_map" ? sum : sum + relationsIn(member, inner)),
    own,
  );
};

const refusal = (tree: Properties, statement: string): Problem => {
  const message = String(tree["error_message"]);
  if (tree["error_type"] !== "not implemented") return new Problem("query_failed", message);
  return new Problem(
    "unsupported_query",
    `${statement} is not supported: SELECT reads datasets, INSERT INTO and UPSERT INTO write to one`,
  );
};

type Visit = { readonly value: Json; readonly scope: ReadonlySet<string> };

const walk = (root: Json, names: Names): CheckedSelect => {
  const datasets = new Set<string>();
  const columns = new Set<string>();
  const sessionNames = new Set<string>();
  const aliases = new Set<string>();
  const calledInFrom = new WeakSet<object>();
  let relations = 0;
  const stack: Visit[] = [{ value: root, scope: new Set() }];
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { value, scope } = visit;
    if (Array.isArray(value)) {
      for (const item of value) stack.push({ value: item, scope });
      continue;
    }
    if (!isObject(value)) continue;
    if (isRelation(value) || String(value["type"]).startsWith("SET_OPERATION")) relations += 1;
    if (relations > mostRelations) {
      throw new Problem(
        "unsupported_query",
        `the query has more than ${mostRelations} tables, joins, subqueries and unions`,
      );
    }
    if (isRelation(value)) {
      const dataset = checkRelation(value, scope, names);
      if (isObject(value["function"])) calledInFrom.add(value["function"]);
      if (dataset !== undefined) datasets.add(dataset);
    }
    checkExpression(value, columns, calledInFrom.has(value));
    const parts = value["class"] === "COLUMN_REF" ? value["column_names"] : undefined;
    if (Array.isArray(parts) && parts.length === 1 && isSessionName(String(parts[0]))) {
      sessionNames.add(String(parts[0]).toLowerCase());
    }
    for (const key of ["alias", "aliases", "column_name_alias", "unpivot_names"]) {
      for (const alias of [value[key] ?? []].flat()) aliases.add(String(alias).toLowerCase());
    }
    pushBelow(value, scope, stack);
  }
  return { datasets, columns, sessionNames: new Set([...sessionNames].filter((name) => !aliases.has(name))) };
};

const isRelation = (value: Properties): boolean => "sample" in value && "alias" in value;

/** CTEs count below the node that has them, each after those before it; a recursive one in itself. */
const pushBelow = (value: Properties, scope: ReadonlySet<string>, stack: Visit[]): void => {
  const map = value["cte_map"];
  const ctes = isObject(map) && Array.isArray(map["map"]) ? map["map"] : [];
  let inner: ReadonlySet<string> = scope;
  for (const cte of ctes) {
    if (!isObject(cte)) continue;
    const name = String(cte["key"]).toLowerCase();
    const withName = new Set([...inner, name]);
    const body = isObject(cte["value"]) ? cte["value"] : {};
    stack.push({ value: body, scope: isRecursive(body) ? withName : inner });
    inner = withName;
  }
  for (const [key, member] of Object.entries(value)) {
    if (expressionLists.has(key) && Array.isArray(member) && member.length > mostExpressions) {
      throw new Problem("unsupported_query", `a SELECT lists, groups or sorts by more than ${mostExpressions} values`);
    }
    if (key !== "cte_map") stack.push({ value: member, scope: inner });
  }
};

const isRecursive = (cte: Properties): boolean => {
  const query = cte["query"];
  const node = isObject(query) ? query["node"] : undefined;
  return isObject(node) && node["type"] === "RECURSIVE_CTE_NODE";
};

/** The dataset that a relation is, if it is one. */
const checkRelation = (value: Properties, scope: ReadonlySet<string>, names: Names): string | undefined => {
  const type = String(value["type"]);
  if (type === "SHOW_REF") {
    if (value["table_name"] !== "" || value["query"] === null) {
      throw new Problem("unsupported_query", "SHOW is not supported: GET /metadata lists datasets");
    }
    return undefined;
  }
  if (!relationTypes.has(type)) throw new Problem("unsupported_query", `${type} in FROM is not supported`);
  if (type === "TABLE_FUNCTION") {
    const called = value["function"];
    const name = isObject(called) ? String(called["function_name"]) : "";
    if (!isTableFunction(name)) throw refusedFunction(name, functionRefusal(name) ?? "is not among those for FROM");
    return undefined;
  }
  if (type !== "BASE_TABLE") return undefined;
  const qualifiers = [value["catalog_name"], value["schema_name"]].filter((part) => part !== "");
  const name = String(value["table_name"]);
  if (qualifiers.length > 0) {
    const whole = [...qualifiers, name].join(".");
    throw new Problem("unsupported_query", `${whole} is not a dataset: there are no schemas; quote a name with dots`);
  }
  if (value["at_clause"] !== null)
    throw new Problem("unsupported_query", "AT is not supported: datasets have no versions");
  const lower = name.toLowerCase();
  if (scope.has(lower)) return undefined;
  if (!names.isDataset(lower)) throw names.unknown(name);
  return lower;
};

const checkExpression = (value: Properties, columns: Set<string>, isInFrom: boolean): void => {
  if (value["class"] === "PARAMETER") throw new Problem("unsupported_query", "parameters are not supported");
  if (value["class"] === "COLUMN_REF" && Array.isArray(value["column_names"])) {
    for (const name of value["column_names"]) columns.add(String(name));
  }
  const name = value["function_name"];
  if (typeof name !== "string") return;
  const home = [value["catalog"], value["schema"]].filter((part) => typeof part === "string" && part !== "").join(".");
  if (home !== "" && home !== "main") throw refusedFunction(`${home}.${name}`, "is outside of the main schema");
  if (!isInFrom) checkSize(name, Array.isArray(value["children"]) ? value["children"] : []);
  const why = functionRefusal(name);
  if (why !== undefined) throw refusedFunction(name, why);
};

/** A long text or list is made in one step, that nothing can interrupt and no limit of memory holds for. */
const checkSize = (name: string, args: readonly Json[]): void => {
  const isSmall = (argument: Json | undefined): boolean => {
    const constant = constantOf(argument);
    return typeof constant === "number" && Math.abs(constant) <= longestRepeat;
  };
  if (isRepeating(name) && !isSmall(args[1])) {
    throw refusedFunction(name, `takes a number up to ${longestRepeat} as its second argument here`);
  }
  if (isCounting(name) && !args.every(isSmall)) {
    throw refusedFunction(name, `takes numbers up to ${longestRepeat} here; in FROM it takes any`);
  }
  if (isFormatting(name)) {
    const form = constantOf(args[0]);
    if (typeof form !== "string" || /\d{4}|\*|\{[^}]*\{/.test(form)) {
      throw refusedFunction(name, "takes a plain text with widths below 1,000 as its first argument here");
    }
  }
};

const constantOf = (argument: Json | undefined): Json | undefined =>
  isObject(argument) && isObject(argument["value"]) ? argument["value"]["value"] : undefined;

export const refusedFunction = (name: string, why: string): Problem =>
  new Problem("unsupported_query", `the function ${name} is not supported: it ${why}`);
