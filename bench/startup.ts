import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Figures } from "./run.ts";

/** Milliseconds over bare node. */
const budget = 60;
const rounds = 21;

const main = join(import.meta.dirname, "../dist/cli/main.js");

const commands = {
  bare: ["-e", "0"],
  version: [main, "--version"],
  help: [main, "--help"],
} as const;
type Name = keyof typeof commands;

/** Milliseconds until the process has ended. */
const time = (name: Name): number => {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, commands[name], { encoding: "utf8" });
  const took = performance.now() - start;
  if (status !== 0) throw new Error(`${name} ended with exit code ${status}: ${stderr}`);
  return took;
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const rounded = (value: number): number => Math.round(value * 10) / 10;

/** How long `--version` and `--help` take beside a bare `node`: medians over rounds that run all three in turn. */
export const run = async (): Promise<Figures> => {
  if (!existsSync(main)) throw new Error("dist/cli/main.js is missing: npm run build");
  const names = Object.keys(commands) as Name[];
  const times: Record<Name, number[]> = { bare: [], version: [], help: [] };
  for (const name of names) time(name);
  for (let round = 0; round < rounds; round++) for (const name of names) times[name].push(time(name));
  const bare = median(times.bare);
  const version = median(times.version) - bare;
  const help = median(times.help) - bare;
  return {
    name: "startup",
    rounds,
    bare_ms: rounded(bare),
    version_over_bare_ms: rounded(version),
    help_over_bare_ms: rounded(help),
    budget: { over_bare_ms: budget },
    ok: version <= budget && help <= budget,
  };
};
