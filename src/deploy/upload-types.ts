export type UploadOptions = {
  /** A target of the project; default that of the dataset, else `default`. */
  readonly target?: string;
  /** Default `auto`: the target goes by the file's name. */
  readonly format?: "auto" | "json" | "jsonl" | "csv";
  /** Records that the target takes at once; default its own. */
  readonly batchSize?: number;
  /** True: the target takes the records in the background, and is followed to its end; default false. */
  readonly isAsync?: boolean;
  readonly signal?: AbortSignal;
};

export type UploadReport = {
  readonly type: "upload-report";
  readonly schemaVersion: 1;
  readonly target: string;
  readonly dataset: string;
  /** Where no dataset of that name was deployed: the deployed one that may have been meant. */
  readonly similar?: string;
  readonly file: string;
  readonly run: string;
  readonly status: "completed" | "failed";
  /** Records that were taken; absent where the target does not tell. */
  readonly processed?: number;
  /** Records that could not be taken. */
  readonly failed: number;
  /** What the target says went wrong. */
  readonly errors: readonly string[];
};
