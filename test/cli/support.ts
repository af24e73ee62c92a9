import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { baseEnv } from "../support/base-env.ts";

export const main = join(import.meta.dirname, "../../src/cli/main.ts");

export type Run = { readonly exit: number | undefined; readonly stdout: string; readonly stderr: string };

export type RunOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly node?: readonly string[];
};

/** The command line as a process of its own, without a terminal and with only the variables that are given. */
export const cli = async (args: readonly string[], options: RunOptions = {}): Promise<Run> => {
  const { cwd = tmpdir(), env = {}, input = "", node = [] } = options;
  const { exitCode, stdout, stderr } = await execa(process.execPath, [...node, main, ...args], {
    cwd,
    env: { ...baseEnv(), ...env },
    extendEnv: false,
    input,
    reject: false,
    stripFinalNewline: false,
  });
  return { exit: exitCode, stdout, stderr };
};

/** A folder of its own that goes with the scope. */
export const temporaryFolder = async (): Promise<AsyncDisposable & { readonly path: string }> => {
  const path = await mkdtemp(join(tmpdir(), "connector-deployer-cli-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
};
