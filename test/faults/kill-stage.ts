import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { builtinConnectorTypes } from "../../src/catalog/index.ts";
import type { Project } from "../../src/deploy/index.ts";
import { openProject } from "../../src/deploy/index.ts";
import type { Service } from "../../src/service/index.ts";
import { createService } from "../../src/service/index.ts";
import { main as source } from "../cli/support.ts";
import { credentials, env as projectEnv, write } from "../deploy/project-folder.ts";
import { baseEnv } from "../support/base-env.ts";
import { faultServer } from "../support/fault-server.ts";
import { signedClient } from "../support/signed.ts";
import type { World } from "../support/trace.ts";
import { readWorld } from "../support/trace.ts";
import { catalog } from "./desired.ts";

const built = join(import.meta.dirname, "../../dist/cli/main.js");
/** As users run it, where it has been built. */
export const main = existsSync(built) ? built : source;
const preloadSource = fileURLToPath(new URL("../support/kill-at-step.ts", import.meta.url));

const project = `
vendor: acme
targets:
  default:
    type: infino
    endpoint: $ENV(INFINO_ENDPOINT)
    access_key: $ENV(INFINO_ACCESS_KEY)
    secret_key: $SECRET(infino_secret_key)
    request_timeout: 400ms
    settle: 20ms
    verify: 5s
connectors: { crm: { path: connectors/crm } }
secrets:
  infino_secret_key: { env: INFINO_SECRET_KEY }
  crm_api_key: { env: CRM_KEY }
tenants: tenants/*.yaml
`;

const connection = (name: string, timeout: number, type = "alpha"): string => `
- _id: <<@ system @>>-${name}
  type: connection
  source: ${type}
  auth: api_key
  config: { base_url: http://127.0.0.1:9, api_key: $SECRET(crm_api_key), timeout_secs: ${timeout} }`;

const job = (name: string, query = 1): string => `
- _id: <<@ system @>>-${name}-job
  type: import-job
  connection: <<@ system @>>-${name}
  target_dataset: <<@ system @>>-${name}-data
  query: { size: ${query} }
  schedule: none`;

const dataset = (name: string, onDelete: "retain" | "delete"): string => `
- { _id: <<@ system @>>-${name}, type: dataset, name: <<@ system @>>-${name}, on_delete: ${onDelete} }`;

const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

const before = [
  ...numbers(1, 8).flatMap((n) => [connection(`c${n}`, 30), job(`c${n}`)]),
  dataset("kept", "retain"),
  dataset("let-go", "retain"),
  dataset("thrown-away", "delete"),
].join("");

/** 30 changes: 5 updates, 6 replacements (2 connections with their jobs), 3 deletes, one dataset that stays, 15 inserts. */
const after = [
  ...numbers(1, 5).map((n) => connection(`c${n}`, 60)),
  ...numbers(6, 7).map((n) => connection(`c${n}`, 30, "beta")),
  ...numbers(1, 2).map((n) => job(`c${n}`, 2)),
  ...numbers(3, 7).map((n) => job(`c${n}`)),
  ...numbers(1, 5).flatMap((n) => [connection(`n${n}`, 30), job(`n${n}`), dataset(`n${n}-data`, "delete")]),
  dataset("kept", "retain"),
].join("");

const files = {
  "connector-deployer.yaml": project,
  "connectors/crm/manifest.yaml": "system-template: templates/system.yaml\nauth: api_key\n",
  "connectors/crm/templates/system.yaml": before,
  "tenants/t001.yaml": "id: t001\nconnectors: { crm: {} }\n",
  ...Object.fromEntries(
    ["alpha", "beta"].map((id) => [
      `catalog/${id}.yaml`,
      JSON.stringify({ ...builtinConnectorTypes().find((type) => type.id === "elasticsearch"), id }),
    ]),
  ),
};

export const command = ["sync", "--yes", "--delete-data", "--max-deletes", "50%", "--no-color"] as const;

export type Ended = { readonly exit: number | undefined; readonly signal: string | undefined; readonly output: string };
export type Kill = { readonly at: number; readonly when: "before" | "after" };

/** One project on one address, with a service that outlives every process, set back for each case. */
export type KillStage = AsyncDisposable & {
  /** The project as it was before the change, and the service too. */
  reset(): Promise<void>;
  run(kill?: Kill, args?: readonly string[]): Promise<Ended>;
  /** What the last run did, a line each: `COMMIT` and `statement` are steps of the journal, `request` is one to the target. */
  steps(): Promise<readonly string[]>;
  world(): Promise<World>;
  open(): Promise<Project>;
  /** What answers; put something before it and give it back. */
  answer: (request: Request) => Promise<Response>;
};

export const killStage = async (): Promise<KillStage> => {
  const folder = await mkdtemp(join(tmpdir(), "connector-kill-"));
  const server = await faultServer();
  const [origin, now] = [join(folder, "origin"), join(folder, "now")];
  const stepsFile = join(folder, "steps");
  // Stripped of its types once, not in each of hundreds of processes.
  const preload = join(folder, "kill-at-step.mjs");
  await writeFile(preload, stripTypeScriptTypes(await readFile(preloadSource, "utf8")));
  const env = { ...projectEnv, INFINO_ENDPOINT: server.url };
  const dir = join(now, "project");
  let service: Service | undefined;
  const serve = async (): Promise<void> => {
    const made = await createService({
      credentials,
      catalog,
      dataDir: join(now, "data"),
      statusWait: 0,
      runImports: false,
    });
    service = made;
    stage.answer = (request) => made.fetch(request);
  };
  const open = (): Promise<Project> => openProject(dir, { env });
  const stage: KillStage = {
    answer: async () => new Response(null, { status: 503 }),
    reset: async () => {
      await service?.close();
      await rm(now, { recursive: true, force: true });
      await cp(origin, now, { recursive: true });
      await serve();
    },
    run: async (kill, args = command) => {
      await rm(stepsFile, { force: true });
      const {
        exitCode,
        signal,
        all = "",
      } = await execa(process.execPath, ["--import", preload, main, ...args, "-p", dir], {
        env: {
          ...env,
          ...baseEnv(),
          KILL_STEPS: stepsFile,
          ...(kill === undefined ? {} : { KILL_AT: String(kill.at), KILL_WHEN: kill.when }),
        },
        all: true,
        extendEnv: false,
        reject: false,
        stdin: "ignore",
      });
      return { exit: exitCode, signal, output: all };
    },
    steps: async () => (await readFile(stepsFile, "utf8")).trimEnd().split("\n"),
    world: () => {
      const call = signedClient({ ...credentials, url: server.url }, (request) => stage.answer(request));
      return readWorld(async (path) => (await call("GET", path)).body, true);
    },
    open,
    [Symbol.asyncDispose]: async () => {
      await service?.close();
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
  server.answer = (request) => stage.answer(request);
  await write(dir, files);
  await serve();
  const made = await open();
  const report = await made.apply(await made.plan({}), {});
  await made[Symbol.asyncDispose]();
  const bad = report.results.filter(({ outcome }) => outcome !== "done");
  if (bad.length > 0 || report.refusals.length > 0) throw new Error(JSON.stringify([bad, report.refusals]));
  await service?.close();
  service = undefined;
  await writeFile(join(dir, "connectors/crm/templates/system.yaml"), after);
  await cp(now, origin, { recursive: true });
  await stage.reset();
  return stage;
};
