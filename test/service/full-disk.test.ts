import { expect, it } from "vitest";
import { builtinCatalog } from "../../src/catalog/index.ts";
import { createRunQueue } from "../../src/service/imports/run-queue.ts";
import { createRuns } from "../../src/service/imports/runs.ts";
import type { RunRecord } from "../../src/service/imports/types.ts";
import type { ImportJobRecord, State } from "../../src/service/state.ts";
import { openStore } from "../../src/service/store/open-store.ts";

const record: ImportJobRecord = {
  id: "job-1",
  source_type: "snowflake",
  created_at: "2026-01-01T00:00:00Z",
  config: { source_id: "conn-1", target_dataset: "d" },
};

/** A queue whose runs fail, for want of a connection; `fails` says which of their writes find the disk full. */
const startQueue = (fails: (run: RunRecord) => boolean) => {
  const store = openStore(undefined);
  const importJobs = store.collection<ImportJobRecord>("import-job");
  importJobs.put(record.id, record);
  const kept = store.collection<RunRecord>("run");
  const put = (id: string, run: RunRecord): void => {
    if (fails(run)) throw new Error("database or disk is full");
    kept.put(id, run);
  };
  const runs = createRuns({ ...kept, put });
  const connections = store.collection("connection");
  const timestamp = () => new Date().toISOString();
  const state = { catalog: builtinCatalog(), importJobs, connections, runs, timestamp } as unknown as State;
  const errors: unknown[] = [];
  const queue = createRunQueue(() => state, { clock: Date.now, reportError: (error) => errors.push(error) });
  return { queue, runs, errors };
};

it("the end of an import is kept when the disk has room again", async () => {
  let times = 0;
  const { queue, runs, errors } = startQueue(({ status }) => status === "failed" && ++times <= 1);
  queue.add(record, "created");
  await expect.poll(() => runs.ofJob(record.id)[0]?.status, { timeout: 20_000 }).toBe("failed");
  expect(times).toBe(2);
  expect(errors).toEqual([]);
  await queue.close();
});

it("a job whose run could not be lined up for want of room runs when it is asked again", async () => {
  let times = 0;
  const { queue, runs } = startQueue(() => ++times <= 1);
  expect(() => queue.add(record, "created")).toThrow("full");
  expect(queue.isUnderWay(record.id)).toBe(false);
  queue.add(record, "request");
  await expect.poll(() => runs.ofJob(record.id)[0]?.status, { timeout: 20_000 }).toBe("failed");
  await queue.close();
});
