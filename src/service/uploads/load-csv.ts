import { propertyOf } from "../data/columns.ts";
import { rowsOf } from "../data/tables.ts";
import type { Column, ColumnType, DataStore, Writer } from "../data/types.ts";
import { Problem } from "../problem.ts";
import { cast, fits, typed } from "./csv-types.ts";
import { type CsvLook, type CsvPlan, inspectCsv, unnested } from "./inspect-csv.ts";
import { keepLast } from "./keep-last.ts";
import { databaseReason, isMisfit, type Load, type Loaded, misfitError, mostErrors } from "./loaded.ts";

const rejects = "upload_errors";
const scans = "upload_scans";
/**
 * Columns up to which cells are checked as they are put in. DuckDB takes long to plan more, and keeps a vector for each step
 * of each of them.
 */
const fewColumns = 50;

type Job = {
  readonly data: DataStore;
  readonly load: Load;
  readonly dataset: string;
  readonly path: string;
  readonly signal: AbortSignal;
};

/**
 * Puts the rows of a CSV file into a dataset, in one transaction. Types are those of the first rows; where a later one does
 * not fit, nothing has happened and all of them are looked at. Throws `malformed_file`.
 */
export const loadCsv = async ({ data, load, dataset, path, signal }: Job): Promise<Loaded> => {
  let look: CsvLook = { isWhole: false, isStrict: true };
  for (;;) {
    try {
      const plan = await data.read((connection) => inspectCsv(connection, path, look), signal);
      const present = new Map((await data.columns(dataset)).map(({ name, type }) => [propertyOf(name), type]));
      return await load((writer) => insertCsv(writer, dataset, plan, present));
    } catch (error) {
      if (!look.isWhole && isMisfit(error)) look = { ...look, isWhole: true };
      else if (look.isStrict && hasOddLines(error)) look = { ...look, isStrict: false };
      else throw error;
    }
  }
};

/** What the reader says of line ends of several kinds. */
const hasOddLines = (error: unknown): boolean =>
  databaseReason(error).includes("state machine reached an invalid state");

const insertCsv = async (
  writer: Writer,
  dataset: string,
  { columns, relation, isWhole }: CsvPlan,
  present: ReadonlyMap<string, Column["type"]>,
): Promise<Loaded> => {
  const { connection } = writer;
  let id = "NULL";
  let hasId = false;
  const wanted: Column[] = [];
  const types: { readonly place: number; readonly type: ColumnType }[] = [];
  const unwanted: number[] = [];
  const isEmpty = columns.every(({ type }) => type === undefined);
  for (const [index, { name, type, isVaried }] of columns.entries()) {
    if (name === "_id") {
      id = `c${index}`;
      hasId = true;
      continue;
    }
    const before = present.get(name);
    if (type === undefined && (isEmpty || before !== undefined || name === "")) {
      unwanted.push(index);
      continue;
    }
    // Cells are texts: where the dataset has texts they stay what they are.
    const as = before === "VARCHAR" ? before : (type ?? "VARCHAR");
    wanted.push({ name: name === "" ? `column${index + 1}` : name, type: as, isVaried });
    types.push({ place: index, type: as });
  }
  await writer.ensureColumns(wanted);
  const from = `${relation}, store_rejects = true, rejects_table = '${rejects}', rejects_scan = '${scans}', rejects_limit = 0)`;
  const empty = columns.length === 1 ? " WHERE c0 IS NOT NULL" : "";
  const isWide = columns.length > fewColumns;
  if (isWide && !isWhole) await checkCells(connection, relation, types, unwanted);
  const isChecked = isWide || isWhole;
  const values = types.map(({ place, type }) => (isChecked ? cast : typed)(type, `c${place}`));
  const late = isChecked || unwanted.length === 0 ? "" : misfitWhere(unwanted);
  const processed = await writer.insertSelect(
    wanted,
    `SELECT ${[`${late}${id}${late === "" ? "" : " END"}`, ...values].join(", ")} FROM ${from}${empty}`,
  );
  if (hasId) await keepLast(writer, dataset);
  const failures = await readRejects(connection);
  if (failures.failed > 0 && processed === 0) {
    throw new Problem("malformed_file", `no row of the file could be taken: ${failures.errors.slice(0, 3).join("; ")}`);
  }
  return { processed, ...failures };
};

/** Gives up where a column that looked empty is not. */
const misfitWhere = (unwanted: readonly number[]): string =>
  `CASE WHEN ${unwanted.map((place) => `c${place} IS NOT NULL`).join(" OR ")} THEN ${misfitError} ELSE `;

/** Gives up where a cell is not of its column's type. The cells of all columns of a type stand one below the other. */
const checkCells = async (
  connection: Writer["connection"],
  relation: string,
  typedColumns: Iterable<{ readonly place: number; readonly type: ColumnType }>,
  unwanted: readonly number[],
): Promise<void> => {
  const byType = Map.groupBy(typedColumns, ({ type }) => type);
  byType.delete("VARCHAR");
  const groups = Array.from(byType, ([type, columns], index) => ({
    cells: unnested(columns.map(({ place }) => place)),
    check: `CASE WHEN ${fits(type, `g${index}`, "TRY_CAST")} THEN true WHEN g${index} IS NOT NULL THEN ${misfitError} END`,
  }));
  if (unwanted.length > 0) {
    const cell = `g${groups.length}`;
    groups.push({ cells: unnested(unwanted), check: `CASE WHEN ${cell} IS NOT NULL THEN ${misfitError} END` });
  }
  if (groups.length === 0) return;
  const cells = groups.map((group, index) => `${group.cells} AS g${index}`);
  const checks = groups.map(({ check }) => `count(${check})`);
  await connection.run(
    `SELECT ${checks.join(", ")} FROM (SELECT ${cells.join(", ")} FROM ${relation}, ignore_errors = true))`,
  );
};

type Rejects = Pick<Loaded, "failed" | "errors">;

const readRejects = async (connection: Writer["connection"]): Promise<Rejects> => {
  const unclosed = await rowsOf(
    connection,
    `SELECT line FROM ${rejects} WHERE error_type = 'UNQUOTED VALUE' AND (length(csv_line) - length(replace(csv_line, '"', ''))) % 2 = 1
      AND contains(csv_line, chr(10)) ORDER BY line LIMIT 1`,
  );
  if (unclosed.length > 0) {
    throw new Problem("malformed_file", `row ${String(unclosed[0]?.[0])}: a quote is never closed`);
  }
  const [[failed = 0] = []] = await rowsOf(connection, `SELECT count(DISTINCT line) FROM ${rejects}`);
  const rows =
    Number(failed) === 0
      ? []
      : await rowsOf(
          connection,
          `SELECT line, any_value(error_type), any_value(error_message) FROM ${rejects} GROUP BY line ORDER BY line LIMIT ${mostErrors}`,
        );
  await connection.run(`DROP TABLE ${rejects}`);
  await connection.run(`DROP TABLE ${scans}`);
  return {
    failed: Number(failed),
    errors: rows.map(([row, type, message]) => `row ${String(row)}: ${reasonOf(String(type), String(message))}`),
  };
};

const reasonOf = (type: string, message: string): string => {
  const counts = /Columns: (\d+) Found: (\d+)/.exec(message);
  if (counts !== null) return `${counts[2]} fields, the header has ${counts[1]}`;
  if (type === "UNQUOTED VALUE") return "a quote is not closed, or text follows it";
  if (type === "INVALID ENCODING") return "it is not UTF-8";
  if (type === "LINE SIZE OVER MAXIMUM") return "it is too long";
  return (message.split("\n", 1)[0] ?? "").toLowerCase();
};
