import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ProjectFiles, Tenant } from "../src/manifest/index.ts";
import { readProject } from "../src/manifest/index.ts";
import type { Figures } from "./run.ts";

const tenants = 1000;
/** 2 of the system template, 3 of each of 6 datatypes. */
const perTenant = 20;
const budget = { components_per_second: 500_000, from_disk_s: 1, bytes_per_component: 64 };

const project = `vendor: acme
targets:
  default:
    type: infino
    endpoint: https://api.example
    access_key: $ENV(INFINO_ACCESS_KEY)
    secret_key: $SECRET(infino_secret_key)
connectors:
  crm:
    path: crm
    auth: { api_base_url: https://api.crm.example/v2 }
    parameter_values: { page_size: 200 }
secrets:
  infino_secret_key: { env: INFINO_SECRET_KEY }
waves: [canary, rest]
`;

const manifest = `additional_parameters: { base_url: {}, page_size: { default: 100 } }
system-template: system.yaml
datatypes:
${["contact", "company", "deal", "invoice", "product", "order"]
  .map((name) => `  ${name}: { template: datatype.yaml, sync_frequency: slow, parameters: { order_by: updated } }\n`)
  .join("")}`;

const system = `_id: <<@ system @>>
type: connection
source: elasticsearch
auth: api_key
config: { base_url: <<@ base_url @>>, api_key: $SECRET(crm_api_key), timeout_secs: 30, accept_invalid_certs: false }
---
{ _id: <<@ system @>>-contacts, type: dataset, name: <<@ system @>>-contacts, on_delete: retain }
`;

const datatype = `- _id: <<@ system @>>-<<@ datatype @>>-collect
  type: import-job
  connection: <<@ system @>>
  source_dataset: <<@ datatype @>>s
  target_dataset: <<@ system @>>-<<@ datatype @>>-collect
  query: { query: { match_all: {} }, size: <<@ page_size @>>, sort: <<@ order_by @>> }
  schedule: "0 0 * * *"
- _id: <<@ system @>>-<<@ datatype @>>-full
  type: import-job
  connection: <<@ system @>>
  source_dataset: <<@ datatype @>>s
  target_dataset: <<@ system @>>-<<@ datatype @>>-full
  query: { query: { match_all: {} }, full: <<@ is_fullsync @>> }
- { _id: <<@ system @>>-<<@ datatype @>>, type: dataset, name: <<@ system @>>-<<@ datatype @>>, on_delete: retain }
`;

const tenant = (id: string): string => `id: ${id}
state: present
labels: { wave: canary, region: eu }
target: default
connectors:
  crm:
    auth: { account_id: "8812", is_fullsync: { contact: true } }
    parameter_values: { page_size: 50 }
    datatypes: { contact: { parameter_values: { order_by: created } } }
secrets: { crm_api_key: { env: ${id.toUpperCase()}_CRM_KEY } }
`;

const writeProject = async (dir: string): Promise<void> => {
  await mkdir(join(dir, "crm"));
  await mkdir(join(dir, "tenants"));
  await writeFile(join(dir, "connector-deployer.yaml"), project);
  await writeFile(join(dir, "crm/manifest.yaml"), manifest);
  await writeFile(join(dir, "crm/system.yaml"), system);
  await writeFile(join(dir, "crm/datatype.yaml"), datatype);
  for (let index = 0; index < tenants; index++) {
    const id = `t${String(index).padStart(4, "0")}`;
    await writeFile(join(dir, `tenants/${id}.yaml`), tenant(id));
  }
};

const collectGarbage = (): void => {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc === "function") gc();
};

const usedHeap = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

const readTenant = async (files: ProjectFiles, file: string): Promise<Tenant> => {
  const { tenant, diagnostics } = await files.readTenant(file);
  if (tenant === undefined || diagnostics.length > 0) throw new Error(`${file}: ${JSON.stringify(diagnostics)}`);
  return tenant;
};

/** Everything from the files to the digests that a plan needs; keeps nothing but the digests. */
const fromDisk = async (dir: string): Promise<{ seconds: number; components: number; digests: Set<string> }> => {
  const start = performance.now();
  const files = await readProject(dir, "default", { env: {} });
  const digests = new Set<string>();
  let components = 0;
  for (const { file } of await files.tenantFiles()) {
    const expansion = files.expandTenant(await readTenant(files, file));
    if (expansion.diagnostics.length > 0) throw new Error(JSON.stringify(expansion.diagnostics[0]));
    components += expansion.components.length;
    digests.add(expansion.digest);
  }
  return { seconds: (performance.now() - start) / 1000, components, digests };
};

/** Seconds of processor time that this process has used, garbage collection included. */
const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
};

/** Components a second of one core, from tenants that were read before; the best of some rounds. */
const inMemory = async (dir: string): Promise<number> => {
  const files = await readProject(dir, "default", { env: {} });
  const read: Tenant[] = [];
  for (const { file } of (await files.tenantFiles()).slice(0, 100)) read.push(await readTenant(files, file));
  let best = 0;
  for (let round = 0; round < 8; round++) {
    const [start, used] = [performance.now(), processorTime()];
    let components = 0;
    while (performance.now() - start < 250) {
      for (const one of read) components += files.expandTenant(one).components.length;
    }
    best = Math.max(best, components / (processorTime() - used));
  }
  return best;
};

/** How fast tenants expand: in memory, and 1,000 of them from disk; and how much memory that leaves behind. */
export const run = async (): Promise<Figures> => {
  const dir = await mkdtemp(join(tmpdir(), "bench-expand-"));
  try {
    await writeProject(dir);
    const first = await fromDisk(dir);
    if (first.components !== tenants * perTenant) throw new Error(`expected 20,000 components: ${first.components}`);
    const heap = usedHeap();
    const second = await fromDisk(dir);
    const kept = (usedHeap() - heap) / second.components;
    const rate = await inMemory(dir);
    return {
      name: "expand",
      components_per_second: Math.round(rate),
      tenants,
      components: first.components,
      from_disk_cold_s: Math.round(first.seconds * 1000) / 1000,
      from_disk_s: Math.round(second.seconds * 1000) / 1000,
      bytes_per_component: Math.round(kept * 10) / 10,
      budget,
      ok:
        rate >= budget.components_per_second &&
        first.seconds < budget.from_disk_s &&
        kept <= budget.bytes_per_component,
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};
