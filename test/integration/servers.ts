import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { ProvidedContext } from "vitest";
import type { TestProject } from "vitest/node";
import * as searchServers from "./servers/search-servers.ts";
import type { Found, Start, Started } from "./servers/started.ts";
import * as warehouseServers from "./servers/warehouse-servers.ts";

type Group = {
  readonly start: Start<{ readonly [Name in keyof ProvidedContext]?: ProvidedContext[Name] }>;
  /** Beginnings of the names of test files that need no other group. */
  readonly tests: readonly string[];
  /** What `inject` gives where it was not started. */
  readonly names: readonly (keyof ProvidedContext & string)[];
};

const groups: readonly Group[] = [
  { start: searchServers.start, tests: ["search"], names: ["elasticsearch", "opensearch"] },
  { start: warehouseServers.start, tests: ["snowflake", "bigquery", "warehouse"], names: ["snowflake", "bigquery"] },
];

/** True unless the command line names test files, and all of them belong to other groups. */
const isNeeded = (group: Group): boolean => {
  const files = process.argv.slice(2).filter((argument) => argument.endsWith(".test.ts"));
  const belongs = (file: string, to: Group) => to.tests.some((beginning) => basename(file).startsWith(beginning));
  return files.length === 0 || files.some((file) => !groups.some((other) => other !== group && belongs(file, other)));
};

const running: { stop(): Promise<void> }[] = [];
const found: [name: string, server: Found<unknown>][] = [];
let work: string | undefined;

/** Starts every server once, all at the same time, and hands over where they are. */
export const setup = async (project: TestProject): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "connector-servers-"));
  work = folder;
  const startGroup = async (group: Group): Promise<void> => {
    const unused: Started<object> = {
      values: Object.fromEntries(
        group.names.map((name) => [name, { missing: "the tests that were named do not need it" }]),
      ),
      stop: async () => undefined,
    };
    const started = isNeeded(group) ? await group.start(folder) : unused;
    running.push(started);
    for (const [name, server] of Object.entries(started.values)) {
      project.provide(name as keyof ProvidedContext & string, server);
      found.push([name, server]);
    }
  };
  const results = await Promise.allSettled(groups.map(startGroup));
  const failed = results.filter((result) => result.status === "rejected");
  if (failed.length === 0) return;
  await teardown();
  throw failed[0]?.reason;
};

/** Stops them, and says which they were. */
export const teardown = async (): Promise<void> => {
  await Promise.allSettled(running.splice(0).map((started) => started.stop()));
  if (work !== undefined) await rm(work, { recursive: true, force: true });
  for (const [name, server] of found.splice(0).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const what = "missing" in server ? `skipped: ${server.missing}` : `answered: ${server.answered}`;
    process.stderr.write(`${name} ${what}\n`);
  }
};
