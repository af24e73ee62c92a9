import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../src/contract/index.ts";
import { shownAddress } from "../../src/deploy/care.ts";
import { failureOutcome, runOutcome } from "../../src/deploy/run-outcome.ts";
import { DeployerError } from "../../src/errors.ts";
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import { counted } from "./counting.ts";
import { env, opened, projectFolder, startedService, tenant } from "./project-folder.ts";

/** The project's own ledger, as another process would open it. */
const otherHandle = (dir: string) => openLedger(join(dir, ".connector-deployer/ledger.db"), { environment: "default" });

describe("the history", () => {
  it("has each run with its outcome, duration and requests, newest first, and sends nothing", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const { project, requests } = await counted(dir, service);
    expect((await project.history()).runs).toEqual([]);
    const first = await project.deployTenant("t001");
    const second = await project.apply(await project.plan(), { command: "sync" });
    const before = requests.length;
    const { runs, ...head } = await project.history();
    expect(requests).toHaveLength(before);
    expect(head).toMatchObject({ type: "history", schemaVersion: 1, environment: "default" });
    expect(runs.map(({ run, command, outcome }) => [run, command, outcome])).toEqual([
      [second.run, "sync", "done"],
      [first.run, "deploy-tenant", "done"],
    ]);
    expect(runs[0]).toMatchObject({ requests: second.requests, summary: { insert: 3 }, open: 0 });
    expect(runs[0]?.durationMs).toBeGreaterThanOrEqual(0);
    expect((await project.history(1)).runs.map(({ run }) => run)).toEqual([second.run]);
  });

  it("shows what one run did, found by the start of its id", async () => {
    const service = await startedService();
    const project = await opened(await projectFolder(), service);
    const { run } = await project.deployTenant("t001");
    await project.deployTenant("t002");
    const report = await project.run(run.slice(0, 8));
    expect(report).toMatchObject({ type: "run", schemaVersion: 1, run: { run, outcome: "done", open: 0 } });
    expect(report.operations.map(({ op, kind, _id, outcome, open }) => [op, kind, _id, outcome, open]).sort()).toEqual([
      ["insert", "connection", "acme-t001-crm", "done", false],
      ["insert", "dataset", "acme-t001-crm-contact", "done", false],
      ["insert", "import-job", "acme-t001-crm-contact-collect", "done", false],
    ]);
    for (const operation of report.operations) expect(operation.durationMs).toBeGreaterThanOrEqual(0);
    await expect(project.run("zz")).rejects.toMatchObject({ code: "usage" });
    await expect(project.run("")).rejects.toMatchObject({ code: "usage", hint: expect.stringContaining(run) });
  });

  it("says in one word how a run ended", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    let broken = false;
    const project = await opened(dir, service, {
      fetch: async (request) =>
        broken && request.method === "POST"
          ? Response.json({ error: { type: "bad_request", reason: "no" }, status: 400 }, { status: 400 })
          : service.fetch(request),
    });
    broken = true;
    await project.deployTenant("t001");
    broken = false;
    const stop = new AbortController();
    stop.abort();
    await project.apply(await project.plan({ tenants: ["t001"] }), { signal: stop.signal });
    await project.deployTenant("t001");
    await rm(join(dir, "tenants/t001.yaml"));
    await project.apply(await project.plan({ prune: true }));
    expect((await project.history()).runs.map(({ outcome }) => outcome)).toEqual([
      "blocked",
      "done",
      "interrupted",
      "failed",
    ]);
    const failed = (await project.history()).runs.at(-1);
    const { operations } = await project.run(failed?.run ?? "");
    expect(operations.find(({ kind }) => kind === "connection")).toMatchObject({
      outcome: "failed",
      reason: expect.stringContaining("400"),
    });
  });

  it("names a run that was killed, and what it left open", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    const plan = await project.plan({ tenants: ["t001"] });
    const [change] = plan.changes;
    if (change === undefined) throw new Error("the plan is empty");
    {
      await using ledger = await otherHandle(dir);
      const holder = { ...localHolder("run-that-was-killed") };
      await ledger.begin({
        id: holder.run,
        command: "apply",
        environment: "default",
        started: new Date().toISOString(),
      });
      const lease = await ledger.lease("t001", holder);
      await ledger.intend(lease, holder.run, [{ change, seen: [] }]);
      expect((await project.history()).runs).toMatchObject([{ outcome: "running", open: 1 }]);
    }
    const { runs } = await project.history();
    expect(runs).toMatchObject([{ run: "run-that-was-killed", outcome: "interrupted", open: 1 }]);
    expect(runs[0]).not.toHaveProperty("endedAt");
    expect((await project.run("run-that")).operations).toMatchObject([{ open: true, op: "insert" }]);
    expect((await project.run("run-that")).operations[0]).not.toHaveProperty("outcome");
  });
});

describe("how a run ended", () => {
  const applied = { interrupted: false, refusals: [], results: [], summary: { unreadable: 0 } };
  const result = (outcome: Outcome, code?: string) => ({ outcome, ...(code === undefined ? {} : { error: { code } }) });

  it.each([
    ["done", {}],
    ["done", { results: [result("done")] }],
    ["failed", { results: [result("done"), result("failed")] }],
    ["failed", { results: [result("uncertain")] }],
    ["failed", { summary: { unreadable: 1 } }],
    ["conflict", { results: [result("failed"), result("conflict")] }],
    ["conflict", { results: [result("skipped", "stale-plan")] }],
    ["blocked", { results: [result("conflict"), result("skipped", "lease-held")] }],
    ["blocked", { refusals: [{}], results: [result("conflict")] }],
    ["interrupted", { interrupted: true, refusals: [{}] }],
  ] as const)("is %s", (outcome, facts) => {
    expect(runOutcome({ ...applied, ...facts })).toBe(outcome);
  });

  it.each([
    ["interrupted", new DeployerError("cancelled", "")],
    ["conflict", new DeployerError("stale-plan", "")],
    ["blocked", new DeployerError("lease-held", "")],
    ["error", new DeployerError("unreachable", "")],
    ["error", new Error()],
  ] as const)("is %s where it threw", (outcome, error) => {
    expect(failureOutcome(error)).toBe(outcome);
  });
});

describe("the address of a ledger", () => {
  it.each([
    ["/p/.connector-deployer/ledger.db", "/p/.connector-deployer/ledger.db"],
    ["postgres://user:planted@db.example:5432/ledger?password=planted", "postgres://db.example:5432/ledger"],
    ["postgres://user:pl anted@[/ledger", "postgres:…"],
  ])("%s is shown as %s", (address, shown) => {
    expect(shownAddress(address)).toBe(shown);
  });
});

describe("the outputs", () => {
  it("are the live ids by tenant and _id, without a request", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const { project, requests } = await counted(dir, service);
    const report = await project.apply(await project.plan());
    const idOf = (_id: string) => report.results.find((result) => result._id === _id)?.id;
    const before = requests.length;
    expect(await project.outputs({ tenants: ["t001"] })).toEqual({
      type: "outputs",
      schemaVersion: 1,
      environment: "default",
      tenants: {
        t001: {
          "acme-t001-crm": {
            kind: "connection",
            target: "default",
            id: idOf("acme-t001-crm"),
            connection_id: idOf("acme-t001-crm"),
            state: "live",
          },
          "acme-t001-crm-contact": {
            kind: "dataset",
            target: "default",
            id: "acme-t001-crm-contact",
            dataset: "acme-t001-crm-contact",
            state: "live",
          },
          "acme-t001-crm-contact-collect": {
            kind: "import-job",
            target: "default",
            id: idOf("acme-t001-crm-contact-collect"),
            job_id: idOf("acme-t001-crm-contact-collect"),
            state: "live",
          },
        },
      },
    });
    expect(Object.keys((await project.outputs()).tenants)).toEqual(["t001", "t002"]);
    expect(requests).toHaveLength(before);
    await expect(project.outputs({ tenants: ["t009"] })).rejects.toMatchObject({ code: "usage" });
  });

  it("are there without the target's credentials and for a tenant whose file is gone", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    await (await opened(dir, service)).deployTenant("t001");
    await rm(join(dir, "tenants/t001.yaml"));
    const project = await opened(dir, service, { env: {} });
    expect(Object.keys((await project.outputs({ tenants: ["t001"] })).tenants["t001"] ?? {})).toHaveLength(3);
  });

  it("name each of several things that share an _id in full", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    await project.deployTenant("t001");
    await using ledger = await otherHandle(dir);
    await using lease = await ledger.lease("t001", localHolder("planted"));
    const [entry] = (await ledger.entries("t001")).filter(({ resource }) => resource.kind === "connection");
    if (entry === undefined) throw new Error("nothing was deployed");
    await ledger.put(lease, { ...entry, target: "old" });
    const outputs = (await project.outputs({ tenants: ["t001"] })).tenants["t001"] ?? {};
    expect(Object.keys(outputs)).toEqual([
      "acme-t001-crm-contact",
      "acme-t001-crm-contact-collect",
      "default/connection/acme-t001-crm",
      "old/connection/acme-t001-crm",
    ]);
  });
});

describe("a lease", () => {
  it("is shown with its holder, and taken away from it: it is fenced from then on", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    const plan = await project.plan({ tenants: ["t001"] });
    expect(await project.leases()).toEqual([]);
    await using ledger = await otherHandle(dir);
    const holder = localHolder("the-run");
    await using lease = await ledger.lease("t001", holder);
    const [held] = await project.leases();
    expect(held).toMatchObject({ tenant: "t001", holder, alive: true, here: true, epoch: lease.epoch });
    const report = await project.apply(plan);
    expect(report.results.every(({ error }) => error?.code === "lease-held")).toBe(true);
    expect(await project.unlock("t001", lease.epoch + 1)).toBe(false);
    expect(await project.unlock("t001", lease.epoch)).toBe(true);
    expect(await project.leases()).toEqual([]);
    const [change] = plan.changes;
    if (change === undefined) throw new Error("the plan is empty");
    await expect(ledger.intend(lease, "the-run", [{ change, seen: [] }])).rejects.toMatchObject({
      code: "ledger-fenced",
    });
    expect((await project.deployTenant("t001")).summary.insert).toBe(3);
  });

  it("of another host, or another boot, is not one of this machine", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    await project.history();
    await using ledger = await otherHandle(dir);
    await using _ = await ledger.lease("t001", { ...localHolder("r"), host: "another.example" });
    expect(await project.leases()).toMatchObject([{ here: false, alive: true }]);
  });
});

describe("the ledger", () => {
  it("says where it is and what it holds", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const { project, requests } = await counted(dir, service);
    const { run } = await project.deployTenant("t001");
    const before = requests.length;
    expect(await project.ledger()).toMatchObject({
      type: "ledger",
      schemaVersion: 1,
      address: join(dir, ".connector-deployer/ledger.db"),
      key: ".connector-deployer/key",
      tenants: 1,
      entries: 3,
      open: 0,
      leases: [],
      lastRun: { run, outcome: "done" },
    });
    expect(requests).toHaveLength(before);
    expect((await readdir(join(dir, ".connector-deployer"))).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  it("refuses another key before anything is planned, and says where the key should be", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    await (await opened(dir, service)).deployTenant("t001");
    const key = join(dir, ".connector-deployer/key");
    await writeFile(key, `${"ab".repeat(32)}\n`);
    const { project, requests } = await counted(dir, service);
    await expect(project.plan()).rejects.toMatchObject({
      code: "ledger-key",
      message: expect.stringContaining(".connector-deployer/key"),
    });
    await rm(key);
    await expect(project.plan()).rejects.toMatchObject({
      code: "ledger-key",
      message: expect.stringContaining("is missing"),
    });
    expect(await readdir(join(dir, ".connector-deployer"))).not.toContain("key");
    await writeFile(key, "damaged\n");
    await expect(project.plan()).rejects.toMatchObject({ code: "ledger-key" });
    expect(requests).toEqual([]);
    const other = await opened(await projectFolder(), service, { env });
    await expect(other.history()).resolves.toMatchObject({ runs: [] });
  });
});

describe("the names", () => {
  it("are those of the files and the ledger; what is typed comes first where there is a limit", async () => {
    const service = await startedService();
    const labelled = tenant("t003", "labels: { region: eu }\n");
    const { project, requests } = await counted(await projectFolder({ "tenants/t003.yaml": labelled }), service);
    const every = await project.names(["tenants", "labels", "resources", "runs"]);
    expect(every).toMatchObject({
      tenants: ["t001", "t002", "t003"],
      labels: ["region=eu"],
      targets: ["default"],
      runs: [],
      isWhole: true,
    });
    expect(every.resources.filter((name) => name.startsWith("connection/"))).toEqual([
      "connection/acme-t001-crm",
      "connection/acme-t002-crm",
      "connection/acme-t003-crm",
    ]);
    const few = await project.names(["resources"], { typed: "connection/acme-t003", most: 1 });
    expect(few.resources).toContain("connection/acme-t003-crm");
    expect(few.resources).not.toContain("connection/acme-t001-crm");
    expect(few.isWhole).toBe(false);
    expect(requests).toEqual([]);
    const { run } = await project.deployTenant("t001");
    const { runs } = await project.names(["runs"]);
    expect(runs).toEqual([{ word: run.slice(0, 8), does: expect.stringMatching(/^deploy-tenant /) }]);
  });
});
