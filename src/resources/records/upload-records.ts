import { createHash } from "node:crypto";
import type { Properties } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import type { InfinoClient, RunWire } from "../../infino/index.ts";
import type { RecordFormat } from "./count-records.ts";
import { countRecords } from "./count-records.ts";

const formats: { readonly [ending: string]: RecordFormat } = {
  json: "json",
  jsonl: "jsonl",
  ndjson: "jsonl",
  csv: "csv",
};

/** What a file's records are written in; undefined where neither the setting nor the name says it. */
export const formatOf = (path: string, format: string): RecordFormat | undefined =>
  format === "json" || format === "jsonl" || format === "csv"
    ? format
    : formats[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ""];

/** A file, read once from its beginning to its end. */
type Read = { readonly blob: Blob; readonly name: string; readonly format: RecordFormat; readonly records: number };

const refused = { outcome: "refused" } as const;

/** Reads the whole file before anything is sent: it must be well formed, and the one that the plan was made for. */
const readFile = async (api: InfinoClient, properties: Properties): Promise<Read> => {
  const path = String(properties["path"]);
  const format = formatOf(path, String(properties["format"]));
  if (format === undefined) throw new DeployerError("invalid-files", `the name of "${path}" does not say its format`);
  const blob = await api.openFile(path);
  const hash = createHash("sha256");
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of blob.stream()) {
      hash.update(chunk);
      yield chunk;
    }
  }
  let records: number;
  try {
    records = await countRecords(chunks(), format);
  } catch (error) {
    if (error instanceof DeployerError) {
      throw new DeployerError(error.code, `${path}: ${error.message}`, { hint: error.hint, details: refused });
    }
    throw changed(path);
  }
  if (`sha256:${hash.digest("hex")}` !== properties["content"]) throw changed(path);
  if (records === 0) {
    throw new DeployerError("invalid-files", `${path}: the file holds no records`, {
      hint: "an empty file empties no dataset: take the component out, with on_delete: delete and --delete-data",
      details: refused,
    });
  }
  return { blob, name: path.slice(path.lastIndexOf("/") + 1), format, records };
};

const changed = (path: string): DeployerError =>
  new DeployerError("stale-plan", `the file ${path} changed since the plan was made`, {
    hint: "plan again",
    details: refused,
  });

const isRefused = (error: unknown): boolean =>
  error instanceof DeployerError && (error.details?.["outcome"] === "refused" || error.code === "usage");

/** A part may be written: what is there is ours and has to be written again in full. */
const partial = (error: unknown): unknown => {
  const facts = error instanceof DeployerError ? error : undefined;
  return new DeployerError(facts?.code ?? "internal", error instanceof Error ? error.message : String(error), {
    hint: facts?.hint,
    cause: error,
    details: { ...facts?.details, outcome: "partial" },
  });
};

const counted = (count: number): string => `${count} record${count === 1 ? "" : "s"}`;

const failedRun = (dataset: string, { errors, documents_failed }: RunWire): DeployerError => {
  const because = errors.length === 0 ? "" : `: ${errors.slice(0, 5).join("; ")}`;
  const what = documents_failed > 0 ? `did not take ${counted(documents_failed)}` : "failed to take the file";
  return new DeployerError("target-problem", `the target ${what} into "${dataset}"${because}`, {
    hint: "mend the file, or look at the target; then run the same command again",
  });
};

/** Sends the file, once; where nobody can tell whether it arrived, the count does. */
const send = async (api: InfinoClient, properties: Properties, file: Read, signal: AbortSignal): Promise<unknown> => {
  const batchSize = properties["batch_size"];
  const dataset = String(properties["dataset"]);
  const { blob, name, format } = file;
  const isAsync = properties["async_mode"] === true;
  let run: RunWire;
  try {
    run = await api.uploadFile(
      { dataset, file: blob, name, format, isAsync, ...(typeof batchSize === "number" ? { batchSize } : {}) },
      signal,
    );
    if (run.status !== "completed" && run.status !== "failed") run = await api.followRun(run.run_id, signal);
  } catch (error) {
    if (isRefused(error) || signal.aborted) throw error;
    if (!(error instanceof DeployerError) || error.code !== "timeout" || isAsync) return error;
    const hint = "set async_mode: true for files that take minutes, then run the same command again";
    return new DeployerError(error.code, error.message, { hint, details: error.details });
  }
  if (run.status === "failed" || run.documents_failed > 0) throw failedRun(dataset, run);
  return undefined;
};

/**
 * Puts the records of a file into a dataset, in place of what is there or (`mode: append`) beside it, and counts them.
 * Nothing is sent before the whole file has been read and found right; records that are not ours (`isOurs: false`) are
 * left alone. Once something may have been written, an error has `details.outcome: "partial"`.
 */
export const uploadRecords = async (
  api: InfinoClient,
  properties: Properties,
  { isOurs }: { readonly isOurs: boolean },
  signal: AbortSignal,
): Promise<void> => {
  const dataset = String(properties["dataset"]);
  const file = await readFile(api, properties);
  const before = await api.countRecords(dataset, signal);
  if (before > 0 && !isOurs) {
    throw new DeployerError("target-problem", `the dataset "${dataset}" got ${counted(before)} since the plan`, {
      hint: "plan again; take it over with --adopt if it is meant",
      details: { ...refused, exists: true },
    });
  }
  const appends = properties["mode"] === "append";
  let isTouched = false;
  try {
    // Counts may lag: an interrupted upload of ours is taken away even where none shows yet.
    if (!appends && isOurs) {
      try {
        await api.deleteRecords(dataset, signal);
        isTouched = true;
      } catch (error) {
        isTouched = !isRefused(error);
        throw error;
      }
      const left = await api.waitForRecords(dataset, 0, signal);
      if (left > 0) {
        throw new DeployerError("target-problem", `"${dataset}" still has ${counted(left)} after they were deleted`, {
          hint: "see what else writes to it, then run the same command again",
        });
      }
    }
    const expected = file.records + (appends ? before : 0);
    const unknown = await send(api, properties, file, signal).catch((error: unknown) => {
      isTouched ||= !isRefused(error);
      throw error;
    });
    isTouched = true;
    const now = await api.waitForRecords(dataset, expected, signal);
    if (now === expected) return;
    if (unknown !== undefined) throw unknown;
    throw new DeployerError("target-problem", `"${dataset}" has ${counted(now)} after the upload, not ${expected}`, {
      hint: "see what else writes to it; with a slow target raise its settle; then run the same command again",
    });
  } catch (error) {
    throw isTouched ? partial(error) : error;
  }
};
