import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { equal } from "../canonical.ts";
import type { Resource } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import type { Tenant, TenantFile } from "../manifest/index.ts";
import { stateFolder } from "./state-folder.ts";

/** What is kept of a tenant file that was read: enough to select it and to keep `_id`s unique, 16 bytes a component. */
export type IndexEntry = {
  readonly signature: string;
  /** Milliseconds since the epoch: a file that changed at the same moment cannot be told apart by its signature. */
  readonly readAt: number;
  readonly tenant: Pick<Tenant, "id" | "labels" | "wave" | "target" | "state">;
  /** Two numbers for each component: its `_id` and its natural key on its target. */
  readonly keys: BigUint64Array;
};

export type TenantIndex = {
  get(file: TenantFile): IndexEntry | undefined;
  set(file: TenantFile, entry: IndexEntry): void;
  /** Forgets files that are not there any more and, where something changed, writes the index to disk. */
  save(files: ReadonlySet<string>): Promise<void>;
};

const short = (text: string): bigint => createHash("sha256").update(text).digest().readBigUInt64BE();

export const idKey = (target: string, kind: string, _id: string): bigint =>
  short(`_id ${target} ${address(kind, _id)}`);
export const naturalKey = (target: string, kind: string, key: string): bigint => short(`key ${target} ${kind} ${key}`);

export const keysOf = (
  target: string,
  resources: readonly Resource[],
  key: (resource: Resource) => string,
): BigUint64Array => {
  const keys = new BigUint64Array(resources.length * 2);
  for (const [index, resource] of resources.entries()) {
    keys[index * 2] = idKey(target, resource.kind, resource._id);
    keys[index * 2 + 1] = naturalKey(target, resource.kind, key(resource));
  }
  return keys;
};

type Stored = readonly [file: string, signature: string, readAt: number, tenant: IndexEntry["tenant"], keys: string];

const version = 1;

/** File systems stamp times in steps: what was written this shortly before it was read may change unseen. */
const raceWindow = 50;

const load = async (path: string, inputs: string): Promise<Map<string, IndexEntry>> => {
  try {
    const stored = JSON.parse(await readFile(path, "utf8")) as { version: number; inputs: string; tenants: Stored[] };
    if (stored.version !== version || stored.inputs !== inputs) return new Map();
    return new Map(
      stored.tenants.map(([file, signature, readAt, tenant, keys]) => {
        const bytes = Uint8Array.from(Buffer.from(keys, "base64"));
        return [file, { signature, readAt, tenant, keys: new BigUint64Array(bytes.buffer) }];
      }),
    );
  } catch {
    // An index that is absent or damaged is made anew: it only saves work.
    return new Map();
  }
};

/** Opens the index of a project folder; one made from other shared files or settings is not used. */
export const openTenantIndex = async (dir: string, environment: string, inputs: string): Promise<TenantIndex> => {
  const folder = await stateFolder(dir).catch(() => undefined);
  const path = folder === undefined ? undefined : join(folder, `index-${environment}.json`);
  const entries = path === undefined ? new Map<string, IndexEntry>() : await load(path, inputs);
  let changed = false;
  const get: TenantIndex["get"] = ({ file, signature, changedAt }) => {
    const entry = entries.get(file);
    return entry?.signature === signature && changedAt < entry.readAt - raceWindow ? entry : undefined;
  };
  return {
    get,
    set: (file, entry) => {
      // Selected tenants are read whatever the index says: mostly there is no news.
      const known = get(file);
      if (known !== undefined && equal(known.tenant, entry.tenant) && known.keys.join() === entry.keys.join()) return;
      entries.set(file.file, entry);
      changed = true;
    },
    save: async (files) => {
      for (const file of entries.keys()) if (!files.has(file)) changed = entries.delete(file) || changed;
      if (!changed || path === undefined) return;
      const tenants = [...entries].map(
        ([file, { signature, readAt, tenant, keys }]): Stored => [
          file,
          signature,
          readAt,
          tenant,
          Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength).toString("base64"),
        ],
      );
      const temporary = `${path}.${process.pid}`;
      try {
        await writeFile(temporary, JSON.stringify({ version, inputs, tenants }), { mode: 0o600 });
        await rename(temporary, path);
        changed = false;
      } catch {
        // A read-only folder costs only the saved work.
      }
    },
  };
};
