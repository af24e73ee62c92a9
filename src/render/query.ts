import type { Json } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";
import type { MetadataReport, QueryReport } from "../deploy/index.ts";
import { printable, printableJson } from "./escape.ts";
import { table } from "./table.ts";
import { clip, textWidth } from "./width.ts";
import { count, counted } from "./words.ts";

/** Rows with named columns, as an answer has them. */
type Rows = {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (Json | undefined)[])[];
  /** How many there are, where the answer has only some of them. */
  readonly total?: number;
  /** True: there may be more than `total`, which is where the source stopped counting. */
  readonly isLeast?: true;
};

/** Cells of a table are cut here; the other formats have all of a value. */
const widest = 80;
/** No column is cut to less to fit a terminal. */
const narrowest = 5;

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);
const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

/** Joins may give two columns one name. */
const distinct = (names: readonly string[]): readonly string[] => {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let number = 2; taken.has(free); number++) free = `${name}_${number}`;
    taken.add(free);
    return free;
  });
};

const rowsOfSql = (answer: { readonly [key: string]: Json }): Rows | undefined => {
  const { columns, rows, total } = answer;
  if (!isList(columns) || !isList(rows) || !rows.every(isList)) return undefined;
  const names = columns.map((column) => (isObject(column) ? text(column["name"] ?? column["display_name"]) : ""));
  return { columns: distinct(names), rows, ...(typeof total === "number" ? { total } : {}) };
};

const rowsOfHits = (answer: { readonly [key: string]: Json }): Rows | undefined => {
  const found = answer["hits"];
  const hits = isObject(found) ? found["hits"] : undefined;
  if (!isObject(found) || !isList(hits)) return undefined;
  const records = hits.map((hit) => {
    const source = isObject(hit) ? hit["_source"] : undefined;
    return { _id: isObject(hit) ? hit["_id"] : undefined, ...(isObject(source) ? source : {}) };
  });
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const { total } = found;
  const all = isObject(total) ? total["value"] : total;
  const rows = records.map((record) => columns.map((name) => (record as { readonly [key: string]: Json })[name]));
  const isLeast = isObject(total) && total["relation"] === "gte" ? { isLeast: true as const } : {};
  return { columns, rows, ...(typeof all === "number" ? { total: all, ...isLeast } : {}) };
};

const rowsOf = ({ answer }: QueryReport): Rows | undefined =>
  isObject(answer) ? (rowsOfSql(answer) ?? rowsOfHits(answer)) : undefined;

/** What was found, one thing each: rows and records by the names of their columns; else the answer as a whole. */
export const queryItems = (report: QueryReport): readonly Json[] => {
  const found = rowsOf(report);
  if (found === undefined || (found.rows.length === 0 && "aggregations" in Object(report.answer)))
    return [report.answer];
  return found.rows.map((row) =>
    Object.fromEntries(found.columns.flatMap((name, index) => (row[index] === undefined ? [] : [[name, row[index]]]))),
  ) as readonly Json[];
};

/** The parts of a SELECT's rows as one report; undefined where there is none. */
export const wholeQuery = async (parts: AsyncIterable<QueryReport>): Promise<QueryReport | undefined> => {
  let first: QueryReport | undefined;
  const rows: Json[] = [];
  for await (const part of parts) {
    first ??= part;
    // One by one: a call takes only so many arguments.
    for (const row of (isObject(part.answer) ? rowsOfSql(part.answer)?.rows : undefined) ?? []) rows.push(row as Json);
  }
  if (first === undefined || !isObject(first.answer)) return first;
  return { ...first, answer: { ...first.answer, rows, size: rows.length, total: rows.length } };
};

const cell = (value: Json | undefined): string => {
  if (value === undefined) return "";
  if (value === null) return "null";
  return clip(printable(typeof value === "string" ? value : JSON.stringify(value)), widest);
};

const document = (value: Json): string => printableJson(JSON.stringify(value, null, 2));

/** What an answer of SQL lacks of its rows, and what to do; undefined: nothing. */
export const renderShortage = ({ connection, answer }: QueryReport): string | undefined => {
  const { rows = [], total = 0 } = (isObject(answer) ? rowsOfSql(answer) : undefined) ?? {};
  if (total <= rows.length) return undefined;
  const cure =
    connection === undefined
      ? "--all-by COLUMN gets all, where no two rows share a value of that column"
      : "ask for parts, with ORDER BY, LIMIT and OFFSET";
  return `only ${count(rows.length)} of ${counted(total, "row")}: the target gives no more at once; ${cure}`;
};

/** The width that the widest columns are cut to, so that a row of these widths takes at most `cells`. */
const widestOf = (widths: readonly number[], cells: number): number => {
  let left = cells - 2 * (widths.length - 1);
  const sorted = widths.toSorted((a, b) => a - b);
  for (const [index, width] of sorted.entries()) {
    const share = Math.floor(left / (sorted.length - index));
    if (width > share) return Math.max(narrowest, share);
    left -= width;
  }
  return widest;
};

const fitting = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  cells: number | undefined,
): readonly string[] => {
  if (cells === undefined) return table(head, rows);
  const widths = head.map((title, column) =>
    rows.reduce((most, row) => Math.max(most, textWidth(row[column] ?? "")), textWidth(title)),
  );
  const most = widestOf(widths, cells);
  const cut = (row: readonly string[]): readonly string[] => row.map((text) => clip(text, most));
  return table(cut(head), rows.map(cut));
};

/**
 * A query's rows as a table, and what else there is as JSON; `columns` is the width of the terminal that cells are cut
 * to fit. No line feed at the end.
 */
export const renderQuery = (report: QueryReport, options: { readonly columns?: number | undefined } = {}): string => {
  const found = rowsOf(report);
  if (found === undefined) return document(report.answer);
  const { columns, rows, total = rows.length, isLeast = false } = found;
  const { aggregations } = report.answer as { readonly [key: string]: Json };
  const cells = rows.map((row) => row.map(cell));
  const lines = fitting(columns.map(printable), cells, options.columns);
  const of = isLeast ? "of at least" : "of";
  const all =
    total > rows.length ? `${count(rows.length)} ${of} ${counted(total, "row")}` : counted(rows.length, "row");
  const last = aggregations !== undefined && rows.length === 0 ? "" : all;
  const blocks = [lines.join("\n"), aggregations === undefined ? "" : document(aggregations), last];
  return blocks.filter((block) => block !== "").join("\n\n");
};

type Field = readonly [name: string, type: string, more: string];

const typeOf = (value: Json | undefined): string => {
  if (!isObject(value)) return text(value);
  return text(value["type"]) || text(value["infino_type"]) || (isObject(value["properties"]) ? "object" : "");
};

/** Fields of a mapping, those inside others by their path. */
const mapped = (properties: Json | undefined, above = ""): readonly Field[] =>
  Object.entries(isObject(properties) ? properties : {}).flatMap(([name, value]): readonly Field[] => {
    const inner = isObject(value) ? mapped(value["properties"], `${above}${name}.`) : [];
    return [[`${above}${name}`, typeOf(value), ""], ...inner];
  });

const fieldsOf = ({ metadata, fields }: MetadataReport): readonly Field[] => {
  if (fields !== undefined) return mapped(fields);
  const { columns, mappings } = metadata;
  if (isList(columns)) {
    return columns.flatMap((column): readonly Field[] =>
      isObject(column)
        ? [[text(column["name"]), text(column["type"]), column["nullable"] === false ? "not null" : ""]]
        : [],
    );
  }
  return mapped(isObject(mappings) ? mappings["properties"] : undefined);
};

/** What stands in one line of its own: names and numbers. */
const facts = ({ metadata }: MetadataReport): readonly string[] =>
  Object.entries(metadata).flatMap(([name, value]) =>
    typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      ? [`${printable(name)}: ${printable(String(value))}`]
      : name === "aliases" && isObject(value) && Object.keys(value).length > 0
        ? [`aliases: ${Object.keys(value).map(printable).join(", ")}`]
        : [],
  );

/** Fields with their types, and what else fits on a line. No line feed at the end. */
export const renderMetadata = (report: MetadataReport): string => {
  const fields = fieldsOf(report);
  const lines = facts(report);
  if (fields.length === 0 && lines.length === 0) return document(report.metadata);
  const rows = fields.map((field) => field.map(printable));
  const shown = rows.length === 0 ? [] : table(["FIELD", "TYPE", ""], rows);
  return [lines.join("\n"), shown.join("\n"), counted(fields.length, "field")]
    .filter((block) => block !== "")
    .join("\n\n");
};
