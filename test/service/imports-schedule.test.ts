import { describe, expect, it } from "vitest";
import { createSchedule } from "../../src/service/imports/schedule.ts";
import { Problem } from "../../src/service/problem.ts";
import { createClock, createGate, row, startImports, tableSource } from "../support/import-stage.ts";
import { temporaryFolder } from "../support/service.ts";

const at = (time: string): number => Date.parse(time);
const iso = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString().replace(".000", "");

describe("a five-field expression", () => {
  it.each([
    ["0 0 * * *", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"],
    ["0 0 * * *", "2026-01-01T00:00:00.900Z", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"],
    ["0 0 * * *", "2025-12-31T23:59:59.999Z", "2026-01-01T00:00:00Z", "2025-12-31T00:00:00Z"],
    ["*/15 * * * *", "2026-03-29T01:10:00Z", "2026-03-29T01:15:00Z", "2026-03-29T01:00:00Z"],
    ["30 2 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T02:30:00Z", "2024-02-29T02:30:00Z"],
    ["0 9 * * 1", "2026-01-01T00:00:00Z", "2026-01-05T09:00:00Z", "2025-12-29T09:00:00Z"],
    ["0 0 31 2 *", "2026-01-01T00:00:00Z", undefined, undefined],
  ])("%s falls due in UTC around %s", (expression, time, next, last) => {
    const schedule = createSchedule(expression);
    expect([iso(schedule.next(at(time))), iso(schedule.last(at(time)))]).toEqual([next, last]);
  });
});

const open = async (time: string, dataDir?: string) => {
  const clock = createClock(time);
  const source = tableSource([row({ id: 1 })]);
  const start = () => startImports(source, { time: clock, ...(dataDir === undefined ? {} : { dataDir }) });
  return { clock, source, start, stage: await start() };
};
const hourly = { primary_key: "id", schedule: "0 * * * *" };
const triggers = (stage: Awaited<ReturnType<typeof open>>["stage"], job: string) =>
  stage.state.runs.ofJob(job).map((run) => run.trigger);

describe("a schedule", () => {
  it("runs its job when it falls due, and says when that is next", async () => {
    const { clock, stage } = await open("2026-01-01T10:20:00Z");
    const job = stage.add(hourly);
    const other = stage.add({ ...hourly, target_dataset: "other", schedule: "30 10 * * *" });
    await stage.completed(job);
    await stage.completed(other);
    expect(stage.job(job)).toMatchObject({ next_run: "2026-01-01T11:00:00.000Z" });
    clock.moveTo("2026-01-01T11:00:00Z");
    await stage.completed(job, 2);
    expect(stage.latest(job)?.started_at).toMatch(/^2026-01-01T11:00:00/);
    clock.moveTo("2026-01-01T12:30:00Z");
    await stage.completed(job, 3);
    expect(triggers(stage, job)).toEqual(["schedule", "schedule", "created"]);
    expect(triggers(stage, other)).toEqual(["schedule", "created"]);
    await stage.remove(job);
    clock.moveTo("2026-01-01T14:30:00Z");
    expect(triggers(stage, job)).toEqual([]);
  });

  it("skips what falls due while the job still runs, and counts it", async () => {
    const { clock, source, stage } = await open("2026-01-01T10:20:00Z");
    const gate = createGate();
    source.before = (_, signal) => gate.wait(signal);
    const job = stage.add(hourly);
    await gate.reached;
    clock.moveTo("2026-01-01T12:30:00Z");
    gate.open();
    expect(await stage.completed(job)).toMatchObject({ trigger: "created", skipped: 2 });
    expect(triggers(stage, job)).toEqual(["created"]);
  });

  it("runs a job once for all the times that passed while the machine slept", async () => {
    const { clock, stage } = await open("2026-01-01T10:20:00Z");
    const job = stage.add(hourly);
    await stage.completed(job);
    clock.sleepUntil("2026-01-03T10:20:00Z");
    await stage.completed(job, 2);
    expect(triggers(stage, job)).toEqual(["schedule", "created"]);
    expect(stage.job(job)).toMatchObject({ next_run: "2026-01-03T11:00:00.000Z" });
  });

  it("goes by a clock that is set back", async () => {
    const { clock, stage } = await open("2026-06-01T10:20:00Z");
    const job = stage.add(hourly);
    await stage.completed(job);
    clock.sleepUntil("2026-01-01T10:20:00Z");
    expect(stage.job(job)).toMatchObject({ next_run: "2026-01-01T11:00:00.000Z" });
    clock.moveTo("2026-01-01T11:00:00Z");
    await stage.completed(job, 2);
    // A little back: 11:00 has been.
    clock.sleepUntil("2026-01-01T10:59:59.900Z");
    expect(stage.job(job)).toMatchObject({ next_run: "2026-01-01T12:00:00.000Z" });
    expect(triggers(stage, job)).toEqual(["schedule", "created"]);
  });

  it("leaves a job alone whose connection is gone", async () => {
    const { clock, stage } = await open("2026-01-01T10:20:00Z");
    const job = stage.add(hourly);
    await stage.completed(job);
    stage.state.connections.delete("conn-1");
    clock.moveTo("2026-01-01T12:20:00Z");
    expect(triggers(stage, job)).toEqual(["created"]);
    expect(stage.job(job)).toMatchObject({ status: "failed" });
  });
});

describe("after the service was down", () => {
  it("missed runs are caught up by one", async () => {
    const { clock, start, stage } = await open("2026-01-01T10:20:00Z", temporaryFolder());
    const missing = stage.add(hourly);
    const idle = stage.add({ ...hourly, target_dataset: "idle", schedule: "0 0 * * *" });
    await stage.completed(missing);
    await stage.completed(idle);
    await stage.close();
    clock.moveTo("2026-01-01T15:20:00Z");
    const again = await start();
    await again.completed(missing, 2);
    expect(triggers(again, missing)).toEqual(["catch-up", "created"]);
    expect(triggers(again, idle)).toEqual(["created"]);
    await again.close();
    const third = await start();
    expect(triggers(third, missing)).toEqual(["catch-up", "created"]);
  });

  it("an interrupted run goes on first, and what was missed follows it", async () => {
    const { clock, source, start, stage } = await open("2026-01-01T10:20:00Z", temporaryFolder());
    const gate = createGate();
    source.before = (_, signal) => gate.wait(signal);
    const job = stage.add(hourly);
    await gate.reached;
    await stage.close();
    source.before = () => undefined;
    clock.moveTo("2026-01-01T15:20:00Z");
    const again = await start();
    await again.completed(job, 2);
    expect(triggers(again, job)).toEqual(["catch-up", "resume"]);
  });

  it.each([
    ["a job that failed for want of a package runs again", "not installed: npm i x, then start serve again", 2],
    ["a job that failed otherwise does not", "no such table", 1],
  ])("%s", async (_, reason, runs) => {
    const { source, start, stage } = await open("2026-01-01T10:20:00Z", temporaryFolder());
    source.before = () => {
      throw new Problem("not_implemented", reason);
    };
    const job = stage.add({ ...hourly, schedule: "0 0 * * *" });
    await expect.poll(() => stage.job(job)?.status).toBe("failed");
    await stage.close();
    source.before = () => undefined;
    const again = await start();
    if (runs === 2) await again.completed(job, 2);
    expect(triggers(again, job)).toHaveLength(runs);
  });

  it("a job that never ran runs", async () => {
    const { start, stage } = await open("2026-01-01T10:20:00Z", temporaryFolder());
    const record = { id: "job-old", source_type: "snowflake", created_at: stage.state.timestamp() };
    stage.state.importJobs.put("job-old", { ...record, config: { source_id: "conn-1", target_dataset: "old" } });
    await stage.close();
    const again = await start();
    expect(await again.completed("job-old")).toMatchObject({ trigger: "created" });
  });
});
