import { rm } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Json } from "../../contract/index.ts";
import { Problem } from "../problem.ts";
import { byColumn, converted, idColumn, literal, propertyOf, quoted } from "./columns.ts";
import type { Database } from "./database.ts";
import { holdPages, leftGroups, type PageGroup, pagesFolder } from "./held-pages.ts";
import { insertPages, insertRows } from "./insert.ts";
import { createView, dropTable, ensureTable, numberOf, readColumns, rowsOf, stageTable, tableName } from "./tables.ts";
import type { Stage, Written } from "./types.ts";

type Queue = <Result>(name: string, work: () => Promise<Result>) => Promise<Result>;

export type Staging = {
  readonly database: Database;
  readonly queue: Queue;
  /** A change of a dataset was committed. */
  changed(dataset: string): void;
};

const begin = "BEGIN";

/** Takes up the stage that the owner left, or makes a new one. */
export const openStage = async (
  { database, queue, changed }: Staging,
  dataset: string,
  owner: string,
  resume: boolean,
): Promise<Stage> => {
  const table = stageTable(owner);
  const name = tableName(table);
  const found = await queue(table, () =>
    database.transact(begin, async (connection) => {
      const kept = await readCursor(connection, owner);
      if (resume && kept?.dataset === dataset && (await readColumns(connection, table)) !== undefined) {
        return { cursor: kept.cursor, rows: await countOf(connection, table), isResumed: true };
      }
      await dropStage(connection, owner);
      await ensureTable(connection, table, [], false);
      await connection.run(`INSERT INTO stage.cursors VALUES (${literal(owner)}, ${literal(dataset)}, NULL)`);
      return { cursor: undefined, rows: 0, isResumed: false };
    }),
  );
  let { cursor, rows } = found;

  const transact = <Result>(work: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> =>
    queue(table, () =>
      database.transact(begin, async (connection) => {
        if ((await readCursor(connection, owner)) === undefined) {
          throw new Problem("not_found", `what was read for the dataset ${dataset} has been dropped with it`);
        }
        return work(connection);
      }),
    );
  const insertion = { table, owner, hasDeleted: false };
  const keepCursor = async (connection: DuckDBConnection, reached: Json | undefined): Promise<void> => {
    if (reached === undefined) return;
    await connection.run("UPDATE stage.cursors SET cursor = $1 WHERE owner = $2", [JSON.stringify(reached), owner]);
  };
  /** The rows of the pages get into the database. */
  const load = async (group: PageGroup | undefined): Promise<void> => {
    if (group === undefined) return;
    await transact(async (connection) => {
      await insertPages({ ...insertion, connection }, group);
      await keepCursor(connection, group.cursor);
    });
    await group.remove();
    await database.trim();
  };
  const folder = pagesFolder(database.pages(), owner);
  for (const group of found.isResumed ? await leftGroups(folder, cursor) : []) {
    await load(group);
    rows += group.count;
    cursor = group.cursor;
  }
  await removePages(database, owner);
  const held = holdPages(folder);
  /** Goes on while other pages are added; whoever comes next hears of its failure. */
  let loading: Promise<void> = Promise.resolve();
  const loadBeside = (group: PageGroup | undefined): void => {
    loading = loading.then(() => load(group));
    loading.catch(() => undefined);
  };
  const loadAll = async (): Promise<void> => {
    loadBeside(held.group());
    await loading;
  };

  return {
    get cursor() {
      return cursor;
    },
    get rows() {
      return rows;
    },
    append: async (batch) => {
      const { text, cursor: reached } = batch;
      if (text !== undefined && reached !== undefined) {
        if (!held.fits(text)) await loadAll();
        const group = await held.add(text, reached, cursor);
        text.release?.();
        rows += text.count;
        cursor = reached;
        if (group === undefined) return;
        await loading;
        loadBeside(group);
        return;
      }
      await loadAll();
      const { added, removed } = await transact(async (connection) => {
        const changed = await insertRows({ ...insertion, connection, folder: database.uploads() }, batch.rows, {
          isReplacing: batch.mayRepeat === true,
          ...(batch.columns === undefined ? {} : { declared: batch.columns }),
        });
        await keepCursor(connection, reached);
        return changed;
      });
      rows += added - removed;
      if (reached !== undefined) cursor = reached;
    },
    transform: async (work) => {
      await loadAll();
      rows = await transact(async (connection) => {
        await work(connection, name);
        return countOf(connection, table);
      });
    },
    finish: async ({ keyed, published }) => {
      await loadAll();
      const written = await queue(dataset, () =>
        transact(async (connection) => {
          const result = await publish(connection, dataset, owner, keyed);
          await dropStage(connection, owner);
          published?.();
          return result;
        }),
      );
      changed(dataset);
      await removePages(database, owner);
      await database.reclaim();
      return written;
    },
    discard: () => releaseStage({ database, queue }, owner),
  };
};

export const releaseStage = async (
  { database, queue }: Pick<Staging, "database" | "queue">,
  owner: string,
): Promise<void> => {
  if (!database.holdsSomething()) return;
  // Pages are what comes after the rows: the stage is whole without them. Where the disk is full they make room.
  await removePages(database, owner);
  await queue(stageTable(owner), () => database.transact(begin, (connection) => dropStage(connection, owner)));
};

const removePages = (database: Database, owner: string): Promise<void> =>
  rm(pagesFolder(database.pages(), owner), { recursive: true, force: true });

/** Drops a dataset's table and the stages on their way to it. */
export const dropDataset = async (
  { database, queue }: Pick<Staging, "database" | "queue">,
  dataset: string,
): Promise<void> => {
  if (!database.holdsSomething()) return;
  await queue(dataset, async () => {
    const owners = await database.use((connection) =>
      rowsOf(connection, `SELECT owner FROM stage.cursors WHERE dataset = ${literal(dataset)}`),
    );
    for (const [owner] of owners) await releaseStage({ database, queue }, String(owner));
    await database.transact(begin, (connection) => dropTable(connection, dataset));
    await database.reclaim();
  });
};

const readCursor = async (
  connection: DuckDBConnection,
  owner: string,
): Promise<{ readonly dataset: string; readonly cursor: Json | undefined } | undefined> => {
  const [row] = await rowsOf(connection, `SELECT dataset, cursor FROM stage.cursors WHERE owner = ${literal(owner)}`);
  if (row === undefined) return undefined;
  const [dataset, cursor] = row;
  return { dataset: String(dataset), cursor: typeof cursor === "string" ? (JSON.parse(cursor) as Json) : undefined };
};

const countOf = (connection: DuckDBConnection, table: string): Promise<number> =>
  numberOf(connection, `SELECT count(*) FROM ${tableName(table)}`);

const dropStage = async (connection: DuckDBConnection, owner: string): Promise<void> => {
  await connection.run(`DROP TABLE IF EXISTS ${tableName(stageTable(owner))}`);
  await connection.run(`DELETE FROM stage.cursors WHERE owner = ${literal(owner)}`);
};

/** The staged rows become the owner's rows of the dataset. */
const publish = async (
  connection: DuckDBConnection,
  dataset: string,
  owner: string,
  isKeyed: boolean,
): Promise<Written> => {
  const table = stageTable(owner);
  const [from, to] = [tableName(table), tableName(dataset)];
  if (isKeyed) await keepLast(connection, from);
  const staged = await countOf(connection, table);
  const isPresent = (await readColumns(connection, dataset)) !== undefined;
  const mine = `${byColumn} IS NOT DISTINCT FROM ${literal(owner)}`;
  const others = isPresent ? await numberOf(connection, `SELECT count(*) FROM ${to} WHERE NOT (${mine})`) : 0;
  const before = isPresent ? await numberOf(connection, `SELECT count(*) FROM ${to} WHERE ${mine}`) : 0;
  const isStaged = `${idColumn} IN (SELECT ${idColumn} FROM ${from})`;
  const kept = isPresent && isKeyed ? await numberOf(connection, `SELECT count(*) FROM ${to} WHERE ${isStaged}`) : 0;
  const keptMine =
    others === 0 || kept === 0
      ? kept
      : await numberOf(connection, `SELECT count(*) FROM ${to} WHERE ${mine} AND ${isStaged}`);
  if (others === 0) {
    await dropTable(connection, dataset);
    await connection.run(`ALTER TABLE ${from} RENAME TO ${quoted(dataset)}`);
    await createView(connection, dataset);
  } else {
    const columns = ((await readColumns(connection, table)) ?? []).filter(({ name }) => name !== idColumn);
    const wanted = columns.map(({ name, type }) => ({ name: propertyOf(name), type }));
    const { columns: ensured, isChanged } = await ensureTable(connection, dataset, wanted, false);
    await connection.run(`DELETE FROM ${to} WHERE ${mine}${isKeyed ? ` OR ${isStaged}` : ""}`);
    const names = ensured.map(({ name }) => `, ${quoted(name)}`).join("");
    const values = columns.map(
      ({ name, type }, place) => `, ${converted(type, ensured[place]?.type ?? type, quoted(name))}`,
    );
    await connection.run(
      `INSERT INTO ${to} (${idColumn}, ${byColumn}${names})
        SELECT ${idColumn}, ${byColumn}${values.join("")} FROM ${from}`,
    );
    if (isChanged) await createView(connection, dataset);
  }
  return { added: staged - kept, removed: before - keptMine };
};

/** Of rows with the same `_id` the last one stays. */
const keepLast = async (connection: DuckDBConnection, from: string): Promise<void> => {
  // Hashes take a fraction of the memory of texts; where two are alike it is found out below.
  const repeated = await numberOf(connection, `SELECT count(*) - count(DISTINCT hash(${idColumn})) FROM ${from}`);
  if (repeated === 0) return;
  await connection.run(`DELETE FROM ${from} WHERE rowid NOT IN (SELECT max(rowid) FROM ${from} GROUP BY ${idColumn})`);
};
