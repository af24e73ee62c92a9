// Usage: node scripts/complete-lock.mjs [--check]
// A registry that serves packages of some platforms only makes npm leave the others out of package-lock.json, and then
// `npm ci` refuses the lock file as incomplete. This adds an entry (without integrity, which nobody here knows) for each
// optional platform package that is missing. Run it after a change of dependencies. With --check it only looks, and exits
// 1 where something is missing.
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const file = resolve(fileURLToPath(import.meta.url), "../../package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));
const { packages } = lock;
const systems = new Set([
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
]);

/** Whether a package installed at `place` would find the dependency. */
const isThere = (place, name) => {
  for (let at = place; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    if (packages[at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`] !== undefined) return true;
    if (at === "") return false;
  }
};

/** What the name of a platform package says, such as `binding-linux-x64-musl`. */
const platform = (name) => {
  const parts = name.slice(name.lastIndexOf("/") + 1).split("-");
  const index = parts.findIndex((part) => systems.has(part));
  const [os, cpu, abi = ""] = parts.slice(index);
  if (index === -1 || cpu === undefined) throw new Error(`${name} does not name its platform: add it by hand`);
  return { cpu: [cpu], os: [os], ...(os === "linux" ? { libc: [abi.includes("musl") ? "musl" : "glibc"] } : {}) };
};

let added = 0;
for (const [place, { optionalDependencies = {}, dev, engines }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isThere(place, name)) continue;
    const { cpu, os, libc } = platform(name);
    packages[`node_modules/${name}`] = {
      version,
      cpu,
      ...(dev ? { dev } : {}),
      ...(libc ? { libc } : {}),
      optional: true,
      os,
      ...(engines ? { engines } : {}),
    };
    added++;
  }
}

if (process.argv.includes("--check")) {
  if (added > 0)
    console.error(`package-lock.json lacks ${added} packages, npm ci refuses it: node scripts/complete-lock.mjs`);
  process.exit(added > 0 ? 1 : 0);
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, "en")));
if (added > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} packages added to package-lock.json`);
