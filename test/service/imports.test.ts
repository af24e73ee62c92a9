import { describe, expect, it } from "vitest";
import { updateConnection } from "../../src/service/connections.ts";
import { Problem } from "../../src/service/problem.ts";
import { createClock, createGate, row, startImports, tableSource } from "../support/import-stage.ts";
import { temporaryFolder } from "../support/service.ts";

const orders = (...ids: number[]) => ids.map((id) => row({ id, city: `c${id}` }));
const kept = (...ids: number[]) => ids.map((id) => ({ _id: String(id), id: String(id), city: `c${id}` }));
const keyed = { primary_key: "id", query: "select" };

describe("a job with a primary key", () => {
  it("runs once when it is made, and its dataset is there", async () => {
    const stage = await startImports(tableSource(orders(1, 2, 3)));
    const job = stage.add(keyed);
    const run = await stage.completed(job);
    expect(run).toMatchObject({ trigger: "created", processed: 3, failed: 0, removed: 0, dataset: "shop-orders" });
    expect(run.bytes).toBeGreaterThan(40);
    expect(await stage.records()).toEqual(kept(1, 2, 3));
    expect(stage.state.datasets.get("shop-orders")).toBeDefined();
    expect(stage.job(job)).toMatchObject({ status: "completed", last_run: run.started_at, last_run_id: run.id });
  });

  it("run again takes what is new, keeps what is the same and removes what is gone", async () => {
    const source = tableSource(orders(1, 2, 3));
    const stage = await startImports(source);
    const job = stage.add(keyed);
    await stage.completed(job);
    source.rows = [...orders(2, 4), row({ id: 3, city: "moved" })];
    stage.state.imports.run(job);
    expect(await stage.completed(job, 2)).toMatchObject({ trigger: "request", processed: 3, removed: 1 });
    expect(await stage.records()).toEqual([...kept(2), { _id: "3", id: "3", city: "moved" }, ...kept(4)]);
  });

  it("goes on from the last batch that was kept, after the service was closed", async () => {
    const folder = temporaryFolder();
    const source = tableSource(orders(1, 2, 3, 4, 5, 6));
    const gate = createGate();
    source.before = (place, signal) => (place === 4 ? gate.wait(signal) : undefined);
    const stage = await startImports(source, { dataDir: folder });
    const job = stage.add(keyed);
    await gate.reached;
    while (stage.latest(job)?.processed !== 4) await new Promise((resolve) => setTimeout(resolve, 2));
    const before = stage.latest(job);
    await stage.close();

    source.given.length = 0;
    source.before = () => undefined;
    const again = await startImports(source, { dataDir: folder });
    const run = await again.completed(job);
    expect(run).toMatchObject({
      id: before?.id,
      trigger: "resume",
      resumed: 4,
      processed: 6,
      started_at: before?.started_at,
    });
    expect(source.given).toEqual([4, 5]);
    expect(await again.records()).toEqual(kept(1, 2, 3, 4, 5, 6));
    expect(again.state.runs.ofJob(job)).toHaveLength(1);
  });

  it("reads all anew where the source does not know the place any more", async () => {
    const folder = temporaryFolder();
    const source = tableSource(orders(1, 2, 3, 4));
    const gate = createGate();
    source.before = (place, signal) => (place === 2 ? gate.wait(signal) : undefined);
    const stage = await startImports(source, { dataDir: folder });
    const job = stage.add(keyed);
    while (stage.latest(job)?.processed !== 2) await new Promise((resolve) => setTimeout(resolve, 2));
    await stage.close();
    source.rows = orders(5, 6, 7, 8);
    source.before = (place) => {
      if (source.asked.at(-1)?.after !== undefined) throw new Problem("bad_request", `nobody knows ${place}`);
    };
    const again = await startImports(source, { dataDir: folder });
    await again.completed(job);
    expect(await again.records()).toEqual(kept(5, 6, 7, 8));
  });

  it("names records without a value for it and takes the others", async () => {
    const stage = await startImports(tableSource([...orders(1), row({ id: null, city: "x" }), ...orders(3)]));
    const run = await stage.completed(stage.add(keyed));
    expect(run).toMatchObject({
      processed: 2,
      failed: 1,
      errors: [expect.stringMatching(/record 2: .*primary key id/)],
    });
    expect(await stage.records()).toEqual(kept(1, 3));
  });

  it("fails where that does not identify records, and the dataset is as it was", async () => {
    const source = tableSource(orders(1, 2));
    const stage = await startImports(source);
    const job = stage.add(keyed);
    await stage.completed(job);
    source.rows = orders(7, 8, 7);
    stage.state.imports.run(job);
    expect(await stage.ended(job, 2)).toMatchObject({
      status: "failed",
      error: expect.stringMatching(/2 of them have "7"/),
    });
    expect(await stage.records()).toEqual(kept(1, 2));
  });

  it("may have several fields, whose values never run into each other", async () => {
    const rows = [row({ a: "x:y", b: "z" }), row({ a: "x", b: "y:z" }), row({ a: "x\\", b: 1 })];
    const stage = await startImports(tableSource(rows));
    await stage.completed(stage.add({ primary_key: ["a", "b"] }));
    expect((await stage.records()).map(({ _id }) => _id)).toEqual(["x:y\\:z", "x\\:y:z", "x\\\\:1"].toSorted());
  });
});

describe("a job without one", () => {
  it("fills a new table with each run, which takes the place of the old one", async () => {
    const source = tableSource(orders(1, 2, 3));
    const stage = await startImports(source);
    const job = stage.add({});
    await stage.completed(job);
    expect(source.asked[0]).toMatchObject({ resumable: false });
    source.rows = orders(9);
    stage.state.imports.run(job);
    expect(await stage.completed(job, 2)).toMatchObject({ processed: 1 });
    expect((await stage.records()).map(({ city }) => city)).toEqual(["c9"]);
  });

  it("starts again after it was interrupted", async () => {
    const folder = temporaryFolder();
    const source = tableSource(orders(1, 2, 3, 4));
    const gate = createGate();
    source.before = (place, signal) => (place === 2 ? gate.wait(signal) : undefined);
    const stage = await startImports(source, { dataDir: folder });
    const job = stage.add({});
    await gate.reached;
    await stage.close();
    source.given.length = 0;
    source.before = () => undefined;
    const again = await startImports(source, { dataDir: folder });
    const run = await again.completed(job);
    expect(run).toMatchObject({ trigger: "resume", processed: 4 });
    expect(run).not.toHaveProperty("resumed");
    expect(source.given).toEqual([0, 1, 2, 3]);
    expect(await again.records()).toHaveLength(4);
  });
});

describe("a source that fails", () => {
  const refuse = (type: "source_unreachable" | "source_error", reason = "it said no") => {
    throw new Problem(type, reason);
  };

  it("in passing is asked again from the last batch on", async () => {
    const source = tableSource(orders(1, 2, 3, 4));
    let failures = 3;
    source.before = (place) => {
      if (place === 2 && failures-- > 0) refuse("source_unreachable");
    };
    const stage = await startImports(source);
    expect(await stage.completed(stage.add(keyed))).toMatchObject({ processed: 4 });
    expect(source.given).toEqual([0, 1, 2, 3]);
    expect(stage.pauses).toEqual([500, 1000, 2000]);
    expect(await stage.records()).toEqual(kept(1, 2, 3, 4));
  });

  it("in passing is read anew where there is no key", async () => {
    const source = tableSource(orders(1, 2, 3, 4));
    let failures = 1;
    source.before = (place) => {
      if (place === 2 && failures-- > 0) refuse("source_unreachable");
    };
    const stage = await startImports(source);
    expect(await stage.completed(stage.add({}))).toMatchObject({ processed: 4 });
    expect(source.given).toEqual([0, 1, 0, 1, 2, 3]);
    expect(await stage.records()).toHaveLength(4);
  });

  it.each([
    ["for good, after three repeats", "source_unreachable", 4],
    ["with a no, at once", "source_error", 1],
  ] as const)("%s fails the run, and the dataset stays as it was", async (_, type, attempts) => {
    const source = tableSource(orders(1, 2, 3));
    const stage = await startImports(source);
    const job = stage.add(keyed);
    await stage.completed(job);
    source.asked.length = 0;
    source.rows = orders(5, 6, 7);
    source.before = (place) => {
      if (place === 2) refuse(type, "no entry with planted-token");
    };
    stage.state.imports.run(job);
    const run = await stage.ended(job, 2);
    expect(run).toMatchObject({ status: "failed", error: "no entry with ***" });
    expect(stage.job(job)).toMatchObject({ status: "failed", reason: "no entry with ***" });
    expect(source.asked).toHaveLength(attempts);
    expect(await stage.records()).toEqual(kept(1, 2, 3));
  });

  it("to come to an end is given up", async () => {
    const time = createClock("2026-01-01T10:00:00Z");
    const source = tableSource(orders(...Array.from({ length: 40 }, (_, n) => n)));
    source.before = () => time.moveTo(new Date(time.clock() + 3_600_000).toISOString());
    const stage = await startImports(source, { time });
    const run = await stage.ended(stage.add(keyed));
    expect(run).toMatchObject({ status: "failed", error: expect.stringContaining("6 hours") });
    expect(source.given.length).toBeLessThan(20);
    expect(await stage.records()).toEqual([]);
  });

  it("is asked again when its connection was changed", async () => {
    const source = tableSource(orders(1, 2));
    source.before = () => refuse("source_error");
    const stage = await startImports(source);
    const [job, well] = [stage.add(keyed), stage.add({ ...keyed, target_dataset: "shop-others" })];
    await stage.ended(job);
    source.before = () => undefined;
    stage.state.imports.run(well);
    await stage.completed(well, 2);
    updateConnection(stage.state, "conn-1", { config: { pat_token: "mended" } });
    expect(await stage.completed(job, 2)).toMatchObject({ trigger: "connection", processed: 2 });
    // What went well waits for its schedule.
    expect(stage.state.runs.ofJob(well)).toHaveLength(2);
  });

  it("the first time leaves no dataset", async () => {
    const source = tableSource(orders(1));
    source.before = () => refuse("source_error");
    const stage = await startImports(source);
    await stage.ended(stage.add(keyed));
    expect(stage.state.datasets.get("shop-orders")).toBeUndefined();
    expect(await stage.records()).toEqual([]);
  });

  it("with a defect is reported, and the run names no more", async () => {
    const source = tableSource(orders(1));
    const defect = new Error("planted");
    source.before = () => {
      throw defect;
    };
    const errors: unknown[] = [];
    const stage = await startImports(source, { errors });
    const run = await stage.ended(stage.add(keyed));
    expect(run).toMatchObject({ status: "failed", error: expect.not.stringContaining("planted") });
    expect(errors).toEqual([defect]);
  });

  it("that has no driver is said", async () => {
    const stage = await startImports(undefined);
    expect(await stage.ended(stage.add({}))).toMatchObject({
      status: "failed",
      error: expect.stringContaining("driver"),
    });
  });
});

describe("while a job runs", () => {
  const running = async () => {
    const source = tableSource(orders(1, 2, 3, 4));
    const gate = createGate();
    source.before = (place, signal) => (place === 2 ? gate.wait(signal) : undefined);
    const stage = await startImports(source);
    const job = stage.add(keyed);
    await gate.reached;
    return { stage, job, gate, source };
  };

  it("it says so, and a request gives the run that is under way", async () => {
    const { stage, job, gate } = await running();
    expect(stage.job(job)).toMatchObject({ status: "running", last_run_id: stage.latest(job)?.id });
    expect(stage.state.imports.run(job).id).toBe(stage.latest(job)?.id);
    gate.open();
    await stage.completed(job);
    expect(stage.state.runs.ofJob(job)).toHaveLength(1);
  });

  it("it can be deleted: nothing of it becomes visible, and its history goes", async () => {
    const { stage, job, source } = await running();
    await stage.remove(job);
    expect(stage.job(job)).toBeUndefined();
    expect(stage.state.runs.ofJob(job)).toEqual([]);
    expect(await stage.records()).toEqual([]);
    expect(source.given).toEqual([0, 1]);
  });

  it("its dataset can be deleted: the run fails", async () => {
    const { stage, job } = await running();
    await stage.state.imports.dropped("shop-orders");
    expect(stage.latest(job)).toMatchObject({ status: "failed", error: expect.stringContaining("shop-orders") });
    expect(await stage.records()).toEqual([]);
  });

  it("its connection can be deleted: the run fails", async () => {
    const { stage, job, gate } = await running();
    stage.state.connections.delete("conn-1");
    gate.open();
    expect(await stage.ended(job)).toMatchObject({ status: "failed", error: expect.stringContaining("conn-1") });
    expect(await stage.records()).toEqual([]);
  });

  it("closing ends it within two seconds, even where the source does not listen", async () => {
    const source = tableSource(orders(1, 2, 3));
    const reached = Promise.withResolvers<void>();
    source.before = (place) => {
      if (place < 2) return undefined;
      reached.resolve();
      return new Promise<never>(() => undefined);
    };
    const stage = await startImports(source);
    stage.add(keyed);
    await reached.promise;
    // The source never answers: without an end of its own, this would wait for ever.
    await stage.close();
  });
});

it("three jobs run at once, others wait for their turn", async () => {
  const source = tableSource(orders(1));
  const gate = createGate();
  source.before = (_, signal) => gate.wait(signal);
  const stage = await startImports(source);
  const jobs = [1, 2, 3, 4, 5].map((n) => stage.add({ ...keyed, target_dataset: `d${n}` }));
  await gate.reached;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(jobs.map((job) => stage.latest(job)?.status)).toEqual([
    ...["running", "running", "running"],
    ...["submitted", "submitted"],
  ]);
  expect(stage.job(jobs[4] ?? "")).toMatchObject({ status: "running", reason: expect.stringContaining("turn") });
  gate.open();
  for (const job of jobs) await stage.completed(job);
});

describe("two jobs that fill one dataset", () => {
  it("keep each other's records", async () => {
    const source = tableSource(orders(1, 2));
    const stage = await startImports(source);
    const first = stage.add(keyed);
    await stage.completed(first);
    source.rows = orders(3);
    const second = stage.add(keyed);
    await stage.completed(second);
    expect(await stage.records()).toEqual(kept(1, 2, 3));
    source.rows = orders(1);
    stage.state.imports.run(first);
    expect(await stage.completed(first, 2)).toMatchObject({ removed: 1 });
    expect(await stage.records()).toEqual(kept(1, 3));
  });

  it("one after the other are one: what replaces a job takes over its records", async () => {
    const source = tableSource(orders(1, 2));
    const stage = await startImports(source);
    const first = stage.add({});
    await stage.completed(first);
    await stage.remove(first);
    expect(await stage.records()).toHaveLength(2);
    source.rows = orders(7);
    await stage.completed(stage.add({ query: "another" }));
    expect((await stage.records()).map(({ city }) => city)).toEqual(["c7"]);
  });

  it("leave alone what others wrote", async () => {
    const stage = await startImports(tableSource(orders(1)));
    await stage.write("shop-orders", [{ _id: "mine", properties: { city: "x" } }]);
    await stage.completed(stage.add(keyed));
    expect((await stage.records()).map(({ _id }) => _id)).toEqual(["1", "mine"]);
  });
});
