import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { findJava } from "./java.ts";
import type { Found, SearchServer, Start } from "./started.ts";

/** How a server is run: everything that differs between the two. */
type Recipe = {
  readonly name: "elasticsearch" | "opensearch";
  readonly title: string;
  readonly mainClass: string;
  readonly java: { readonly least: number; readonly most: number };
  readonly options: readonly string[];
  readonly settings: readonly string[];
};

const settings = [
  "network.host: 127.0.0.1",
  "transport.port: 0",
  "cluster.routing.allocation.disk.threshold_enabled: false",
];

const recipes: readonly Recipe[] = [
  {
    name: "opensearch",
    title: "OpenSearch",
    mainClass: "org.codelibs.opensearch.runner.OpenSearchRunner",
    java: { least: 21, most: 99 },
    options: ["--enable-native-access=ALL-UNNAMED"],
    settings,
  },
  {
    name: "elasticsearch",
    title: "Elasticsearch",
    mainClass: "org.codelibs.elasticsearch.runner.ElasticsearchClusterRunner",
    // Java 24 has no security manager any more, which it asks for.
    java: { least: 17, most: 23 },
    options: [],
    settings: [...settings, "discovery.type: single-node"],
  },
];

const folder = join(import.meta.dirname, "search-servers");
const cache = join(import.meta.dirname, "../../../node_modules/.cache/connector-deployer");
const run = promisify(execFile);

type Running = { readonly found: Found<SearchServer>; stop(): Promise<void> };

/** OpenSearch and Elasticsearch as plain Java processes, from the packages that their pom files name. */
export const start: Start<{ opensearch: Found<SearchServer>; elasticsearch: Found<SearchServer> }> = async (work) => {
  // A port may be taken between the look and the start.
  const starting = recipes.map((recipe) => startServer(recipe, work).catch(() => startServer(recipe, work)));
  const stop = async (): Promise<void> => {
    for (const result of await Promise.allSettled(starting)) {
      if (result.status === "fulfilled") await result.value.stop();
    }
  };
  try {
    const [opensearch, elasticsearch] = await Promise.all(starting);
    if (opensearch === undefined || elasticsearch === undefined) throw new Error("two servers are started");
    return { values: { opensearch: opensearch.found, elasticsearch: elasticsearch.found }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const notThere = (missing: string): Running => ({ found: { missing }, stop: async () => undefined });

const startServer = async (recipe: Recipe, work: string): Promise<Running> => {
  const { least, most } = recipe.java;
  const java = findJava(least, most);
  if (java === undefined) {
    const versions = most === 99 ? `${least} or newer` : `${least} to ${most}`;
    return notThere(`${recipe.title} needs a JDK ${versions}, and none was found`);
  }
  const library = await fetchLibrary(recipe.name);
  if (library === undefined) return notThere(`${recipe.title} comes from Maven Central, and mvn is not installed`);
  const home = await mkdtemp(join(work, `${recipe.name}-`));
  await mkdir(join(home, "config"));
  await writeFile(join(home, "config", `${recipe.name}.yml`), `${recipe.settings.join("\n")}\n`);
  const cluster = `${recipe.name}-${process.pid}-${Date.now().toString(36)}`;
  // It takes the next free port itself; above 9299 it looks for none. Two that start at once must not look at the same.
  const base = 9200 + 45 * recipes.indexOf(recipe) + Math.floor(Math.random() * 30);
  const child = spawn(
    java.program,
    [
      ...["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", ...recipe.options],
      ...["-cp", join(library, "*"), join(folder, "Launcher.java"), home, recipe.mainClass],
      ...["-basePath", home, "-confPath", join(home, "config"), "-numOfNode", "1"],
      ...["-baseHttpPort", String(base), "-clusterName", cluster],
    ],
    { cwd: home, stdio: ["pipe", "pipe", "pipe"] },
  );
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.stdin.end();
    const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(timer);
  };
  let output = "";
  const keep = (text: Buffer): void => {
    output = `${output}${text}`.slice(-100_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  child.on("error", keep);
  for (let tries = 0; tries < 900; tries++) {
    if (child.exitCode !== null) break;
    const port = /HttpServerTransport\].*publish_address \{127\.0\.0\.1:(\d+)\}/.exec(output)?.[1];
    const server = port === undefined ? undefined : await hello(`http://127.0.0.1:${port}`, cluster);
    if (server !== undefined) {
      const answered = `${recipe.title} ${server.version} at ${server.url}, on Java ${java.version}`;
      return { found: { answered, ...server }, stop };
    }
    await pause(100);
  }
  await stop();
  throw new Error(`${recipe.title} did not start:\n${output.slice(-4_000)}`);
};

/** The server, once it is the one that was started. */
const hello = async (url: string, cluster: string): Promise<SearchServer | undefined> => {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    const body = (await answer.json()) as { cluster_name: string; version: { number: string } };
    return body.cluster_name === cluster ? { url, version: body.version.number } : undefined;
  } catch {
    return undefined;
  }
};

/** The folder with a server's packages, which is filled once for each pom; undefined where there is no Maven. */
const fetchLibrary = async (name: Recipe["name"]): Promise<string | undefined> => {
  const pom = join(folder, name, "pom.xml");
  const digest = createHash("sha256").update(readFileSync(pom)).digest("hex").slice(0, 16);
  const library = join(cache, `${name}-${digest}`);
  if (existsSync(library)) return library;
  await mkdir(cache, { recursive: true });
  const partial = await mkdtemp(join(cache, `${name}-partial-`));
  try {
    const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${partial}`];
    await run("mvn", ["-B", "-q", "-f", pom, ...goal], { timeout: 240_000 });
    await rename(partial, library);
    return library;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    // Another run was faster.
    if (existsSync(library)) return library;
    throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
};
