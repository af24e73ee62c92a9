import { expect, it } from "vitest";
import type { Workbench } from "./workbench.ts";
import { aConnection, signal, workbench } from "./workbench.ts";

const name = "acme-t1-crm";
const settings = { maxDeletes: 10 };

/** A create whose answer was lost, `made` or not, and which its own run did not find either. */
const interrupted = async (made: boolean): Promise<Workbench> => {
  let isCut = true;
  const bench = await workbench((fetch) => async (request) => {
    if (request.method === "GET") return isCut && made ? Response.json([]) : fetch(request);
    if (!isCut) return fetch(request);
    if (made) await fetch(request);
    throw new TypeError("connection reset");
  });
  const { results } = await bench.deploy({ t1: [aConnection("t1")] });
  expect(results.map(({ outcome }) => outcome)).toEqual(["uncertain"]);
  isCut = false;
  return bench;
};

const opsOf = async (bench: Workbench, moves: readonly { from: string; to: string }[] = [], _id?: string) => {
  const desired = { t1: _id === undefined ? [] : [aConnection("t1", { name }, _id)] };
  const plan = await bench.plan(desired, { ...settings, moves });
  return { plan, ops: plan.changes.map(({ op, entity }) => `${op} ${entity._id}`) };
};

it("closes what an interrupted create left open, where nothing came of it and nobody asks for it any more", async () => {
  await using bench = await interrupted(false);
  const { plan, ops } = await opsOf(bench);
  expect(ops).toEqual([`forget ${name}`]);
  expect(plan).toMatchObject({ prune: false, refusals: [], summary: { forget: 1 } });
  bench.forgetRequests();
  expect((await bench.apply(plan)).results).toMatchObject([{ op: "forget", outcome: "done" }]);
  expect(bench.requests.filter((request) => !request.startsWith("GET"))).toEqual([]);
  expect(await bench.ledger.open("t1")).toEqual([]);
  expect(await bench.ledger.tenants()).toEqual([]);
  await bench.ledger.rekey("another key", []);
  expect((await opsOf(bench)).ops).toEqual([]);
});

it("closes it also for a tenant that leaves", async () => {
  await using bench = await interrupted(false);
  const plan = await bench.plan({ t1: [] }, { ...settings, leaving: ["t1"] });
  expect((await bench.apply(plan)).results).toMatchObject([{ op: "forget", outcome: "done" }]);
  expect(await bench.ledger.tenants()).toEqual([]);
});

it("makes it once where the files ask for it again", async () => {
  await using bench = await interrupted(false);
  const { plan, ops } = await opsOf(bench, [], name);
  expect(ops).toEqual([`insert ${name}`]);
  await bench.apply(plan);
  expect(await bench.ledger.open("t1")).toEqual([]);
});

it("leaves it open, and says so, while something is there that may have come of it", async () => {
  await using bench = await interrupted(true);
  const [made] = await bench.api.listConnections(signal);
  await bench.api.updateConnection(made?.id ?? "", { base_url: "http://127.0.0.1:8" }, signal);
  const { plan, ops } = await opsOf(bench);
  expect(ops).toEqual([]);
  expect(plan.findings).toMatchObject([{ finding: "unmanaged", _id: name, ids: [made?.id] }]);
  await bench.api.deleteConnection(made?.id ?? "", signal);
  expect((await opsOf(bench)).ops).toEqual([`forget ${name}`]);
});

it("forgets nothing where something of it appears after the plan", async () => {
  await using bench = await interrupted(false);
  const { plan } = await opsOf(bench);
  await bench.api.createConnection(
    "elasticsearch",
    { auth: "api_key", name, base_url: "http://127.0.0.1:9", api_key: "k" },
    signal,
  );
  expect((await bench.apply(plan)).results).toMatchObject([{ op: "forget", outcome: "conflict" }]);
  expect(await bench.ledger.open("t1")).toHaveLength(1);
});

const moves = [{ from: `connection/${name}`, to: "connection/acme-t1-new" }];

it.each([true, false])("follows a rename before it was known what came of the create (made: %s)", async (made) => {
  await using bench = await interrupted(made);
  const { plan, ops } = await opsOf(bench, moves, "acme-t1-new");
  expect(ops).toHaveLength(1);
  expect((await bench.apply(plan)).results).toMatchObject([{ _id: "acme-t1-new", outcome: "done" }]);
  expect(await bench.api.listConnections(signal)).toHaveLength(1);
  expect((await bench.ledger.entries("t1")).map(({ resource }) => resource._id)).toEqual(["acme-t1-new"]);
  expect(await bench.ledger.open("t1")).toEqual([]);
  expect((await opsOf(bench, moves, "acme-t1-new")).ops).toEqual([]);
});
