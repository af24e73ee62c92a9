import { idColumn, sourceText } from "./columns.ts";
import type { Database } from "./database.ts";
import { numberOf, readColumns, rowsOf, storeSchema, tableName } from "./tables.ts";

/** Rows from which the size of all is estimated. */
const sample = 1_000;

/** Counts and sizes of datasets, kept until they change. */
export type Tally = {
  count(dataset: string): Promise<number>;
  counts(): Promise<ReadonlyMap<string, number>>;
  size(dataset: string): Promise<number>;
  /** A change of the dataset was committed. */
  changed(dataset: string): void;
};

export const createTally = (database: Database): Tally => {
  // Undefined in `rows`: there is a table whose rows have to be counted.
  let rows: Map<string, number | undefined> | undefined;
  const sizes = new Map<string, number>();
  const versions = new Map<string, number>();
  const version = (dataset: string) => versions.get(dataset) ?? 0;

  const tables = async (): Promise<Map<string, number | undefined>> => {
    if (rows !== undefined) return rows;
    const names = await database.use((connection) =>
      rowsOf(
        connection,
        `SELECT table_name FROM duckdb_tables()
          WHERE database_name = current_database() AND schema_name = '${storeSchema}' AND NOT contains(table_name, '/')`,
      ),
    );
    rows ??= new Map(names.map(([name]) => [String(name), undefined]));
    for (const name of versions.keys()) rows.set(name, undefined);
    return rows;
  };
  const refresh = async (some: readonly string[]): Promise<void> => {
    const known = await tables();
    const stale = some.filter((dataset) => known.has(dataset) && known.get(dataset) === undefined);
    if (stale.length === 0) return;
    await database.use(async (connection) => {
      for (const dataset of stale) {
        const before = version(dataset);
        const exists = (await readColumns(connection, dataset)) !== undefined;
        const count = exists ? await numberOf(connection, `SELECT count(*) FROM ${tableName(dataset)}`) : undefined;
        if (version(dataset) !== before) continue;
        if (count === undefined) known.delete(dataset);
        else known.set(dataset, count);
      }
    });
  };

  return {
    count: async (dataset) => {
      if (!database.holdsSomething()) return 0;
      for (;;) {
        await refresh([dataset]);
        const known = await tables();
        const count = known.get(dataset);
        if (count !== undefined || !known.has(dataset)) return count ?? 0;
      }
    },
    counts: async () => {
      if (!database.holdsSomething()) return new Map();
      const known = await tables();
      await refresh([...known.keys()]);
      return new Map(Array.from(known, ([name, count]) => [name, count ?? 0]));
    },
    size: async (dataset) => {
      if (!database.holdsSomething() || !(await tables()).has(dataset)) return 0;
      const kept = sizes.get(dataset);
      if (kept !== undefined) return kept;
      const before = version(dataset);
      const size = await database.use(async (connection) => {
        const columns = await readColumns(connection, dataset);
        if (columns === undefined) return 0;
        const table = tableName(dataset);
        const bytes = `strlen(${sourceText(columns)}) + strlen(${idColumn})`;
        return numberOf(
          connection,
          `SELECT CAST((SELECT count(*) FROM ${table}) * coalesce(
            (SELECT avg(${bytes}) FROM (SELECT * FROM ${table} LIMIT ${sample})), 0) AS BIGINT)`,
        );
      });
      if (version(dataset) === before) sizes.set(dataset, size);
      return size;
    },
    changed: (dataset) => {
      versions.set(dataset, version(dataset) + 1);
      sizes.delete(dataset);
      rows?.set(dataset, undefined);
    },
  };
};
