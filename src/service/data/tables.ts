import type { DuckDBConnection } from "@duckdb/node-api";
import { Problem } from "../problem.ts";
import { byColumn, columnNames, converted, idColumn, joined, quoted } from "./columns.ts";
import { makeRoom } from "./memory.ts";
import type { Column, ColumnType } from "./types.ts";

/** Where tables stand; their names are those of their datasets. */
export const storeSchema = "store";

/** Columns that a dataset may have, `_id` aside. */
export const mostColumns = 1_000;

export const tooManyColumns = (): Problem =>
  new Problem(
    "invalid_field",
    `a dataset may have ${mostColumns} columns, and these would be more; put properties that belong together into an object`,
  );

/** The last file of each dataset that was taken. */
export const takenTable = "stage.taken";

/** Numbers that ids are made of. */
export const idSequence = "stage.ids";

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
  // Among thousands of tables far cheaper than duckdb_columns(). An unknown name does not end a transaction.
  const rows = await rowsOf(connection, `DESCRIBE ${tableName(table)}`).catch((error: unknown) => {
    if (error instanceof Error && error.message.startsWith("Catalog Error")) return undefined;
    throw error;
  });
  return rows
    ?.map(([name, type]): Column => ({ name: String(name), type: columnType(String(type)) }))
    .filter(({ name }) => name !== byColumn);
};

const columnType = (type: string): ColumnType =>
  (type === "TIMESTAMP WITH TIME ZONE" ? "TIMESTAMPTZ" : type) as ColumnType;

// DuckDB looks up every text among those before it to find out that there is nothing to be compressed.
const uncompressed = " USING COMPRESSION uncompressed";

/** Columns that are wanted; `isWide`: with whole numbers that DOUBLE cannot hold. */
export type Wanted = Column & { readonly isWide?: boolean };

/** Makes the table where there is none; adds and widens columns. The names that are wanted are those of properties. */
export const ensureTable = async (
  connection: DuckDBConnection,
  table: string,
  wanted: readonly Wanted[],
  hasDeleted: boolean,
): Promise<{ readonly columns: readonly Column[]; readonly isChanged: boolean; readonly isNew: boolean }> => {
  const present = await readColumns(connection, table);
  const before = new Map(present?.map(({ name, type }) => [name, type]));
  const types = new Map(before);
  const names = columnNames(types.keys());
  const columns: Column[] = [];
  for (const { name: property, type: given, isWide } of wanted) {
    checkName(property);
    const name = names.add(property);
    columns.push({ name, type: given });
    const type = types.get(name);
    if (type === undefined) types.set(name, given);
    else types.set(name, isWide === true && type === "DOUBLE" ? "JSON" : joined(type, given));
  }
  types.delete(idColumn);
  if (types.size > mostColumns && types.size >= before.size) throw tooManyColumns();
  await makeRoom(connection, types.size);
  const changes = Array.from(types, ([name, type]) => ({ name, was: before.get(name), type })).filter(
    ({ was, type }) => was !== type,
  );
  if (present === undefined) {
    const varied = new Set(wanted.filter(({ isVaried }) => isVaried).map(({ name }) => names.of(name)));
    const all = Array.from(types, ([name, type]) => {
      const how = type === "VARCHAR" && varied.has(name) ? uncompressed : "";
      return `, ${quoted(name)} ${type}${how}`;
    });
    await connection.run(
      `CREATE TABLE ${tableName(table)} (${idColumn} VARCHAR${uncompressed}, ${byColumn} VARCHAR${all.join("")})`,
    );
  } else if (changes.length > 0) {
    for (const change of changes) {
      if (await isLossy(connection, table, change)) change.type = "JSON";
      types.set(change.name, change.type);
    }
    const isWidened = changes.some(({ was }) => was !== undefined);
    await (hasDeleted || isWidened
      ? rebuild(connection, table, types, before)
      : addColumns(connection, table, changes));
  }
  return {
    columns: columns.map(({ name, type }) => ({ name, type: types.get(name) ?? type })),
    isChanged: present === undefined || changes.length > 0,
    isNew: present === undefined,
  };
};

type TypeChange = { readonly name: string; readonly was: ColumnType | undefined; type: ColumnType };

const isLossy = async (
  connection: DuckDBConnection,
  table: string,
  { name, was, type }: TypeChange,
): Promise<boolean> => {
  if (type !== "DOUBLE" || (was !== "BIGINT" && was !== "HUGEINT")) return false;
  const wide = `abs(CAST(${quoted(name)} AS HUGEINT)) > 9007199254740992`;
  return (await rowsOf(connection, `SELECT 1 FROM ${tableName(table)} WHERE ${wide} LIMIT 1`)).length > 0;
};

const addColumns = async (
  connection: DuckDBConnection,
  table: string,
  columns: readonly TypeChange[],
): Promise<void> => {
  for (const { name, type } of columns) {
    await connection.run(`ALTER TABLE ${tableName(table)} ADD COLUMN ${quoted(name)} ${type}`);
  }
};

// DuckDB cannot commit rows that were deleted from a table that the same transaction altered afterwards. And what its
// log says of a column whose type was altered with an expression cannot be replayed after a crash: the file stays shut.
const rebuild = async (
  connection: DuckDBConnection,
  table: string,
  types: ReadonlyMap<string, ColumnType>,
  before: ReadonlyMap<string, ColumnType>,
): Promise<void> => {
  const values = Array.from(types, ([name, type]) => {
    const was = before.get(name);
    const column = quoted(name);
    return `, ${was === undefined ? `CAST(NULL AS ${type})` : converted(was, type, column)} AS ${column}`;
  });
  const built = tableName(`rebuilt/${table}`);
  await connection.run(
    `CREATE TABLE ${built} AS SELECT ${idColumn}, ${byColumn}${values.join("")} FROM ${tableName(table)}`,
  );
  await connection.run(`DROP TABLE ${tableName(table)}`);
  await connection.run(`ALTER TABLE ${built} RENAME TO ${quoted(table)}`);
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
