import type { DuckDBConnection } from "@duckdb/node-api";
import { Problem } from "../problem.ts";
import { byColumn, columnNames, converted, idColumn, joined, literal, quoted } from "./columns.ts";
import type { Column, ColumnType } from "./types.ts";

/** Where tables stand; their names are those of their datasets. */
export const storeSchema = "store";

/** The table of a stage. It stands in the same schema, as a table cannot change it; no dataset has such a name. */
export const stageTable = (owner: string): string => `stage/${owner}`;

export const tableName = (table: string): string => `${storeSchema}.${quoted(table)}`;

/** Rows of a statement's answer. */
export const rowsOf = async (connection: DuckDBConnection, sql: string): Promise<readonly (readonly unknown[])[]> =>
  (await connection.runAndReadAll(sql)).getRowsJson();

export const numberOf = async (connection: DuckDBConnection, sql: string): Promise<number> =>
  Number((await rowsOf(connection, sql))[0]?.[0] ?? 0);

/** The columns of a table, `_id` and without `_by`; undefined: there is no such table. */
export const readColumns = async (
  connection: DuckDBConnection,
  table: string,
): Promise<readonly Column[] | undefined> => {
  const rows = await rowsOf(
    connection,
    `SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database()
      AND schema_name = '${storeSchema}' AND table_name = ${literal(table)} ORDER BY column_index`,
  );
  if (rows.length === 0) return undefined;
  return rows
    .map(([name, type]): Column => ({ name: String(name), type: columnType(String(type)) }))
    .filter(({ name }) => name !== byColumn);
};

const columnType = (type: string): ColumnType =>
  (type === "TIMESTAMP WITH TIME ZONE" ? "TIMESTAMPTZ" : type) as ColumnType;

/** Columns that are wanted; `isWide`: with whole numbers that DOUBLE cannot hold. */
export type Wanted = Column & { readonly isWide?: boolean };

/** Makes the table where there is none; adds and widens columns. The names that are wanted are those of properties. */
export const ensureTable = async (
  connection: DuckDBConnection,
  table: string,
  wanted: readonly Wanted[],
): Promise<{ readonly columns: readonly Column[]; readonly isChanged: boolean }> => {
  const present = await readColumns(connection, table);
  const types = new Map(present?.map(({ name, type }) => [name, type]));
  const names = columnNames(types.keys());
  const target = tableName(table);
  const before = new Map(types);
  const columns: { readonly name: string; readonly wanted: Wanted }[] = [];
  for (const one of wanted) {
    checkName(one.name);
    const name = names.add(one.name);
    columns.push({ name, wanted: one });
    const type = types.get(name);
    if (type === undefined) types.set(name, one.type);
    else types.set(name, one.isWide === true && type === "DOUBLE" ? "JSON" : joined(type, one.type));
  }
  types.delete(idColumn);
  if (present === undefined) {
    const all = [
      `${idColumn} VARCHAR`,
      `${byColumn} VARCHAR`,
      ...Array.from(types, ([n, type]) => `${quoted(n)} ${type}`),
    ];
    await connection.run(`CREATE TABLE ${target} (${all.join(", ")})`);
  }
  let isChanged = present === undefined;
  for (const [name, type] of present === undefined ? [] : types) {
    const was = before.get(name);
    if (was === type) continue;
    isChanged = true;
    if (was === undefined) await connection.run(`ALTER TABLE ${target} ADD COLUMN ${quoted(name)} ${type}`);
    else types.set(name, await widen(connection, target, name, was, type));
  }
  return { columns: columns.map(({ name, wanted: { type } }) => ({ name, type: types.get(name) ?? type })), isChanged };
};

const widen = async (
  connection: DuckDBConnection,
  target: string,
  name: string,
  was: ColumnType,
  type: ColumnType,
): Promise<ColumnType> => {
  const column = quoted(name);
  const isWhole = was === "BIGINT" || was === "HUGEINT";
  const isLossy =
    isWhole &&
    type === "DOUBLE" &&
    (await rowsOf(connection, `SELECT 1 FROM ${target} WHERE abs(${column}::HUGEINT) > 9007199254740992 LIMIT 1`))
      .length > 0;
  const kept = isLossy ? "JSON" : type;
  await connection.run(
    `ALTER TABLE ${target} ALTER COLUMN ${column} TYPE ${kept} USING ${converted(was, kept, column)}`,
  );
  return kept;
};

const checkName = (name: string): void => {
  if (name.includes("\0")) {
    throw new Problem("invalid_field", `a property's name holds a zero character: ${JSON.stringify(name)}`);
  }
};

/** What users see of a dataset; to be made anew when its columns have changed. */
export const createView = async (connection: DuckDBConnection, dataset: string): Promise<void> => {
  await connection.run(
    `CREATE OR REPLACE VIEW main.${quoted(dataset)} AS SELECT * EXCLUDE (${byColumn}) FROM ${tableName(dataset)}`,
  );
};

export const dropTable = async (connection: DuckDBConnection, dataset: string): Promise<void> => {
  await connection.run(`DROP VIEW IF EXISTS main.${quoted(dataset)}`);
  await connection.run(`DROP TABLE IF EXISTS ${tableName(dataset)}`);
};
