import { describe, expect, it } from "vitest";
import { aConnection, aDataset, aJob, aTenant, signal, workbench } from "./workbench.ts";

const ops = (results: readonly { op: string; kind: string; outcome: string }[]): string[] =>
  results.map(({ op, kind, outcome }) => `${op} ${kind} ${outcome}`);

describe("a first apply", () => {
  it("makes everything in dependency order, and a second plan is empty", async () => {
    await using bench = await workbench();
    const desired = { t001: aTenant("t001"), t002: aTenant("t002") };
    const applied = await bench.deploy(desired);
    expect(ops(applied.results)).toEqual([
      "insert dataset done",
      "insert connection done",
      "insert import-job done",
      "insert dataset done",
      "insert connection done",
      "insert import-job done",
    ]);
    const again = await bench.plan(desired);
    expect(again.changes).toEqual([]);
    expect(again.refusals).toEqual([]);
    expect(again.summary).toMatchObject({ noop: 6, insert: 0, tenants: 2 });
    const [job] = await bench.api.listImportJobs(signal);
    const ids = (await bench.api.listConnections(signal)).map((connection) => connection.id);
    expect(ids).toContain(job?.source_id);
  });

  it("asks for each collection once, whatever the number of tenants", async () => {
    await using bench = await workbench();
    const asked = async (tenants: number): Promise<readonly string[]> => {
      const names = Array.from({ length: tenants }, (_, index) => `t${String(index).padStart(3, "0")}`);
      const desired = Object.fromEntries(names.map((name) => [name, aTenant(name)]));
      await bench.deploy(desired);
      bench.forgetRequests();
      const plan = await bench.plan(desired);
      expect(plan.changes).toEqual([]);
      return bench.requests.toSorted();
    };
    const requests = await asked(50);
    expect(requests).toEqual(expect.arrayContaining(["GET /import/jobs", "GET /metadata", "GET /sources/connections"]));
    expect(requests.filter((request) => !request.startsWith("GET "))).toEqual([]);
    expect(new Set(requests).size).toBe(requests.length);
    expect(await asked(51)).toEqual(requests);
  });

  it("writes nothing the second time", async () => {
    await using bench = await workbench();
    const desired = { t001: aTenant("t001") };
    await bench.deploy(desired);
    bench.forgetRequests();
    await bench.deploy(desired);
    expect(bench.requests.filter((request) => !request.startsWith("GET "))).toEqual([]);
  });

  it("spends two requests on a connection beside the shared listing", async () => {
    await using bench = await workbench();
    const desired = { t001: Array.from({ length: 40 }, (_, index) => aConnection("t001", {}, `acme-t001-c${index}`)) };
    const plan = await bench.plan(desired);
    bench.forgetRequests();
    await bench.apply(plan);
    expect(bench.requests.length).toBe(40 * 2 + 1);
  });
});

describe("a changed value", () => {
  it("is one update of that field alone", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001") });
    const changed = { t001: [aDataset("t001"), aConnection("t001", { timeout_secs: 60 }), aJob("t001")] };
    const plan = await bench.plan(changed);
    expect(plan.changes).toMatchObject([
      { op: "update", kind: "connection", fields: [{ path: "/config/timeout_secs", to: 60, class: "files" }] },
    ]);
    bench.forgetRequests();
    await bench.apply(plan);
    expect(bench.requests.map((request) => request.split(" ")[0])).toEqual(["GET", "PATCH", "GET"]);
    expect((await bench.plan(changed)).changes).toEqual([]);
  });

  it("of an import job is a delete and a create", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001") });
    const changed = { t001: [aDataset("t001"), aConnection("t001"), aJob("t001", { schedule: "0 1 * * *" })] };
    const applied = await bench.deploy(changed);
    expect(ops(applied.results)).toEqual(["replace import-job done"]);
    expect(await bench.api.listImportJobs(signal)).toMatchObject([{ schedule: "0 1 * * *" }]);
    expect((await bench.plan(changed)).changes).toEqual([]);
  });

  it("of a query, which is never returned, is seen by what was applied", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001") });
    const plan = await bench.plan({ t001: [aDataset("t001"), aConnection("t001"), aJob("t001", { query: "{}" })] });
    expect(plan.changes).toMatchObject([{ op: "replace", fields: [{ path: "/query", class: "files" }] }]);
  });

  it("that is taken out of the files is unset live", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: [aConnection("t001", { timeout_secs: 60 })] });
    const without = { t001: [aConnection("t001")] };
    const plan = await bench.plan(without);
    expect(plan.changes).toMatchObject([
      { op: "update", fields: [{ path: "/config/timeout_secs", from: 60, to: 30, class: "removed" }] },
    ]);
    await bench.apply(plan);
    expect((await bench.plan(without)).changes).toEqual([]);
  });

  it("of the connection type makes the connection anew, moves its jobs and takes the old one away", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001") });
    const [before] = await bench.api.listConnections(signal);
    const moved = aConnection("t001", {});
    const other = { ...moved, properties: { ...moved.properties, source: "opensearch" } };
    const desired = { t001: [aDataset("t001"), other, aJob("t001", { source: "opensearch" })] };
    const applied = await bench.deploy(desired);
    expect(ops(applied.results)).toEqual(["replace connection done", "replace import-job done"]);
    const after = await bench.api.listConnections(signal);
    expect(after).toMatchObject([{ type: "opensearch" }]);
    expect(after[0]?.id).not.toBe(before?.id);
    expect(await bench.api.listImportJobs(signal)).toMatchObject([{ source_id: after[0]?.id }]);
    expect((await bench.plan(desired)).changes).toEqual([]);
  });
});

describe("secrets", () => {
  it("are written when they rotate, with one PATCH, and never stand in plan or ledger", async () => {
    await using bench = await workbench();
    const desired = { t001: aTenant("t001") };
    await bench.deploy(desired);
    bench.secrets.set("crm_key", "s3cret-value-2");
    const plan = await bench.plan(desired);
    expect(plan.changes).toMatchObject([{ op: "update", fields: [{ path: "/config/api_key", class: "files" }] }]);
    bench.forgetRequests();
    await bench.apply(plan);
    expect(bench.requests.filter((request) => request.startsWith("PATCH"))).toHaveLength(1);
    expect((await bench.plan(desired)).changes).toEqual([]);
    const kept = JSON.stringify([plan, await bench.ledger.entries("t001"), bench.events]);
    expect(kept).not.toContain("s3cret-value");
  });

  it("that are missing stop the run before the first write", async () => {
    await using bench = await workbench();
    bench.secrets.delete("crm_key");
    const plan = await bench.plan({ t001: aTenant("t001") });
    expect(plan.changes.find((change) => change.kind === "connection")?.marks).toEqual(["unresolved"]);
    bench.forgetRequests();
    await expect(bench.apply(plan)).rejects.toMatchObject({ code: "missing-secret" });
    expect(bench.requests).toEqual([]);
  });

  it("that changed since the plan are refused", async () => {
    await using bench = await workbench();
    const plan = await bench.plan({ t001: aTenant("t001") });
    bench.secrets.set("crm_key", "another");
    bench.forgetRequests();
    await expect(bench.apply(plan)).rejects.toMatchObject({ code: "stale-plan" });
    expect(bench.requests).toEqual([]);
  });
});

describe("drift", () => {
  it("of an edited connection is one item, and apply sets it back", async () => {
    await using bench = await workbench();
    const desired = { t001: aTenant("t001"), t002: aTenant("t002") };
    await bench.deploy(desired);
    const [first] = await bench.api.listConnections(signal);
    await bench.api.updateConnection(first?.id ?? "", { base_url: "http://127.0.0.1:10" }, signal);
    expect(await bench.drift()).toMatchObject([
      {
        kind: "connection",
        drift: "changed",
        fields: [{ path: "/config/base_url", from: "http://127.0.0.1:9", to: "http://127.0.0.1:10" }],
      },
    ]);
    const plan = await bench.plan(desired);
    expect(plan.changes).toHaveLength(1);
    expect(plan.changes[0]).toMatchObject({ op: "update", marks: ["drift"] });
    await bench.apply(plan);
    expect(await bench.drift()).toEqual([]);
    expect((await bench.plan(desired)).changes).toEqual([]);
  });

  it("of a deleted connection is one item; apply makes it anew and moves its job", async () => {
    await using bench = await workbench();
    const desired = { t001: aTenant("t001"), t002: aTenant("t002") };
    await bench.deploy(desired);
    const [first] = await bench.api.listConnections(signal);
    await bench.api.deleteConnection(first?.id ?? "", signal);
    expect(await bench.drift()).toMatchObject([{ kind: "connection", drift: "vanished" }]);
    const applied = await bench.deploy(desired);
    expect(ops(applied.results)).toEqual(["insert connection done", "replace import-job done"]);
    expect(await bench.drift()).toEqual([]);
    expect((await bench.plan(desired)).changes).toEqual([]);
    const ids = (await bench.api.listConnections(signal)).map((connection) => connection.id);
    for (const job of await bench.api.listImportJobs(signal)) expect(ids).toContain(job.source_id);
  });
});
