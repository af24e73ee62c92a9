import { idColumn, literal, sourceText } from "./columns.ts";
import type { Database } from "./database.ts";
import { numberOf, readColumns, rowsOf, storeSchema, tableName } from "./tables.ts";

/** Rows from which the size of all is estimated. */
const sample = 1_000;

/** Tables that one statement counts. */
const atOnce = 200;

/** Counts and sizes of datasets, kept until they change. */
export type Tally = {
  count(dataset: string): Promise<number>;
  counts(): Promise<ReadonlyMap<string, number>>;
  size(dataset: string): Promise<number>;
  /** A change of the dataset was committed. */
  changed(dataset: string): void;
};

export const createTally = (database: Database): Tally => {
  // Undefined: it may have a table, whose rows have to be counted.
  const rows = new Map<string, number | undefined>();
  const sizes = new Map<string, number>();
  const versions = new Map<string, number>();
  const version = (dataset: string) => versions.get(dataset) ?? 0;
  let isComplete = false;

  /** Counts what has changed, all of it in few statements. Gives the counts, also those that a change has overtaken. */
  const refresh = async (): Promise<ReadonlyMap<string, number>> => {
    if (isComplete && ![...rows.values()].includes(undefined)) return new Map();
    const before = new Map(versions);
    const counted = await database.transact("BEGIN TRANSACTION READ ONLY", async (connection) => {
      const tables = await rowsOf(
        connection,
        `SELECT table_name FROM duckdb_tables()
          WHERE database_name = current_database() AND schema_name = '${storeSchema}' AND NOT contains(table_name, '/')`,
      );
      const names = tables.map(([name]) => String(name)).filter((name) => rows.get(name) === undefined);
      const found = new Map<string, number>();
      for (let start = 0; start < names.length; start += atOnce) {
        const selects = names
          .slice(start, start + atOnce)
          .map((name) => `SELECT ${literal(name)}, count(*) FROM ${tableName(name)}`);
        for (const [name, count] of await rowsOf(connection, selects.join(" UNION ALL "))) {
          found.set(String(name), Number(count));
        }
      }
      return found;
    });
    for (const name of new Set([...counted.keys(), ...rows.keys()])) {
      if (rows.get(name) !== undefined || version(name) !== (before.get(name) ?? 0)) continue;
      const count = counted.get(name);
      if (count === undefined) rows.delete(name);
      else rows.set(name, count);
    }
    isComplete = true;
    return counted;
  };

  return {
    count: async (dataset) => {
      if (!database.holdsSomething()) return 0;
      const counted = await refresh();
      return rows.get(dataset) ?? counted.get(dataset) ?? 0;
    },
    counts: async () => {
      if (!database.holdsSomething()) return new Map();
      const counted = await refresh();
      const known = Array.from(rows, ([name, count]) => [name, count ?? counted.get(name)] as const);
      return new Map(known.flatMap(([name, count]) => (count === undefined ? [] : [[name, count]])));
    },
    size: async (dataset) => {
      if (!database.holdsSomething()) return 0;
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
      rows.set(dataset, undefined);
    },
  };
};
