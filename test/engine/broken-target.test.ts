import { describe, expect, it } from "vitest";
import type { Resource } from "../../src/contract/index.ts";
import type { Fetch } from "./workbench.ts";
import { aConnection, aDataset, aJob, aTenant, signal, workbench } from "./workbench.ts";

/** Answers of one path are falsified while `on` holds. */
const falsifying = (path: string, falsify: (request: Request, real: Fetch) => Promise<Response>) => {
  const state = { on: false };
  const wrap =
    (real: Fetch): Fetch =>
    async (request) =>
      state.on && new URL(request.url).pathname === path && request.method === "GET"
        ? falsify(request, real)
        : real(request);
  return { state, wrap };
};

const emptyList = async (): Promise<Response> => Response.json([]);
const tenants = ["t001", "t002", "t003", "t004", "t005", "t006"];
const all = Object.fromEntries(tenants.map((tenant) => [tenant, aTenant(tenant)]));

describe("a listing that is short", () => {
  it("of connections, which can be read one by one, changes nothing", async () => {
    const { state, wrap } = falsifying("/sources/connections", emptyList);
    await using bench = await workbench(wrap);
    await bench.deploy(all);
    state.on = true;
    const plan = await bench.plan(all);
    expect(plan.changes).toEqual([]);
    expect(await bench.drift()).toEqual([]);
  });

  it("of jobs, which can only be listed, refuses the whole run though each tenant lacks only a few", async () => {
    const { state, wrap } = falsifying("/import/jobs", emptyList);
    await using bench = await workbench(wrap);
    await bench.deploy(all);
    state.on = true;
    const plan = await bench.plan(all);
    expect(plan.refusals).toMatchObject([{ guard: "missing-objects" }]);
    expect(plan.refusals[0]).not.toHaveProperty("tenant");
    bench.forgetRequests();
    await bench.apply(plan);
    expect(bench.requests.filter((request) => !request.startsWith("GET"))).toEqual([]);
  });

  it("does not make a tenant that leaves forget what is still there", async () => {
    const { state, wrap } = falsifying("/sources/connections", emptyList);
    await using bench = await workbench(wrap);
    await bench.deploy({ t001: [aConnection("t001")] });
    state.on = true;
    const plan = await bench.plan({ t001: [] }, { leaving: ["t001"] });
    expect(plan.changes).toMatchObject([{ op: "delete" }]);
  });
});

describe("a collection that cannot be read", () => {
  it("is said with its reason, and nothing that it might use is taken away", async () => {
    const { state, wrap } = falsifying("/import/jobs", async () =>
      Response.json({ error: { type: "broken", reason: "disk" }, status: 501 }, { status: 501 }),
    );
    await using bench = await workbench(wrap);
    await bench.deploy({ t001: aTenant("t001") });
    state.on = true;
    const plan = await bench.plan({ t001: [] }, { leaving: ["t001"] });
    expect(plan.changes.filter((change) => change.op === "delete")).toEqual([]);
    expect(plan.findings.map((finding) => finding.finding)).toEqual(["unreadable", "unreadable"]);
    expect(plan.findings[0]?.reason).toContain("501");
    expect(plan.summary.unreadable).toBe(2);
  });
});

describe("a target that keeps values in its own spelling", () => {
  it("does not make a rotated secret or another change uncertain", async () => {
    const wrap =
      (real: Fetch): Fetch =>
      async (request) => {
        const answer = await real(request);
        const path = new URL(request.url).pathname;
        if (request.method !== "GET" || !path.startsWith("/source")) return answer;
        const text = (await answer.text()).replaceAll("http://127.0.0.1:9", "http://127.0.0.1:9/");
        return new Response(text, { status: answer.status, headers: answer.headers });
      };
    await using bench = await workbench(wrap);
    const desired = (timeout: number): Record<string, readonly Resource[]> => ({
      t001: [aConnection("t001", { timeout_secs: timeout })],
    });
    await bench.deploy(desired(30));
    expect((await bench.plan(desired(30))).changes).toEqual([]);
    bench.secrets.set("crm_key", "another-value");
    expect((await bench.deploy(desired(30))).results).toMatchObject([{ outcome: "done" }]);
    expect((await bench.deploy(desired(60))).results).toMatchObject([{ outcome: "done" }]);
    expect((await bench.plan(desired(60))).changes).toEqual([]);
    expect(await bench.ledger.open("t001")).toEqual([]);
  });
});

describe("ownership", () => {
  it("is proven by the ledger, whatever a plan says", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: [aConnection("t001"), aConnection("t001", {}, "acme-t001-b")] });
    const theirs = await bench.api.createConnection("elasticsearch", { name: "theirs", base_url: "http://x" }, signal);
    const plan = await bench.plan({ t001: [aConnection("t001")] }, { prune: true });
    const forged = {
      ...plan,
      changes: plan.changes.map((change) => ({
        ...change,
        id: theirs.connection_id,
        entity: { ...change.entity, $based_on: {} },
      })),
    };
    const applied = await bench.apply(forged);
    expect(applied.results).toMatchObject([{ outcome: "conflict" }]);
    expect(await bench.api.getConnection(theirs.connection_id, signal)).toBeDefined();
  });

  it("of another tenant cannot be adopted away", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: [aDataset("t001")] });
    const shared: Resource = { ...aDataset("t001"), tenant: "t002", _id: "mine" };
    const plan = await bench.plan(
      { t001: [], t002: [shared] },
      { policies: { mayAdopt: () => true, isOwnedElsewhere: () => true } },
    );
    expect(plan.changes).toEqual([]);
    expect(plan.refusals).toMatchObject([{ guard: "adoption-needed", tenant: "t002" }]);
  });
});

describe("what somebody wrote in fields that nothing declares", () => {
  it("is drift, once, until the next apply", async () => {
    await using bench = await workbench();
    const desired = { t001: [aConnection("t001")] };
    await bench.deploy(desired);
    const [one] = await bench.api.listConnections(signal);
    await bench.api.updateConnection(one?.id ?? "", { accept_invalid_certs: true }, signal);
    expect(await bench.drift()).toMatchObject([{ drift: "changed", fields: [] }]);
    await bench.deploy(desired);
    expect(await bench.drift()).toEqual([]);
    expect((await bench.plan(desired)).changes).toEqual([]);
  });
});

describe("a create whose outcome nobody could look up", () => {
  it("is uncertain, and the next run finds that it is ours", async () => {
    let isDown = false;
    await using bench = await workbench((real) => async (request) => {
      if (isDown && request.method === "GET")
        return Response.json({ error: { type: "down", reason: "no" }, status: 501 }, { status: 501 });
      if (request.method !== "POST" || isDown) return real(request);
      await real(request);
      isDown = true;
      return new Response("cut", { status: 502 });
    });
    const desired = { t001: [aConnection("t001")] };
    const applied = await bench.apply(await bench.plan(desired));
    expect(applied.results).toMatchObject([{ outcome: "uncertain" }]);
    isDown = false;
    const again = await bench.deploy(desired);
    expect(again.refusals).toEqual([]);
    expect(await bench.api.listConnections(signal)).toHaveLength(1);
    expect(await bench.ledger.open("t001")).toEqual([]);
    expect((await bench.plan(desired)).changes).toEqual([]);
  });
});

describe("a replacement that was killed before its answer came", () => {
  it("moves the jobs to the new connection and takes the old one away", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: aTenant("t001") });
    const own = aConnection("t001");
    const desired = {
      t001: [
        aDataset("t001"),
        { ...own, properties: { ...own.properties, source: "opensearch" } },
        aJob("t001", { source: "opensearch" }),
      ],
    };
    const change = (await bench.plan(desired)).changes.find((item) => item.kind === "connection");
    if (change === undefined) throw new Error("the plan does not replace the connection");
    {
      const holder = { host: "gone", bootId: "", pid: 1, started: "2026-01-01T00:00:00Z", run: "killed" };
      await using lease = await bench.ledger.lease("t001", holder);
      await bench.ledger.intend(lease, "killed", [{ change, seen: [change.id ?? ""] }]);
      const config = { name: "acme-t001-crm", base_url: "http://127.0.0.1:9", api_key: "s3cret-value-1" };
      await bench.api.createConnection("opensearch", config, signal);
    }
    await bench.deploy(desired);
    const [only, ...others] = await bench.api.listConnections(signal);
    expect(others).toEqual([]);
    expect(await bench.api.listImportJobs(signal)).toMatchObject([{ source_id: only?.id }]);
    expect(await bench.ledger.open("t001")).toEqual([]);
    expect((await bench.plan(desired)).changes).toEqual([]);
  });
});
