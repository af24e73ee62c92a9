// Compiles src to dist, takes out of dist what no longer has a source, and makes the command executable.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const src = join(root, "src");
const dist = join(root, "dist");

/** Paths of files below a folder, relative to it. */
const filesOf = (folder, prefix = "") =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? filesOf(join(folder, entry.name), `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
      )
    : [];

const outputsOf = (source) =>
  source.endsWith(".ts")
    ? [".js", ".js.map", ".d.ts"].map((extension) => source.slice(0, -3) + extension)
    : source.endsWith(".json")
      ? [source]
      : [];

const compile = () => {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
};

const expected = new Set(filesOf(src).flatMap(outputsOf));
// tsc's notes say that it has written dist; where dist is not whole they are wrong.
const complete = [...expected].filter((path) => !path.endsWith(".json")).every((path) => existsSync(join(dist, path)));
if (!complete) rmSync(join(root, ".build.tsbuildinfo"), { force: true });

compile();

for (const path of filesOf(dist)) {
  if (expected.has(path)) continue;
  rmSync(join(dist, path));
  for (let folder = dirname(join(dist, path)); folder !== dist; folder = dirname(folder)) {
    if (readdirSync(folder).length > 0) break;
    rmdirSync(folder);
  }
}

const main = join(dist, "cli/main.js");
if (existsSync(main)) chmodSync(main, 0o755);
