import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { DeployerError } from "../../errors.ts";
import { migrations } from "./migrations.ts";

/** In the header of every ledger (`PRAGMA application_id`): "CDLG". */
const applicationId = 0x43444c47;

/** https://sqlite.org/rescode.html, primary codes. */
const codes = {
  perm: 3,
  busy: 5,
  locked: 6,
  readonly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
};

const isBusy = (error: unknown): boolean => {
  const code = primaryCode(error);
  return code === codes.busy || code === codes.locked;
};

const primaryCode = (error: unknown): number | undefined => {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === "number" ? code & 0xff : undefined;
};

const writable = "let this user write the file and its folder, or set `ledger:` to another path";

/** What SQLite or the file system says, as an error that names the path and the cure. */
const unavailable = (error: unknown, path: string): DeployerError => {
  if (error instanceof DeployerError) return error;
  const fail = (what: string, hint: string) =>
    new DeployerError("ledger-unavailable", `the ledger ${path} ${what}`, { hint, cause: error, details: { path } });
  switch (primaryCode(error)) {
    case codes.busy:
    case codes.locked:
      return fail("is locked by another process", "wait until it ends, or close the program that has the file open");
    case codes.perm:
    case codes.readonly:
    case codes.cannotOpen:
      return fail("cannot be opened for writing", writable);
    case codes.corrupt:
    case codes.notADatabase:
      return fail("is damaged or no ledger", "restore it from a backup, or set `ledger:` to another path");
    case codes.full:
      return fail("cannot grow: the disk is full", "make room on the disk, then run again");
    case codes.io:
      return fail("cannot be read or written: the disk reports an error", "check the disk, then run again");
    default: {
      const code = (error as NodeJS.ErrnoException).code;
      if (error instanceof Error && "syscall" in error) return fail(`cannot be opened (${code})`, writable);
      return new DeployerError("internal", `the ledger ${path} failed: ${(error as Error).message}`, {
        cause: error,
        details: { path },
      });
    }
  }
};

const number = (database: DatabaseSync, pragma: string): number =>
  Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);

const migrate = (database: DatabaseSync, path: string): void => {
  const id = number(database, "application_id");
  const objects = database.prepare("SELECT count(*) AS count FROM sqlite_schema").get()?.["count"];
  if (id !== applicationId && objects !== 0) {
    throw new DeployerError("ledger-unavailable", `${path} is an SQLite database, but no ledger`, {
      hint: "set `ledger:` to another path",
      details: { path },
    });
  }
  const version = number(database, "user_version");
  if (version > migrations.length) {
    throw new DeployerError(
      "ledger-schema",
      `the ledger ${path} has schema ${version}; this version knows schemas up to ${migrations.length}`,
      { hint: "use the newer connector-deployer that wrote it", details: { path, version, known: migrations.length } },
    );
  }
  if (version === migrations.length) return;
  for (const step of migrations.slice(version)) database.exec(step);
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`);
};

/** An open ledger file. Every error that leaves it is a `DeployerError`. */
export type Database = {
  readonly connection: DatabaseSync;
  /** Runs `work` and gives its value or its error, translated. */
  run<T>(work: () => T): T;
  /** As `run`, in one transaction that has the write lock from the start. */
  transaction<T>(work: () => T): T;
};

/** Opens the file, or makes it with mode 0600 in a folder with mode 0700, and brings its schema up to date. */
export const openDatabase = async (
  path: string,
  options: { readonly durability: "normal" | "full"; readonly busyTimeout: number },
): Promise<Database> => {
  const run = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw unavailable(error, path);
    }
  };
  const connection = run(() => {
    if (path !== ":memory:") {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      closeSync(openSync(path, "a", 0o600));
    }
    return new DatabaseSync(path, { timeout: options.busyTimeout });
  });
  const transaction = <T>(work: () => T): T =>
    run(() => {
      connection.exec("BEGIN IMMEDIATE");
      try {
        const value = work();
        connection.exec("COMMIT");
        return value;
      } catch (error) {
        if (connection.isTransaction) connection.exec("ROLLBACK");
        throw error;
      }
    });
  try {
    const mode = await writeAhead(connection, options.busyTimeout);
    const flush = options.durability === "full" || (mode !== "wal" && mode !== "memory");
    connection.exec(`PRAGMA synchronous = ${flush ? "FULL" : "NORMAL"}`);
    transaction(() => migrate(connection, path));
  } catch (error) {
    connection.close();
    throw unavailable(error, path);
  }
  return { connection, run, transaction };
};

/** SQLite does not wait for its busy timeout when two processes turn the mode on at once. */
const writeAhead = async (connection: DatabaseSync, busyTimeout: number): Promise<unknown> => {
  for (let waited = 0; ; waited += 20) {
    try {
      return connection.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
    } catch (error) {
      if (!isBusy(error) || waited >= busyTimeout) throw error;
      await pause(20);
    }
  }
};
