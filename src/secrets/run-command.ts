import type { CommandResult, SecretOptions } from "./types.ts";

const timeout = 30_000;
const limit = 1024 * 1024;

/**
 * Runs an argv list without a shell, with `env` and nothing else, for at most 30 s. Standard error is thrown away and
 * no part of the output is in a failure: either may hold the secret.
 */
export const commandRunner =
  ({ env, dir }: Pick<SecretOptions, "env" | "dir">) =>
  async (argv: readonly string[], signal: AbortSignal): Promise<CommandResult> => {
    const [file, ...rest] = argv;
    if (file === undefined || file === "") return { ended: "failure", because: "it is empty" };
    const { execa } = await import("execa");
    const result = await execa(file, rest, {
      cwd: dir,
      env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
      extendEnv: false,
      stdin: "ignore",
      stderr: "ignore",
      stripFinalNewline: false,
      maxBuffer: limit,
      timeout,
      cancelSignal: signal,
      reject: false,
    });
    if (result.timedOut) return { ended: "failure", because: `it took longer than ${timeout / 1000} s` };
    if (result.isMaxBuffer) return { ended: "failure", because: "it printed more than 1 MB" };
    if (result.exitCode !== undefined && result.exitCode !== 0) {
      return { ended: "failure", because: `exit code ${result.exitCode}` };
    }
    if (result.signal !== undefined) return { ended: "failure", because: `it was ended by ${result.signal}` };
    if (result.failed) return { ended: "failure", because: result.code ?? "it did not start" };
    return { ended: "success", output: result.stdout };
  };
