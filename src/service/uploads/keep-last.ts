import { idColumn } from "../data/columns.ts";
import { tableName } from "../data/tables.ts";
import type { Writer } from "../data/types.ts";

/** Of records with the same `_id` the one that came last stays. */
export const keepLast = async (writer: Writer, dataset: string): Promise<void> => {
  const table = tableName(dataset);
  await writer.deleteWhere(
    `rowid IN (SELECT place FROM (
      SELECT rowid AS place, row_number() OVER (PARTITION BY ${idColumn} ORDER BY rowid DESC) AS back FROM ${table}
      WHERE ${idColumn} IN (SELECT ${idColumn} FROM ${table} GROUP BY ${idColumn} HAVING count(*) > 1)
    ) WHERE back > 1)`,
  );
};
