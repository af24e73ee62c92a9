import { randomUUID } from "node:crypto";
import type { Json } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import * as answers from "./answers.ts";
import { type Operation, operations } from "./operations.ts";
import type { FileUpload, InfinoClient } from "./types.ts";
import type { RunWire } from "./wire-types.ts";

/** What these need of the client that they belong to. */
export type Caller = {
  call<T>(
    operation: Operation,
    request: {
      readonly parameters?: Readonly<Record<string, string>>;
      readonly query?: Readonly<Record<string, string>>;
      readonly content?: Json;
      readonly form?: () => Blob;
    },
    read: (value: Json, place: string) => T,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly value: T | undefined }>;
  clock(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Takes credentials and control characters out of a text that the target wrote. */
  clean(text: string): string;
  /** Milliseconds. */
  readonly settle: number;
  readonly uploadTimeout: number;
  readonly openFile: ((path: string) => Promise<Blob>) | undefined;
};

type Uploads = Pick<
  InfinoClient,
  "openFile" | "uploadFile" | "runImportJob" | "followRun" | "deleteRecords" | "countRecords" | "waitForRecords"
>;

const firstWait = 100;
const longestWait = 5_000;

/** As HTML forms write a name. */
const formName = (name: string): string => name.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");

/**
 * The form as one blob that refers to the file. A `FormData` would be read as fast as the disk gives it and wait in
 * memory, whatever the target's pace (undici).
 */
const formOf = ({ dataset, file, name, format, batchSize }: FileUpload): Blob => {
  const boundary = `connector-deployer-${randomUUID()}`;
  const fields = { index_name: dataset, format, ...(batchSize === undefined ? {} : { batch_size: String(batchSize) }) };
  const head = Object.entries(fields).map(
    ([field, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`,
  );
  // Streaming readers want to know where a file goes before it comes.
  const begin = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${formName(name)}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const type = `multipart/form-data; boundary=${boundary}`;
  return new Blob([...head, begin, file, `\r\n--${boundary}--\r\n`], { type });
};

export const createUploads = (caller: Caller): Uploads => {
  const { call, clock, sleep, clean, settle, uploadTimeout } = caller;
  const cleaned = (run: RunWire): RunWire => ({ ...run, errors: run.errors.map(clean) });

  const countRecords: InfinoClient["countRecords"] = async (dataset, signal) => {
    const { value } = await call(operations.getDataset, { parameters: { dataset } }, answers.dataset, signal);
    if (value === undefined) return 0;
    if (Number.isSafeInteger(value.docs_count) && value.docs_count >= 0) return value.docs_count;
    throw new DeployerError(
      "invalid-response",
      `the target does not tell how many records the dataset "${dataset}" has`,
      {
        hint: "uploads are checked by counting: this target cannot take them",
      },
    );
  };

  return {
    openFile: async (path) => {
      if (caller.openFile === undefined) throw new DeployerError("not-supported", "this client reads no files");
      return caller.openFile(path);
    },
    uploadFile: async (upload, signal) => {
      const request = { query: { async: String(upload.isAsync) }, form: () => formOf(upload) };
      const { value } = await call(operations.uploadFile, request, answers.run, signal);
      if (value === undefined) throw new DeployerError("internal", "upload file: no value");
      return cleaned(value);
    },
    runImportJob: async (job, signal) => {
      const { value } = await call(operations.runImportJob, { parameters: { job } }, answers.run, signal);
      if (value === undefined) throw new DeployerError("internal", "run import job: no value");
      return cleaned(value);
    },
    followRun: async (run, signal) => {
      const started = clock();
      for (let wait = firstWait; ; wait = Math.min(wait * 1.5, longestWait)) {
        const { value } = await call(operations.getRun, { parameters: { run } }, answers.run, signal);
        if (value?.status === "completed" || value?.status === "failed") return cleaned(value);
        const passed = clock() - started;
        if (value === undefined && passed >= settle) {
          throw new DeployerError("target-problem", `the target does not know the job ${run} that it began`);
        }
        if (passed >= uploadTimeout) {
          throw new DeployerError("timeout", `the job ${run} did not end within ${uploadTimeout} ms`, {
            hint: "look at it on the target, then run the same command again",
          });
        }
        await sleep(wait, signal);
      }
    },
    deleteRecords: async (dataset, signal) => {
      const content = { query: { match_all: {} } };
      const { value } = await call(
        operations.deleteRecords,
        { parameters: { dataset }, content },
        answers.recordsDeleted,
        signal,
      );
      if (value === undefined || (value.failures === 0 && !value.timed_out)) return;
      const what = value.timed_out ? "it ran out of time" : `${value.failures} could not be deleted`;
      throw new DeployerError("target-problem", `not all records of "${dataset}" were deleted: ${what}`, {
        hint: "run the same command again",
        details: { operation: operations.deleteRecords.name, outcome: "unknown" },
      });
    },
    countRecords,
    waitForRecords: async (dataset, count, signal) => {
      const end = clock() + settle;
      for (let wait = firstWait / 4; ; wait = Math.min(wait * 2, longestWait / 5)) {
        const now = await countRecords(dataset, signal);
        if (now === count || clock() >= end) return now;
        await sleep(Math.min(wait, Math.max(1, end - clock())), signal);
      }
    },
  };
};
