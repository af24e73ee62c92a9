// Usage: node scripts/check.mjs [STEP…]
// Everything that has to hold before a commit: lock file, types, lint and format, dead code, package, tests. Runs all
// steps, also after a failed one, and ends with a line for each.
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(import.meta.url), "../..");

const steps = {
  lock: ["node", "scripts/complete-lock.mjs", "--check"],
  types: ["tsc", "-p", "tsconfig.json", "--noEmit"],
  lint: ["biome", "check", "--error-on-warnings", "."],
  "dead-code": ["knip"],
  package: ["publint", "--strict"],
  tests: ["vitest", "run"],
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(steps, name));
if (unknown.length > 0) {
  console.error(`unknown step ${unknown.join(", ")}; there are ${Object.keys(steps).join(", ")}`);
  process.exit(3);
}

const results = Object.entries(steps)
  .filter(([name]) => asked.length === 0 || asked.includes(name))
  .map(([name, [command, ...args]]) => {
    console.log(`\n── ${name}: ${[command, ...args].join(" ")}`);
    const start = performance.now();
    const { status, error } = spawnSync(command, args, {
      cwd: root,
      stdio: "inherit",
      shell: process.platform === "win32",
    });
    if (error) console.error(error.message);
    return { name, ok: status === 0, seconds: (performance.now() - start) / 1000 };
  });

console.log("");
for (const { name, ok, seconds } of results) {
  console.log(`${ok ? "ok    " : "FAILED"} ${name.padEnd(10)} ${seconds.toFixed(1).padStart(6)} s`);
}
process.exit(results.every(({ ok }) => ok) ? 0 : 1);
