import type { FileHandle } from "node:fs/promises";
import { mkdir, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DeployerError } from "../../errors.ts";
import type { StackCommand } from "./types.ts";

const cannot = (path: string, cause: unknown): DeployerError => {
  const { code = String(cause) } = cause as NodeJS.ErrnoException;
  return new DeployerError("usage", `cannot write logs to ${JSON.stringify(path)} (${code})`, {
    hint: "name another folder with --log-dir",
    cause,
  });
};

/** Makes the folder for logs; what is in it is kept out of git. Throws `usage`. */
export const makeLogFolder = async (dir: string): Promise<void> => {
  try {
    const made = await mkdir(dir, { recursive: true, mode: 0o700 });
    if (made !== undefined) await writeFile(join(dir, ".gitignore"), "*\n", { flag: "wx" });
  } catch (error) {
    throw cannot(dir, error);
  }
};

export type StackLog = AsyncDisposable & { readonly path: string; readonly handle: FileHandle };

/** A new file for one tenant that only its owner can read, in place of the one of an earlier run. Throws `usage`. */
export const openLog = async (dir: string, tenant: string, command: StackCommand): Promise<StackLog> => {
  const path = join(dir, `${tenant}.${command}.log`);
  try {
    await rm(path, { force: true });
    // Appending: pulumi and what it starts write by turns.
    const handle = await open(path, "ax", 0o600);
    return { path, handle, [Symbol.asyncDispose]: () => handle.close() };
  } catch (error) {
    throw cannot(path, error);
  }
};
