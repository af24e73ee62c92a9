import { expect, it } from "vitest";
import { openLedger } from "../../src/ledger/index.ts";
import type { Fetch } from "./workbench.ts";
import { aConnection, workbench } from "./workbench.ts";

const many = (tenant: string) =>
  Array.from({ length: 12 }, (_, index) => aConnection(tenant, {}, `acme-${tenant}-${index}`));

const nameIn = async (request: Request): Promise<string> =>
  ((await request.clone().json()) as { config: { name: string } }).config.name;

it("sends nothing of a tenant that was taken away while it waited for its turn", async () => {
  const ledger = await openLedger("memory:", { environment: "default" });
  const sent: string[] = [];
  const wrap =
    (fetch: Fetch): Fetch =>
    async (request) => {
      if (request.method === "GET") return fetch(request);
      sent.push((await nameIn(request)).slice(0, "acme-t1".length));
      await new Promise((done) => setTimeout(done, 85));
      return fetch(request);
    };
  await using bench = await workbench(wrap, { ledger, times: { settle: 60_000 } });
  const plan = await bench.plan({ t1: many("t1").slice(5), t2: many("t2").slice(5) });
  const running = bench.apply(plan, { parallelism: 1 });
  await expect.poll(async () => (await ledger.open("t2")).length).toBe(7);
  const lease = (await ledger.leases()).find(({ tenant }) => tenant === "t2");
  expect(await ledger.unlock("t2", lease?.epoch ?? 0)).toBe(true);
  const { results } = await running;
  expect(sent).toEqual(Array(7).fill("acme-t1"));
  expect(results.filter(({ tenant }) => tenant === "t2").map(({ outcome }) => outcome)).not.toContain("done");
  await ledger[Symbol.asyncDispose]();
});

it("gives an intent that waited for its turn a new time before its request goes out", async () => {
  const ledger = await openLedger("memory:", { environment: "default" });
  const intended: number[] = [];
  const wrap =
    (fetch: Fetch): Fetch =>
    async (request) => {
      if (request.method === "GET") return fetch(request);
      const name = await nameIn(request);
      const intent = (await ledger.open("t1")).find(({ change }) => change.entity._id === name);
      intended.push(Date.parse(intent?.at ?? ""));
      await new Promise((done) => setTimeout(done, 60));
      return fetch(request);
    };
  await using bench = await workbench(wrap, { ledger, times: { settle: 100, verify: 100 } });
  const { results } = await bench.apply(await bench.plan({ t1: many("t1") }), { parallelism: 1 });
  expect(results.map(({ outcome }) => outcome)).toEqual(Array(12).fill("done"));
  expect(intended).toHaveLength(12);
  // All twelve were intended at once, and the last was sent 700 ms later.
  expect(Math.max(...intended) - Math.min(...intended)).toBeGreaterThan(400);
  await ledger[Symbol.asyncDispose]();
});
