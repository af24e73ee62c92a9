import type { DuckDBConnection } from "@duckdb/node-api";
import { literal } from "../data/columns.ts";
import { rowsOf, takenTable } from "../data/tables.ts";
import type { Loaded } from "./loaded.ts";

/** What a run has put into a dataset. */
export type Taken = { readonly id: string; readonly dataset: string; readonly loaded: Loaded };

/**
 * Notes a run in the transaction of its records: a process that ends right after it can still tell that they are there.
 * The last one of each dataset is enough, since they come one after the other.
 */
export const keepTaken = async (connection: DuckDBConnection, { id, dataset, loaded }: Taken): Promise<void> => {
  await connection.run(`DELETE FROM ${takenTable} WHERE dataset = ${literal(dataset)}`);
  await connection.run(`INSERT INTO ${takenTable} VALUES ($1, $2, $3)`, [dataset, id, JSON.stringify(loaded)]);
};

/** By the id of the run. */
export const takenRuns = async (connection: DuckDBConnection): Promise<ReadonlyMap<string, Loaded>> => {
  const rows = await rowsOf(connection, `SELECT run, loaded FROM ${takenTable}`);
  return new Map(rows.map(([run, loaded]) => [String(run), JSON.parse(String(loaded)) as Loaded]));
};
