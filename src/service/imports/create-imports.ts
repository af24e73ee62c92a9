import { Problem, problemOf } from "../problem.ts";
import type { ImportJobRecord, State } from "../state.ts";
import { createRunQueue, type RunQueueRim, roomPause } from "./run-queue.ts";
import { createScheduler, type Timer } from "./scheduler.ts";
import type { Imports, RunRecord } from "./types.ts";

/** What running imports need. */
export type ImportsRim = RunQueueRim & {
  /** Default: `setTimeout`, which does not keep the process alive. */
  readonly timer?: Timer;
};

const systemTimer: Timer = (milliseconds, callback) => {
  const timer = setTimeout(callback, milliseconds).unref();
  return () => clearTimeout(timer);
};

/** `state` is complete when the first member is called. */
export const createImports = (state: () => State, rim: ImportsRim): Imports => {
  const queue = createRunQueue(state, rim);
  let isClosed = false;
  const scheduler = createScheduler(rim.clock, rim.timer ?? systemTimer, (id) => {
    try {
      const record = state().importJobs.get(id);
      // Without its connection a job has failed already, and stays so.
      if (record !== undefined && hasConnection(state(), record)) queue.add(record, "schedule");
    } catch (error) {
      // A full disk, say: the others fall due as well, and this one again.
      rim.reportError(error);
    }
  });

  const begin = (record: ImportJobRecord): void => {
    const [latest] = state().runs.ofJob(record.id);
    const schedule = record.config["schedule"];
    const since = Date.parse(latest?.started_at ?? record.created_at);
    const isDue = typeof schedule === "string" && schedule !== "" && scheduler.add(record.id, schedule, since);
    const isInterrupted = latest?.status === "running" || latest?.status === "submitted";
    if (isInterrupted) queue.goOn(latest, isDue && latest.status === "running");
    else if (!hasConnection(state(), record)) return;
    else if (latest === undefined) queue.add(record, "created");
    else if (isDue || lacksPackage(latest)) queue.add(record, "catch-up");
  };

  const added = (id: string): void => {
    const record = state().importJobs.get(id);
    if (record !== undefined) begin(record);
  };

  /** Tries again where the disk is full; tells of it once. */
  const whenRoom = (work: () => void, isFirst = true): void => {
    if (isClosed) return;
    try {
      work();
    } catch (error) {
      const isFull = problemOf(error)?.type === "insufficient_storage";
      if (isFirst && !isFull) throw error;
      if (isFirst || !isFull) rim.reportError(error);
      if (isFull) systemTimer(roomPause, () => whenRoom(work, false));
    }
  };

  return {
    start: () => {
      const { data, importJobs, runs } = state();
      data.sweep(Array.from(importJobs.values(), ({ owner = "" }) => owner));
      for (const { id } of importJobs.values()) {
        whenRoom(() => {
          if (!queue.isUnderWay(id)) added(id);
        });
      }
      for (const id of runs.jobs()) if (importJobs.get(id) === undefined) whenRoom(() => runs.forgetJob(id));
    },
    added,
    removed: async ({ id, owner }) => {
      const { data, runs } = state();
      scheduler.remove(id);
      await queue.stop("job-deleted", (run) => run.job === id);
      if (owner !== undefined) await data.release(owner);
      runs.forgetJob(id);
    },
    mended: (connection) => {
      const { importJobs, runs } = state();
      for (const record of importJobs.values()) {
        const isItsJob = record.config["source_id"] === connection;
        if (isItsJob && runs.ofJob(record.id)[0]?.status === "failed") queue.add(record, "connection");
      }
    },
    run: (id) => {
      const record = state().importJobs.get(id);
      if (record === undefined) throw new Problem("not_found", `there is no import job ${JSON.stringify(id)}`);
      return queue.add(record, "request");
    },
    next: scheduler.next,
    dropped: (dataset) => queue.stop("dataset-deleted", (run) => run.dataset === dataset),
    close: async () => {
      isClosed = true;
      scheduler.stop();
      await queue.close();
    },
  };
};

/** Failed for want of a package (`not_implemented`), which may have been installed since. */
const lacksPackage = ({ status, error = "" }: RunRecord): boolean =>
  status === "failed" && / npm i \S+, then start serve again/.test(error);

const hasConnection = (state: State, record: ImportJobRecord): boolean =>
  state.connections.get(String(record.config["source_id"])) !== undefined;

/** Keeps jobs as they are; nothing runs. */
export const idleImports: Imports = {
  start: () => undefined,
  added: () => undefined,
  removed: async () => undefined,
  mended: () => undefined,
  run: () => {
    throw new Problem("bad_request", "import jobs do not run here: the service was started without them");
  },
  next: () => undefined,
  dropped: async () => undefined,
  close: async () => undefined,
};
