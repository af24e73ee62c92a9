export type RunImportOptions = {
  /** A target of the project; default that of the job, else `default`. */
  readonly target?: string;
  /** True: until the run has ended; default false, until it has begun. */
  readonly wait?: boolean;
  readonly signal?: AbortSignal;
};

export type ImportRunReport = {
  readonly type: "import-run";
  readonly schemaVersion: 1;
  readonly target: string;
  /** The live id. */
  readonly job: string;
  readonly run: string;
  readonly status: "submitted" | "running" | "completed" | "failed";
  /** Records that were taken; absent until it has ended, and where the target does not tell. */
  readonly processed?: number;
  /** Records that could not be taken. */
  readonly failed: number;
  /** What the target says went wrong. */
  readonly errors: readonly string[];
};
