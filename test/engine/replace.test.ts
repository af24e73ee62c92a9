import { describe, expect, it } from "vitest";
import type { Resource } from "../../src/contract/index.ts";
import type { Fetch } from "./workbench.ts";
import { aConnection, aDataset, aJob, aTenant, signal, workbench } from "./workbench.ts";

const moved = (tenant: string): readonly Resource[] => {
  const own = aConnection(tenant);
  return [
    aDataset(tenant),
    { ...own, properties: { ...own.properties, source: "opensearch" } },
    aJob(tenant, { source: "opensearch" }),
  ];
};

/** Lets requests of one sort fail while `broken` holds. */
const breaking = (method: string, path: RegExp) => {
  const state = { broken: false };
  const wrap =
    (real: Fetch): Fetch =>
    async (request) =>
      state.broken && request.method === method && path.test(new URL(request.url).pathname)
        ? new Response('{"error":{"type":"bad","reason":"no"},"status":400}', { status: 400 })
        : real(request);
  return { state, wrap };
};

describe("a replaced connection where names are unique", () => {
  it("is deleted after its jobs, so that no job refers to what is gone, whatever breaks", async () => {
    const { state, wrap } = breaking("POST", /^\/source\//);
    await using bench = await workbench(wrap, { traits: { names: "unique" } });
    await bench.deploy({ t001: aTenant("t001") });
    state.broken = true;
    bench.forgetRequests();
    const applied = await bench.deploy({ t001: moved("t001") });
    expect(applied.results.map((result) => result.outcome)).toEqual(["failed", "failed"]);
    const deletes = bench.requests.flatMap((request) => (request.startsWith("DELETE") ? [request.split("/")[1]] : []));
    expect(deletes).toEqual(["import", "source"]);
    expect(await bench.api.listImportJobs(signal)).toEqual([]);
    state.broken = false;
    const again = await bench.deploy({ t001: moved("t001") });
    expect(again.results.map((result) => result.outcome)).toEqual(["done", "done"]);
    expect((await bench.plan({ t001: moved("t001") })).changes).toEqual([]);
  });
});

describe("a replaced import job", () => {
  it("that could not be begun is no open question, and is replaced by the next run", async () => {
    const { state, wrap } = breaking("GET", /^\/import\/jobs/);
    await using bench = await workbench(wrap);
    await bench.deploy({ t001: aTenant("t001") });
    // Nothing but the query differs, which no target returns.
    const desired = { t001: [aDataset("t001"), aConnection("t001"), aJob("t001", { query: '{"size":1}' })] };
    const plan = await bench.plan(desired);
    expect(plan.changes).toMatchObject([{ kind: "import-job", op: "replace" }]);
    state.broken = true;
    expect((await bench.apply(plan)).results).toMatchObject([{ outcome: "failed" }]);
    state.broken = false;
    expect(await bench.ledger.open("t001")).toEqual([]);
    const [old] = await bench.api.listImportJobs(signal);
    expect((await bench.deploy(desired)).results).toMatchObject([{ op: "replace", outcome: "done" }]);
    const [now, ...others] = await bench.api.listImportJobs(signal);
    expect(others).toEqual([]);
    expect(now?.job_id).not.toBe(old?.job_id);
  });

  it("is not taken for the new one where the run was killed before its first request", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001") });
    const desired = { t001: [aDataset("t001"), aConnection("t001"), aJob("t001", { query: '{"size":1}' })] };
    const [change] = (await bench.plan(desired)).changes;
    if (change === undefined) throw new Error("the plan is empty");
    {
      const holder = { host: "gone", bootId: "", pid: 1, started: "2026-01-01T00:00:00Z", run: "killed" };
      await using lease = await bench.ledger.lease("t001", holder);
      await bench.ledger.intend(lease, "killed", [{ change, seen: [] }]);
    }
    expect((await bench.plan(desired)).changes).toMatchObject([{ kind: "import-job", op: "replace" }]);
  });
});

describe("a replaced connection", () => {
  it.each([
    ["whose job could not move", "PUT", /^\/import\//, ["failed", "failed"]],
    ["whose old object could not be deleted", "DELETE", /^\/source\//, ["failed", "done"]],
  ] as const)("%s loses its old object in the next run", async (_name, method, path, outcomes) => {
    const { state, wrap } = breaking(method, path);
    await using bench = await workbench(wrap);
    await bench.deploy({ t001: aTenant("t001") });
    state.broken = true;
    const applied = await bench.deploy({ t001: moved("t001") });
    expect(applied.results.map((result) => result.outcome)).toEqual(outcomes);
    expect(await bench.api.listConnections(signal)).toHaveLength(2);
    state.broken = false;
    const again = await bench.deploy({ t001: moved("t001") });
    expect(again.results.every((result) => result.outcome === "done")).toBe(true);
    const [only, ...others] = await bench.api.listConnections(signal);
    expect(others).toEqual([]);
    expect(only?.type).toBe("opensearch");
    expect(await bench.api.listImportJobs(signal)).toMatchObject([{ source_id: only?.id }]);
    expect(await bench.ledger.open("t001")).toEqual([]);
    expect((await bench.plan({ t001: moved("t001") })).changes).toEqual([]);
  });

  it("is finished also where its secret changed since it was interrupted, and gets the new one after that", async () => {
    const { state, wrap } = breaking("DELETE", /^\/source\//);
    await using bench = await workbench(wrap);
    await bench.deploy({ t001: aTenant("t001") });
    state.broken = true;
    await bench.deploy({ t001: moved("t001") });
    state.broken = false;
    bench.secrets.set("crm_key", "s3cret-value-2");
    const finished = await bench.deploy({ t001: moved("t001") });
    expect(finished.results.every((result) => result.outcome === "done")).toBe(true);
    expect(await bench.api.listConnections(signal)).toHaveLength(1);
    const rotated = await bench.deploy({ t001: moved("t001") });
    expect(rotated.results).toMatchObject([{ op: "update", outcome: "done" }]);
    expect((await bench.plan({ t001: moved("t001") })).changes).toEqual([]);
  });

  it("keeps its old object while something that is not ours came to use it", async () => {
    const { state, wrap } = breaking("DELETE", /^\/source\//);
    await using bench = await workbench(wrap);
    await bench.deploy({ t001: aTenant("t001") });
    const [old] = await bench.api.listConnections(signal);
    state.broken = true;
    await bench.deploy({ t001: moved("t001") });
    state.broken = false;
    await bench.api.createImportJob("elasticsearch", { source_id: old?.id ?? "", target_dataset: "theirs" }, signal);
    const plan = await bench.plan({ t001: moved("t001") });
    expect(plan.refusals).toMatchObject([{ guard: "protected" }]);
    expect(plan.changes).toEqual([]);
  });

  it("is finished after a kill between the create and everything else", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001") });
    const plan = await bench.plan({ t001: moved("t001") });
    const change = plan.changes.find((item) => item.kind === "connection");
    if (change === undefined) throw new Error("the plan does not replace the connection");
    {
      const holder = { host: "gone", bootId: "", pid: 1, started: "2026-01-01T00:00:00Z", run: "killed" };
      await using lease = await bench.ledger.lease("t001", holder);
      await bench.ledger.intend(lease, "killed", [{ change, seen: [change.id ?? ""] }]);
      const config = { name: "acme-t001-crm", base_url: "http://127.0.0.1:9", api_key: "s3cret-value-1" };
      const made = await bench.api.createConnection("opensearch", config, signal);
      await bench.ledger.acked(lease, change, made.connection_id);
    }
    const applied = await bench.deploy({ t001: moved("t001") });
    expect(applied.results.every((result) => result.outcome === "done")).toBe(true);
    const [only, ...others] = await bench.api.listConnections(signal);
    expect(others).toEqual([]);
    expect(await bench.api.listImportJobs(signal)).toMatchObject([{ source_id: only?.id }]);
    expect(await bench.ledger.open("t001")).toEqual([]);
    expect((await bench.plan({ t001: moved("t001") })).changes).toEqual([]);
  });
});
