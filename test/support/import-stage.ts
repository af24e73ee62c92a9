import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import { builtinCatalog } from "../../src/catalog/index.ts";
import { defaultTraits, type Json, type Properties } from "../../src/contract/index.ts";
import { behaviourOf } from "../../src/service/behaviour.ts";
import { openData } from "../../src/service/data/open-data.ts";
import type { Column, DataRow } from "../../src/service/data/types.ts";
import { createImportJob, deleteImportJob, listImportJobs } from "../../src/service/import-jobs.ts";
import { createImports } from "../../src/service/imports/create-imports.ts";
import { createRuns } from "../../src/service/imports/runs.ts";
import type { Timer } from "../../src/service/imports/scheduler.ts";
import type { Imports, RunRecord } from "../../src/service/imports/types.ts";
import { createHealth } from "../../src/service/sources/health.ts";
import type { ReadBatch, ReadRequest, SourceDriver } from "../../src/service/sources/source-driver.ts";
import type { ConnectionRecord, DatasetRecord, ImportJobRecord, State } from "../../src/service/state.ts";
import { openStore } from "../../src/service/store/open-store.ts";
import { createTimestamps } from "../../src/service/timestamps.ts";
import { createUploads } from "../../src/service/uploads/create-uploads.ts";

/** A source that holds rows in memory and gives them in their order, a few at a time. */
export type TableSource = {
  rows: readonly DataRow[];
  columns?: readonly Column[];
  /** Rows of a batch. */
  size: number;
  /** Called before each batch with the place of its first row; what it throws is what the source says. */
  before: (place: number, signal: AbortSignal) => Promise<void> | void;
  /** What was asked of it. */
  readonly asked: ReadRequest[];
  /** Places of the rows that it gave. */
  readonly given: number[];
};

export const tableSource = (rows: readonly DataRow[], columns?: readonly Column[]): TableSource => ({
  rows,
  ...(columns === undefined ? {} : { columns }),
  size: 2,
  before: () => undefined,
  asked: [],
  given: [],
});

const driverOf = (source: TableSource): SourceDriver => ({
  check: async () => ({ status: "connected" }),
  query: async () => null,
  metadata: async () => ({}),
  read: async function* (_, request, signal): AsyncGenerator<ReadBatch> {
    source.asked.push(request);
    const start = typeof request.after === "number" ? request.after : 0;
    for (let place = start; place < source.rows.length; place += source.size) {
      await source.before(place, signal);
      signal.throwIfAborted();
      const rows = source.rows.slice(place, place + source.size);
      source.given.push(...rows.map((_row, index) => place + index));
      yield {
        rows,
        ...(source.columns === undefined ? {} : { columns: source.columns }),
        ...(request.resumable ? { cursor: place + rows.length } : {}),
      };
    }
  },
});

/** A clock that stands, and a timer that rings when the clock is moved. */
export const createClock = (start: string) => {
  let now = Date.parse(start);
  let rings: { readonly at: number; readonly callback: () => void } | undefined;
  const timer: Timer = (milliseconds, callback) => {
    const mine = { at: now + milliseconds, callback };
    rings = mine;
    return () => {
      if (rings === mine) rings = undefined;
    };
  };
  return {
    clock: () => now,
    timer,
    moveTo: (time: string) => {
      const target = Date.parse(time);
      while (rings !== undefined && rings.at <= target) {
        const { at, callback } = rings;
        rings = undefined;
        now = at;
        callback();
      }
      now = target;
    },
    /** What a laptop does that sleeps: the timer rings late. */
    sleepUntil: (time: string) => {
      now = Date.parse(time);
      const late = rings;
      rings = undefined;
      late?.callback();
    },
  };
};

/** Imports over a source of one's own, on the service's real stores. Closed when the test ends. */
export const startImports = async (
  source: TableSource | undefined,
  options: {
    readonly dataDir?: string;
    readonly time?: ReturnType<typeof createClock>;
    readonly errors?: unknown[];
  } = {},
) => {
  const { dataDir, time, errors = [] } = options;
  const clock = time?.clock ?? Date.now;
  const store = openStore(dataDir);
  const data = openData(dataDir);
  const pauses: number[] = [];
  const imports: Imports = createImports(() => state, {
    clock,
    reportError: (error) => errors.push(error),
    driver: () => (source === undefined ? undefined : Promise.resolve(driverOf(source))),
    ...(time === undefined ? {} : { timer: time.timer, elapsed: time.clock }),
    sleep: async (milliseconds) => void pauses.push(milliseconds),
  });
  // All that imports and their handlers look at.
  const state = {
    catalog: builtinCatalog(),
    connections: store.collection<ConnectionRecord>("connection"),
    datasets: store.collection<DatasetRecord>("dataset"),
    importJobs: store.collection<ImportJobRecord>("import-job"),
    data,
    runs: createRuns(store.collection<RunRecord>("run")),
    imports,
    uploads: createUploads(() => state, { clock, reportError: (error) => errors.push(error) }),
    health: createHealth(),
    behaviour: behaviourOf(defaultTraits),
    statusWait: 0,
    timestamp: createTimestamps(clock),
  } as State;
  if (state.connections.get("conn-1") === undefined) {
    const stamp = state.timestamp();
    const config = { name: "shop", account: "of nobody", pat_token: "planted-token", warehouse: "w", database: "d" };
    state.connections.put("conn-1", {
      id: "conn-1",
      type: "snowflake",
      created_at: stamp,
      updated_at: stamp,
      config,
    });
  }
  imports.start();
  const close = async (): Promise<void> => {
    await imports.close();
    await data.close();
    store.close();
  };
  onTestFinished(close);

  const latest = (job: string): RunRecord | undefined => state.runs.ofJob(job)[0];
  const stage = {
    state,
    pauses,
    close,
    latest,
    /** Makes a job on the connection `conn-1`; its id. */
    add: (config: Properties): string =>
      createImportJob(state, "snowflake", { source_id: "conn-1", target_dataset: "shop-orders", ...config }).job_id,
    job: (id: string) => listImportJobs(state).find((job) => job.job_id === id),
    remove: (id: string) => deleteImportJob(state, id),
    /** Waits until a job's latest run has ended, and `count` of its runs are known. */
    ended: async (job: string, count = 1): Promise<RunRecord> => {
      for (const started = Date.now(); ; ) {
        const run = latest(job);
        if (state.runs.ofJob(job).length >= count && run?.completed_at !== undefined) return run;
        if (Date.now() - started > 10_000) throw new Error(`no end: ${JSON.stringify(state.runs.ofJob(job))}`);
        await delay(2);
      }
    },
    /** What a dataset holds, ordered by `_id`. */
    records: async (dataset = "shop-orders"): Promise<readonly Properties[]> => {
      const columns = await data.columns(dataset);
      if (columns.length === 0) return [];
      const signal = new AbortController().signal;
      return data.read(async (connection) => {
        const rows = await connection.runAndReadAll(`SELECT * FROM main."${dataset}" ORDER BY _id`);
        return rows
          .getRowObjectsJson()
          .map((row) => Object.fromEntries(Object.entries(row).filter(([, v]) => v !== null)) as Properties);
      }, signal);
    },
    /** Writes records of nobody. */
    write: (dataset: string, rows: readonly DataRow[]) =>
      data.write(dataset, (writer) => writer.insertRows(rows), new AbortController().signal),
    completed: async (job: string, count = 1): Promise<RunRecord> => {
      const run = await stage.ended(job, count);
      expect(run).toMatchObject({ status: "completed" });
      return run;
    },
  };
  return stage;
};

/** A gate at which a source waits until it is opened, or told to stop. */
export const createGate = () => {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    open: () => opened.resolve(),
    wait: async (signal: AbortSignal): Promise<void> => {
      reached.resolve();
      const aborted = Promise.withResolvers<never>();
      const abort = () => aborted.reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
      await Promise.race([opened.promise, aborted.promise]).finally(() => signal.removeEventListener("abort", abort));
    },
  };
};

export const row = (properties: { readonly [name: string]: Json }): DataRow => ({ properties });
