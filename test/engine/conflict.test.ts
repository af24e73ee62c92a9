import { describe, expect, it } from "vitest";
import { localHolder } from "../../src/ledger/index.ts";
import type { Fetch } from "./workbench.ts";
import { aConnection, aDataset, aJob, aTenant, signal, workbench } from "./workbench.ts";

describe("what moved since the plan", () => {
  it("is a conflict: the newer value stays and what depends on it is skipped", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001") });
    const moved = aConnection("t001");
    const desired = {
      t001: [
        aDataset("t001"),
        { ...moved, properties: { ...moved.properties, source: "opensearch" } },
        aJob("t001", { source: "opensearch" }),
      ],
    };
    const plan = await bench.plan(desired);
    const [connection] = await bench.api.listConnections(signal);
    await bench.api.updateConnection(connection?.id ?? "", { base_url: "http://127.0.0.1:11" }, signal);
    const applied = await bench.apply(plan);
    expect(applied.results.map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ["connection", "conflict"],
      ["import-job", "skipped"],
    ]);
    expect(applied.results[0]?.fields).toMatchObject([
      { path: "/config/base_url", from: "http://127.0.0.1:9", to: "http://127.0.0.1:11" },
    ]);
    expect(await bench.api.listConnections(signal)).toMatchObject([{ config: { base_url: "http://127.0.0.1:11" } }]);
  });

  it("to what the plan wants is done already, without a write", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: [aConnection("t001")] });
    const plan = await bench.plan({ t001: [aConnection("t001", { timeout_secs: 60 })] });
    const [connection] = await bench.api.listConnections(signal);
    await bench.api.updateConnection(connection?.id ?? "", { timeout_secs: 60 }, signal);
    bench.forgetRequests();
    const applied = await bench.apply(plan);
    expect(applied.results).toMatchObject([{ outcome: "done" }]);
    expect(bench.requests.every((request) => request.startsWith("GET "))).toBe(true);
  });

  it("by somebody who made an object of that name is a conflict, even if it is equal", async () => {
    await using bench = await workbench();
    const plan = await bench.plan({ t001: [aConnection("t001")] });
    await bench.api.createConnection(
      "elasticsearch",
      { name: "acme-t001-crm", base_url: "http://127.0.0.1:9", api_key: "x" },
      signal,
    );
    const applied = await bench.apply(plan);
    expect(applied.results).toMatchObject([{ op: "insert", outcome: "conflict" }]);
    expect(await bench.api.listConnections(signal)).toHaveLength(1);
  });

  it("to gone is done already for a delete", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: [aConnection("t001"), aConnection("t001", {}, "acme-t001-b")] });
    const plan = await bench.plan({ t001: [aConnection("t001")] }, { prune: true });
    const gone = (await bench.api.listConnections(signal)).find((item) => item.config?.["name"] === "acme-t001-b");
    await bench.api.deleteConnection(gone?.id ?? "", signal);
    expect((await bench.apply(plan)).results).toMatchObject([{ op: "delete", outcome: "done" }]);
    expect(await bench.ledger.entries("t001")).toHaveLength(1);
  });

  it("in the ledger makes the plan stale for that tenant", async () => {
    await using bench = await workbench();
    const plan = await bench.plan({ t001: [aConnection("t001")] });
    await bench.deploy({ t001: [aConnection("t001", { timeout_secs: 60 })] });
    const applied = await bench.apply(plan);
    expect(applied.results).toMatchObject([{ outcome: "skipped", error: { code: "stale-plan" } }]);
    expect(await bench.api.listConnections(signal)).toHaveLength(1);
  });

  it("in a secret alone, seen by the time of the last write, is a conflict and stays", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: [aConnection("t001")] });
    bench.secrets.set("crm_key", "rotated-by-us");
    const plan = await bench.plan({ t001: [aConnection("t001")] });
    const [live] = await bench.api.listConnections(signal);
    await bench.api.updateConnection(live?.id ?? "", { api_key: "rotated-by-somebody" }, signal);
    bench.forgetRequests();
    const applied = await bench.apply(plan);
    expect(applied.results).toMatchObject([{ outcome: "conflict", fields: [{ path: "/updated_at" }] }]);
    expect(bench.requests.filter((request) => !request.startsWith("GET"))).toEqual([]);
  });
});

describe("what exists and is not ours", () => {
  it("is refused, and taken over without a write when asked", async () => {
    await using bench = await workbench();
    await bench.api.createConnection(
      "elasticsearch",
      { name: "acme-t001-crm", base_url: "http://127.0.0.1:9", api_key: "x", timeout_secs: 5 },
      signal,
    );
    const desired = { t001: [aConnection("t001", { timeout_secs: 30 })] };
    const refused = await bench.plan(desired);
    expect(refused.refusals).toMatchObject([{ guard: "adoption-needed", tenant: "t001" }]);
    expect((await bench.apply(refused)).results).toEqual([]);
    const plan = await bench.plan(desired, { policies: { mayAdopt: () => true } });
    expect(plan.changes).toMatchObject([{ op: "adopt" }]);
    bench.forgetRequests();
    await bench.apply(plan);
    expect(bench.requests.every((request) => request.startsWith("GET "))).toBe(true);
    const next = await bench.plan(desired);
    expect(next.changes).toMatchObject([
      {
        op: "update",
        fields: [
          { path: "/config/api_key", class: "unknown" },
          { path: "/config/timeout_secs", from: 5, to: 30, class: "files" },
        ],
      },
    ]);
    await bench.apply(next);
    expect((await bench.plan(desired)).changes).toEqual([]);
  });

  it("twice is ambiguous: all are named, none is touched", async () => {
    await using bench = await workbench();
    for (const port of [1, 2]) {
      await bench.api.createConnection(
        "elasticsearch",
        { name: "acme-t001-crm", base_url: `http://127.0.0.1:${port}` },
        signal,
      );
    }
    const plan = await bench.plan({ t001: [aConnection("t001")] }, { policies: { mayAdopt: () => true } });
    expect(plan.refusals).toMatchObject([{ guard: "ambiguous" }]);
    expect(plan.findings[0]?.ids).toHaveLength(2);
  });

  it("includes a dataset that existed before us", async () => {
    await using bench = await workbench();
    await bench.api.createDataset("acme-t001-contacts", signal);
    const plan = await bench.plan({ t001: [aDataset("t001")] });
    expect(plan.refusals).toMatchObject([{ guard: "adoption-needed" }]);
  });
});

const failingCreate =
  (answer: (request: Request, real: Fetch) => Promise<Response>) =>
  (real: Fetch): Fetch => {
    let failed = false;
    return async (request) => {
      if (failed || request.method !== "POST") return real(request);
      failed = true;
      return answer(request, real);
    };
  };

describe("a create with an unknown outcome", () => {
  it("that happened is claimed, not repeated", async () => {
    await using bench = await workbench(
      failingCreate(async (request, real) => {
        await real(request);
        return new Response("oops", { status: 502 });
      }),
    );
    const desired = { t001: aTenant("t001") };
    const applied = await bench.deploy(desired);
    expect(applied.results.every((result) => result.outcome === "done")).toBe(true);
    expect(await bench.api.listConnections(signal)).toHaveLength(1);
    expect((await bench.plan(desired)).changes).toEqual([]);
  });

  it("that did not happen is uncertain; the next apply makes it once", async () => {
    await using bench = await workbench(failingCreate(async () => new Response("oops", { status: 502 })));
    const desired = { t001: aTenant("t001") };
    const applied = await bench.deploy(desired);
    expect(applied.results.map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ["dataset", "done"],
      ["connection", "uncertain"],
      ["import-job", "skipped"],
    ]);
    await bench.deploy(desired);
    expect(await bench.api.listConnections(signal)).toHaveLength(1);
    expect((await bench.plan(desired)).changes).toEqual([]);
  });

  it("that cannot be told from another new object is uncertain: nothing more is written", async () => {
    await using bench = await workbench(
      failingCreate(async (request, real) => {
        const twin = request.clone();
        await real(request);
        await real(twin);
        return new Response("oops", { status: 502 });
      }),
    );
    const applied = await bench.deploy({ t001: [aConnection("t001")] });
    expect(applied.results).toMatchObject([{ outcome: "uncertain" }]);
    expect(applied.summary.uncertain).toBe(1);
  });
});

describe("an interrupted run", () => {
  it("starts nothing new, and the same command finishes it", async () => {
    await using bench = await workbench();
    const desired = { t001: aTenant("t001") };
    const stop = new AbortController();
    stop.abort();
    const applied = await bench.apply(await bench.plan(desired), { stop: stop.signal });
    expect(applied.interrupted).toBe(true);
    expect(applied.results.every((result) => result.outcome === "skipped")).toBe(true);
    await bench.deploy(desired);
    expect((await bench.plan(desired)).changes).toEqual([]);
  });

  it("that was killed after a create was sent is found again by its open intent", async () => {
    await using bench = await workbench();
    const desired = { t001: [aConnection("t001")] };
    const plan = await bench.plan(desired);
    const change = plan.changes[0];
    if (change === undefined) throw new Error("the plan has no change");
    {
      const holder = { host: "gone", bootId: "", pid: 1, started: "2026-01-01T00:00:00Z", run: "killed" };
      await using lease = await bench.ledger.lease("t001", holder);
      await bench.ledger.intend(lease, "killed", [{ change, seen: [] }]);
      await bench.api.createConnection(
        "elasticsearch",
        { name: "acme-t001-crm", base_url: "http://127.0.0.1:9", api_key: "s3cret-value-1" },
        signal,
      );
    }
    const applied = await bench.deploy(desired);
    expect(applied.refusals).toEqual([]);
    expect(await bench.api.listConnections(signal)).toHaveLength(1);
    expect(await bench.ledger.open("t001")).toEqual([]);
    expect((await bench.plan(desired)).changes).toEqual([]);
  });
});

describe("waves", () => {
  it("go on after a tenant that a guard keeps out, and say so", async () => {
    await using bench = await workbench();
    const settings = { waves: ["canary", "rest"], wave: (tenant: string) => (tenant === "t001" ? "canary" : "rest") };
    const theirs = { name: "acme-t001-crm", base_url: "http://theirs", api_key: "k" };
    await bench.api.createConnection("elasticsearch", theirs, signal);
    const applied = await bench.deploy({ t001: aTenant("t001"), t002: aTenant("t002") }, settings);
    const outcomes = Map.groupBy(applied.results, (result) => result.tenant);
    expect(outcomes.get("t001")?.every((result) => result.outcome === "skipped")).toBe(true);
    expect(outcomes.get("t002")?.every((result) => result.outcome === "done")).toBe(true);
    expect(applied.refusals).toMatchObject([{ tenant: "t001", guard: "adoption-needed" }]);
  });

  it("go one after the other, and trouble in one skips the later ones", async () => {
    await using bench = await workbench(failingCreate(async () => new Response("{}", { status: 400 })));
    const settings = { waves: ["canary", "rest"], wave: (tenant: string) => (tenant === "t002" ? "canary" : "rest") };
    const desired = { t001: [aConnection("t001")], t002: [aConnection("t002")] };
    const applied = await bench.deploy(desired, settings);
    expect(applied.results.map(({ tenant, outcome }) => [tenant, outcome])).toEqual([
      ["t002", "failed"],
      ["t001", "skipped"],
    ]);
    const again = await bench.deploy(desired, settings);
    expect(again.results.map(({ tenant, outcome }) => [tenant, outcome])).toEqual([
      ["t002", "done"],
      ["t001", "done"],
    ]);
  });
});

describe("an interrupt in the middle of a batch", () => {
  it("sends nothing that had not begun, and leaves no intent open", async () => {
    const stop = new AbortController();
    let creates = 0;
    await using bench = await workbench((real) => async (request) => {
      if (request.method === "POST" && ++creates === 2) stop.abort();
      return real(request);
    });
    const desired = { t001: Array.from({ length: 20 }, (_, index) => aConnection("t001", {}, `acme-t001-c${index}`)) };
    const applied = await bench.apply(await bench.plan(desired), { stop: stop.signal, parallelism: 1 });
    expect(creates).toBe(2);
    expect(applied.summary).toMatchObject({ insert: 2, skipped: 18 });
    expect(applied.interrupted).toBe(true);
    expect(await bench.ledger.open("t001")).toEqual([]);
    expect(bench.events.filter((event) => event.code === "change-started")).toHaveLength(2);
    await bench.deploy(desired);
    expect(await bench.api.listConnections(signal)).toHaveLength(20);
  });
});

describe("a lease that a dead run left", () => {
  it("is taken over, and said", async () => {
    await using bench = await workbench();
    const dead = { ...localHolder("dead"), pid: 2 ** 22 + 1 };
    const lease = await bench.ledger.lease("t001", dead);
    await bench.deploy({ t001: [aConnection("t001")] });
    expect(bench.events).toContainEqual(expect.objectContaining({ code: "lease-taken-over", tenant: "t001" }));
    await lease[Symbol.asyncDispose]();
  });
});
