import { existsSync, readdirSync } from "node:fs";
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pointer } from "../src/pulumi/pointer.ts";
import { serve } from "../src/service/index.ts";
import { runProgram } from "../test/support/pulumi/engine-program.ts";
import { type ProviderHost, type State, startProviderHost } from "../test/support/pulumi/provider-host.ts";
import type { Figures } from "./run.ts";

const root = join(import.meta.dirname, "..");
const budget = { ratio: 0.8, pointer_bytes: 128 };
const resources = 50;
const rounds = 21;
const fewerRounds = 7;
const warmUp = 4;
const registrations = 1000;

/** A provider that does nothing, for the same host. */
const emptyPointer =
  "exports.handler=()=>({check:async(olds,news)=>({inputs:news}),diff:async()=>({changes:false,replaces:[]})});";

/** What the engine sends for one resource that has not changed: `olds` are outputs, `news` what the program gives. */
type Known = { readonly id: string; readonly inputs: State; readonly outs: State; readonly news: State };

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const rounded = (value: number): number => Math.round(value * 1000) / 1000;

const marked = (state: State, provider: string): State => ({ ...state, __provider: provider });

/** A folder of a program that has this package, the SDK and a small project. */
const writeFolder = async (): Promise<string> => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "bench-pulumi-")));
  await mkdir(join(folder, "node_modules"));
  await symlink(root, join(folder, "node_modules/connector-deployer"), "dir");
  await symlink(join(root, "node_modules/@pulumi"), join(folder, "node_modules/@pulumi"), "dir");
  await cp(join(root, "examples/pulumi-tenant/deploy"), join(folder, "deploy"), {
    recursive: true,
    filter: (path) => !path.endsWith(".connector-deployer"),
  });
  await writeFile(join(folder, "Pulumi.yaml"), "name: bench\nruntime: nodejs\n");
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await writeFile(join(folder, "records.csv"), "id,name\n1,Ada\n");
  return folder;
};

/** What a program says of the nth resource of a kind. */
const declared: Readonly<Record<string, (n: number, made: ReadonlyMap<string, readonly Known[]>) => State>> = {
  connection: (n) => ({
    source: "elasticsearch",
    auth: "api_key",
    name: `bench-${n}`,
    config: { base_url: "http://127.0.0.1:1", api_key: `key-${n}`, timeout_secs: 30 },
  }),
  dataset: (n) => ({ name: `bench-${n}-contacts`, onDelete: "delete" }),
  "import-job": (n, made) => ({
    connection: made.get("connection")?.[n]?.id,
    source: "elasticsearch",
    sourceDataset: "contacts",
    targetDataset: `bench-${n}-contacts`,
    query: { query: { term: { account: "8812" } }, sort: [{ updated: "asc" }] },
    schedule: "0 0 * * *",
  }),
  "file-upload": (n) => ({ dataset: `bench-${n}-regions`, path: "records.csv" }),
  "tenant-deployment": () => ({ project: "deploy", tenant: "t042", environment: "default" }),
};

const createAll = async (host: ProviderHost, kind: string, made: ReadonlyMap<string, readonly Known[]>) => {
  const known: Known[] = [];
  for (let n = 0; n < (kind === "tenant-deployment" ? 1 : resources); n++) {
    const news = marked(declared[kind]?.(n, made) ?? {}, pointer(kind));
    const { inputs, failures } = await host.check({}, news);
    if (failures.length > 0) throw new Error(`${kind}: ${JSON.stringify(failures)}`);
    // The local service takes no uploads.
    const { id, outs } =
      kind === "file-upload"
        ? {
            id: String(inputs["dataset"]),
            outs: { ...inputs, status: "green", endpoint: "http://127.0.0.1:1", live: {} },
          }
        : await host.create(inputs);
    known.push({ id, news, inputs, outs: marked(outs, pointer(kind)) });
  }
  return known;
};

/** Milliseconds of one check and one diff. */
const pair = async (host: ProviderHost, { id, news, inputs, outs }: Known): Promise<number> => {
  const start = performance.now();
  const checked = await host.check(inputs, news);
  const { changes } = await host.diff(id, outs, checked.inputs);
  if (changes) throw new Error(`${id} is no longer as it was made`);
  return performance.now() - start;
};

const served = ({ id, news, inputs, outs }: Known, provider: string): Known => ({
  id,
  news: marked(news, provider),
  inputs: marked(inputs, provider),
  outs: marked(outs, provider),
});

/**
 * Pairs in a second, one after the other as the engine calls: medians over pairs of which every other one is the empty
 * provider's, so that whatever else the machine does befalls both.
 */
const beside = async (host: ProviderHost, kind: string, known: readonly Known[], count: number) => {
  const calls = known.map((one) => [served(one, pointer(kind)), served(one, emptyPointer)] as const);
  const own: number[] = [];
  const empty: number[] = [];
  for (let round = -warmUp; round < count; round++) {
    for (const [ours, theirs] of calls) {
      const took = [await pair(host, ours), await pair(host, theirs)] as const;
      if (round < 0) continue;
      own.push(took[0]);
      empty.push(took[1]);
    }
  }
  return { ours: 1000 / median(own), empty: 1000 / median(empty), ratio: median(empty) / median(own) };
};

const ownClass = `new Connection(name, { source: "elasticsearch", auth: "api_key", config });`;

/** The same properties through the SDK alone. */
const bareClass = `new pulumi.CustomResource("pulumi-nodejs:dynamic/bench:Bare", name, {
  source: "elasticsearch", auth: "api_key", name, config, target: undefined, catalog: undefined, adopt: undefined,
  overwriteDrift: undefined, status: undefined, statusReason: undefined, endpoint: undefined, live: undefined,
  __provider: "exports.handler=()=>({});",
});`;

/** Seconds until a program has registered many resources, with an engine that answers at once. */
const register = async (folder: string, statement: string): Promise<number> => {
  await writeFile(
    join(folder, "index.js"),
    `import { Connection } from "connector-deployer/pulumi";
     import * as pulumi from "@pulumi/pulumi";
     for (let n = 0; n < ${registrations}; n++) {
       const name = \`bench-\${n}\`;
       const config = { base_url: "http://127.0.0.1:1", api_key: pulumi.secret("key"), timeout_secs: 30 };
       ${statement}
     }`,
  );
  let registered = 0;
  const start = performance.now();
  const { ok, printed } = await runProgram(
    { folder, file: "index.js" },
    {
      preview: false,
      parallel: 16,
      register: async ({ name, custom, inputs }) => {
        if (custom) registered++;
        return { id: name, outputs: inputs };
      },
      read: () => Promise.reject(new Error("nothing is looked up")),
      outputs: () => undefined,
      log: () => undefined,
    },
  );
  if (!ok || registered !== registrations) throw new Error(`${registered} registrations: ${printed}`);
  return (performance.now() - start) / 1000;
};

/** Check and diff through Pulumi's host of dynamic providers, beside a provider that does nothing in the same process. */
export const run = async (): Promise<Figures> => {
  const kinds = readdirSync(join(root, "src/pulumi/providers/v1")).map((file) => file.replace(/\.ts$/, ""));
  for (const kind of kinds) {
    if (!existsSync(join(root, `dist/pulumi/providers/v1/${kind}.js`)))
      throw new Error("dist is missing: npm run build");
    if (declared[kind] === undefined) throw new Error(`nothing is declared for ${kind}`);
  }
  const credentials = { accessKey: "bench", secretKey: "bench-secret-key" };
  const server = await serve({ credentials, statusWait: 0, runImports: false });
  const folder = await writeFolder();
  const host = await startProviderHost(folder, {
    INFINO_ENDPOINT: server.url,
    INFINO_ACCESS_KEY: credentials.accessKey,
    INFINO_SECRET_KEY: credentials.secretKey,
    CRM_URL: "http://127.0.0.1:1",
    T042_CRM_KEY: "key",
  });
  try {
    const made = new Map<string, readonly Known[]>();
    // Jobs need connections.
    for (const kind of Object.keys(declared)) made.set(kind, await createAll(host, kind, made));
    const { ours, empty, ratio } = await beside(host, "connection", made.get("connection") ?? [], rounds);
    const others: Record<string, number> = {};
    for (const kind of kinds.filter((name) => name !== "connection")) {
      others[kind] = rounded((await beside(host, kind, made.get(kind) ?? [], fewerRounds)).ratio);
    }
    const bytes = Math.max(...kinds.map((kind) => Buffer.byteLength(pointer(kind))));
    return {
      name: "pulumi",
      rounds,
      pairs_per_s: Math.round(ours),
      empty_pairs_per_s: Math.round(empty),
      ratio: rounded(ratio),
      other_ratios: others,
      registrations,
      registrations_s: rounded(await register(folder, ownClass)),
      bare_registrations_s: rounded(await register(folder, bareClass)),
      pointer_bytes: bytes,
      budget,
      ok: ratio >= budget.ratio && bytes <= budget.pointer_bytes,
    };
  } finally {
    await host.stop();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
};
