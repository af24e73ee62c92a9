import type { DuckDBConnection } from "@duckdb/node-api";
import { quoted } from "../data/columns.ts";
import type { State } from "../state.ts";
import { type CheckedSelect, refusedFunction } from "./check-select.ts";

/**
 * What SQL sees of datasets that never had a record: views of this connection, with the columns that it asks for. Throws
 * `unsupported_query` for a name that is that of no column, but of the session.
 */
export const withEmptyDatasets = async <Result>(
  state: State,
  connection: DuckDBConnection,
  { datasets, columns, sessionNames }: CheckedSelect,
  work: (hasEmpty: boolean) => Promise<Result>,
): Promise<Result> => {
  const known = await Promise.all(
    [...datasets].map(async (name) => ({ name, columns: await state.data.columns(name) })),
  );
  const empty = known.filter((dataset) => dataset.columns.length === 0);
  const present = new Set(known.flatMap((dataset) => dataset.columns.map(({ name }) => name.toLowerCase())));
  const session = [...sessionNames].find((name) => !present.has(name));
  if (session !== undefined && empty.length === 0) throw refusedFunction(session, "tells how the service works");
  const taken = new Set([...present, ...datasets, "_id"]);
  const asked = [...columns].filter((name) => name !== "" && !name.includes("\0") && !taken.has(name.toLowerCase()));
  const unique = new Map(asked.map((name) => [name.toLowerCase(), name]));
  const made: string[] = [];
  try {
    for (const { name } of empty) {
      const nulls = Array.from(unique.values(), (column) => `, NULL AS ${quoted(column)}`).join("");
      await connection.run(
        `CREATE TEMP VIEW ${quoted(name)} AS SELECT CAST(NULL AS VARCHAR) AS _id${nulls} WHERE FALSE`,
      );
      made.push(name);
    }
    return await work(empty.length > 0);
  } finally {
    for (const name of made) await connection.run(`DROP VIEW IF EXISTS temp.${quoted(name)}`).catch(() => undefined);
  }
};
