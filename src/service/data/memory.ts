import type { DuckDBConnection } from "@duckdb/node-api";

/** What DuckDB keeps in memory before it uses the folder `spill`. */
export const memoryLimit = "256MB";
const limitKiB = 256_000_000 / 1024;
/** What it may keep of blocks that are in the file as well, when something has been loaded. */
const trimmed = "32MB";

/** Columns up to which the usual memory is enough, and what each one takes of it beyond. */
const narrow = 150;
const columnKiB = 512;

/** Lets DuckDB have more memory for a table of many columns: it keeps some of each for each thread. */
export const makeRoom = async (connection: DuckDBConnection, columns: number): Promise<void> => {
  if (columns <= narrow) return;
  const wanted = columns * columnKiB;
  if ((await presentKiB(connection)) < wanted) await connection.run(`SET GLOBAL memory_limit = '${wanted}KiB'`);
};

/** Takes blocks out of memory that can be read again: DuckDB keeps them up to its limit, however many they are. */
export const trimMemory = async (connection: DuckDBConnection): Promise<void> => {
  // More room was made than usual, and may be needed.
  if ((await presentKiB(connection)) > limitKiB) return;
  // Where it is all in use, the first statement fails and nothing changes.
  const statements = `SET GLOBAL memory_limit = '${trimmed}'; SET GLOBAL memory_limit = '${memoryLimit}'`;
  await connection.run(statements).catch(() => undefined);
};

const presentKiB = async (connection: DuckDBConnection): Promise<number> => {
  const rows = (await connection.runAndReadAll("SELECT current_setting('memory_limit')")).getRowsJson();
  const [, amount, unit = ""] = /^([\d.]+) ([KMGT])iB$/.exec(String(rows[0]?.[0])) ?? [];
  return Number(amount) * 1024 ** "KMGT".indexOf(unit);
};
