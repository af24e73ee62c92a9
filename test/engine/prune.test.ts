import { describe, expect, it } from "vitest";
import { aConnection, aDataset, aJob, aTenant, signal, workbench } from "./workbench.ts";

describe("what is no longer desired", () => {
  it("is listed as prunable and stays without --prune", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001") });
    const plan = await bench.plan({ t001: [aDataset("t001"), aConnection("t001")] });
    expect(plan.changes).toEqual([]);
    expect(plan.prunable).toMatchObject([{ op: "delete", kind: "import-job" }]);
    expect(plan.summary.delete).toBe(0);
  });

  it("is deleted with --prune, users before what they use", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: [...aTenant("t001"), aConnection("t001", {}, "acme-t001-other")] });
    bench.forgetRequests();
    const applied = await bench.deploy(
      { t001: [aDataset("t001"), aConnection("t001", {}, "acme-t001-other")] },
      { prune: true, maxDeletes: 2 },
    );
    expect(applied.results.map(({ op, kind, outcome }) => [op, kind, outcome])).toEqual([
      ["delete", "import-job", "done"],
      ["delete", "connection", "done"],
    ]);
    const deletes = bench.requests.filter((request) => request.startsWith("DELETE"));
    expect(deletes[0]).toContain("/import/jobs/");
    expect(await bench.ledger.entries("t001")).toHaveLength(2);
  });

  it("keeps its data: a dataset is retained, stays in the ledger, and is ours again when declared again", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001") });
    const without = { t001: [aConnection("t001"), aJob("t001")] };
    const plan = await bench.plan(without, { prune: true });
    expect(plan.summary).toMatchObject({ delete: 0, retained: 1 });
    await bench.apply(plan);
    expect((await bench.api.listDatasets(signal)).map((item) => item.index)).toEqual(["acme-t001-contacts"]);
    const kept = (await bench.ledger.entries("t001")).find((entry) => entry.resource.kind === "dataset");
    expect(kept?.state).toBe("retained");
    expect((await bench.plan(without, { prune: true })).changes).toEqual([]);
    await bench.deploy({ t001: aTenant("t001") });
    const again = (await bench.ledger.entries("t001")).find((entry) => entry.resource.kind === "dataset");
    expect(again?.state).toBe("live");
  });

  it("loses its data only with on_delete: delete and --delete-data together", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: [aDataset("t001", "delete"), aConnection("t001")] });
    const without = { t001: [aConnection("t001")] };
    expect((await bench.plan(without, { prune: true })).summary).toMatchObject({ delete: 0, retained: 1 });
    await bench.deploy(without, { prune: true, deleteData: true });
    expect(await bench.api.listDatasets(signal)).toEqual([]);
  });

  it("is not touched where it is protected", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001") });
    const policies = { isProtected: (name: string) => name.startsWith("import-job/") };
    const plan = await bench.plan({ t001: [aDataset("t001"), aConnection("t001")] }, { prune: true, policies });
    expect(plan.refusals).toMatchObject([{ guard: "protected", tenant: "t001" }]);
    bench.forgetRequests();
    const applied = await bench.apply(plan);
    expect(applied.results.every((result) => result.outcome === "skipped")).toBe(true);
    expect(bench.requests).toEqual([]);
  });

  it("is not deleted when something that is not ours came to use it since the plan", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001") });
    const plan = await bench.plan({ t001: [aDataset("t001")] }, { prune: true, maxDeletes: 9 });
    expect(plan.refusals).toEqual([]);
    const [live] = await bench.api.listConnections(signal);
    const theirs = { source_id: live?.id ?? "", target_dataset: "theirs" };
    const { job_id } = await bench.api.createImportJob("elasticsearch", theirs, signal);
    const applied = await bench.apply(plan);
    expect(applied.results.map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ["import-job", "done"],
      ["connection", "conflict"],
    ]);
    expect(await bench.api.listConnections(signal)).toHaveLength(1);
    await bench.api.deleteImportJob(job_id, signal);
    const again = await bench.deploy({ t001: [aDataset("t001")] }, { prune: true, maxDeletes: 9 });
    expect(again.results).toMatchObject([{ kind: "connection", outcome: "done" }]);
  });

  it("is not deleted while something that is not ours uses it", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: [aConnection("t001"), aConnection("t001", {}, "acme-t001-other")] });
    const entry = (await bench.ledger.entries("t001")).find((item) => item.resource._id === "acme-t001-crm");
    await bench.api.createImportJob("elasticsearch", { source_id: entry?.id ?? "", target_dataset: "theirs" }, signal);
    const plan = await bench.plan({ t001: [aConnection("t001", {}, "acme-t001-other")] }, { prune: true });
    expect(plan.refusals).toMatchObject([{ guard: "protected" }]);
  });
});

describe("a tenant that leaves", () => {
  it("loses exactly what it owned, except retained data", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001"), t002: aTenant("t002") });
    await bench.api.createConnection("elasticsearch", { name: "theirs", base_url: "http://127.0.0.1:9" }, signal);
    await bench.deploy({ t001: [], t002: aTenant("t002") }, { leaving: ["t001"] });
    const names = (await bench.api.listConnections(signal)).map((connection) => connection.config?.["name"]);
    expect(names.sort()).toEqual(["acme-t002-crm", "theirs"]);
    expect((await bench.api.listDatasets(signal)).map((item) => item.index)).toContain("acme-t001-contacts");
    expect(await bench.api.listImportJobs(signal)).toHaveLength(1);
  });

  it("whose file is only gone keeps everything, while others go on", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001"), t002: aTenant("t002") });
    const desired = { t002: [aDataset("t002"), aConnection("t002", { timeout_secs: 45 }), aJob("t002")] };
    const plan = await bench.plan(desired, { prune: true });
    expect(plan.refusals).toMatchObject([{ guard: "vanished-tenant", tenant: "t001" }]);
    const applied = await bench.apply(plan);
    expect(applied.results).toMatchObject([{ tenant: "t002", op: "update", outcome: "done" }]);
    expect(await bench.api.listConnections(signal)).toHaveLength(2);
  });
});

describe("the delete budget", () => {
  const many = (tenant: string, from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => aConnection(tenant, {}, `acme-${tenant}-c${index + from}`));

  it("of a tenant skips that tenant and lets others go on", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: many("t001", 0, 10), t002: many("t002", 0, 30) });
    const desired = { t001: many("t001", 5, 10), t002: many("t002", 1, 30) };
    const plan = await bench.plan(desired, { prune: true });
    expect(plan.refusals).toMatchObject([{ guard: "tenant-delete-budget", tenant: "t001" }]);
    await bench.apply(plan);
    expect(await bench.api.listConnections(signal)).toHaveLength(39);
  });

  it("of the run refuses every write", async () => {
    await using bench = await workbench();
    const tenants = ["t001", "t002", "t003"];
    await bench.deploy(Object.fromEntries(tenants.map((tenant) => [tenant, many(tenant, 0, 3)])));
    const plan = await bench.plan(Object.fromEntries(tenants.map((tenant) => [tenant, many(tenant, 1, 3)])), {
      prune: true,
    });
    expect(plan.refusals).toMatchObject([{ guard: "delete-budget" }]);
    bench.forgetRequests();
    await bench.apply(plan);
    expect(bench.requests).toEqual([]);
  });

  it("raised deletes exactly those", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: many("t001", 0, 10) });
    await bench.deploy({ t001: many("t001", 5, 10) }, { prune: true, maxDeletes: 5 });
    expect(await bench.api.listConnections(signal)).toHaveLength(5);
  });

  it("does not help an empty desired set", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: many("t001", 0, 2) });
    const plan = await bench.plan({ t001: [] }, { prune: true, maxDeletes: 100 });
    expect(plan.refusals).toMatchObject([{ guard: "empty-desired", tenant: "t001" }]);
  });
});
