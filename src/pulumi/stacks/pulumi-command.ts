import { stripVTControlCharacters } from "node:util";
import { DeployerError } from "../../errors.ts";
import { knownSecrets, shownLine } from "./known-secrets.ts";

type Env = { readonly [name: string]: string | undefined };

export type CommandPlace = {
  /** Folder of the Pulumi.yaml. */
  readonly dir: string;
  /** All that the command gets. */
  readonly env: Env;
  /** Milliseconds that a question may take; default 60,000. Nothing bounds the operations themselves. */
  readonly patience?: number;
};

/** The first version with all that the resource classes need. */
const oldest = [3, 254] as const;
/** Exit code of a pulumi that is not logged in. */
const notLoggedIn = 3;
/** Milliseconds that a process gets to end by itself after the second signal. */
const patience = 5_000;
/** Milliseconds for what only asks. */
const longestQuestion = 60_000;

export const missingPulumi = (): DeployerError =>
  new DeployerError("missing-package", "there is no `pulumi` command", {
    hint: "install it (https://www.pulumi.com/docs/install/), and see that the folder that it is in is on the PATH",
  });

const given = (env: Env): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));

const cancelled = (): DeployerError => new DeployerError("cancelled", "interrupted before any stack was started");

const firstError = async (text: string, env: Env): Promise<string> => {
  const lines = stripVTControlCharacters(text).split("\n");
  const line = lines.find((each) => each.startsWith("error: ")) ?? lines.find((each) => each.trim() !== "") ?? "";
  return shownLine(line.replace(/^error: /, ""), await knownSecrets([], env, "."));
};

/** Runs a short command whose output is read. Throws `missing-package`, `unauthorized`, `pulumi-failed`, `cancelled`. */
const ask = async (args: readonly string[], place: CommandPlace, signal: AbortSignal): Promise<string> => {
  const { dir, env, patience: most = longestQuestion } = place;
  if (signal.aborted) throw cancelled();
  const { execa } = await import("execa");
  const result = await execa("pulumi", [...args, "--non-interactive", "--color", "never"], {
    cwd: dir,
    env: given(env),
    extendEnv: false,
    stdin: "ignore",
    cancelSignal: signal,
    timeout: most,
    reject: false,
  });
  if (!result.failed) return result.stdout;
  if (result.code === "ENOENT") throw missingPulumi();
  if (result.isCanceled) throw cancelled();
  if (result.timedOut) {
    throw new DeployerError("pulumi-failed", `\`pulumi ${args.join(" ")}\` did not answer within ${most / 1000} s`, {
      hint: "see whether the backend of the stacks can be reached: pulumi whoami",
    });
  }
  const said = await firstError(result.stderr, env);
  const why = said === "" ? (result.code ?? `exit code ${result.exitCode}`) : said;
  const message = `\`pulumi ${args.join(" ")}\` failed: ${why}`;
  if (result.exitCode === notLoggedIn) {
    throw new DeployerError("unauthorized", message, { hint: "log in to the backend with: pulumi login" });
  }
  throw new DeployerError("pulumi-failed", message, {
    hint: "run that command by hand in the folder of Pulumi.yaml, or name another one with --cwd",
  });
};

/** `3.270.0`; undefined where it says something else. */
export const pulumiVersion = async (place: CommandPlace, signal: AbortSignal): Promise<string | undefined> =>
  /^v?(\d+\.\d+\.\d+\S*)$/m.exec(await ask(["version"], place, signal))?.[1];

export const isTooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
};

export const oldestVersion = oldest.join(".");

const namesIn = (text: string): readonly string[] | undefined => {
  try {
    const found: unknown = JSON.parse(text);
    if (!Array.isArray(found)) return undefined;
    return found.flatMap((item: { readonly name?: unknown }) => (typeof item?.name === "string" ? [item.name] : []));
  } catch {
    return undefined;
  }
};

/** Names of the stacks that the project in that folder has. */
export const stackNames = async (place: CommandPlace, signal: AbortSignal): Promise<readonly string[]> => {
  const names = namesIn(await ask(["stack", "ls", "--json"], place, signal));
  if (names !== undefined) return names;
  throw new DeployerError("pulumi-failed", "`pulumi stack ls --json` printed something that is no list of stacks", {
    hint: "run it by hand in the folder of Pulumi.yaml; a newer pulumi may be needed",
  });
};

/** How a command ended; all undefined: it did not start. */
export type Ended = {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Such as `ENOENT`. */
  readonly code: string | undefined;
};

export type RunOptions = CommandPlace & {
  /** An open file that gets everything it prints: nothing of it goes through this process. */
  readonly log: number;
  /** Asks pulumi to cancel: it starts nothing new and ends what runs. */
  readonly stop: AbortSignal;
  /** Ends it at once. */
  readonly abort: AbortSignal;
};

/**
 * Runs a command to its end. It has a process group of its own, since a second signal (the terminal's beside ours) would
 * make it leave its work unfinished, and since it should end in order when this process is killed.
 */
export const runPulumi = async (args: readonly string[], options: RunOptions): Promise<Ended> => {
  const { dir, env, log, stop, abort } = options;
  const { execa } = await import("execa");
  // Any descriptor can be handed on as it is; execa's types know the standard ones.
  const output = log as 1;
  const isGroup = process.platform !== "win32";
  const child = execa("pulumi", args, {
    cwd: dir,
    env: given(env),
    extendEnv: false,
    stdin: "ignore",
    stdout: output,
    stderr: output,
    detached: isGroup,
    cleanup: false,
    windowsHide: true,
    reject: false,
  });
  const timers: NodeJS.Timeout[] = [];
  const killAll = (): void => {
    try {
      if (isGroup && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      else child.kill("SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  };
  const onStop = (): void => void child.kill("SIGINT");
  const onAbort = (): void => {
    child.kill("SIGINT");
    timers.push(setTimeout(killAll, patience));
  };
  stop.addEventListener("abort", onStop, { once: true });
  abort.addEventListener("abort", onAbort, { once: true });
  // The signals may have come while it was being started.
  if (stop.aborted) onStop();
  if (abort.aborted) onAbort();
  try {
    const { exitCode, signal, code } = await child;
    return { exitCode, signal, code };
  } finally {
    stop.removeEventListener("abort", onStop);
    abort.removeEventListener("abort", onAbort);
    for (const timer of timers) clearTimeout(timer);
  }
};
