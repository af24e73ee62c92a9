import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ProjectFiles, Tenant } from "../src/manifest/index.ts";
import { readProject } from "../src/manifest/index.ts";
import type { Figures } from "./run.ts";
import { perTenant, writeManyTenants } from "./support/many-tenants.ts";

const tenants = 1000;
const budget = { components_per_second: 500_000, from_disk_s: 1, bytes_per_component: 64 };

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
    await writeManyTenants(dir, tenants);
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
