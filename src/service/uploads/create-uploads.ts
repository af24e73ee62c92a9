import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { FileUploadWire } from "../../infino/index.ts";
import type { Writer } from "../data/types.ts";
import { registerDataset } from "../datasets.ts";
import { jobStatusWire } from "../imports/job-status-wire.ts";
import type { RunRecord } from "../imports/types.ts";
import { Problem, problemOf } from "../problem.ts";
import type { State } from "../state.ts";
import { loadFile } from "./load-file.ts";
import type { Loaded } from "./loaded.ts";
import { readAsync } from "./read-request.ts";
import { type Arrived, receive, remove } from "./receive.ts";
import { keepTaken, takenRuns } from "./taken.ts";
import type { Uploads } from "./types.ts";

/** What uploads need. */
export type UploadsRim = {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told of defects. */
  readonly reportError: (error: unknown) => void;
};

const interrupted = "the service was stopped before the file was taken; send it again";
const unsettled =
  "the service was stopped while the file was taken; it could not be found out whether its records are there";

/** `state` is complete when the first member is called. */
export const createUploads = (state: () => State, { clock, reportError }: UploadsRim): Uploads => {
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  /** What became of a run; a full disk does not change that. */
  const ended = (run: RunRecord, facts: Partial<RunRecord> & Pick<RunRecord, "status">, started: number): RunRecord => {
    const { runs, timestamp } = state();
    const record = { ...run, ...facts, completed_at: timestamp(), duration_ms: Math.max(0, clock() - started) };
    try {
      runs.put(record);
    } catch (error) {
      reportError(error);
    }
    return record;
  };

  /** Loads a file that is on disk, and takes it away; the run is kept whatever happens. */
  const load = async (file: Arrived, run: RunRecord, signal: AbortSignal): Promise<RunRecord> => {
    const { dataset } = file;
    const started = clock();
    const taken = async (writer: Writer, loaded: Loaded): Promise<void> => {
      await keepTaken(writer.connection, { id: run.id, dataset, loaded });
      registerDataset(state(), dataset);
    };
    try {
      const reading = await file.reading();
      const ends = AbortSignal.any([signal, closing.signal]);
      const loaded = await loadFile(state().data, { ...file, reading, taken }, ends);
      // Where the disk is full, the run finds its room.
      await remove(file.path);
      return ended(run, { status: "completed", ...loaded }, started);
    } catch (error) {
      await remove(file.path);
      const known = closing.signal.aborted ? new Problem("internal_error", interrupted) : (problemOf(error) ?? error);
      if (!(known instanceof Problem) && !signal.aborted) reportError(error);
      const said = known instanceof Problem ? known.message : "a defect of the local service; its own output says more";
      ended(run, { status: "failed", error: signal.aborted ? "the client went away" : said }, started);
      throw known;
    }
  };

  /** Of runs that the process before left. */
  const settle = async (left: readonly RunRecord[]): Promise<void> => {
    const { data, runs, timestamp } = state();
    let found: ReadonlyMap<string, Loaded> = new Map();
    let error = interrupted;
    try {
      found = await data.read(takenRuns, closing.signal);
    } catch (reason) {
      reportError(reason);
      error = unsettled;
    }
    for (const run of left) {
      const loaded = found.get(run.id);
      const facts =
        loaded === undefined ? { status: "failed" as const, error } : { status: "completed" as const, ...loaded };
      try {
        if (loaded !== undefined) registerDataset(state(), run.dataset);
        runs.put({ ...run, ...facts, completed_at: timestamp() });
      } catch (reason) {
        // A full disk, say: the next start tries it again.
        reportError(reason);
      }
    }
  };

  const track = async <Result>(work: Promise<Result>): Promise<Result> => {
    running.add(work);
    try {
      return await work;
    } finally {
      running.delete(work);
    }
  };

  const take: Uploads["take"] = async (call) => {
    const isAsync = readAsync(call.query("async"));
    const { data, runs, timestamp } = state();
    const id = randomUUID();
    const path = join(await data.uploads(), `upload-${id}`);
    const file = await receive(call, path);
    const { bytes } = file;
    const facts = { id, connector: "file", dataset: file.dataset, trigger: "upload", status: "running" } as const;
    const run: RunRecord = {
      ...facts,
      started_at: timestamp(),
      processed: 0,
      failed: 0,
      removed: 0,
      bytes,
      errors: [],
    };
    try {
      runs.put(run);
    } catch (error) {
      await remove(path);
      throw error;
    }
    const called = file.name === "" ? "the file" : `the file ${JSON.stringify(file.name)}`;
    if (!isAsync) return answerOf(await track(load(file, run, call.signal)), called);
    // What goes wrong is told by the run.
    track(load(file, run, new AbortController().signal)).catch(() => undefined);
    return { ...answerOf(run, called), status: "submitted", message: `${called} is being taken` };
  };

  return {
    start: async () => {
      const left = state()
        .runs.uploads()
        .filter(({ status }) => status === "running");
      if (left.length > 0) await settle(left);
    },
    take,
    close: async () => {
      closing.abort();
      await Promise.allSettled(running);
    },
  };
};

const answerOf = (run: RunRecord, called: string): FileUploadWire => ({
  connector_id: "file",
  run_id: run.id,
  status: run.status,
  message: `${called} was taken: ${run.processed} records${run.failed === 0 ? "" : `, ${run.failed} could not be`}`,
  stats: jobStatusWire(run).stats,
  errors: run.errors,
});
