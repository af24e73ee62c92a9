import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { builtinConnectorTypes, createCatalog } from "../../src/catalog/index.ts";
import type { ReportEvent } from "../../src/deploy/index.ts";
import { createService } from "../../src/service/index.ts";
import { expectClean, key, quotes, rejecting, saying } from "../support/quoting.ts";
import { startSearchServer } from "../support/search-server.ts";
import { counted } from "./counting.ts";
import {
  credentials,
  env,
  opened,
  project as projectFile,
  projectFolder,
  startedService,
  system,
} from "./project-folder.ts";

const nowhere = "http://127.0.0.1:9";

/** A tenant whose connection is to this address, with an import job or without. */
const tenantAt = (id: string, url: string, facts: { readonly wave?: string; readonly jobs?: boolean } = {}): string =>
  [
    `id: ${id}`,
    ...(facts.wave === undefined ? [] : [`labels: { wave: ${facts.wave} }`]),
    `connectors: { crm: { datatypes: { contact: ${facts.jobs ?? false} }, parameter_values: { base_url: "${url}" } } }`,
    "",
  ].join("\n");

const oneTenant = (text: string) => ({ "tenants/t001.yaml": text, "tenants/t002.yaml": "id: t002\nconnectors: {}\n" });

describe("a run that waits", () => {
  it("ends when every connection works, and asks for all of them at once", async () => {
    // Longer than a list waits for those that were never tried.
    const { url } = await startSearchServer(1_300);
    const service = await startedService();
    const ids = Array.from({ length: 20 }, (_, index) => `t${String(index + 1).padStart(3, "0")}`);
    const dir = await projectFolder(Object.fromEntries(ids.map((id) => [`tenants/${id}.yaml`, tenantAt(id, url)])));
    const { project, requests } = await counted(dir, service);
    let before = 0;
    const waiting = await opened(dir, service, {
      fetch: (request) => {
        requests.push(`${request.method} ${new URL(request.url).pathname}`);
        return service.fetch(request);
      },
      report: ({ code }) => {
        if (code === "wait-started") before = requests.length;
      },
    });
    const report = await waiting.apply(await project.plan(), { wait: { timeout: 30_000 } });
    expect(report.waited).toEqual({ healthy: 20, unhealthy: 0 });
    expect(report.results.map(({ health }) => health?.status)).toEqual(Array(20).fill("connected"));
    const asked = requests.slice(before);
    expect(new Set(asked)).toEqual(new Set(["GET /sources/connections"]));
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.length).toBeLessThan(8);
    const again = await waiting.apply(await waiting.plan(), { wait: {} });
    expect(again.waited).toEqual({ healthy: 0, unhealthy: 0 });
  });

  it("says with the target's reason, and without a secret, what does not work in the end", async () => {
    const service = await startedService();
    const fetch = (request: Request): Promise<Response> =>
      request.url.includes("/source") && request.method === "GET"
        ? saying(quotes())(request, () => service.fetch(request))
        : service.fetch(request);
    const events: ReportEvent[] = [];
    const project = await opened(await projectFolder(oneTenant(tenantAt("t001", nowhere))), service, {
      fetch,
      env: { ...env, CRM_KEY: key },
      report: (event) => events.push(event),
    });
    const report = await project.deployTenant("t001", { wait: { timeout: 300 } });
    expect(report).toMatchObject({ summary: { insert: 1, failed: 0 }, waited: { healthy: 0, unhealthy: 1 } });
    const health = { status: "disconnected", healthy: false, reason: expect.stringContaining("[redacted]") };
    expect(report.results).toMatchObject([{ outcome: "done", health }]);
    expect(events).toContainEqual(expect.objectContaining({ code: "health", healthy: false }));
    expectClean([report, events]);
    expect((await project.history()).runs[0]).toMatchObject({ outcome: "unhealthy" });
  });

  it("does not wait long for what is refused", async () => {
    const search = await startSearchServer();
    search.accepts = () => false;
    const service = await startedService();
    const project = await opened(await projectFolder(oneTenant(tenantAt("t001", search.url))), service);
    const report = await project.deployTenant("t001", { wait: { timeout: 600_000 } });
    expect(report.results).toMatchObject([{ health: { status: "error", healthy: false } }]);
  });

  it("does not wait for what nobody tries, and says so", async () => {
    const [search] = builtinConnectorTypes().filter(({ id }) => id === "elasticsearch");
    const own = JSON.stringify({ ...search, id: "helpdesk" });
    const dir = await projectFolder({
      ...oneTenant(tenantAt("t001", nowhere)),
      "catalog/helpdesk.json": own,
      "connectors/crm/templates/system.yaml": system.replace("source: elasticsearch", "source: helpdesk"),
    });
    const catalog = createCatalog([...builtinConnectorTypes(), JSON.parse(own)]);
    const service = await createService({ credentials, catalog, statusWait: 0 });
    const project = await opened(dir, service);
    const report = await project.deployTenant("t001", { wait: { timeout: 600_000 } });
    expect(report.results).toMatchObject([
      { health: { status: "disconnected", healthy: false, note: expect.stringContaining("no driver") } },
    ]);
    await service.close();
  });

  it.each([
    [501, 300],
    [401, 600_000],
  ])("is not healthy where the target answers %i", async (status, timeout) => {
    const service = await startedService();
    let isWaiting = false;
    const refusing = rejecting(status, quotes());
    const project = await opened(await projectFolder(oneTenant(tenantAt("t001", nowhere))), service, {
      fetch: (request) => (isWaiting ? refusing(request, async () => service.fetch(request)) : service.fetch(request)),
      env: { ...env, CRM_KEY: key },
      report: ({ code }) => {
        if (code === "wait-started") isWaiting = true;
      },
    });
    const report = await project.deployTenant("t001", { wait: { timeout } });
    expect(report.results).toMatchObject([{ outcome: "done", health: { status: "unreadable", healthy: false } }]);
    expect(report.results[0]?.health?.reason).toContain(String(status));
    expectClean(report);
  });

  it("starts no wave after one that is not healthy, until it is", async () => {
    const search = await startSearchServer();
    search.accepts = () => false;
    const service = await startedService();
    const dir = await projectFolder({
      "connector-deployer.yaml": `${projectFile}waves: [canary, rest]\n`,
      "tenants/t001.yaml": tenantAt("t001", search.url, { wave: "canary" }),
      "tenants/t002.yaml": tenantAt("t002", search.url, { wave: "rest" }),
    });
    const project = await opened(dir, service);
    const plan = await project.plan();
    const held = await project.apply(plan, { wait: { timeout: 30_000 } });
    expect(held.results).toMatchObject([
      { tenant: "t001", outcome: "done", health: { healthy: false } },
      { tenant: "t002", outcome: "skipped", error: { code: "earlier-wave" } },
    ]);
    expect(held.results[1]?.health).toBeUndefined();
    // Without waiting the same plan goes on.
    const rest = await project.apply(plan);
    expect(rest.results).toMatchObject([{ isEarlier: true }, { outcome: "done" }]);
  });

  it("ends when it is stopped, with what it saw last", async () => {
    const service = await startedService();
    const stop = new AbortController();
    const project = await opened(await projectFolder(oneTenant(tenantAt("t001", nowhere))), service, {
      report: (event) => {
        if (event.code === "health") stop.abort();
      },
    });
    const report = await project.deployTenant("t001", { wait: { timeout: 600_000 }, signal: stop.signal });
    expect(report).toMatchObject({ interrupted: true, summary: { insert: 1 } });
    expect(report.results).toMatchObject([{ outcome: "done", health: { status: "disconnected", healthy: false } }]);
  });

  it("waits for the first run of each import job, and says how it ended", async () => {
    const { url } = await startSearchServer(50, { contacts: [{ name: "Ada" }, { name: "Bo" }] });
    const service = await createService({ credentials });
    const dir = await projectFolder({
      ...oneTenant(tenantAt("t001", url, { jobs: true })),
      "connectors/crm/templates/datatype.yaml": `
- { _id: good, type: import-job, connection: <<@ system @>>, source_dataset: contacts, target_dataset: a }
- { _id: bad, type: import-job, connection: <<@ system @>>, source_dataset: missing, target_dataset: b }
- { _id: b, type: dataset }
- { _id: a, type: dataset }
`,
    });
    const project = await opened(dir, service);
    const report = await project.deployTenant("t001", { wait: { timeout: 20_000 } });
    const health = new Map(report.results.map((result) => [result._id, result.health]));
    expect(health.get("good")).toMatchObject({ status: "completed", healthy: true });
    expect(health.get("bad")).toMatchObject({
      status: "failed",
      healthy: false,
      reason: expect.stringMatching(/missing/),
    });
    expect(health.get("a")).toBeUndefined();
    const items = new Map((await project.status()).items.map((item) => [item._id, item]));
    expect(items.get("good")).toMatchObject({ lastRun: { processed: 2, failed: 0 }, schedule: expect.any(String) });
    expect(items.get("a")).toMatchObject({ kind: "dataset", records: 2 });
    expect((await project.plan()).changes).toEqual([]);
    await service.close();
  });

  it("waits for the jobs that a changed connection makes run again, and for no other ones", async () => {
    const refusing = await startSearchServer(0, {});
    refusing.accepts = () => false;
    const { url } = await startSearchServer(50, { contacts: [{ name: "Ada" }] });
    const service = await createService({ credentials });
    const dir = await projectFolder({
      ...oneTenant(tenantAt("t001", refusing.url, { jobs: true })),
      "connectors/crm/templates/datatype.yaml": `
- { _id: good, type: import-job, connection: <<@ system @>>, source_dataset: contacts, target_dataset: a }
- { _id: bad, type: import-job, connection: <<@ system @>>, source_dataset: missing, target_dataset: b }
`,
    });
    const before = await opened(dir, service);
    expect((await before.deployTenant("t001", { wait: { timeout: 20_000 } })).waited).toMatchObject({ unhealthy: 3 });
    await writeFile(join(dir, "tenants/t001.yaml"), tenantAt("t001", url, { jobs: true }));
    const project = await opened(dir, service);
    const report = await project.deployTenant("t001", { wait: { timeout: 20_000 } });
    expect(report).toMatchObject({ summary: { update: 1 }, waited: { healthy: 2, unhealthy: 1 } });
    expect(report.results.map(({ _id, op, health }) => [_id, op, health?.status, health?.healthy])).toEqual(
      expect.arrayContaining([
        ["acme-t001-crm", "update", "connected", true],
        ["good", "noop", "completed", true],
        ["bad", "noop", "failed", false],
      ]),
    );
    expect((await project.history()).runs[0]).toMatchObject({ outcome: "unhealthy" });
    expect((await project.deployTenant("t001", { wait: {} })).waited).toEqual({ healthy: 0, unhealthy: 0 });
    await service.close();
  });

  it("leaves a job to its schedule, and calls one without a schedule late", async () => {
    const { url } = await startSearchServer();
    const service = await createService({ credentials, runImports: false });
    const dir = await projectFolder({
      ...oneTenant(tenantAt("t001", url, { jobs: true })),
      "connectors/crm/templates/datatype.yaml": `
- { _id: by-schedule, type: import-job, connection: <<@ system @>>, target_dataset: a, schedule: "0 3 * * *" }
- { _id: by-itself, type: import-job, connection: <<@ system @>>, target_dataset: b, schedule: none }
`,
    });
    const project = await opened(dir, service);
    const report = await project.deployTenant("t001", { wait: { timeout: 300 } });
    const health = new Map(report.results.map((result) => [result._id, result.health]));
    expect(health.get("acme-t001-crm")).toMatchObject({ status: "connected", healthy: true });
    expect(health.get("by-schedule")).toMatchObject({
      status: "pending",
      healthy: true,
      note: expect.stringContaining("0 3 * * *"),
    });
    expect(health.get("by-itself")).toMatchObject({ status: "pending", healthy: false });
    const { items } = await project.status({ wait: { timeout: 0 } });
    expect(items.map(({ _id, healthy }) => [_id, healthy])).toEqual([
      ["acme-t001-crm", true],
      ["by-itself", false],
      ["by-schedule", true],
    ]);
    await service.close();
  });
});

describe("a status that waits", () => {
  it("is given when all that is selected works", async () => {
    const { url } = await startSearchServer(400);
    const service = await startedService();
    const files = { "tenants/t001.yaml": tenantAt("t001", url), "tenants/t002.yaml": tenantAt("t002", nowhere) };
    const { project, requests } = await counted(await projectFolder(files), service);
    await project.apply(await project.plan());
    requests.length = 0;
    const { items, tenants } = await project.status({ tenants: ["t001"], wait: {} });
    expect(items).toMatchObject([{ health: "connected", healthy: true }]);
    expect(tenants).toMatchObject([{ tenant: "t001", unhealthy: 0 }]);
    expect(requests.filter((request) => !request.startsWith("GET "))).toEqual([]);
    const rest = await project.status({ wait: { timeout: 200 } });
    expect(rest.items).toMatchObject([
      { healthy: true },
      { healthy: false, reason: expect.stringContaining("refused") },
    ]);
  });
});
