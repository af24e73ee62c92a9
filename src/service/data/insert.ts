import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { Problem } from "../problem.ts";
import { byColumn, converted, idColumn, literal, quoted } from "./columns.ts";
import type { PageGroup } from "./held-pages.ts";
import { inferColumns } from "./infer.ts";
import { createPause } from "./pause.ts";
import { pagesQuery, writeRows } from "./rows-file.ts";
import { ensureTable, idSequence, numberOf, tableName } from "./tables.ts";
import type { Column, DataRow } from "./types.ts";

/** Ids that one statement deletes. */
const idsAtOnce = 10_000;

/** An id for a record that has none: twelve characters, which DuckDB keeps in place. */
const newId = `to_base(nextval(${literal(idSequence)}), 36)`;

export type Insertion = {
  readonly connection: DuckDBConnection;
  readonly table: string;
  /** The import job that the rows belong to. */
  readonly owner?: string;
  /** Where a file may be put that the database can read. */
  readonly folder: string;
  /** Rows of the table were deleted in this transaction. */
  readonly hasDeleted: boolean;
};

/** Puts rows into a table, which is made or changed for them. */
export const insertRows = async (
  insertion: Insertion,
  rows: readonly DataRow[],
  options: {
    readonly declared?: readonly Column[];
    /** Rows of the table, and earlier ones of `rows`, with the same `_id` go. */
    readonly isReplacing: boolean;
  },
): Promise<{ readonly added: number; readonly removed: number; readonly isChanged: boolean }> => {
  const { connection, table, folder, hasDeleted } = insertion;
  const inferred = await inferColumns(rows, options.declared);
  const batch = Array.from(inferred.values(), ({ property, type, isWide }) => ({ name: property, type, isWide }));
  const { columns, isChanged, isNew } = await ensureTable(connection, table, batch, hasDeleted);
  if (rows.length === 0) return { added: 0, removed: 0, isChanged };
  const { wanted, ids } = options.isReplacing ? await lastOfEach(rows) : { wanted: rows, ids: [] };
  const removed = isNew ? 0 : await deleteIds(connection, table, ids);
  const path = join(folder, `rows-${randomUUID()}.jsonl`);
  try {
    const { relation } = await writeRows(path, wanted, inferred);
    const select = Array.from(inferred.values(), ({ place }) => `${quoted(String(place))}`);
    const added = await insertSelect(
      insertion,
      columns,
      batch,
      `SELECT id${select.map((column) => `, ${column}`).join("")} FROM ${relation}`,
    );
    return { added, removed, isChanged };
  } finally {
    await rm(path, { force: true });
  }
};

/** Puts the rows of a group of pages into a table that has none of their ids; it is made or changed for them. */
export const insertPages = async (insertion: Omit<Insertion, "folder">, group: PageGroup): Promise<number> => {
  const { connection, table, hasDeleted } = insertion;
  const { columns } = await ensureTable(connection, table, group.columns, hasDeleted);
  return insertSelect(insertion, columns, group.columns, pagesQuery(group));
};

/** `select` yields `_id`, then the columns in the types of `given`, which become those of `columns`. */
export const insertSelect = async (
  { connection, table, owner }: Pick<Insertion, "connection" | "table" | "owner">,
  columns: readonly Column[],
  given: readonly Column[],
  select: string,
): Promise<number> => {
  const names = columns.map(({ name }) => `, ${quoted(name)}`).join("");
  const values = columns
    .map(({ type }, place) => `, ${converted(given[place]?.type ?? type, type, `s.c${place}`)}`)
    .join("");
  const by = owner === undefined ? "NULL" : literal(owner);
  const insert = `INSERT INTO ${tableName(table)} (${idColumn}, ${byColumn}${names})
    SELECT coalesce(CAST(s.id AS VARCHAR), ${newId}), ${by}${values}
    FROM (${select}) AS s(id${columns.map((_, place) => `, c${place}`).join("")})`;
  try {
    return await numberOf(connection, insert);
  } catch (error) {
    // What DuckDB says names files of this machine in its later lines.
    const [reason = ""] = error instanceof Error ? error.message.split("\n") : [];
    if (!/^(Conversion|Invalid Input|Out of Range) Error/.test(reason)) throw error;
    throw new Problem("invalid_field", `a value does not fit its column: ${reason.replace(/".*"/s, "…")}`, {
      cause: error,
    });
  }
};

export const deleteIds = async (
  connection: DuckDBConnection,
  table: string,
  ids: readonly string[],
): Promise<number> => {
  let removed = 0;
  for (let start = 0; start < ids.length; start += idsAtOnce) {
    const some = ids.slice(start, start + idsAtOnce).map((id) => id.toWellFormed());
    const answer = await connection.runAndReadAll(
      `DELETE FROM ${tableName(table)} WHERE ${idColumn} IN (SELECT unnest(CAST(CAST(? AS JSON) AS VARCHAR[])))`,
      [JSON.stringify(some)],
    );
    removed += Number(answer.getRowsJson()[0]?.[0] ?? 0);
  }
  return removed;
};

/** Of rows with the same `_id` the last one, and all ids. */
const lastOfEach = async (
  rows: readonly DataRow[],
): Promise<{ readonly wanted: readonly DataRow[]; readonly ids: readonly string[] }> => {
  const last = new Map<string, DataRow>();
  const pause = createPause();
  let named = 0;
  for (const row of rows) {
    if (pause.due()) await pause.take();
    if (row._id === undefined) continue;
    named += 1;
    last.set(row._id, row);
  }
  const isLast = (row: DataRow) => row._id === undefined || last.get(row._id) === row;
  return { wanted: last.size === named ? rows : rows.filter(isLast), ids: [...last.keys()] };
};
