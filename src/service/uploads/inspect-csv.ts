import { open } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { literal } from "../data/columns.ts";
import { mostColumns, rowsOf, tooManyColumns } from "../data/tables.ts";
import type { ColumnType } from "../data/types.ts";
import { Problem } from "../problem.ts";
import { decimalScale, fits, isDecimal, tried } from "./csv-types.ts";
import { tellingCount } from "./json-columns.ts";

export type CsvColumn = {
  readonly name: string;
  /** Undefined: all its cells are empty. */
  readonly type: ColumnType | undefined;
  /** Its cells hardly come twice. */
  readonly isVaried: boolean;
};

export type CsvPlan = {
  readonly columns: readonly CsvColumn[];
  /** `read_csv(…` without its end: all columns as text, named c0, c1, …. */
  readonly relation: string;
  /** All cells were looked at. */
  readonly isWhole: boolean;
};

const longestHeader = 1024 * 1024;
const sampleRows = 4_096;
/** Cells that a sample has at most, or few more. */
const sampleCells = 512 * 1_024;
/** Bytes that a thread reads at a time. */
const bufferSize = 8 * 1024 * 1024;

export type CsvLook = {
  /** All rows, not the first ones only. */
  readonly isWhole: boolean;
  /** False: line ends of several kinds are let pass, and quotes that are not closed. */
  readonly isStrict: boolean;
};

/**
 * Looks at the header and at rows. One set of conditions is put to the cells of all columns, one below the other: DuckDB
 * takes far longer to plan thousands of conditions than to check them. Throws `malformed_file`.
 */
export const inspectCsv = async (
  connection: DuckDBConnection,
  path: string,
  { isWhole, isStrict }: CsvLook,
): Promise<CsvPlan> => {
  const { names, delimiter } = await readHeader(path);
  if (names.length > mostColumns + 1) throw tooManyColumns();
  const relation = `read_csv(${literal(path)}, auto_detect = false, header = true, delim = ${literal(delimiter)},
    quote = '"', escape = '"', strict_mode = ${isStrict}, buffer_size = ${bufferSize},
    columns = {${names.map((_, index) => `'c${index}': 'VARCHAR'`).join(", ")}}`;
  const rows = Math.min(sampleRows, Math.ceil(sampleCells / names.length));
  const taken = `SELECT * FROM ${relation}, ignore_errors = true)${isWhole ? "" : ` LIMIT ${rows}`}`;
  const cells = `SELECT unnest(range(${names.length})) AS place, ${unnested(names.keys())} AS cell FROM (${taken})`;
  const found = await rowsOf(
    connection,
    `SELECT place, ${facts.join(", ")} FROM (${cells}) WHERE cell IS NOT NULL GROUP BY place`,
  );
  const byPlace = new Map(found.map(([place, ...rest]) => [Number(place), rest]));
  const columns = names.map((name, index): CsvColumn => {
    const seen = byPlace.get(index);
    return { name, type: seen === undefined ? undefined : typeOf(seen), isVaried: seen?.at(-1) === true };
  });
  return { columns, relation, isWhole };
};

/** An SQL expression: the cells of columns, given by their places, one below the other. */
export const unnested = (places: Iterable<number>): string =>
  `unnest([${Array.from(places, (place) => `c${place}`).join(", ")}])`;

const scale = decimalScale("cell");

/** What is to be known of a column: the types of {@link tried} that fit, the scale of decimals, whether it is varied. */
const facts = [
  // CASE, unlike AND, spares the conditions that come after one that does not hold.
  ...tried.map((type) => {
    const begins = type === "BOOLEAN" ? "" : "cell >= '-' AND cell < ':' AND ";
    return `bool_and(CASE WHEN ${begins}${fits(type, "cell", "TRY_CAST")} THEN true ELSE false END)`;
  }),
  `CASE WHEN bool_and(${isDecimal("cell")}) AND min(${scale}) = max(${scale}) THEN max(${scale}) END`,
  `count(*) >= ${tellingCount} AND 2 * approx_count_distinct(cell) > count(*)`,
];

const typeOf = (found: readonly unknown[]): ColumnType => {
  const type = tried.find((_, index) => found[index] === true);
  if (type !== undefined) return type;
  const scale = found[tried.length];
  return scale === null || scale === undefined || Number(scale) > 18 ? "VARCHAR" : `DECIMAL(38,${Number(scale)})`;
};

type Header = { readonly names: readonly string[]; readonly delimiter: string };

const readHeader = async (path: string): Promise<Header> => {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(longestHeader), 0, longestHeader, 0);
    return headerOf(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
};

/**
 * The first row, by the first bytes of a file, up to 1 MiB. Fields end with commas; where it has none, with semicolons or
 * tabs. Throws `malformed_file`.
 */
export const headerOf = (start: Buffer): Header => {
  const text = start
    .subarray(0, longestHeader)
    .toString("utf8")
    .replace(/^\ufeff/, "");
  const comma = splitHeader(text, ",");
  const other = [";", "\t"].map((delimiter): Header => ({ names: splitHeader(text, delimiter), delimiter }));
  const chosen: Header =
    comma.length > 1
      ? { names: comma, delimiter: "," }
      : (other.find(({ names }) => names.length > 1) ?? { names: comma, delimiter: "," });
  const seen = new Set<string>();
  for (const name of chosen.names) {
    if (seen.has(name) && name !== "") {
      throw new Problem("malformed_file", `the header has the name ${JSON.stringify(name)} twice`);
    }
    seen.add(name);
  }
  return chosen;
};

const splitHeader = (text: string, delimiter: string): string[] => {
  const names: string[] = [];
  let name = "";
  let isQuoted = false;
  for (let index = 0; index < text.length; index++) {
    const mark = text[index];
    if (isQuoted) {
      if (mark !== '"') name += mark;
      else if (text[index + 1] === '"') {
        name += '"';
        index++;
      } else isQuoted = false;
    } else if (mark === '"' && name === "") isQuoted = true;
    else if (mark === delimiter) {
      names.push(name);
      name = "";
    } else if (mark === "\n" || mark === "\r") return [...names, name];
    else name += mark;
  }
  if (isQuoted || text.length >= longestHeader - 4) {
    throw new Problem("malformed_file", "the header does not end; a CSV file begins with a row of column names");
  }
  return [...names, name];
};
