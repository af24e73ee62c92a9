import type { DuckDBConnection } from "@duckdb/node-api";
import { literal, quoted } from "../data/columns.ts";
import { readColumns, rowsOf, tableName } from "../data/tables.ts";
import type { Column } from "../data/types.ts";
import { Problem } from "../problem.ts";

const origin = "$origin";
const generatedId = "$generated_id";

/** Throws `bad_request` where several staged records have one `_id`: a later one would take the place of others. */
export const checkUnique = async (
  connection: DuckDBConnection,
  table: string,
  key: readonly string[],
): Promise<void> => {
  // Hashes take a fraction of the memory of texts, and different ones prove that all is well.
  const [hashes] = await rowsOf(connection, `SELECT count(*) = count(DISTINCT hash(_id)) FROM ${table}`);
  if (hashes?.[0] === true) return;
  const [found] = await rowsOf(
    connection,
    `SELECT _id, count(*) FROM ${table} GROUP BY _id HAVING count(*) > 1 ORDER BY _id LIMIT 1`,
  );
  if (found === undefined) return;
  const [id, count] = found;
  throw new Problem(
    "bad_request",
    `primary_key ${key.join(", ")} does not identify records: ${String(count)} of them have ${JSON.stringify(id)}`,
  );
};

/**
 * Gives staged entities that were inserted by way of the share dataset the `$origin` that it keeps: that of the entity
 * whose `$generated_id` is their `_id`, deleted ones left out. Nothing happens where there is no such dataset.
 */
export const joinOrigin = async (connection: DuckDBConnection, table: string, share: string): Promise<void> => {
  const columns = new Map((await readColumns(connection, share))?.map((column) => [column.name, column]));
  const from = columns.get(origin);
  const id = columns.get(generatedId);
  if (from === undefined || id === undefined) return;
  const deleted = columns.get("_deleted");
  const present = deleted === undefined ? "" : ` AND coalesce(lower(${asText(deleted)}), 'false') <> 'true'`;
  await connection.run(`ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ${quoted(origin)} VARCHAR`);
  await connection.run(
    `UPDATE ${table} AS entity SET ${quoted(origin)} = shared.origin FROM (
        SELECT ${asText(id)} AS id, max(${asText(from)}) AS origin FROM ${tableName(share)}
        WHERE ${quoted(origin)} IS NOT NULL AND ${quoted(generatedId)} IS NOT NULL${present} GROUP BY 1
      ) AS shared WHERE entity._id = shared.id`,
  );
};

/** An SQL expression: a column's value as the text that an `_id` has. */
const asText = ({ name, type }: Column): string =>
  type === "JSON" ? `(${quoted(name)} ->> ${literal("$")})` : `CAST(${quoted(name)} AS VARCHAR)`;
