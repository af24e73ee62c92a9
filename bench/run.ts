// Usage: node bench/run.ts NAME|all
// Runs a benchmark, a file of this folder that exports `run()`, and prints its figures as one JSON line, the last one.
// Exit 0: within the budget, 1: not, 3: there is no such benchmark.
import { readdirSync } from "node:fs";

/** What a benchmark gives: its figures, its budget, and whether it kept to it. */
export type Figures = { readonly name: string; readonly ok: boolean; readonly [figure: string]: unknown };

type Benchmark = { run(): Promise<Figures> };

const isBenchmark = (module: unknown): module is Benchmark =>
  typeof module === "object" && module !== null && "run" in module && typeof module.run === "function";

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && file !== "run.ts")
  .map((file) => file.slice(0, -3))
  .sort();

const [asked = ""] = process.argv.slice(2);
const chosen = asked === "all" ? names : names.filter((name) => name === asked);
if (chosen.length === 0) {
  console.error(asked === "" ? "usage: npm run bench -- NAME|all" : `there is no benchmark ${asked}`);
  console.error(`benchmarks: ${names.join(", ")}`);
  process.exit(3);
}

const measure = async (name: string): Promise<Figures> => {
  const module: unknown = await import(new URL(`${name}.ts`, import.meta.url).href);
  if (!isBenchmark(module)) throw new Error(`bench/${name}.ts exports no run()`);
  return module.run();
};

let ok = true;
for (const name of chosen) {
  const figures = await measure(name).catch((error: unknown): Figures => ({ name, ok: false, error: String(error) }));
  console.log(JSON.stringify(figures));
  ok &&= figures.ok;
}
process.exitCode = ok ? 0 : 1;
