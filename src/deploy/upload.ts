import { openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { datasetNameProblem } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Context } from "./context.ts";
import { findDataset } from "./find-place.ts";
import type { UploadOptions, UploadReport } from "./upload-types.ts";

const never = new AbortController().signal;

const isFile = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

const opened = async (path: string, dataset: string): Promise<Blob> => {
  try {
    if (!(await stat(path)).isFile()) throw new DeployerError("usage", `${JSON.stringify(path)} is no file`);
    return await openAsBlob(path);
  } catch (error) {
    if (error instanceof DeployerError) throw error;
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new DeployerError("usage", `cannot read ${JSON.stringify(path)} (${code})`, {
      hint: (await isFile(dataset)) ? `the dataset comes first: upload DATASET ${dataset}` : "look at the path",
    });
  }
};

/** See `Project.uploadFile`. */
export const uploadFile = async (
  context: Context,
  name: string,
  path: string,
  { target, format = "auto", batchSize, isAsync = false, signal = never }: UploadOptions,
): Promise<UploadReport> => {
  const file = await opened(path, name);
  const place = await findDataset(context, name, target);
  const wrong = datasetNameProblem(place.id);
  if (wrong !== undefined) throw new DeployerError("usage", wrong.message, { hint: wrong.hint });
  const size = batchSize === undefined ? {} : { batchSize };
  const upload = { dataset: place.id, file, name: basename(path), format, isAsync, ...size };
  let run = await place.api.uploadFile(upload, signal);
  if (run.status !== "completed" && run.status !== "failed") run = await place.api.followRun(run.run_id, signal);
  const { documents_processed: processed, documents_failed: failed, errors } = run;
  return {
    type: "upload-report",
    schemaVersion: 1,
    target: place.target,
    dataset: place.id,
    ...(place.similar === undefined ? {} : { similar: place.similar }),
    file: path,
    run: run.run_id,
    status: run.status === "failed" ? "failed" : "completed",
    ...(processed === undefined ? {} : { processed }),
    failed,
    errors,
  };
};
