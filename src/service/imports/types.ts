import type { JobStatusWire } from "../../infino/index.ts";
import type { ImportJobRecord } from "../state.ts";

/** Why a run was started. */
export type Trigger = "created" | "schedule" | "catch-up" | "connection" | "request" | "resume" | "upload";

/** Why a run ends early: the service stops, or the job or its dataset is deleted. */
export type StopReason = "stopped" | "job-deleted" | "dataset-deleted";

/** One run of an import job, or one file upload, as it is kept. */
export type RunRecord = {
  readonly id: string;
  /** Absent: a file upload. */
  readonly job?: string;
  /** Connector type; `file` for uploads. */
  readonly connector: string;
  readonly connection?: string;
  readonly dataset: string;
  readonly trigger: Trigger;
  readonly status: JobStatusWire["status"];
  readonly started_at: string;
  readonly completed_at?: string;
  readonly duration_ms?: number;
  /** Records that were read and are, or will be, in the dataset. */
  readonly processed: number;
  /** Records that could not be taken. */
  readonly failed: number;
  /** Records that were in the dataset and no longer in the source. */
  readonly removed: number;
  readonly bytes: number;
  /** Records that earlier, interrupted attempts of this run had read already. */
  readonly resumed?: number;
  /** Runs of the same job that fell due while this one was under way, and were left out. */
  readonly skipped?: number;
  /** Why it failed; holds no secret. */
  readonly error?: string;
  /** Records that could not be taken, the first ones: where and why. */
  readonly errors: readonly string[];
};

/** Keeps what runs did; the last 50 of each job, and the last 1,000 uploads. */
export type Runs = {
  get(id: string): RunRecord | undefined;
  put(run: RunRecord): void;
  /** Newest first. */
  ofJob(job: string): readonly RunRecord[];
  /** Those of uploads, newest first. */
  uploads(): readonly RunRecord[];
  /** Ids of the jobs that have runs. */
  jobs(): readonly string[];
  forgetJob(job: string): void;
};

/** Runs import jobs: each once when it is made, then by its schedule; a run that a crash ended goes on at the start. */
export type Imports = {
  /** Goes on with interrupted runs, catches up one missed run of each job, starts the schedules. */
  start(): void;
  /** A job that was just made: runs it, and schedules it. */
  added(job: string): void;
  /** A job that is about to be deleted: ends its run and its schedule, and forgets its history; its records stay. */
  removed(job: ImportJobRecord): Promise<void>;
  /** A connection was changed: runs those of its jobs whose last run failed. */
  mended(connection: string): void;
  /** Runs a job now, or gives the run that is under way. */
  run(job: string): RunRecord;
  /** When a job runs next by its schedule, in milliseconds since the epoch. */
  next(job: string): number | undefined;
  /** A dataset is about to be deleted: ends the runs that fill it; they fail. */
  dropped(dataset: string): Promise<void>;
  /** Lets nothing new start, and ends what runs: it goes on at the next start. */
  close(): Promise<void>;
};
