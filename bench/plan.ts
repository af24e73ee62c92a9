import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openProject } from "../src/deploy/index.ts";
import type { Figures } from "./run.ts";
import { perTenant, writeManyTenants } from "./support/many-tenants.ts";
import { credentials, served } from "./support/served.ts";

const tenants = 1000;
/** Collections: datasets, connections, import jobs. */
const lists = 3;
const budget = { cpu_s: 3, requests: lists, bytes_per_object: 4096 };

type Measured = Readonly<Record<"cpu_s" | "wall_s" | "bytes" | "noop" | "changes" | "requests", number>>;

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/** What a plan costs that finds nothing to do, among 20,000 resources of 1,000 tenants that were applied before. */
export const run = async (): Promise<Figures> => {
  const dir = await mkdtemp(join(tmpdir(), "bench-plan-"));
  try {
    await writeManyTenants(dir, tenants);
    await using service = await served(join(dir, "data"));
    const env = { ...process.env, ...credentials, CRM_KEY: "key", INFINO_ENDPOINT: service.url };
    await using project = await openProject(dir, { env });
    await project.apply(await project.plan(), { parallelism: 20 });
    const script = new URL("support/plan-once.ts", import.meta.url).pathname;
    const measure = async (...mode: readonly string[]): Promise<Measured> => {
      const { stdout } = await promisify(execFile)(process.execPath, [script, dir, ...mode], { env });
      return JSON.parse(stdout) as Measured;
    };
    const rounds = [await measure(), await measure(), await measure()];
    const best = rounds.reduce((a, b) => (b.cpu_s < a.cpu_s ? b : a));
    const resources = tenants * perTenant;
    if (best.noop !== resources || best.changes > 0) throw new Error(`the plan is not empty: ${JSON.stringify(best)}`);
    const bytes = (await measure("--memory")).bytes / resources;
    return {
      name: "plan",
      resources,
      cpu_s: rounded(best.cpu_s),
      wall_s: rounded(best.wall_s),
      requests: best.requests,
      bytes_per_object: Math.round(bytes),
      budget,
      ok: best.cpu_s < budget.cpu_s && best.requests === lists && bytes <= budget.bytes_per_object,
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};
