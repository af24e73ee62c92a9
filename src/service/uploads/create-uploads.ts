import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { FileUploadWire } from "../../infino/index.ts";
import { registerDataset } from "../datasets.ts";
import { jobStatusWire } from "../imports/job-status-wire.ts";
import type { RunRecord } from "../imports/types.ts";
import { Problem, problemOf } from "../problem.ts";
import type { State } from "../state.ts";
import { loadFile } from "./load-file.ts";
import { readAsync } from "./read-request.ts";
import { type Arrived, receive, remove } from "./receive.ts";
import type { Uploads } from "./types.ts";

/** What uploads need. */
export type UploadsRim = {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told of defects. */
  readonly reportError: (error: unknown) => void;
};

const interrupted = "the service was stopped before the file was taken; send it again";

/** `state` is complete when the first member is called. */
export const createUploads = (state: () => State, { clock, reportError }: UploadsRim): Uploads => {
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  /** Loads a file that is on disk, and takes it away; the run is kept whatever happens. */
  const load = async (file: Arrived, run: RunRecord, signal: AbortSignal): Promise<RunRecord> => {
    const { data, runs, timestamp } = state();
    const started = clock();
    const ended = (facts: Partial<RunRecord> & Pick<RunRecord, "status">): RunRecord => {
      const record = { ...run, ...facts, completed_at: timestamp(), duration_ms: Math.max(0, clock() - started) };
      runs.put(record);
      return record;
    };
    try {
      const reading = await file.reading();
      const loaded = await loadFile(data, { ...file, reading }, AbortSignal.any([signal, closing.signal]));
      registerDataset(state(), file.dataset);
      return ended({ status: "completed", ...loaded });
    } catch (error) {
      const known = closing.signal.aborted ? new Problem("internal_error", interrupted) : (problemOf(error) ?? error);
      if (!(known instanceof Problem) && !signal.aborted) reportError(error);
      const said = known instanceof Problem ? known.message : "a defect of the local service; its own output says more";
      ended({ status: "failed", error: signal.aborted ? "the client went away" : said });
      throw known;
    } finally {
      await remove(file.path);
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
    runs.put(run);
    const called = file.name === "" ? "the file" : `the file ${JSON.stringify(file.name)}`;
    if (!isAsync) return answerOf(await track(load(file, run, call.signal)), called);
    // What goes wrong is told by the run.
    track(load(file, run, new AbortController().signal)).catch(() => undefined);
    return { ...answerOf(run, called), status: "submitted", message: `${called} is being taken` };
  };

  return {
    start: () => {
      const { runs, timestamp } = state();
      for (const run of runs.uploads()) {
        if (run.status !== "running") continue;
        runs.put({ ...run, status: "failed", completed_at: timestamp(), error: interrupted });
      }
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
