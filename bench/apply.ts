import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openProject } from "../src/deploy/index.ts";
import type { InfinoClient } from "../src/infino/index.ts";
import { createClient } from "../src/infino/index.ts";
import type { Figures } from "./run.ts";
import { credentials, served } from "./support/served.ts";

const tenants = 40;
const perTenant = 25;
const rounds = 2;
const parallelism = 10;
const budget = { insert_ratio: 0.8, update_ratio: 0.8 };
const none = new AbortController().signal;

const writeProject = async (dir: string, timeout: number): Promise<void> => {
  const connections = Array.from(
    { length: perTenant },
    (_, index) => `- _id: <<@ system @>>-${index}
  type: connection
  source: elasticsearch
  auth: api_key
  config: { base_url: http://127.0.0.1:9, api_key: $SECRET(crm_api_key), timeout_secs: <<@ timeout @>> }
`,
  );
  await mkdir(join(dir, "crm"), { recursive: true });
  await mkdir(join(dir, "tenants"), { recursive: true });
  await writeFile(
    join(dir, "connector-deployer.yaml"),
    `vendor: acme
targets:
  default: { type: infino, endpoint: $ENV(INFINO_ENDPOINT), access_key: $ENV(INFINO_ACCESS_KEY), secret_key: $SECRET(key) }
connectors: { crm: { path: crm } }
secrets: { key: { env: INFINO_SECRET_KEY }, crm_api_key: { env: CRM_KEY } }
`,
  );
  await writeFile(
    join(dir, "crm/manifest.yaml"),
    `additional_parameters: { timeout: { default: ${timeout} } }\nsystem-template: system.yaml\n`,
  );
  await writeFile(join(dir, "crm/system.yaml"), connections.join(""));
  for (let index = 0; index < tenants; index++) {
    await writeFile(join(dir, `tenants/t${index}.yaml`), `id: t${index}\nconnectors: { crm: {} }\n`);
  }
};

/** Milliseconds that so many tasks take, some at once. */
const timed = async (count: number, task: (index: number) => Promise<void>): Promise<number> => {
  const start = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: parallelism }, worker));
  return performance.now() - start;
};

/** The same signed requests without anything around them: create and read; read, change and read. */
const bareLoop = async (api: InfinoClient, count: number): Promise<{ insert: number; update: number }> => {
  const ids: string[] = [];
  const config = { base_url: "http://127.0.0.1:9", api_key: "key", timeout_secs: 30 };
  const insert = await timed(count, async (index) => {
    const made = await api.createConnection("elasticsearch", { ...config, name: `bare-${index}` }, none);
    await api.getConnection(made.connection_id, none);
    ids.push(made.connection_id);
  });
  const update = await timed(count, async (index) => {
    const id = ids[index] ?? "";
    await api.getConnection(id, none);
    await api.updateConnection(id, { timeout_secs: 31 }, none);
    await api.getConnection(id, none);
  });
  return { insert, update };
};

const engine = async (dir: string, url: string, count: number): Promise<{ insert: number; update: number }> => {
  const env = { ...credentials, CRM_KEY: "key", INFINO_ENDPOINT: url };
  const apply = async (op: "insert" | "update"): Promise<number> => {
    await using project = await openProject(dir, { env });
    const plan = await project.plan();
    const start = performance.now();
    const report = await project.apply(plan, { parallelism });
    const taken = performance.now() - start;
    if (report.summary[op] !== count) throw new Error(`expected ${count} ${op}s: ${JSON.stringify(report.summary)}`);
    return taken;
  };
  await writeProject(dir, 30);
  const insert = await apply("insert");
  await writeProject(dir, 31);
  return { insert, update: await apply("update") };
};

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** How fast changes are applied, beside a bare loop of the same requests against the same kind of service. */
export const run = async (): Promise<Figures> => {
  const count = tenants * perTenant;
  const bare = { insert: 0, update: 0 };
  const ours = { insert: 0, update: 0 };
  for (let round = 0; round < rounds; round++) {
    const dir = await mkdtemp(join(tmpdir(), "bench-apply-"));
    try {
      await using one = await served(join(dir, "data-bare"));
      const { INFINO_ACCESS_KEY: accessKey, INFINO_SECRET_KEY: secretKey } = credentials;
      const api = createClient({ endpoint: one.url, accessKey, secretKey, requestTimeout: 30_000 });
      const loop = await bareLoop(api, count);
      await using two = await served(join(dir, "data"));
      const applied = await engine(join(dir, "project"), two.url, count);
      bare.insert += loop.insert;
      bare.update += loop.update;
      ours.insert += applied.insert;
      ours.update += applied.update;
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
  const insert = bare.insert / ours.insert;
  const update = bare.update / ours.update;
  const perSecond = (ms: number): number => Math.round((count * rounds * 1000) / ms);
  return {
    name: "apply",
    changes: count * rounds,
    inserts_per_second: perSecond(ours.insert),
    updates_per_second: perSecond(ours.update),
    insert_ratio: rounded(insert),
    update_ratio: rounded(update),
    budget,
    ok: insert >= budget.insert_ratio && update >= budget.update_ratio,
  };
};
