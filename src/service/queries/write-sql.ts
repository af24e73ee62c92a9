import type { DuckDBConnection } from "@duckdb/node-api";
import type { SqlWire } from "../../infino/index.ts";
import { columnNames, idColumn, jsonText, propertyOf, quoted } from "../data/columns.ts";
import { numberOf, readColumns, rowsOf, tableName } from "../data/tables.ts";
import type { Column, ColumnType, Writer } from "../data/types.ts";
import { Problem } from "../problem.ts";
import { checkDatasetName, registerDataset } from "../records/register-dataset.ts";
import type { State } from "../state.ts";
import { checkSelect } from "./check-select.ts";
import { withEmptyDatasets } from "./empty-datasets.ts";
import { isNumeric } from "./fields.ts";
import { parseWrite } from "./parse-write.ts";
import { namesOf, prepared } from "./prepare-sql.ts";
import { queryProblem, readWithin, withinTime } from "./query-limits.ts";

type Given = Column & { readonly value: string; readonly isNull: boolean; readonly isText: boolean };

// No dataset has such a name.
const given = `temp."write/given"`;
const merged = `temp."write/merged"`;

/**
 * `INSERT INTO` and `UPSERT INTO`, in one transaction. A record's `_id` is the column `_id`, else `id`; an upsert changes
 * the columns that it names where there is such a record. A dataset that is not there is made.
 */
export const writeSql = async (state: State, text: string, signal: AbortSignal): Promise<SqlWire> => {
  const names = namesOf(state);
  const { dataset, isUpsert, columns, rest } = parseWrite(text);
  checkDatasetName(dataset);
  const { sql } = prepared(rest, names);
  const checked = await readWithin(state, signal, (connection) => checkSelect(connection, sql, "that", names));
  const written = await withinTime(state, signal, (both) =>
    state.data.write(
      dataset,
      async (writer) => {
        try {
          const count = await withEmptyDatasets(state, writer.connection, checked, () =>
            write(writer, dataset, columns, sql, isUpsert),
          );
          registerDataset(state, dataset);
          return count;
        } catch (error) {
          throw queryProblem(error);
        }
      },
      both,
    ),
  );
  return { columns: [{ name: "affected_rows", type: "BIGINT" }], rows: [[written]], size: 1, total: 1 };
};

const write = async (
  writer: Writer,
  dataset: string,
  columns: readonly string[] | undefined,
  sql: string,
  isUpsert: boolean,
): Promise<number> => {
  const { connection } = writer;
  try {
    const columnsGiven = await takeGiven(connection, columns, sql);
    const present = (await readColumns(connection, dataset)) ?? [];
    const key = columnsGiven.find(({ name }) => name === idColumn) ?? columnsGiven.find(({ name }) => name === "id");
    if (isUpsert && key === undefined) throw new Problem("missing_fields", "UPSERT needs a column _id or id");
    const declared = declaredColumns(columnsGiven, present);
    const id = key === undefined || key.isNull ? "CAST(NULL AS VARCHAR)" : `CAST(${key.value} AS VARCHAR)`;
    await connection.run(`ALTER TABLE ${given} ADD COLUMN "key" VARCHAR`);
    await connection.run(`UPDATE ${given} SET "key" = ${id}`);
    const values = declared.map(({ column, value }) => `CAST(${value} AS ${column.type})`);
    const list = declared.map(({ column }) => column);
    const known = new Set(present.map(({ name }) => name));
    await writer.ensureColumns(
      // What is there goes by its property, without a mark; what is new is a property itself.
      list.map(({ name, type }) => ({ name: known.has(name) ? propertyOf(name) : name, type })),
    );
    if (!isUpsert) {
      await refuseRepeated(connection, dataset);
      return await writer.insertSelect(list, `SELECT "key"${joined(values)} FROM ${given} ORDER BY rowid`);
    }
    return await upsert(writer, dataset, { key, list, values, present });
  } finally {
    for (const table of [given, merged]) {
      await connection.run(`DROP TABLE IF EXISTS ${table}`).catch(() => undefined);
    }
  }
};

const joined = (values: readonly string[]): string => values.map((value) => `, ${value}`).join("");

/** Puts what the statement gives into the table {@link given}, with columns `c0`, `c1`, …. */
const takeGiven = async (
  connection: DuckDBConnection,
  columns: readonly string[] | undefined,
  sql: string,
): Promise<readonly Given[]> => {
  const described = await connection.runAndReadAll(`SELECT * FROM (${sql}\n) LIMIT 0`);
  const names = columns ?? described.columnNames();
  if (described.columnCount !== names.length) {
    throw new Problem("query_failed", `${names.length} columns are named, ${described.columnCount} values are given`);
  }
  const folded = new Set(names.map((name) => name.toLowerCase()));
  if (folded.size < names.length) throw new Problem("query_failed", `a column is named twice: ${names.join(", ")}`);
  const places = names.map((_, at) => `c${at}`).join(", ");
  await connection.run(`CREATE TEMP TABLE ${given} AS SELECT * FROM (${sql}\n) AS given(${places})`);
  const types = await rowsOf(connection, `SELECT column_type FROM (DESCRIBE ${given})`);
  const isList = /^\s*(VALUES|\()/i.test(sql);
  const result: Given[] = [];
  for (const [at, name] of names.entries()) {
    const value = `c${at}`;
    const isNull = (await numberOf(connection, `SELECT count(${value}) FROM ${given}`)) === 0;
    const type = String(types[at]?.[0]);
    result.push({ name, isNull, isText: type === "VARCHAR", ...typed(value, type, isList) });
  }
  return result;
};

/** The type that a dataset's column has for values of a DuckDB type, and the value as such. */
const typed = (
  value: string,
  type: string,
  isLiteral: boolean,
): { readonly type: ColumnType; readonly value: string } => {
  if (/^U?(TINYINT|SMALLINT|INTEGER)$|^BIGINT$/.test(type)) return { type: "BIGINT", value };
  if (/^(UBIGINT|U?HUGEINT)$/.test(type)) return { type: "HUGEINT", value };
  if (/^(FLOAT|DOUBLE)$/.test(type) || (isLiteral && type.startsWith("DECIMAL"))) return { type: "DOUBLE", value };
  if (type.startsWith("DECIMAL(") || /^(BOOLEAN|DATE|TIME|VARCHAR|JSON)$/.test(type)) {
    return { type: type as ColumnType, value };
  }
  if (type === "TIMESTAMP WITH TIME ZONE") return { type: "TIMESTAMPTZ", value };
  if (type.startsWith("TIMESTAMP")) return { type: "TIMESTAMP", value };
  if (type === "BLOB") return { type: "VARCHAR", value: `base64(${value})` };
  if (/\]$|^(STRUCT|MAP|UNION)\(/.test(type)) return { type: "JSON", value: `to_json(${value})` };
  return { type: "VARCHAR", value: `CAST(${value} AS VARCHAR)` };
};

/** Values take the type of a column that is there; numbers may widen it. Columns of nulls alone make no new column. */
const declaredColumns = (
  list: readonly Given[],
  present: readonly Column[],
): readonly { readonly column: Column; readonly value: string }[] => {
  const types = new Map(present.map(({ name, type }) => [name, type]));
  const names = columnNames(types.keys());
  const folded = new Map(present.map(({ name }) => [name.toLowerCase(), name]));
  return list
    .filter(({ name }) => name !== idColumn)
    .flatMap(({ name, type, value, isNull, isText }) => {
      const column = names.of(name) ?? folded.get(name.toLowerCase()) ?? name;
      const existing = types.get(column);
      if (existing === undefined) return isNull ? [] : [{ column: { name, type }, value }];
      if (isNull) return [{ column: { name: column, type: existing }, value: "NULL" }];
      if (existing === type || (isNumeric(existing) && isNumeric(type)))
        return [{ column: { name: column, type }, value }];
      return [{ column: { name: column, type: existing }, value: cast(value, type, existing, isText) }];
    });
};

const cast = (value: string, from: ColumnType, to: ColumnType, isText: boolean): string => {
  if (to !== "JSON") return value;
  const json = `CAST(${jsonText(from, value)} AS JSON)`;
  // Text that is an object or a list is meant as such.
  return isText
    ? `CASE WHEN ${value} SIMILAR TO '\\s*[\\[{].*' AND json_valid(${value}) THEN CAST(${value} AS JSON) ELSE ${json} END`
    : json;
};

const refuseRepeated = async (connection: DuckDBConnection, dataset: string): Promise<void> => {
  const repeated = await rowsOf(
    connection,
    `(SELECT "key" FROM ${given} WHERE "key" IN (SELECT _id FROM ${tableName(dataset)}) LIMIT 1)
     UNION ALL (SELECT "key" FROM ${given} WHERE "key" IS NOT NULL GROUP BY ALL HAVING count(*) > 1 LIMIT 1)`,
  );
  const [first] = repeated;
  if (first === undefined) return;
  throw new Problem("query_failed", `there is a record ${JSON.stringify(first[0])} already; UPSERT INTO changes it`);
};

type Upsert = {
  readonly key: Given | undefined;
  readonly list: readonly Column[];
  readonly values: readonly string[];
  readonly present: readonly Column[];
};

const upsert = async (writer: Writer, dataset: string, { key, list, values, present }: Upsert): Promise<number> => {
  const named = new Set(list.map(({ name }) => name));
  const kept = present.filter(({ name }) => name !== idColumn && !named.has(name));
  const isById = key?.name !== idColumn && present.some(({ name }) => name === "id");
  const match = isById ? `(e._id = g."key" OR CAST(e."id" AS VARCHAR) = g."key")` : `e._id = g."key"`;
  const all = list.map((_, at) => `${values[at]} AS v${at}`);
  const rows = `SELECT "key", rowid AS place${joined(all)} FROM ${given}
    QUALIFY "key" IS NULL OR row_number() OVER (PARTITION BY "key" ORDER BY rowid DESC) = 1`;
  await writer.connection.run(
    `CREATE TEMP TABLE ${merged} AS SELECT coalesce(e._id, g."key") AS "key", g.place${joined(
      list.map((_, at) => `g.v${at}`),
    )}${joined(kept.map(({ name }, at) => `e.${quoted(name)} AS k${at}`))}
     FROM (${rows}) AS g LEFT JOIN ${tableName(dataset)} AS e ON ${match}
     QUALIFY row_number() OVER (PARTITION BY g.place ORDER BY e._id = g."key" DESC NULLS LAST) = 1`,
  );
  await writer.deleteWhere(`_id IN (SELECT "key" FROM ${merged})`);
  const select = `SELECT "key"${joined(list.map((_, at) => `v${at}`))}${joined(kept.map((_, at) => `k${at}`))}
    FROM ${merged} ORDER BY place`;
  return writer.insertSelect([...list, ...kept], select);
};
