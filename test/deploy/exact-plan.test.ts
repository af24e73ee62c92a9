import { rm } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { Plan } from "../../src/contract/index.ts";
import { formatPlan, parsePlan } from "../../src/deploy/index.ts";
import { localHolder } from "../../src/ledger/index.ts";
import type { Service } from "../../src/service/index.ts";
import { signedClient } from "../support/signed.ts";
import {
  credentials,
  env,
  opened,
  project as projectFile,
  projectFolder,
  startedService,
  tenant,
  write,
} from "./project-folder.ts";

const quick = projectFile.replace("settle: 5ms", "settle: 5ms\n    request_timeout: 100ms");
const waves = `${projectFile}waves: [canary, rest]\n`;
const tenants = {
  "tenants/t001.yaml": tenant("t001", "labels: { wave: canary }\n"),
  "tenants/t002.yaml": tenant("t002"),
  "tenants/t003.yaml": tenant("t003"),
};

/** Counts what is written; after so many writes nothing is sent any more, as if the process was gone. */
const writeCounter = (service: Service, limit = Number.POSITIVE_INFINITY) => {
  const writes: string[] = [];
  const gone = new AbortController();
  return {
    writes,
    gone: gone.signal,
    fetch: async (request: Request): Promise<Response> => {
      if (request.method !== "GET") {
        if (writes.length >= limit) gone.abort();
        gone.signal.throwIfAborted();
        writes.push(`${request.method} ${new URL(request.url).pathname}`);
      }
      return service.fetch(request);
    },
  };
};

describe("a part of a plan", () => {
  it("is applied by wave, and the rest later, from the same file", async () => {
    const service = await startedService();
    const dir = await projectFolder({ "connector-deployer.yaml": waves, ...tenants });
    const plan = parsePlan(formatPlan(await (await opened(dir, service)).plan()));
    const canary = await (await opened(dir, service)).apply(plan, { wave: "canary" });
    expect(canary.results.map((result) => result.tenant)).toEqual(["t001", "t001", "t001"]);
    expect(canary.summary).toMatchObject({ insert: 3, tenants: 1 });
    const rest = await (await opened(dir, service)).apply(plan, { wave: "rest" });
    expect(rest.summary).toMatchObject({ insert: 6, tenants: 2 });
    expect((await (await opened(dir, service)).plan()).changes).toEqual([]);
  });

  it("is applied by tenant, whatever happened to the files of others", async () => {
    const service = await startedService();
    const dir = await projectFolder({ ...tenants, "connector-deployer.yaml": quick });
    const plan = await (await opened(dir, service)).plan();
    await write(dir, { "tenants/t002.yaml": tenant("t002", "state: absent\n") });
    const report = await (await opened(dir, service)).apply(plan, { tenants: ["t00*", "!t002"] });
    expect(new Set(report.results.map((result) => result.tenant))).toEqual(new Set(["t001", "t003"]));
    await expect((await opened(dir, service)).apply(plan, { tenants: ["t002"] })).rejects.toMatchObject({
      code: "stale-plan",
    });
  });

  it("has to exist", async () => {
    const service = await startedService();
    const dir = await projectFolder({ "connector-deployer.yaml": waves, ...tenants });
    const project = await opened(dir, service);
    const plan = await project.plan();
    await expect(project.apply(plan, { wave: "canery" })).rejects.toMatchObject({ code: "usage" });
    await expect(project.apply(plan, { tenants: ["t004"] })).rejects.toMatchObject({ code: "usage" });
  });
});

describe("the plan of an interrupted run", () => {
  it("can be applied again, from any point, and only does what is open", async () => {
    for (let limit = 0; limit < 9; limit++) {
      const service = await startedService();
      const dir = await projectFolder({ ...tenants, "connector-deployer.yaml": quick });
      const plan = await (await opened(dir, service)).plan();
      const first = writeCounter(service, limit);
      const broken = await opened(dir, service, { fetch: first.fetch });
      const report = await broken.apply(plan, { parallelism: 1, abort: first.gone, signal: first.gone });
      expect(first.writes).toHaveLength(limit);
      expect(report.results.every((result) => result.outcome === "done")).toBe(false);
      const second = writeCounter(service);
      const again = await (await opened(dir, service, { fetch: second.fetch })).apply(plan);
      expect(again.results.every((result) => result.outcome === "done")).toBe(true);
      expect(second.writes).toHaveLength(9 - limit);
      expect((await (await opened(dir, service)).plan()).changes).toEqual([]);
    }
  });

  it("that ended well is stale: nothing is written a second time", async () => {
    const service = await startedService();
    const dir = await projectFolder(tenants);
    const plan = await (await opened(dir, service)).plan();
    await (await opened(dir, service)).apply(plan);
    const counter = writeCounter(service);
    const again = await opened(dir, service, { fetch: counter.fetch });
    await expect(again.apply(plan)).rejects.toMatchObject({ code: "stale-plan" });
    expect(counter.writes).toEqual([]);
  });

  it("is stale once another plan was applied", async () => {
    const service = await startedService();
    const dir = await projectFolder({ ...tenants, "connector-deployer.yaml": quick });
    const plan = await (await opened(dir, service)).plan();
    const first = writeCounter(service, 2);
    await (await opened(dir, service, { fetch: first.fetch })).apply(plan, { abort: first.gone, signal: first.gone });
    const project = await opened(dir, service);
    await project.apply(await project.plan());
    const report = await (await opened(dir, service)).apply(plan);
    const outcomes = report.results.map((result) => result.error?.code);
    expect(outcomes).toContain("stale-plan");
  });
});

describe("secrets without a value", () => {
  it("are planned, refused when applied, and accepted when asked", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const { CRM_KEY: _, ...without } = env;
    const plan = await (await opened(dir, service, { env: without })).plan();
    expect(plan.changes.filter((change) => change.marks?.includes("unresolved"))).toHaveLength(2);
    await expect((await opened(dir, service, { env: without })).apply(plan)).rejects.toMatchObject({
      code: "missing-secret",
    });
    const project = await opened(dir, service);
    await expect(project.apply(plan)).rejects.toMatchObject({ code: "stale-plan" });
    expect((await project.apply(plan, { acceptUnresolved: true })).summary).toMatchObject({ insert: 6 });
    expect((await project.plan()).changes).toEqual([]);
  });

  it("that rotated are written with exactly one PATCH", async () => {
    const service = await startedService();
    const dir = await projectFolder({ "tenants/t002.yaml": tenant("t002", "state: absent\n") });
    const first = await opened(dir, service);
    await first.apply(await first.plan());
    const counter = writeCounter(service);
    const rotated = await opened(dir, service, { env: { ...env, CRM_KEY: "rotated" }, fetch: counter.fetch });
    await rotated.apply(await rotated.plan());
    expect(counter.writes).toEqual([expect.stringMatching(/^PATCH /)]);
  });

  it("are written again when asked, and no others", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    await project.apply(await project.plan());
    const plan = await project.plan({ writeSecrets: ["connection/acme-t001-*"] });
    expect(plan.changes).toMatchObject([
      { op: "update", tenant: "t001", fields: [{ path: "/config/api_key", class: "unknown" }] },
    ]);
    await project.apply(plan);
    expect((await project.plan()).changes).toEqual([]);
  });
});

describe("what the files protect", () => {
  it("stays, though the plan was made before they did, and other tenants go on", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    await project.apply(await project.plan());
    await write(dir, { "tenants/t002.yaml": tenant("t002", "state: absent\n") });
    await write(dir, { "tenants/t003.yaml": tenant("t003") });
    const plan = await (await opened(dir, service)).plan();
    await write(dir, { "connector-deployer.yaml": `${projectFile}protected: ["connection/acme-t002-*"]\n` });
    const report = await (await opened(dir, service)).apply(plan);
    expect(report.refusals).toMatchObject([{ guard: "protected", tenant: "t002" }]);
    const outcomes = (tenant: string): readonly string[] => [
      ...new Set(report.results.filter((result) => result.tenant === tenant).map(({ outcome }) => outcome)),
    ];
    expect([outcomes("t002"), outcomes("t003")]).toEqual([["skipped"], ["done"]]);
  });
});

describe("what the files leave to others", () => {
  it.each([
    ["ignore", "ignore: [{ kind: connection, path: config.timeout_secs }]\n"],
    ["keep", "on_drift: keep\n"],
  ])("by %s: is not written by a plan that was made before they did", async (_name, rule) => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    await project.apply(await project.plan());
    const client = signedClient(credentials, (request) => service.fetch(request));
    const [{ id } = { id: "" }] = (await project.status({ tenants: ["t001"] })).items.filter(
      ({ kind }) => kind === "connection",
    );
    await client("PATCH", `/source/${id}`, { config: { timeout_secs: 555 } });
    const plan = await project.plan();
    const paths = ({ changes }: Plan) => changes.flatMap(({ fields = [] }) => fields.map(({ path }) => path));
    expect(paths(plan)).toContain("/config/timeout_secs");
    await write(dir, { "connector-deployer.yaml": `${projectFile}${rule}` });
    const later = await opened(dir, service);
    await expect(later.apply(plan)).rejects.toMatchObject({ code: "stale-plan" });
    const again = await later.plan();
    expect(paths(again)).not.toContain("/config/timeout_secs");
    await later.apply(again);
    const { entities } = await later.entities("collect", { tenants: ["t001"] });
    expect(entities).toContainEqual(
      expect.objectContaining({ config: expect.objectContaining({ timeout_secs: 555 }) }),
    );
  });
});

describe("a lease", () => {
  it("that another run holds is what a plan names, not what a half-read target looks like", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const one = await opened(dir, service);
    await one.apply(await one.plan());
    // Another checkout with a ledger of its own, where a run is at work: what is live looks like somebody else's.
    const other = await projectFolder({ "tenants/t002.yaml": tenant("t002", "state: absent\n") });
    const { openLedger } = await import("../../src/ledger/index.ts");
    const project = await opened(other, service);
    await project.plan().catch(() => undefined);
    await using ledger = await openLedger(`${other}/.connector-deployer/ledger.db`, { environment: "default" });
    await using lease = await ledger.lease("t001", localHolder("another-run"));
    const plan = await project.plan();
    expect(lease.tenant).toBe("t001");
    expect(plan.refusals.find((refusal) => refusal.tenant === "t001")).toMatchObject({ guard: "lease-held" });
  });
});

describe("a tenant whose file went while its first run was interrupted", () => {
  it("is refused by name: what that run made is ours", async () => {
    const service = await startedService();
    const dir = await projectFolder({ ...tenants, "connector-deployer.yaml": quick });
    const first = writeCounter(service, 1);
    const broken = await opened(dir, service, { fetch: first.fetch });
    await broken.apply(await broken.plan(), { parallelism: 1, abort: first.gone, signal: first.gone });
    const { openLedger } = await import("../../src/ledger/index.ts");
    await using ledger = await openLedger(`${dir}/.connector-deployer/ledger.db`, { environment: "default" });
    const touched = await ledger.tenants();
    expect(touched.length).toBeGreaterThan(0);
    for (const id of touched) await rm(`${dir}/tenants/${id}.yaml`);
    const plan = await (await opened(dir, service)).plan();
    for (const id of touched) {
      expect(plan.refusals.find((refusal) => refusal.tenant === id)).toMatchObject({ guard: "vanished-tenant" });
    }
  });
});
