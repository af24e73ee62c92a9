import { describe, expect, it } from "vitest";
import type { Properties, Resource } from "../../src/contract/index.ts";
import { formatPlan, parsePlan } from "../../src/contract/index.ts";
import type { BenchOptions, Fetch, PlanSettings, Workbench } from "./workbench.ts";
import { aConnection, aDataset, aJob, aTenant, signal, workbench } from "./workbench.ts";

/** The tenant with its connection to another source: the connection is replaced, and its job with it. */
const of = (source: string, config: Properties = {}): readonly Resource[] => {
  const own = aConnection("t001", config);
  return [aDataset("t001"), { ...own, properties: { ...own.properties, source } }, aJob("t001", { source })];
};

type Step = (request: Request, real: Fetch) => Promise<Response> | undefined;

/** The real service behind something that may answer in its place. */
const between = () => {
  const state: { step: Step | undefined } = { step: undefined };
  const wrap =
    (real: Fetch): Fetch =>
    (request) =>
      state.step?.(request, real) ?? real(request);
  return { state, wrap };
};

const bad = async (): Promise<Response> =>
  new Response('{"error":{"type":"bad","reason":"no"},"status":400}', { status: 400 });

const isConnection = (request: Request, method: string): boolean =>
  request.method === method && new URL(request.url).pathname.startsWith("/source/");

/** Both connections are there, the new one is ours, and the intent is open: the old one could not be deleted. */
const interrupted = async (
  options: BenchOptions = {},
): Promise<{ readonly bench: Workbench; readonly old: string }> => {
  const { state, wrap } = between();
  const bench = await workbench(wrap, options);
  await bench.deploy({ t001: aTenant("t001") });
  const [old] = await bench.api.listConnections(signal);
  state.step = (request) => (isConnection(request, "DELETE") ? bad() : undefined);
  await bench.deploy({ t001: of("opensearch") });
  state.step = undefined;
  const count = (await bench.api.listConnections(signal)).length;
  if (old === undefined || count !== 2) throw new Error("the replacement was not interrupted");
  return { bench, old: old.id };
};

const connections = async (bench: Workbench): Promise<readonly string[]> =>
  (await bench.api.listConnections(signal)).map(({ type }) => type);

describe("the old object of a replacement", () => {
  it("is kept where somebody changes it while the new one is made, until it is looked at", async () => {
    const { state, wrap } = between();
    await using bench = await workbench(wrap);
    await bench.deploy({ t001: aTenant("t001") });
    const [old] = await bench.api.listConnections(signal);
    state.step = (request, real) => {
      if (!isConnection(request, "POST")) return undefined;
      state.step = undefined;
      return real(request).then(async (answer) => {
        await bench.api.updateConnection(old?.id ?? "", { base_url: "http://127.0.0.1:8" }, signal);
        return answer;
      });
    };
    const applied = await bench.deploy({ t001: of("opensearch") });
    expect(applied.results.find(({ kind }) => kind === "connection")).toMatchObject({ outcome: "conflict" });
    expect(applied.summary.conflict).toBe(1);
    expect((await connections(bench)).toSorted()).toEqual(["elasticsearch", "opensearch"]);
    const entries = await bench.ledger.entries("t001");
    expect(entries.find(({ resource }) => resource.kind === "connection")?.id).not.toBe(old?.id);
    const again = await bench.deploy({ t001: of("opensearch") });
    expect(again.results.find(({ kind }) => kind === "connection")).toMatchObject({ outcome: "conflict" });
    await bench.api.deleteConnection(old?.id ?? "", signal);
    await bench.deploy({ t001: of("opensearch") });
    expect(await bench.ledger.open("t001")).toEqual([]);
    expect((await bench.plan({ t001: of("opensearch") })).changes).toEqual([]);
  });

  it("is kept where somebody changed it after the run was interrupted", async () => {
    const { bench, old } = await interrupted({ traits: { updated_at: "any" } });
    await using _ = bench;
    await bench.api.updateConnection(old, { base_url: "http://127.0.0.1:8" }, signal);
    const applied = await bench.deploy({ t001: of("opensearch") });
    expect(applied.results.find(({ kind }) => kind === "connection")).toMatchObject({ outcome: "conflict" });
    expect(await connections(bench)).toHaveLength(2);
    expect(await bench.ledger.open("t001")).not.toEqual([]);
  });

  it("is kept where only the time of its last write tells that somebody changed a secret", async () => {
    const { bench, old } = await interrupted({ traits: { updated_at: "config" } });
    await using _ = bench;
    await bench.api.updateConnection(old, { api_key: "another" }, signal);
    const applied = await bench.deploy({ t001: of("opensearch") });
    expect(applied.results.find(({ kind }) => kind === "connection")).toMatchObject({ outcome: "conflict" });
    expect(await connections(bench)).toHaveLength(2);
  });
});

describe("an interrupted replacement", () => {
  const done = async (
    bench: Workbench,
    desired: readonly Resource[],
    settings: PlanSettings,
  ): Promise<readonly string[]> => {
    const ops: string[] = [];
    for (let left = 3; left > 0; left--) {
      const plan = await bench.plan({ t001: desired }, settings);
      expect(plan.refusals).toEqual([]);
      const applied = await bench.apply(parsePlan(formatPlan(plan)));
      expect(applied.results.map(({ error }) => error)).toEqual(applied.results.map(() => undefined));
      ops.push(...plan.changes.filter(({ kind }) => kind === "connection").map(({ op }) => op));
      if (plan.changes.length === 0) return ops;
    }
    throw new Error("it does not come to an end");
  };

  it("of what moved on to another source leaves one connection", async () => {
    const { bench, old } = await interrupted();
    await using _ = bench;
    const plan = await bench.plan({ t001: of("elasticsearch") });
    expect(plan.changes.find(({ kind }) => kind === "connection")).toMatchObject({ leftovers: [{ id: old }] });
    expect(await done(bench, of("elasticsearch"), {})).toEqual(["replace"]);
    expect(await connections(bench)).toEqual(["elasticsearch"]);
    expect(await bench.ledger.open("t001")).toEqual([]);
  });

  it("that is interrupted once more by the next replacement leaves one connection", async () => {
    const { state, wrap } = between();
    await using bench = await workbench(wrap);
    await bench.deploy({ t001: aTenant("t001") });
    state.step = (request) => (isConnection(request, "DELETE") ? bad() : undefined);
    await bench.deploy({ t001: of("opensearch") });
    await bench.deploy({ t001: of("elasticsearch") });
    expect(await connections(bench)).toHaveLength(3);
    state.step = undefined;
    expect(await done(bench, of("elasticsearch"), {})).toEqual(["replace"]);
    expect(await connections(bench)).toEqual(["elasticsearch"]);
    expect(await bench.ledger.open("t001")).toEqual([]);
  });

  it("of what was renamed since leaves one connection", async () => {
    const { bench } = await interrupted();
    await using _ = bench;
    const own = aConnection("t001", { name: "acme-t001-crm" }, "acme-t001-new");
    const desired = [
      aDataset("t001"),
      { ...own, properties: { ...own.properties, source: "opensearch" } },
      aJob("t001", { source: "opensearch" }, "acme-t001-new"),
    ];
    const moves = [{ from: "connection/acme-t001-crm", to: "connection/acme-t001-new" }];
    expect(await done(bench, desired, { moves })).toEqual(["replace"]);
    expect(await connections(bench)).toEqual(["opensearch"]);
    expect((await bench.ledger.entries("t001")).map(({ resource }) => resource._id)).toContain("acme-t001-new");
    expect(await bench.ledger.open("t001")).toEqual([]);
  });

  it("is not finished where its old object is protected by now", async () => {
    const { bench, old } = await interrupted();
    await using _ = bench;
    const isProtected = (name: string): boolean => name.startsWith("connection/");
    const plan = await bench.plan({ t001: of("opensearch") }, { policies: { isProtected } });
    expect(plan.refusals).toMatchObject([{ guard: "protected", tenant: "t001" }]);
    expect(plan.findings).toMatchObject([{ finding: "protected", ids: [old] }]);
  });

  it("of a tenant that leaves is gone with both of its objects in one run", async () => {
    const { bench } = await interrupted();
    await using _ = bench;
    const plan = await bench.plan({}, { leaving: ["t001"] });
    expect(plan.changes.find(({ kind }) => kind === "connection")).toMatchObject({ op: "delete" });
    const applied = await bench.apply(plan);
    expect(applied.results.every(({ outcome }) => outcome === "done")).toBe(true);
    expect(await connections(bench)).toEqual([]);
    expect(await bench.ledger.open("t001")).toEqual([]);
  });

  it("of a tenant that leaves keeps both where somebody changed the old one", async () => {
    const { bench, old } = await interrupted();
    await using _ = bench;
    await bench.api.updateConnection(old, { base_url: "http://127.0.0.1:8" }, signal);
    const applied = await bench.apply(await bench.plan({}, { leaving: ["t001"] }));
    expect(applied.results.find(({ kind }) => kind === "connection")).toMatchObject({ outcome: "conflict" });
    expect(await connections(bench)).toHaveLength(2);
    const [leftover] = await bench.ledger.open("t001");
    expect(leftover?.change.id).toBe(old);
  });

  it("takes nothing away that no open intent names, whatever a plan says", async () => {
    const { bench } = await interrupted();
    await using _ = bench;
    const config = { name: "theirs", base_url: "http://127.0.0.1:9", api_key: "s3cret-value-1" };
    const { connection_id: theirs } = await bench.api.createConnection("opensearch", config, signal);
    const plan = await bench.plan({}, { leaving: ["t001"] });
    const changes = plan.changes.map((change) =>
      change.leftovers === undefined ? change : { ...change, leftovers: [{ id: theirs, basedOn: {} }] },
    );
    await bench.apply({ ...plan, changes });
    expect((await bench.api.listConnections(signal)).map(({ id }) => id)).toContain(theirs);
  });
});

describe("a replacement whose new object nobody answered for", () => {
  it("makes no other one where that one is not as it was asked for", async () => {
    const { state, wrap } = between();
    await using bench = await workbench(wrap);
    await bench.deploy({ t001: aTenant("t001") });
    const [old] = await bench.api.listConnections(signal);
    let isDead = false;
    state.step = (request, real) => {
      if (isDead) return Promise.reject(new TypeError("dead"));
      if (!isConnection(request, "POST")) return undefined;
      isDead = true;
      return real(request).then(() => Promise.reject(new TypeError("dead")));
    };
    await bench.deploy({ t001: of("opensearch") });
    state.step = undefined;
    const made = (await bench.api.listConnections(signal)).find(({ id }) => id !== old?.id);
    expect(made).toBeDefined();
    await bench.api.updateConnection(made?.id ?? "", { base_url: "http://127.0.0.1:8" }, signal);
    const plan = await bench.plan({ t001: of("opensearch") });
    bench.forgetRequests();
    const applied = await bench.apply(plan);
    const result = applied.results.find(({ kind }) => kind === "connection");
    expect(result).toMatchObject({ outcome: "uncertain" });
    expect(result?.error?.message).toContain(made?.id);
    expect(bench.requests.filter((request) => !request.startsWith("GET"))).toEqual([]);
    await bench.api.deleteConnection(made?.id ?? "", signal);
    const again = await bench.deploy({ t001: of("opensearch") });
    expect(again.results.every(({ outcome }) => outcome === "done")).toBe(true);
    expect(await connections(bench)).toEqual(["opensearch"]);
  });
});
