import type { Json } from "../../contract/index.ts";
import type { Stage } from "../data/types.ts";
import { Problem } from "../problem.ts";
import { registerDataset } from "../records/register-dataset.ts";
import type { ReadBatch, SourceConnection, SourceDriver } from "../sources/source-driver.ts";
import type { State } from "../state.ts";
import { copyBatches } from "./copy-batches.ts";
import { checkUnique, joinOrigin } from "./finish-stage.ts";
import type { ImportJob } from "./import-job.ts";
import { keepsRecords, mostErrors, shapeBatch } from "./shape-batch.ts";
import type { RunRecord, StopReason } from "./types.ts";

const batchRows = 10_000;
const batchBytes = 8 * 1024 * 1024;
const minute = 60_000;
/** Milliseconds that one batch may take to come. */
const batchPatience = 10 * minute;
/** Milliseconds after which a run is given up. */
const runPatience = 6 * 60 * minute;
/** Failures of the source that a run gets over: without a batch in between, and in all. */
const failuresInRow = 3;
const failuresInAll = 20;
/** Milliseconds before the first repeat; doubled with each. */
const firstPause = 500;

export type RunRim = {
  readonly state: State;
  readonly driver: (source: string) => Promise<SourceDriver> | undefined;
  /** The job's connection as it is now; throws where it is gone. */
  readonly connection: (job: ImportJob) => SourceConnection;
  /** Milliseconds since some moment, of a clock that nobody sets. */
  readonly elapsed: () => number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Told of every batch that is kept. */
  readonly progress: (run: RunRecord) => void;
};

/** One attempt at a run; what is read goes to the stage. */
type Attempt = {
  /** Made for the first batch: what cannot be read needs no place. */
  stage?: Stage;
  run: RunRecord;
  /** Where to go on after the last batch. */
  cursor: Json | undefined;
};

const noCounts = { processed: 0, failed: 0, removed: 0, bytes: 0, errors: [] };

/**
 * Copies what a job asks for. Gives the run as it is when its records have become visible. Rejects with a `Problem`, a
 * defect or the signal's reason, and the dataset is as it was. `owner` marks the job's records.
 */
export const runImport = async (
  rim: RunRim,
  job: ImportJob,
  owner: string,
  run: RunRecord,
  signal: AbortSignal,
): Promise<RunRecord> => {
  const connection = rim.connection(job);
  const driver = await rim.driver(job.source);
  if (driver === undefined) {
    throw new Problem("not_implemented", `the local service cannot read from ${job.source}: it has no driver for it`);
  }
  const begin = (): Attempt => ({ run: { ...run, ...noCounts }, cursor: undefined });
  const place = (): Promise<Stage> => rim.state.data.stage(job.target, owner, { resume: false });
  let attempt = run.trigger === "resume" && job.keyed ? await resumed(rim, job, owner, run) : begin();
  try {
    const deadline = rim.elapsed() + runPatience;
    let inRow = 0;
    for (let inAll = 1; ; inAll++) {
      const before = attempt.run.processed;
      try {
        await read({ rim, job, driver, connection, place, deadline }, attempt, signal);
        break;
      } catch (error) {
        inRow = job.keyed && attempt.run.processed > before ? 1 : inRow + 1;
        const isHopeless = inRow > failuresInRow || inAll > failuresInAll || rim.elapsed() > deadline;
        // A source may not know the place any more: its index was made anew, say.
        const isLost = isRefusal(error) && attempt.cursor !== undefined && attempt.run.processed === before;
        if (signal.aborted || isHopeless || !(isTransient(error) || isLost)) throw error;
        await rim.sleep(firstPause * 2 ** (inRow - 1), signal);
        if (isLost || attempt.cursor === undefined || !job.keyed) {
          await attempt.stage?.discard();
          attempt = begin();
        }
      }
    }
    const stage = attempt.stage ?? (await place());
    attempt.stage = stage;
    return await finish(rim, job, stage, attempt.run, signal);
  } catch (error) {
    // What a stopping service leaves, the next start goes on with.
    if (signal.reason !== ("stopped" satisfies StopReason)) await attempt.stage?.discard().catch(() => undefined);
    throw error;
  }
};

/** What the interrupted run had read counts, if it says where to go on. */
const resumed = async (rim: RunRim, job: ImportJob, owner: string, run: RunRecord): Promise<Attempt> => {
  const { data } = rim.state;
  const left = await data.stage(job.target, owner, { resume: true });
  const isUsable = left.cursor !== undefined;
  const stage = isUsable || left.rows === 0 ? left : await data.stage(job.target, owner, { resume: false });
  const counts = isUsable ? { processed: stage.rows, resumed: stage.rows } : { ...noCounts, resumed: 0 };
  return { stage, run: { ...run, ...counts }, cursor: stage.cursor };
};

type Reading = {
  readonly rim: RunRim;
  readonly job: ImportJob;
  readonly driver: SourceDriver;
  readonly connection: SourceConnection;
  readonly place: () => Promise<Stage>;
  readonly deadline: number;
};

const read = (
  { rim, job, driver, connection, place, deadline }: Reading,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<void> => {
  const request = {
    ...(job.dataset === undefined ? {} : { dataset: job.dataset }),
    ...(job.query === undefined ? {} : { query: job.query }),
    ...(job.key === undefined ? {} : { key: job.key }),
    ...(attempt.cursor === undefined ? {} : { after: attempt.cursor }),
    resumable: job.keyed,
    asText: keepsRecords(job),
    batchRows,
    batchBytes,
  };
  const write = async (batch: ReadBatch): Promise<void> => {
    rim.connection(job);
    if (rim.elapsed() > deadline) {
      throw new Problem(
        "source_timeout",
        `the source did not come to an end within ${runPatience / minute / 60} hours`,
      );
    }
    attempt.stage ??= await place();
    const { run, stage } = attempt;
    const { rows, columns, failed, errors } = shapeBatch(batch, job, run.processed + run.failed + 1);
    const { text, cursor, mayRepeat = false } = batch;
    await stage.append({
      rows,
      ...(text === undefined ? {} : { text }),
      ...(columns === undefined ? {} : { columns }),
      ...(cursor === undefined ? {} : { cursor }),
      mayRepeat,
    });
    attempt.cursor = cursor;
    attempt.run = {
      ...run,
      processed: stage.rows,
      failed: run.failed + failed,
      bytes: run.bytes + batch.rows.reduce((sum, row) => sum + sizeOf(row.properties), text?.size ?? 0),
      errors: [...run.errors, ...errors].slice(0, mostErrors),
    };
    rim.progress(attempt.run);
  };
  return copyBatches((ending) => driver.read(connection, request, ending), write, batchPatience, signal);
};

const finish = async (
  rim: RunRim,
  job: ImportJob,
  stage: Stage,
  run: RunRecord,
  signal: AbortSignal,
): Promise<RunRecord> => {
  await stage.transform(async (connection, table) => {
    if (job.key !== undefined) await checkUnique(connection, table, job.key);
    if (job.share !== undefined && job.keyed) await joinOrigin(connection, table, job.share);
  });
  rim.connection(job);
  signal.throwIfAborted();
  const published = () => registerDataset(rim.state, job.target);
  const { removed } = await stage.finish({ keyed: job.keyed, published });
  // Without a key nobody knows which of the old records are among the new ones.
  return { ...run, processed: stage.rows, removed: job.keyed ? removed : 0 };
};

const isTransient = (error: unknown): boolean =>
  error instanceof Problem && (error.type === "source_unreachable" || error.type === "source_timeout");

const isRefusal = (error: unknown): boolean => error instanceof Problem && error.type === "bad_request";

/** Bytes that values take as JSON, roughly. */
const sizeOf = (value: unknown): number => {
  switch (typeof value) {
    case "string":
      return value.length + 2;
    case "object": {
      if (value === null) return 4;
      if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + sizeOf(item) + 1, 2);
      let sum = 2;
      for (const name in value) sum += name.length + 4 + sizeOf((value as { readonly [name: string]: unknown })[name]);
      return sum;
    }
    default:
      return String(value).length;
  }
};
