import { expect, it } from "vitest";
import type { GuardCode, Plan, Refusal, Resource } from "../../src/contract/index.ts";
import { guardCodes } from "../../src/contract/index.ts";
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import type { PlanSettings, Workbench } from "../engine/workbench.ts";
import { aConnection, aDataset, aJob, aTenant, signal, workbench } from "../engine/workbench.ts";
import { defaultFiles, opened, projectFolder, startedService, write } from "./project-folder.ts";

type Desired = Readonly<Record<string, readonly Resource[]>>;
/** What was refused, and how much was written. */
type Seen = { readonly refusals: readonly Refusal[]; readonly writes: number };

const many = (tenant: string, count: number): readonly Resource[] =>
  Array.from({ length: count }, (_, index) => aConnection(tenant, {}, `acme-${tenant}-c${index}`));

/** Deploys one state, lets something happen, then plans and applies another. */
const engine =
  (before: Desired, after: Desired, settings: PlanSettings = {}, meanwhile?: (bench: Workbench) => Promise<void>) =>
  async (): Promise<Seen> => {
    await using bench = await workbench();
    await bench.deploy(before);
    await meanwhile?.(bench);
    bench.forgetRequests();
    const { refusals } = await bench.apply(await bench.plan(after, settings));
    return { refusals, writes: bench.requests.filter((request) => !request.startsWith("GET")).length };
  };

const writesOf = async (plan: Plan, requests: readonly string[], apply: () => Promise<unknown>): Promise<Seen> => {
  const before = requests.length;
  await apply();
  return { refusals: plan.refusals, writes: requests.slice(before).filter((method) => method !== "GET").length };
};

/** A project folder against a service whose requests are counted. */
const project = async () => {
  const service = await startedService();
  const requests: string[] = [];
  const counted = {
    ...service,
    fetch: (request: Request) => {
      requests.push(request.method);
      return service.fetch(request);
    },
  };
  const dir = await projectFolder();
  return { counted, requests, dir };
};

const prune = { prune: true } as const;

/** One situation for each guard. */
const scenes: Readonly<Record<GuardCode, () => Promise<Seen>>> = {
  "delete-budget": engine(
    { t1: many("t1", 20), t2: many("t2", 20) },
    { t1: many("t1", 18), t2: many("t2", 17) },
    { ...prune, maxDeletes: 4 },
  ),
  "tenant-delete-budget": engine({ t1: many("t1", 20) }, { t1: many("t1", 2) }, prune),
  protected: engine(
    { t1: aTenant("t1") },
    { t1: [aDataset("t1")] },
    { ...prune, maxDeletes: "100%", policies: { isProtected: () => true } },
  ),
  "vanished-tenant": engine({ t1: aTenant("t1") }, {}, prune),
  "empty-desired": engine({ t1: aTenant("t1") }, { t1: [] }, { ...prune, maxDeletes: "100%" }),
  "adoption-needed": engine({}, { t1: aTenant("t1") }, {}, async (bench) => {
    await bench.api.createConnection(
      "elasticsearch",
      { name: "acme-t1-crm", base_url: "http://127.0.0.1:9", api_key: "x" },
      signal,
    );
  }),
  ambiguous: engine({}, { t1: aTenant("t1") }, {}, async (bench) => {
    const config = { name: "acme-t1-crm", base_url: "http://127.0.0.1:9", api_key: "x" };
    for (let left = 2; left > 0; left--) await bench.api.createConnection("elasticsearch", config, signal);
  }),
  "missing-objects": engine(
    { t1: [...many("t1", 8), aConnection("t1"), aJob("t1")] },
    { t1: [...many("t1", 8), aConnection("t1"), aJob("t1")] },
    {},
    async (bench) => {
      for (const { id, config } of await bench.api.listConnections(signal)) {
        if (config?.["name"] !== "acme-t1-crm") await bench.api.deleteConnection(id, signal);
      }
    },
  ),
  "other-endpoint": async () => {
    const { counted, requests, dir } = await project();
    const first = await opened(dir, counted);
    await first.apply(await first.plan({}), {});
    await first[Symbol.asyncDispose]();
    await write(dir, {
      "connector-deployer.yaml": (defaultFiles["connector-deployer.yaml"] ?? "").replace(
        "$ENV(INFINO_ENDPOINT)",
        "http://127.0.0.1:2",
      ),
    });
    const second = await opened(dir, counted);
    const plan = await second.plan({});
    return writesOf(plan, requests, () => second.apply(plan, {}));
  },
  "empty-ledger": async () => {
    const { counted, requests, dir } = await project();
    const first = await opened(dir, counted);
    await first.apply(await first.plan({}), {});
    const elsewhere = await projectFolder();
    const second = await opened(elsewhere, counted);
    const plan = await second.plan({});
    return writesOf(plan, requests, () => second.apply(plan, {}));
  },
  "handed-over": engine(
    { t1: aTenant("t1") },
    { t1: [...aTenant("t1"), aConnection("t1", {}, "acme-t1-new")] },
    {},
    async ({ ledger }) => {
      await using lease = await ledger.lease("t1", localHolder("hand-over"));
      for (const base of await ledger.entries("t1")) await ledger.put(lease, { ...base, driver: "pulumi" });
    },
  ),
  "lease-held": async () => {
    const { counted, requests, dir } = await project();
    const first = await opened(dir, counted);
    await first.apply(await first.plan({}), {});
    const elsewhere = await projectFolder();
    const second = await opened(elsewhere, counted);
    await second.plan({});
    await using ledger = await openLedger(`${elsewhere}/.connector-deployer/ledger.db`, { environment: "default" });
    await using _one = await ledger.lease("t001", localHolder("another"));
    await using _two = await ledger.lease("t002", localHolder("another"));
    const plan = await second.plan({});
    return writesOf(plan, requests, () => second.apply(plan, {}));
  },
};

it("each guard keeps everything of what it refuses from being written", async () => {
  const reached: string[] = [];
  for (const guard of guardCodes) {
    const { refusals, writes } = await scenes[guard]();
    // Where nothing is known to be ours, both the run's guard and each tenant's speak up.
    const also: Partial<Record<GuardCode, GuardCode>> = {
      "empty-ledger": "adoption-needed",
      "lease-held": "empty-ledger",
    };
    const expected = [guard, also[guard]].filter((name) => name !== undefined);
    expect([...new Set(refusals.map((refusal) => refusal.guard))].sort(), guard).toEqual(expected.sort());
    expect(writes, guard).toBe(0);
    for (const { message, hint } of refusals) expect(`${message}${hint}`, guard).not.toMatch(/undefined|\[object/);
    reached.push(guard);
  }
  expect(reached).toEqual([...guardCodes]);
  process.stdout.write(`guards: ${reached.length} of ${guardCodes.length} reached: ${reached.join(", ")}\n`);
});
