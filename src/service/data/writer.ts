import type { DuckDBConnection } from "@duckdb/node-api";
import { Problem } from "../problem.ts";
import { columnNames, idColumn } from "./columns.ts";
import { deleteIds, type Insertion, insertRows, insertSelect } from "./insert.ts";
import { createView, ensureTable, numberOf, readColumns, tableName } from "./tables.ts";
import type { Column, Writer } from "./types.ts";

/** Changes to a dataset; `finish` belongs before the commit. */
export const createWriter = (
  connection: DuckDBConnection,
  dataset: string,
  folder: string,
): Writer & { finish(): Promise<void> } => {
  let isChanged = false;
  let hasDeleted = false;
  const insertion = (): Insertion => ({ connection, table: dataset, folder, hasDeleted });
  const deleted = (count: number): number => {
    hasDeleted ||= count > 0;
    return count;
  };

  const present = async (columns: readonly Column[]): Promise<readonly Column[]> => {
    const all = await readColumns(connection, dataset);
    const types = new Map(all?.map(({ name, type }) => [name, type]));
    const names = columnNames(types.keys());
    return columns.map(({ name }) => {
      const column = types.has(name) && name !== idColumn ? name : names.of(name);
      const type = column === undefined ? undefined : types.get(column);
      if (column !== undefined && type !== undefined) return { name: column, type };
      throw new Problem("internal_error", `the dataset ${dataset} has no column ${JSON.stringify(name)}`);
    });
  };
  const exists = async () => (await readColumns(connection, dataset)) !== undefined;

  return {
    connection,
    ensureColumns: async (columns) => {
      const ensured = await ensureTable(connection, dataset, columns, hasDeleted);
      isChanged ||= ensured.isChanged;
      return ensured.columns;
    },
    insertSelect: async (columns, select) => insertSelect(insertion(), await present(columns), columns, select),
    insertRows: async (rows, declared) => {
      const inserted = await insertRows(insertion(), rows, {
        isReplacing: true,
        ...(declared === undefined ? {} : { declared }),
      });
      isChanged ||= inserted.isChanged;
      deleted(inserted.removed);
      return inserted.added;
    },
    deleteWhere: async (where) => {
      if (!(await exists())) return 0;
      const condition = where === undefined ? "" : ` WHERE (${where})`;
      return deleted(await numberOf(connection, `DELETE FROM ${tableName(dataset)}${condition}`));
    },
    deleteIds: async (ids) => ((await exists()) ? deleted(await deleteIds(connection, dataset, ids)) : 0),
    finish: async () => {
      if (isChanged) await createView(connection, dataset);
    },
  };
};
