import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Problem, problemOf } from "../problem.ts";
import { sourceDriver } from "../sources/drivers.ts";
import type { SourceDriver } from "../sources/source-driver.ts";
import type { ImportJobRecord, State } from "../state.ts";
import { settled } from "./copy-batches.ts";
import { readImportJob } from "./import-job.ts";
import { ownerOf } from "./owner.ts";
import { type RunRim, runImport } from "./run-import.ts";
import { sourceConnection, withoutSecrets } from "./source-connection.ts";
import type { RunRecord, StopReason, Trigger } from "./types.ts";

/** What runs need. */
export type RunQueueRim = {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told of defects. */
  readonly reportError: (error: unknown) => void;
  /** Default: the service's own drivers. */
  readonly driver?: (source: string) => Promise<SourceDriver> | undefined;
  /** Milliseconds since some moment, of a clock that nobody sets. Default: `performance.now`. */
  readonly elapsed?: () => number;
  /** Waits between repeats. */
  readonly sleep?: RunRim["sleep"];
};

/** Runs that wait or work; each job has at most one. */
export type RunQueue = {
  /** Lines up a run, or gives the one that is under way: it counts what it made skip, unless that was a request. */
  add(record: ImportJobRecord, trigger: Trigger): RunRecord;
  /** Lines up what the service left when it stopped. `isBehind`: another run is due after it. */
  goOn(run: RunRecord, isBehind: boolean): void;
  isUnderWay(job: string): boolean;
  /** Ends the runs that fit, and waits until they have ended. */
  stop(reason: StopReason, fits: (run: RunRecord) => boolean): Promise<void>;
  close(): Promise<void>;
};

/** Runs at once; others wait for their turn. */
export const runsAtOnce = 3;
/** Milliseconds that closing waits for runs to end. */
const closeWait = 800;
/** Milliseconds between two tries to keep what has to be kept, where the disk is full. */
export const roomPause = 1_000;
/** Characters that are kept of a reason. */
const longestReason = 2_000;

type Entry = {
  run: RunRecord;
  readonly controller: AbortController;
  readonly ended: PromiseWithResolvers<void>;
  readonly isBehind: boolean;
};

/** `state` is complete when the first member is called. */
export const createRunQueue = (state: () => State, rim: RunQueueRim): RunQueue => {
  /** By job. */
  const entries = new Map<string, Entry>();
  const waiting: Entry[] = [];
  let working = 0;
  let isClosing = false;
  let isClosed = false;

  const keep = (entry: Entry, run: RunRecord): void => {
    // What was skipped is counted beside the run.
    entry.run = entry.run.skipped === undefined ? run : { ...run, skipped: entry.run.skipped };
    if (!isClosed && entry.controller.signal.reason !== ("job-deleted" satisfies StopReason)) {
      state().runs.put(entry.run);
    }
  };

  const lineUp = (run: RunRecord, isBehind: boolean): void => {
    const entry = { run, controller: new AbortController(), ended: Promise.withResolvers<void>(), isBehind };
    keep(entry, run);
    entries.set(run.job ?? "", entry);
    waiting.push(entry);
    // Whoever made the job has its answer first.
    setImmediate(work);
  };

  const add: RunQueue["add"] = (record, trigger) => {
    const entry = entries.get(record.id);
    if (entry !== undefined) {
      if (trigger !== "request") {
        entry.run = { ...entry.run, skipped: (entry.run.skipped ?? 0) + 1 };
        keep(entry, entry.run);
      }
      return entry.run;
    }
    const { source_id, target_dataset } = record.config;
    const run: RunRecord = {
      id: randomUUID(),
      job: record.id,
      connector: record.source_type,
      connection: String(source_id),
      dataset: String(target_dataset),
      trigger,
      status: "submitted",
      started_at: state().timestamp(),
      processed: 0,
      failed: 0,
      removed: 0,
      bytes: 0,
      errors: [],
    };
    lineUp(run, false);
    return run;
  };

  const work = (): void => {
    while (working < runsAtOnce && !isClosing) {
      const entry = waiting.shift();
      if (entry === undefined) return;
      working++;
      void perform(entry).finally(() => {
        working--;
        work();
      });
    }
  };

  /** Waits for room on the disk, until the run is stopped: an end that nobody is told of would look like none. */
  const keepEnd = async (entry: Entry, run: RunRecord, signal: AbortSignal): Promise<void> => {
    for (;;) {
      try {
        return keep(entry, run);
      } catch (error) {
        if (signal.aborted || problemOf(error)?.type !== "insufficient_storage") throw error;
      }
      await sleep(roomPause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  };

  const perform = async (entry: Entry): Promise<void> => {
    const job = entry.run.job ?? "";
    const { signal } = entry.controller;
    try {
      const record = state().importJobs.get(job);
      if (record !== undefined) await attempt(entry, record, signal);
    } catch (error) {
      rim.reportError(error);
    } finally {
      entries.delete(job);
      entry.ended.resolve();
    }
    if (!entry.isBehind || isClosing) return;
    try {
      const record = state().importJobs.get(job);
      if (record !== undefined) add(record, "catch-up");
    } catch (error) {
      rim.reportError(error);
    }
  };

  const attempt = async (entry: Entry, record: ImportJobRecord, signal: AbortSignal): Promise<void> => {
    const { timestamp, catalog } = state();
    const job = readImportJob(record, catalog.get(record.source_type));
    const clean = (reason: string): string => withoutSecrets(state(), job.connection, reason).slice(0, longestReason);
    const end = (run: RunRecord): Promise<void> => {
      const completed_at = timestamp();
      const duration_ms = Math.max(0, Date.parse(completed_at) - Date.parse(run.started_at));
      return keepEnd(entry, { ...run, completed_at, duration_ms }, signal);
    };
    let completed: RunRecord;
    try {
      signal.throwIfAborted();
      const started_at = entry.run.trigger === "resume" ? entry.run.started_at : timestamp();
      keep(entry, { ...entry.run, status: "running", started_at });
      const rimOfRun: RunRim = {
        state: state(),
        driver: rim.driver ?? sourceDriver,
        connection: ({ id, connection }) => {
          if (state().importJobs.get(id) === undefined) throw new Problem("not_found", "the import job was deleted");
          return sourceConnection(state(), connection);
        },
        elapsed: rim.elapsed ?? (() => performance.now()),
        sleep: rim.sleep ?? ((milliseconds, ending) => sleep(milliseconds, undefined, { signal: ending, ref: false })),
        progress: (run) => keep(entry, run),
      };
      completed = await runImport(rimOfRun, job, ownerOf(state(), record), entry.run, signal);
    } catch (error) {
      const stop = signal.aborted ? (signal.reason as StopReason) : undefined;
      if (stop === "stopped" || stop === "job-deleted") return;
      if (stop === undefined && problemOf(error) === undefined) rim.reportError(error);
      const reason = stop === undefined ? reasonOf(error) : `the dataset ${job.target} was deleted while it was filled`;
      return end({ ...entry.run, status: "failed", error: clean(reason) });
    }
    return end({ ...completed, status: "completed" });
  };

  return {
    add,
    goOn: (run, isBehind) => {
      const isStarted = run.status === "running";
      lineUp(isStarted ? { ...run, trigger: "resume" } : run, isBehind);
    },
    isUnderWay: (job) => entries.has(job),
    stop: async (reason, fits) => {
      const found = [...entries.values()].filter((entry) => fits(entry.run));
      for (const entry of found) entry.controller.abort(reason);
      for (const entry of waiting.splice(0)) {
        if (found.includes(entry)) void perform(entry);
        else waiting.push(entry);
      }
      await Promise.all(found.map((entry) => entry.ended.promise));
    },
    close: async () => {
      if (isClosing) return;
      isClosing = true;
      waiting.length = 0;
      const running = [...entries.values()].filter((entry) => entry.run.status === "running");
      for (const entry of running) entry.controller.abort("stopped" satisfies StopReason);
      await settled(Promise.all(running.map((entry) => entry.ended.promise)), closeWait);
      isClosed = true;
    },
  };
};

const reasonOf = (error: unknown): string =>
  problemOf(error)?.message ?? "a defect of the local service; its own output says more";
