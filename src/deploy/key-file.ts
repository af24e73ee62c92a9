import { randomBytes, randomUUID } from "node:crypto";
import { link, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DeployerError } from "../errors.ts";
import { stateFolder } from "./state-folder.ts";

export type KeyFile = { readonly path: string; readonly key: Uint8Array };

export const newKey = (): Uint8Array => randomBytes(32);

const isAbsent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

const unwritable = (path: string, cause: unknown): DeployerError =>
  new DeployerError("ledger-unavailable", `the key file ${path} cannot be written`, {
    hint: "make the project folder writable, or set ledger_key: to a reference",
    cause,
  });

/** The key in a file, undefined where there is none. Throws `ledger-key` where it is damaged. */
const readKey = async (path: string): Promise<KeyFile | undefined> => {
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw new DeployerError("ledger-key", `the key file ${path} cannot be read`, {
      hint: "let this user read it",
      cause: error,
    });
  }
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new DeployerError("ledger-key", `the key file ${path} is damaged`, {
      hint: "restore it from a copy; without it no secret that was written can be compared",
    });
  }
  return { path, key: Buffer.from(text, "hex") };
};

const syncFolder = async (path: string): Promise<void> => {
  await using folder = await open(dirname(path), "r");
  // Some file systems cannot flush a folder; they keep a rename without it.
  await folder.sync().catch(() => undefined);
};

/** Writes a new key to a file that is whole or not there. */
const writeKey = async (path: string, key: Uint8Array): Promise<KeyFile> => {
  await using file = await open(path, "w", 0o600);
  await file.writeFile(`${Buffer.from(key).toString("hex")}\n`);
  await file.sync();
  return { path, key };
};

/** The key file of an environment: its own once it was rekeyed beside others, until then the one they share. */
const currentPath = async (folder: string, environment: string): Promise<string> => {
  const own = join(folder, `key-${environment}`);
  return (await readKey(own)) === undefined ? join(folder, "key") : own;
};

/** The key file, undefined where there is none yet. */
export const currentKey = async (dir: string, environment: string): Promise<KeyFile | undefined> =>
  readKey(await currentPath(await stateFolder(dir), environment));

/** The key file; made with mode 0600 where there is none. `isNew`: this call made it. */
export const ensureKey = async (dir: string, environment: string): Promise<KeyFile & { readonly isNew: boolean }> => {
  const folder = await stateFolder(dir);
  const path = await currentPath(folder, environment);
  const known = await readKey(path);
  if (known !== undefined) return { ...known, isNew: false };
  const draft = join(folder, `key.${randomUUID()}.tmp`);
  try {
    const made = await writeKey(draft, newKey());
    // A link fails where another process was faster: its key counts then.
    await link(draft, path);
    return { path, key: made.key, isNew: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw unwritable(path, error);
    const other = await readKey(path);
    if (other === undefined) throw unwritable(path, error);
    return { ...other, isNew: false };
  } finally {
    await rm(draft, { force: true });
  }
};

const ending = ".next";

/** Keys that an interrupted rekeying may have brought into use already. */
export const waitingKeys = async (dir: string, environment: string): Promise<readonly KeyFile[]> => {
  const folder = await stateFolder(dir);
  const found: KeyFile[] = [];
  for (const name of [`key-${environment}`, "key"]) {
    // One that is damaged was never used: the ledger changes its key after the file is whole.
    const waiting = await readKey(join(folder, `${name}${ending}`)).catch(() => undefined);
    if (waiting !== undefined) found.push(waiting);
  }
  return found;
};

/**
 * Where the next key of an environment belongs. Where other environments may share the one in use, the next is for this
 * environment alone: theirs must go on to fit their ledgers.
 */
export const nextPlace = async (dir: string, environment: string): Promise<string> => {
  const folder = await stateFolder(dir);
  const others = await readdir(join(dir, "environments")).catch(() => []);
  const current = basename(await currentPath(folder, environment));
  return join(folder, others.length > 0 || current !== "key" ? `key-${environment}` : "key");
};

/** Writes the next key beside its place. */
export const writeNextKey = async (place: string, key: Uint8Array): Promise<KeyFile> => {
  try {
    const next = await writeKey(`${place}${ending}`, key);
    await syncFolder(place);
    return next;
  } catch (error) {
    throw unwritable(place, error);
  }
};

/** Puts the next key in the place of the one in use; gives where it stands now. */
export const promoteKey = async ({ path, key }: KeyFile): Promise<KeyFile> => {
  const place = path.slice(0, -ending.length);
  try {
    await rename(path, place);
    await syncFolder(place);
  } catch (error) {
    // Another process found the ledger with the next key and was faster.
    const there = isAbsent(error) ? await readKey(place) : undefined;
    if (there === undefined || !Buffer.from(there.key).equals(Buffer.from(key))) throw unwritable(place, error);
  }
  return { path: place, key };
};
