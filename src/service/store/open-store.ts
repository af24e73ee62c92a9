import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DeployerError } from "../../errors.ts";
import { readOrCreate } from "./read-or-create.ts";
import { createVault, type Vault } from "./vault.ts";

const schemaVersion = 1;
const keyBytes = 32;

/** Records of one kind by id. Reads come from memory; a write is in the database before it returns. */
export type Collection<Value> = {
  get(id: string): Value | undefined;
  /** In the order in which they were made. */
  values(): IterableIterator<Value>;
  put(id: string, value: Value): void;
  /** False: there was none. */
  delete(id: string): boolean;
};

export type Store = {
  /** `kind` is part of the stored format. Values are JSON. */
  collection<Value>(kind: string): Collection<Value>;
  /** Does nothing the second time. */
  close(): void;
};

/**
 * Opens the metadata of a data folder, or a new one in memory. Every record is encrypted; the key is the file `key`.
 * One process has a folder at a time. Acknowledged writes survive a kill of the process, not a loss of power.
 * Throws `service-data`.
 */
export const openStore = (dataDir: string | undefined): Store => {
  if (dataDir === undefined) return storeOf(openDatabase(":memory:"), createVault(randomBytes(keyBytes)));
  const file = join(dataDir, "service.db");
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    closeSync(openSync(file, "a", 0o600));
    database = openDatabase(file);
    const key = readOrCreate(join(dataDir, "key"), () => randomBytes(keyBytes));
    if (key.length !== keyBytes) throw new Error(`the key file has ${key.length} bytes instead of ${keyBytes}`);
    return storeOf(database, createVault(key));
  } catch (error) {
    database?.close();
    if (error instanceof DeployerError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DeployerError("service-data", `the data folder ${dataDir} cannot be opened: ${reason}`, {
      hint: /locked/.test(reason)
        ? "another process serves this folder: end it, or take another folder"
        : "check the folder's permissions and that its key file belongs to it, or take another folder",
      cause: error,
    });
  }
};

const openDatabase = (path: string): DatabaseSync => {
  const database = new DatabaseSync(path);
  try {
    // The lock is held until the process ends: what is in memory is then always what is in the file.
    database.exec(`
      PRAGMA busy_timeout = 2000;
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS records (
        kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, sequence INTEGER PRIMARY KEY, UNIQUE (kind, id)
      );
      COMMIT;
    `);
    const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
    if (version > schemaVersion) {
      throw new DeployerError("service-data", `${path} was written by a newer version (schema ${version})`, {
        hint: "update connector-deployer, or take another folder",
      });
    }
    if (version < schemaVersion) database.exec(`PRAGMA user_version = ${schemaVersion}`);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
};

const storeOf = (database: DatabaseSync, vault: Vault): Store => {
  const load = database.prepare("SELECT id, body FROM records WHERE kind = ? ORDER BY sequence");
  const put = database.prepare(
    "INSERT INTO records (kind, id, body) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
  );
  const remove = database.prepare("DELETE FROM records WHERE kind = ? AND id = ?");
  return {
    collection: <Value>(kind: string): Collection<Value> => {
      const records = new Map<string, Value>();
      for (const { id, body } of load.iterate(kind)) {
        if (typeof id !== "string" || !(body instanceof Uint8Array)) continue;
        records.set(id, JSON.parse(open(vault, `${kind}/${id}`, body)) as Value);
      }
      return {
        get: (id) => records.get(id),
        values: () => records.values(),
        put: (id, value) => {
          put.run(kind, id, vault.seal(`${kind}/${id}`, JSON.stringify(value)));
          records.set(id, value);
        },
        delete: (id) => {
          if (!records.has(id)) return false;
          remove.run(kind, id);
          return records.delete(id);
        },
      };
    },
    close: () => {
      if (database.isOpen) database.close();
    },
  };
};

const open = (vault: Vault, place: string, body: Uint8Array): string => {
  try {
    return vault.open(place, body);
  } catch (error) {
    throw new DeployerError("service-data", `${place} in the data folder does not open with the folder's key`, {
      hint: "put the key file back that belongs to the folder, or take another folder",
      cause: error,
    });
  }
};
