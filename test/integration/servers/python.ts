import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const cache = join(import.meta.dirname, "../../../node_modules/.cache/connector-deployer");
const run = promisify(execFile);
/** The oldest minor version of Python 3 that the pinned packages take, and the newest that they have been built for. */
const [least, most] = [11, 14];

export const noPython = `it needs Python 3.${least} to 3.${most} with venv, and none was found`;

type Python = { readonly program: string; readonly version: string };

/** Undefined where none is installed that the servers run on. */
const findPython = async (): Promise<Python | undefined> => {
  for (const program of ["python3", ...[14, 13, 12, 11].map((minor) => `python3.${minor}`)]) {
    try {
      const probe = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])";
      const version = (await run(program, ["-c", probe])).stdout.trim();
      const [major, minor] = version.split(".").map(Number);
      if (major === 3 && minor !== undefined && minor >= least && minor <= most) return { program, version };
    } catch {
      // Not installed, or without what Debian packages apart.
    }
  }
  return undefined;
};

/**
 * The Python of a virtual environment with the packages that a file pins, which is made once for each such file;
 * undefined where there is no Python.
 */
export const fetchEnvironment = async (name: string, requirements: string): Promise<string | undefined> => {
  const python = await findPython();
  if (python === undefined) return undefined;
  const digest = createHash("sha256").update(readFileSync(requirements)).update(python.version).digest("hex");
  const folder = join(cache, `${name}-${digest.slice(0, 16)}`);
  const program = join(folder, "bin/python");
  if (existsSync(program)) return program;
  await mkdir(cache, { recursive: true });
  const partial = await mkdtemp(join(cache, `${name}-partial-`));
  try {
    await run(python.program, ["-m", "venv", partial]);
    const install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "-r", requirements];
    await run(join(partial, "bin/python"), install, { timeout: 280_000 });
    await rename(partial, folder).catch((error: unknown) => {
      // Another run was faster.
      if (!existsSync(program)) throw error;
    });
    return program;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
};

export type PythonServer = { readonly port: number; readonly version: string; stop(): Promise<void> };

/** Starts a server that prints its port and version as JSON, and ends when its standard input does. */
export const startPython = async (
  program: string,
  script: readonly string[],
  environment: { readonly [name: string]: string } = {},
): Promise<PythonServer> => {
  const child = spawn(program, script, {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      PYTHONDONTWRITEBYTECODE: "1",
      ...environment,
    },
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.stdin.end();
    const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
    await ended;
    clearTimeout(timer);
  };
  const { promise, resolve, reject } = Promise.withResolvers<{ port: number; version: string }>();
  let output = "";
  const keep = (text: Buffer): void => {
    output = `${output}${text}`.slice(-20_000);
    const ready = /^\{"port": \d+, "version": .*\}$/m.exec(output);
    if (ready !== null) resolve(JSON.parse(ready[0]));
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  child.on("error", reject);
  child.on("exit", () => reject(new Error(`${script[0]} ended:\n${output.slice(-4_000)}`)));
  const timer = setTimeout(() => reject(new Error(`${script[0]} did not start:\n${output.slice(-4_000)}`)), 60_000);
  try {
    return { ...(await promise), stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
};
