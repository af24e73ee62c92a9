import { randomUUID } from "node:crypto";
import { existsSync, linkSync, readFileSync, renameSync, unlinkSync } from "node:fs";
import { access, constants, lstat, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DeployerError } from "../errors.ts";
import type { FileChange } from "../manifest/index.ts";
import { insideOf, realPath } from "../manifest/index.ts";

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

const byteOrderMark = "\ufeff";

/** What stands before a text that is still the one that was read; undefined where it is another one. */
const prefixOf = (now: string, before: string): string | undefined =>
  now === before ? "" : now === byteOrderMark + before ? byteOrderMark : undefined;

const cures: { readonly [code: string]: string } = {
  ENOSPC: "make room on the disk",
  EDQUOT: "make room on the disk",
  EROFS: "it is on a disk that cannot be written",
};

const cannotWrite = (file: string, error: unknown): DeployerError =>
  error instanceof DeployerError
    ? error
    : new DeployerError("usage", `cannot write ${file} (${codeOf(error)})`, {
        hint: cures[codeOf(error)] ?? "make the file and its folder writable",
        cause: error,
      });

/** A new text that lies beside its file. */
type Staged = {
  readonly change: FileChange;
  readonly path: string;
  readonly draft: string;
  /** Whole. */
  readonly before: string | undefined;
  readonly after: string;
};

type Owner = { readonly mode: number; readonly uid: number; readonly gid: number };

/** Hidden: the project's globs pass by what a killed run leaves of it. */
const draftIn = (folder: string): string => join(folder, `.connector-deployer-${process.pid}-${randomUUID()}.tmp`);

const draftName = /^\.connector-deployer-(\d+)-[0-9a-f-]{36}\.tmp$/;

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
};

/** Takes away what runs that were killed left. */
const sweep = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    const pid = draftName.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(folder, name), { force: true });
  }
};

const writeDraft = async (path: string, text: string, owner: Owner | undefined): Promise<string> => {
  const draft = draftIn(dirname(path));
  try {
    await using handle = await open(draft, "wx", owner?.mode ?? 0o666);
    if (owner !== undefined) {
      const { uid, gid } = await handle.stat();
      // What another user owns stays theirs, where we may give it to them.
      if (uid !== owner.uid || gid !== owner.gid) await handle.chown(owner.uid, owner.gid).catch(() => undefined);
      await handle.chmod(owner.mode & 0o7777);
    }
    await handle.writeFile(text);
    await handle.sync();
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
  return draft;
};

const changed = (file: string, command: string): DeployerError =>
  new DeployerError("usage", `${file} was changed while ${command} worked; it was left as it is`, {
    hint: `${command} again`,
  });

const escapes = (file: string): DeployerError =>
  new DeployerError("usage", `${file} leads out of the folder through a symbolic link; it was left as it is`, {
    hint: "put a file in place of the link",
  });

/** Undefined where another run gave the file the same text already. */
const stage = async (root: string, change: FileChange, command: string): Promise<Staged | undefined> => {
  const { file, before, after } = change;
  try {
    if (insideOf(root, "", file) === undefined) throw escapes(file);
    const path = realPath(resolve(root, file));
    const now = await readFile(path, "utf8");
    const prefix = prefixOf(now, before);
    if (prefix === undefined) {
      if (prefixOf(now, after) !== undefined) return undefined;
      throw changed(file, command);
    }
    await access(path, constants.W_OK);
    const draft = await writeDraft(path, prefix + after, await stat(path));
    return { change, path, draft, before: now, after: prefix + after };
  } catch (error) {
    throw cannotWrite(file, error);
  }
};

const stageNew = async (root: string, change: FileChange, command: string): Promise<Staged | undefined> => {
  const { file, after } = change;
  try {
    if (insideOf(root, "", file) === undefined) throw escapes(file);
    const path = resolve(root, file);
    if ((await lstat(path).catch(() => undefined)) !== undefined) {
      if ((await readFile(path, "utf8")) === after) return undefined;
      throw made(file, command);
    }
    return { change, path, draft: await writeDraft(path, after, undefined), before: undefined, after };
  } catch (error) {
    throw cannotWrite(file, error);
  }
};

const made = (file: string, command: string): DeployerError =>
  new DeployerError("usage", `${file} was made while ${command} worked; it was left as it is`, {
    hint: `${command} again`,
  });

/** A file comes to be as a whole, and never in place of another one. */
const createFrom = (draft: string, path: string): void => {
  try {
    linkSync(draft, path);
    unlinkSync(draft);
  } catch (error) {
    if (codeOf(error) === "EEXIST" || existsSync(path)) throw error;
    // Not all file systems have hard links.
    renameSync(draft, path);
  }
};

/**
 * Puts a draft in its file's place; nothing else of this process comes between the look and the step. False where another
 * run did so.
 */
const commit = ({ change: { file }, path, draft, before, after }: Staged, command: string): boolean => {
  try {
    if (before === undefined) createFrom(draft, path);
    else {
      const now = readFileSync(path, "utf8");
      if (now === after) return false;
      if (now !== before) throw changed(file, command);
      renameSync(draft, path);
    }
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw cannotWrite(file, error);
    if (readFileSync(path, "utf8") === after) return false;
    throw made(file, command);
  }
};

const takeBack = async ({ path, before, after }: Staged): Promise<void> => {
  if ((await readFile(path, "utf8")) !== after) return;
  if (before === undefined) return rm(path, { force: true });
  const draft = await writeDraft(path, before, await stat(path));
  renameSync(draft, path);
};

/**
 * Gives files of a folder their new texts, and makes new files: each as a whole, where it still holds what the change was
 * made for. All texts are on the disk before the first file gets its own; where one cannot, none does. Throws `usage`, in
 * the name of a command.
 */
export const writeChanges = async (
  dir: string,
  changes: readonly FileChange[],
  command: string,
  created: readonly FileChange[] = [],
): Promise<void> => {
  const root = realPath(resolve(dir));
  const staged: Staged[] = [];
  const done: Staged[] = [];
  try {
    const put = (one: Staged | undefined): void => void (one !== undefined && staged.push(one));
    for (const change of created) put(await stageNew(root, change, command));
    for (const change of changes) put(await stage(root, change, command));
    for (const one of staged) {
      if (commit(one, command)) done.push(one);
    }
  } catch (error) {
    for (const one of done.reverse()) await takeBack(one).catch(() => undefined);
    throw error;
  } finally {
    for (const { draft } of staged) await rm(draft, { force: true }).catch(() => undefined);
  }
  for (const folder of new Set(staged.map(({ draft }) => dirname(draft)))) await sweep(folder).catch(() => undefined);
};
