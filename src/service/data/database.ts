import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { Problem } from "../problem.ts";
import { literal } from "./columns.ts";
import { memoryLimit, trimMemory } from "./memory.ts";
import { idSequence, storeSchema, takenTable } from "./tables.ts";

const mostThreads = 4;
/** Milliseconds between two tries to interrupt what runs: a statement may start just after one. */
const interruptEvery = 20;
/**
 * Milliseconds that what runs may take to end once it was interrupted, when the database is closed. DuckDB looks for an
 * interrupt between two steps only, and one of them may take minutes: a `levenshtein` of two long texts, say.
 */
const closingPatience = 10_000;

/** Files that a closed database has not let go of, by path, until it has: a second instance would not see its lock. */
const leaving = new Map<string, Promise<void>>();

/** Of twelve digits to the base of 36; those of several databases hardly meet. */
const firstId = (): bigint => 36n ** 11n + (randomBytes(8).readBigUInt64LE() >> 3n);

/** One DuckDB instance, opened when it is first used: a second one on the same file would lose records. */
export type Database = {
  /** Whether there can be records; false spares opening it. */
  holdsSomething(): boolean;
  /** A connection of its own. Running statements are interrupted when `signal` aborts. */
  use<Result>(work: (connection: DuckDBConnection) => Promise<Result>, signal?: AbortSignal): Promise<Result>;
  /**
   * In one transaction; `begin` is how it starts. Rolled back when `work` throws or `signal` aborts. Its commit is not
   * interrupted: what is reported as failed is not there.
   */
  transact<Result>(
    begin: string,
    work: (connection: DuckDBConnection) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result>;
  /** A folder that DuckDB may read from, too; empty at start. */
  uploads(): string;
  /** The same for what stages hold; kept at start. */
  pages(): string;
  /** Gives memory back that only spares reading blocks again, where nothing else runs. */
  trim(): Promise<void>;
  /** Makes room in the file of what was dropped, where nothing else runs. */
  reclaim(): Promise<void>;
  /**
   * Interrupts what runs and waits for its end, `patience` milliseconds at most. What goes on after that keeps the file:
   * another process is refused it so long, and another database of this process waits for it.
   */
  close(): Promise<void>;
};

export const createDatabase = (dataDir: string | undefined, patience = closingPatience): Database => {
  const file = dataDir === undefined ? undefined : resolve(dataDir, "datasets.duckdb");
  if (dataDir !== undefined) {
    for (const name of ["uploads", "spill"]) rmSync(join(dataDir, name), { recursive: true, force: true });
  }
  let folder = dataDir;
  let isTemporary = false;
  let opening: Promise<DuckDBInstance> | undefined;
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  const base = (): string => {
    if (folder === undefined) {
      folder = mkdtempSync(join(tmpdir(), "connector-service-data-"));
      isTemporary = true;
    }
    return folder;
  };
  const place = (name: string): string => {
    const path = join(base(), name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  };
  const uploads = (): string => place("uploads");
  const pages = (): string => place("pages");
  const instance = (): Promise<DuckDBInstance> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  const open = async (): Promise<DuckDBInstance> => {
    if (file !== undefined) await leaving.get(file);
    return openInstance(file, [uploads(), pages()], join(base(), "spill"));
  };

  /** `work` may commit, after which nothing is interrupted. */
  const attempt = async <Result>(
    work: (connection: DuckDBConnection, commit: () => Promise<void>) => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> => {
    const ends = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
    ends.throwIfAborted();
    const run = async () => {
      const connection = await (await instance()).connect();
      let repeat: NodeJS.Timeout | undefined;
      const interrupt = () => {
        connection.interrupt();
        repeat = setInterval(() => connection.interrupt(), interruptEvery);
      };
      const commit = async () => {
        ends.throwIfAborted();
        // DuckDB may report an interrupt of what it has committed.
        ends.removeEventListener("abort", interrupt);
        await connection.run("COMMIT");
      };
      ends.addEventListener("abort", interrupt, { once: true });
      try {
        ends.throwIfAborted();
        return await work(connection, commit);
      } catch (error) {
        ends.throwIfAborted();
        throw error;
      } finally {
        ends.removeEventListener("abort", interrupt);
        clearInterval(repeat);
        connection.closeSync();
      }
    };
    const result = run();
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    running.add(settled);
    try {
      return await result;
    } finally {
      running.delete(settled);
    }
  };
  const leave = async (): Promise<void> => {
    const instance = await opening?.catch(() => undefined);
    if (instance !== undefined) await closeInstance(instance);
  };
  const letGo = (left: Promise<void>): void => {
    const ended = left.catch(() => undefined);
    if (file === undefined) return;
    leaving.set(file, ended);
    void ended.then(() => leaving.delete(file));
  };
  const use: Database["use"] = (work, signal) => attempt((connection) => work(connection), signal);

  return {
    holdsSomething: () => opening !== undefined || (file !== undefined && existsSync(file)),
    use,
    transact: (begin, work, signal) =>
      attempt(async (connection, commit) => {
        await connection.run(begin);
        try {
          const result = await work(connection);
          await commit();
          return result;
        } catch (error) {
          await connection.run("ROLLBACK").catch(() => undefined);
          throw error;
        }
      }, signal),
    uploads,
    pages,
    trim: async () => {
      if (running.size === 0) await use(trimMemory);
    },
    // By itself DuckDB only does it when its log is large; what a bulk load brings hardly gets into that.
    reclaim: async () => {
      if (running.size === 0) await use((connection) => connection.run("CHECKPOINT")).catch(() => undefined);
    },
    close: async () => {
      if (closing.signal.aborted) return;
      closing.abort(new Problem("internal_error", "the service is being closed"));
      const idle = Promise.all(running).then(() => true);
      const isIdle = await Promise.race([idle, pause(patience, false, { ref: false })]);
      // Its log is read when it is opened the next time, should the process end before.
      const left = idle.then(leave);
      if (isIdle) await left;
      else letGo(left);
      if (isTemporary && folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** Writes the log into the file beside the event loop, which closing would do on it. */
const closeInstance = async (instance: DuckDBInstance): Promise<void> => {
  const connection = await instance.connect();
  await connection.run("CHECKPOINT").catch(() => undefined);
  connection.closeSync();
  instance.closeSync();
};

const openInstance = async (
  file: string | undefined,
  readable: readonly string[],
  spill: string,
): Promise<DuckDBInstance> => {
  const { DuckDBInstance } = await import("@duckdb/node-api").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new Problem(
      "not_implemented",
      "records of datasets need DuckDB: npm i @duckdb/node-api, then start serve again",
      { cause: error },
    );
  });
  mkdirSync(spill, { recursive: true, mode: 0o700 });
  const options = {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    threads: String(Math.min(availableParallelism(), mostThreads)),
    memory_limit: memoryLimit,
    // A column takes a block at least, and memory for it: the usual blocks are 4 times as large. Files keep theirs.
    default_block_size: "65536",
    temp_directory: spill,
  };
  const open = () => DuckDBInstance.create(file ?? ":memory:", options);
  const instance = await open().catch(async (error: unknown) => {
    if (file === undefined || !String(error).includes("replaying WAL")) throw error;
    const empty = await DuckDBInstance.create(":memory:", options);
    try {
      await replayLog(empty, file);
    } finally {
      empty.closeSync();
    }
    return open();
  });
  try {
    if (file !== undefined) chmodSync(file, 0o600);
    const connection = await instance.connect();
    try {
      for (const statement of [
        `CREATE SCHEMA IF NOT EXISTS ${storeSchema}`,
        "CREATE SCHEMA IF NOT EXISTS stage",
        "CREATE TABLE IF NOT EXISTS stage.cursors (owner VARCHAR, dataset VARCHAR, cursor VARCHAR)",
        `CREATE TABLE IF NOT EXISTS ${takenTable} (dataset VARCHAR, run VARCHAR, loaded VARCHAR)`,
        `CREATE SEQUENCE IF NOT EXISTS ${idSequence} START WITH ${firstId()}`,
        "SET GLOBAL TimeZone = 'UTC'",
        // Freed memory goes back to the system, not to DuckDB's own stock.
        "SET GLOBAL allocator_flush_threshold = '8MB'",
        "SET GLOBAL allocator_bulk_deallocation_flush_threshold = '8MB'",
        // It would save disk space, for a good part of the time that a file takes.
        "SET GLOBAL disabled_compression_methods = 'fsst'",
        `SET GLOBAL allowed_directories = [${[...readable, spill].map((path) => literal(`${path}/`)).join(", ")}]`,
        "SET GLOBAL enable_external_access = false",
        // For datasets of many columns.
        "SET GLOBAL allowed_configs = ['memory_limit']",
        "SET GLOBAL lock_configuration = true",
      ]) {
        await connection.run(statement);
      }
    } finally {
      connection.closeSync();
    }
    return instance;
  } catch (error) {
    instance.closeSync();
    throw error;
  }
};

// DuckDB replays the log of a file that it opens before the file can be looked up in; a column that was altered with an
// expression needs that. The log of a file that is attached is replayed all the same.
const replayLog = async (empty: DuckDBInstance, file: string): Promise<void> => {
  const connection = await empty.connect();
  try {
    for (const statement of [`ATTACH ${literal(file)} AS datasets`, "CHECKPOINT datasets", "DETACH datasets"]) {
      await connection.run(statement);
    }
  } finally {
    connection.closeSync();
  }
};
