// Usage: node scripts/ready.mjs [--build] -- COMMAND ARGS…
// Runs a command with everything it needs: installs what the lock file asks for and is not there, makes sure that
// `node` means Node 24 or newer, builds when asked. Plain JavaScript for Node 18 and newer, without dependencies, since
// it runs before there are any. Says what it does on stderr; stdout belongs to the command.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const modules = join(root, "node_modules");
const bin = join(modules, ".bin");
const windows = process.platform === "win32";
const needed = 24;

const say = (text) => process.stderr.write(`${text}\n`);
const fail = (text, code = 1) => {
  say(text);
  process.exit(code);
};

const path = (process.env.PATH ?? "").split(delimiter);
const without = path.filter((folder) => folder !== "" && resolve(folder) !== bin);
/** npm may replace all of node_modules, the Node that runs there included. */
const outside = { ...process.env, PATH: without.join(delimiter) };
const inside = { ...process.env, PATH: [bin, ...without].join(delimiter) };

const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages ?? {};

/** Why what is installed is not what the lock file asks for; undefined: it is. */
const staleness = () => {
  const installedFile = join(modules, ".package-lock.json");
  if (!existsSync(installedFile)) return "nothing is installed yet";
  const installed = packagesOf(installedFile);
  for (const [place, { version, integrity, optional, link }] of Object.entries(
    packagesOf(join(root, "package-lock.json")),
  )) {
    if (place === "" || link) continue;
    const found = installed[place];
    if (found === undefined || !existsSync(join(root, place, "package.json"))) {
      // Optional ones are left out where they do not fit the machine.
      if (optional) continue;
      return `${place.slice(place.lastIndexOf("node_modules/") + 13)} is not installed`;
    }
    if (found.version !== version || (integrity && found.integrity !== integrity)) {
      return `${place.slice(place.lastIndexOf("node_modules/") + 13)} is not the version of the lock file`;
    }
  }
  return undefined;
};

const npm = (...args) => {
  const { status, error } = spawnSync("npm", args, {
    cwd: root,
    env: outside,
    // Whatever npm prints goes to stderr.
    stdio: ["ignore", 2, 2],
    shell: windows,
  });
  if (error) fail(`npm cannot be started: ${error.message}`);
  return status ?? 1;
};

const nodeVersion = () => {
  const { stdout } = spawnSync("node", ["-p", "process.versions.node"], {
    env: inside,
    encoding: "utf8",
    shell: windows,
  });
  return (stdout ?? "").trim();
};
const isOld = (version) => !(Number.parseInt(version, 10) >= needed);

const ensureInstalled = () => {
  const why = staleness();
  if (why === undefined) return;
  say(`installing with npm ci: ${why}`);
  const code = npm("ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error");
  if (code !== 0) fail(`npm ci failed with exit code ${code}`, code);
};

const ensureNode = () => {
  let version = nodeVersion();
  if (!isOld(version)) return;
  say(`node is ${version || "missing"}, ${needed} is needed: fetching the one of the development dependencies`);
  npm("rebuild", "node", "--loglevel=error");
  version = nodeVersion();
  if (!isOld(version)) return;
  fail(
    [
      `Node ${needed} or newer is needed, but node is ${version || "missing"}.`,
      `It comes with the development dependency node@${needed}, whose install script fetches it; here that script did not run`,
      "(npm's ignore-scripts, or a failed download). One of these helps:",
      "  npm rebuild node --ignore-scripts=false",
      `  install Node ${needed} on this machine`,
    ].join("\n"),
  );
};

const build = () => {
  const { status } = spawnSync("node", [join(root, "scripts/build.mjs")], {
    cwd: root,
    env: inside,
    stdio: ["ignore", 2, 2],
    shell: windows,
  });
  if (status !== 0) process.exit(status ?? 1);
};

const run = ([command, ...args]) => {
  const child = spawn(command, args, { env: inside, stdio: "inherit", shell: windows });
  child.on("error", (error) => fail(`${command} cannot be started: ${error.message}`, 127));
  const forward = (signal) => child.kill(signal);
  process.on("SIGTERM", forward);
  process.on("SIGHUP", forward);
  // A terminal sends ctrl-C to the child too, and a second one would mean something else to it.
  process.on("SIGINT", process.stdin.isTTY ? () => {} : forward);
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
};

const separator = process.argv.indexOf("--");
const command = separator === -1 ? [] : process.argv.slice(separator + 1);
if (command.length === 0) fail("usage: node scripts/ready.mjs [--build] -- COMMAND ARGS…", 3);
ensureInstalled();
ensureNode();
if (process.argv.slice(2, separator).includes("--build")) build();
run(command);
