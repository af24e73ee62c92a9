import { randomUUID } from "node:crypto";
import { open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DeployerError } from "../errors.ts";
import type { FileChange } from "../manifest/index.ts";

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

const byteOrderMark = "\ufeff";

/** What stands before a text that is still the one that was read; undefined where it is another one. */
const prefixOf = (now: string, before: string): string | undefined =>
  now === before ? "" : now === byteOrderMark + before ? byteOrderMark : undefined;

/**
 * Gives a file of the project another text: as a whole or not at all, where it still holds the one that the change was
 * made for. Throws `usage`, in the name of a command.
 */
const replaceText = async (dir: string, { file, before, after }: FileChange, command: string): Promise<void> => {
  let draft: string | undefined;
  try {
    const path = await realpath(join(dir, file));
    const prefix = prefixOf(await readFile(path, "utf8"), before);
    if (prefix === undefined) {
      throw new DeployerError("usage", `${file} was changed while ${command} worked; it was left as it is`, {
        hint: `${command} again`,
      });
    }
    const { mode } = await stat(path);
    // Hidden: the project's globs pass by what a killed run leaves of it.
    draft = join(dirname(path), `.${randomUUID()}.tmp`);
    await using handle = await open(draft, "wx", mode);
    await handle.chmod(mode & 0o7777);
    await handle.writeFile(prefix + after);
    await handle.sync();
    await rename(draft, path);
  } catch (error) {
    if (draft !== undefined) await rm(draft, { force: true }).catch(() => undefined);
    if (error instanceof DeployerError) throw error;
    throw new DeployerError("usage", `cannot write ${file} (${codeOf(error)})`, {
      hint: "make it writable",
      cause: error,
    });
  }
};

/** Gives files their new texts; where one cannot get it, those before it are set back. Throws `usage`. */
export const writeChanges = async (dir: string, changes: readonly FileChange[], command: string): Promise<void> => {
  const done: FileChange[] = [];
  try {
    for (const change of changes) {
      await replaceText(dir, change, command);
      done.push(change);
    }
  } catch (error) {
    for (const { file, before, after } of done.reverse()) {
      await replaceText(dir, { file, before: after, after: before }, command).catch(() => undefined);
    }
    throw error;
  }
};
