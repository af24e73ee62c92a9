import { expect, it } from "vitest";
import { DeployerError } from "../../src/errors.ts";
import type { Ledger } from "../../src/ledger/index.ts";
import { openLedger } from "../../src/ledger/index.ts";
import type { Fetch } from "./workbench.ts";
import { aTenant, signal, workbench } from "./workbench.ts";

/** A ledger that is locked once, at the first of these writes. */
const lockedOnce = (ledger: Ledger, step: "intend" | "settle"): Ledger => {
  let isLocked = true;
  const write =
    <Args extends readonly unknown[]>(work: (...args: Args) => Promise<void>) =>
    async (...args: Args): Promise<void> => {
      if (isLocked) {
        isLocked = false;
        throw new DeployerError("ledger-unavailable", "the ledger is locked by another process");
      }
      await work(...args);
    };
  return { ...ledger, [step]: write(ledger[step] as (...args: readonly unknown[]) => Promise<void>) };
};

it("keeps the intent of what was made and could not be recorded, and finds it in the next run", async () => {
  const memory = await openLedger("memory:", { environment: "default" });
  await using bench = await workbench(undefined, { ledger: lockedOnce(memory, "settle") });
  const first = await bench.deploy({ t1: aTenant("t1") });
  expect(first.results.find(({ error }) => error?.code === "ledger-unavailable")).toMatchObject({
    outcome: "uncertain",
  });
  expect(await memory.open("t1")).not.toEqual([]);
  const second = await bench.deploy({ t1: aTenant("t1") });
  expect(second.results.map(({ outcome }) => outcome)).not.toContain("conflict");
  expect(second.refusals).toEqual([]);
  bench.forgetRequests();
  await bench.deploy({ t1: aTenant("t1") });
  expect(bench.requests.filter((request) => !request.startsWith("GET"))).toEqual([]);
  await memory[Symbol.asyncDispose]();
});

it("deletes an import job that a listing left out, rather than losing sight of it", async () => {
  let isShort = false;
  const short =
    (fetch: Fetch): Fetch =>
    async (request) =>
      isShort && request.method === "GET" && request.url.endsWith("/import/jobs") ? Response.json([]) : fetch(request);
  await using bench = await workbench(short);
  await bench.deploy({ t1: aTenant("t1") });
  const plan = await bench.plan({ t1: aTenant("t1").filter(({ kind }) => kind !== "import-job") }, { prune: true });
  isShort = true;
  await bench.apply(plan);
  isShort = false;
  expect(await bench.api.listImportJobs(signal)).toEqual([]);
  expect((await bench.ledger.entries("t1")).map(({ resource }) => resource.kind)).not.toContain("import-job");
});

it("fails, and is not uncertain, where the intent could not be committed", async () => {
  const memory = await openLedger("memory:", { environment: "default" });
  await using bench = await workbench(undefined, { ledger: lockedOnce(memory, "intend") });
  const { results } = await bench.deploy({ t1: aTenant("t1") });
  expect(results.filter(({ error }) => error?.code === "ledger-unavailable").map(({ outcome }) => outcome)).toContain(
    "failed",
  );
  expect(results.map(({ outcome }) => outcome)).not.toContain("uncertain");
  await memory[Symbol.asyncDispose]();
});

it("keeps what proves that a thing is ours, where the run that goes on comes to nothing either", async () => {
  const memory = await openLedger("memory:", { environment: "default" });
  let isRefused = false;
  const refusing =
    (fetch: Fetch): Fetch =>
    async (request) =>
      isRefused ? Response.json({ error: { type: "unauthorized" } }, { status: 401 }) : fetch(request);
  await using bench = await workbench(refusing, { ledger: lockedOnce(memory, "settle") });
  await bench.deploy({ t1: aTenant("t1") });
  const open = (await memory.open("t1")).length;
  expect(open).toBeGreaterThan(0);
  const plan = await bench.plan({ t1: aTenant("t1") });
  isRefused = true;
  await bench.apply(plan);
  expect(await memory.open("t1")).toHaveLength(open);
  isRefused = false;
  expect((await bench.deploy({ t1: aTenant("t1") })).refusals).toEqual([]);
  expect(await memory.open("t1")).toEqual([]);
  await memory[Symbol.asyncDispose]();
});
