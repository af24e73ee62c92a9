import type { Json } from "../contract/index.ts";

type Fields = { readonly [key: string]: Json };

/** `GET /sources`. */
export type SourceWire = {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly auth_strategy: string;
};

/** `GET /sources/connections`, `GET|PATCH /source/{id}`. */
export type ConnectionWire = {
  readonly id: string;
  readonly type: string;
  readonly status: "connected" | "disconnected" | "error";
  readonly created_at: string;
  readonly updated_at?: string;
  /** Given where `config`, which holds it otherwise, is not. */
  readonly name?: string;
  /** Catalog secrets are never in it (or masked, on targets that mask). */
  readonly config?: Fields;
  readonly query_type?: string;
  /** Why it is not connected; an addition of the local service. */
  readonly reason?: string;
  /** Nobody ever tries it: there is no driver for its type; an addition of the local service. */
  readonly untried?: true;
};

/** `POST /source/{source_type}`. */
export type ConnectionCreatedWire = {
  readonly connection_id: string;
  readonly message: string;
  readonly created_at: string;
  readonly auth: Json;
};

/** `GET /metadata` (a list of them), `GET /{dataset}/metadata`. */
export type DatasetWire = {
  readonly index: string;
  readonly status: "green" | "yellow" | "red";
  readonly health: string;
  readonly docs_count: number;
  readonly store_size: string;
  readonly creation_date: string;
};

/** `stats` of runs. */
export type RunStatsWire = {
  readonly documents_processed: number;
  readonly documents_failed: number;
  readonly bytes_processed: number;
  readonly avg_throughput_docs_per_sec: number;
  readonly errors: readonly string[];
};

/** `POST /import/file`. */
export type FileUploadWire = {
  readonly connector_id: string;
  readonly run_id: string;
  readonly status: "submitted" | "running" | "completed" | "failed";
  readonly message: string;
  readonly stats: RunStatsWire | null;
  readonly errors: readonly string[];
};

/** `GET /_connectors/jobs/{run_id}`; `GET /import/jobs/{job_id}/runs` (a list of them) is an addition of the local service. */
export type JobStatusWire = {
  readonly run_id: string;
  readonly status: "submitted" | "running" | "completed" | "failed";
  readonly connector_id: string;
  /** Null for uploads. */
  readonly connection_id: string | null;
  readonly index_name: string;
  readonly started_at: string;
  readonly completed_at: string | null;
  readonly duration_ms: number | null;
  readonly error_message: string | null;
  readonly stats: RunStatsWire | null;
  /** Why it was started; an addition of the local service. */
  readonly trigger?: string;
  /** Records that are no longer in the source and were removed; an addition of the local service. */
  readonly documents_removed?: number;
  /** Records that interrupted attempts had read already; an addition of the local service. */
  readonly documents_resumed?: number;
  /** Runs of the same job that fell due meanwhile and were left out; an addition of the local service. */
  readonly skipped_runs?: number;
};

/** `GET|POST /sql`, and SQL answers of sources in `SourceSqlWire`. */
export type SqlWire = {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly Json[])[];
  /** Rows of the answer. */
  readonly size: number;
  /** Rows that there are, as far as they were counted. */
  readonly total: number;
  /** There are more rows than the answer holds; an addition of the local service. */
  readonly truncated?: true;
};

/** A hit of `GET|POST /{dataset}/querydsl`. */
export type HitWire = {
  readonly _index: string;
  readonly _id: string;
  readonly _score: number | null;
  /** Absent where the request wants none. */
  readonly _source?: Fields;
  readonly sort?: readonly Json[];
};

/** `GET|POST /{dataset}/querydsl`. */
export type SearchWire = {
  /** Milliseconds. */
  readonly took: number;
  readonly timed_out: boolean;
  readonly _shards: {
    readonly total: number;
    readonly successful: number;
    readonly skipped: number;
    readonly failed: number;
  };
  readonly hits: {
    readonly total: { readonly value: number; readonly relation: "eq" | "gte" };
    readonly max_score: number | null;
    readonly hits: readonly HitWire[];
  };
  readonly aggregations?: Fields;
};

/** What `GET|POST /source/{id}/{dataset}/dsl` answers for SQL sources, as the API's Python client reads it. */
export type SourceSqlWire = {
  /** Milliseconds. */
  readonly execution_time: number;
  readonly statement_type: string;
  readonly affected_rows: number;
  readonly error_message: string | null;
  readonly columns: readonly { readonly display_name: string; readonly data_type: string }[];
  readonly rows: readonly (readonly Json[])[];
};

/** `POST /import/file`, `GET /_connectors/jobs/{run_id}`; their two forms in one, as the client reads them. */
export type RunWire = {
  readonly run_id: string;
  readonly status: "submitted" | "running" | "completed" | "failed";
  /** What the target says went wrong. */
  readonly errors: readonly string[];
  /** Records that it took, where it says so. */
  readonly documents_processed?: number;
  /** Records that it could not take. */
  readonly documents_failed: number;
};

/** `PATCH /{dataset}`; `failures` is their number. */
export type RecordsDeletedWire = { readonly timed_out: boolean; readonly failures: number };

/** `GET /{dataset}/doc/{record_id}`. The local service keeps no versions: its three numbers are always the same. */
export type RecordWire = {
  readonly _index: string;
  readonly _id: string;
  readonly _version: number;
  readonly _seq_no: number;
  readonly _primary_term: number;
  readonly found: boolean;
  readonly _source: Fields;
};

/** What became of one action of `POST /{dataset}/json`, below its name. */
export type BulkItemWire = {
  readonly [action: string]: {
    readonly _index: string;
    readonly _id: string;
    readonly status: number;
    readonly result?: string;
    readonly error?: { readonly type: string; readonly reason: string };
  };
};

/** `POST /{dataset}/json`. */
export type BulkWire = {
  /** Milliseconds. */
  readonly took: number;
  readonly errors: boolean;
  readonly items: readonly BulkItemWire[];
};

/** `PATCH /{dataset}` as the local service answers. */
export type DeletedByQueryWire = {
  /** Milliseconds. */
  readonly took: number;
  readonly timed_out: boolean;
  readonly total: number;
  readonly deleted: number;
  readonly failures: readonly Fields[];
};

/** A file on its way into a dataset. */
export type FileUpload = {
  readonly dataset: string;
  /** Streamed; one made by `fs.openAsBlob` is never held in memory. */
  readonly file: Blob;
  readonly name: string;
  /** `auto`: the target goes by the name. */
  readonly format: "auto" | "json" | "jsonl" | "csv";
  /** Default: the target's. */
  readonly batchSize?: number;
  /** True: the target answers before it has taken the records; `followRun` tells when it has. */
  readonly isAsync: boolean;
};

/** `PUT /{dataset}`. */
export type DatasetCreatedWire = {
  readonly acknowledged: boolean;
  readonly shards_acknowledged: boolean;
  readonly index: string;
};

/** `PUT /import/{source_type}`. `source_dataset`, `last_modified` and `primary_key` are additions of ours. */
export type ImportJobConfigWire = {
  readonly source_id: string;
  readonly target_dataset: string;
  readonly query?: string;
  readonly schedule?: string;
  readonly source_dataset?: string;
  readonly last_modified?: string;
  readonly primary_key?: Json;
};

/** `GET /import/jobs` (a list of them), `PUT /import/{source_type}`. */
export type ImportJobWire = {
  readonly job_id: string;
  readonly source_id: string;
  readonly target_dataset: string;
  readonly status: "pending" | "running" | "completed" | "failed";
  readonly schedule?: string;
  readonly created_at: string;
  readonly last_run?: string;
  /** For `GET /_connectors/jobs/{run_id}`; an addition of the local service. */
  readonly last_run_id?: string;
  /** Records of the last run; an addition of the local service. */
  readonly last_run_counts?: { readonly processed: number; readonly failed: number };
  /** When its schedule runs it next; an addition of the local service. */
  readonly next_run?: string;
  /** Why it failed or waits; an addition of the local service. */
  readonly reason?: string;
};

export type AcknowledgedWire = { readonly acknowledged: boolean };

/** Every error answer. */
export type ErrorWire = {
  readonly error: { readonly type: string; readonly reason: string };
  readonly status: number;
};

/** `existed`: it was there before (the API answered 409, which it calls success); absent where the API does not say. */
export type DatasetCreated = DatasetCreatedWire & { readonly existed?: true };

/**
 * Whether a write that failed may have happened: `refused`, it has not (the target said no, or nothing was sent);
 * `unknown`, it may have (timeout, cut answer, 5xx, connection lost on the way). Stands in an error's `details.outcome`.
 */
export type WriteOutcome = "refused" | "unknown";

/**
 * A client of one Infino-compatible API. Every call signs each attempt afresh, keeps to one total deadline and ends when
 * `signal` aborts. Reads, PATCH of the same fields and deletes are repeated after a transient failure; creates and source
 * queries only after one that proves that nothing was done; an upload never. After a 429 every call of the client waits.
 * Failures are `DeployerError`s: `unauthorized`, `forbidden`, `unreachable`, `timeout`, `target-problem`,
 * `invalid-response`, `cancelled`, `usage` (a name or id that no path can hold). Their `details` hold `operation`,
 * `attempts`, where there was an answer `status`, `type` and `reason`, and for writes `outcome`.
 */
export type InfinoClient = {
  readonly endpoint: string;
  /** HTTP requests sent so far, repeats included. */
  requests(): number;
  listSources(signal: AbortSignal): Promise<readonly SourceWire[]>;
  listConnections(signal: AbortSignal): Promise<readonly ConnectionWire[]>;
  /** Undefined: there is none. */
  getConnection(id: string, signal: AbortSignal): Promise<ConnectionWire | undefined>;
  /** `config` is what stands below the API's `config` key; its `name` is the connection's. */
  createConnection(source: string, config: Fields, signal: AbortSignal): Promise<ConnectionCreatedWire>;
  /** `config` holds what changes, below the API's `config` key. */
  updateConnection(id: string, config: Fields, signal: AbortSignal): Promise<void>;
  /** False: it was already gone, or is not there after an attempt whose outcome is unknown. */
  deleteConnection(id: string, signal: AbortSignal): Promise<boolean>;
  listDatasets(signal: AbortSignal): Promise<readonly DatasetWire[]>;
  getDataset(name: string, signal: AbortSignal): Promise<DatasetWire | undefined>;
  createDataset(name: string, signal: AbortSignal): Promise<DatasetCreated>;
  deleteDataset(name: string, signal: AbortSignal): Promise<boolean>;
  listImportJobs(signal: AbortSignal): Promise<readonly ImportJobWire[]>;
  createImportJob(source: string, config: ImportJobConfigWire, signal: AbortSignal): Promise<ImportJobWire>;
  deleteImportJob(id: string, signal: AbortSignal): Promise<boolean>;
  /** Begins a run of a job now; `followRun` tells how it ends. An addition of the local service. */
  runImportJob(id: string, signal: AbortSignal): Promise<RunWire>;
  /** Sends the `x-infino-connection-id` header. */
  getSourceMetadata(connectionId: string, dataset: string, signal: AbortSignal): Promise<Fields>;
  /** SQL over the target's datasets; only a single SELECT is repeated. The answer is a `SqlWire` where it has rows. */
  querySql(sql: string, signal: AbortSignal): Promise<Fields>;
  /** QueryDSL over one of the target's datasets. */
  queryDataset(dataset: string, query: Fields, signal: AbortSignal): Promise<Fields>;
  /** What the target knows of each field, by its name; undefined: there is no such dataset. */
  getDatasetSchema(dataset: string, signal: AbortSignal): Promise<Fields | undefined>;
  /** Sends the `x-infino-connection-id` header; the answer is the source's own, whole numbers beyond 2^53 as text. */
  querySource(connectionId: string, dataset: string, query: string, signal: AbortSignal): Promise<Json>;
  /** A file of this machine, by the path that the files give. Throws where it cannot be opened, or must not be. */
  openFile(path: string): Promise<Blob>;
  /** Sends a file, once; its signature does not cover the content. Unless `isAsync`, ends when the target has taken it. */
  uploadFile(upload: FileUpload, signal: AbortSignal): Promise<RunWire>;
  /** Waits until a job has ended, well or not. Throws `timeout` after `uploadTimeout`. */
  followRun(run: string, signal: AbortSignal): Promise<RunWire>;
  /** Deletes all records of a dataset, not the dataset. Nothing happens where there is none. */
  deleteRecords(dataset: string, signal: AbortSignal): Promise<void>;
  /** 0 where there is no such dataset. Throws `invalid-response` where the target does not tell. */
  countRecords(dataset: string, signal: AbortSignal): Promise<number>;
  /** Counts until there are `count` records, for at most `settle`; the last count. */
  waitForRecords(dataset: string, count: number, signal: AbortSignal): Promise<number>;
};

export type ClientOptions = {
  /** Base URL without a trailing slash. */
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Default: the global fetch. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly clock?: () => number;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** In [0, 1); for jitter. Default `Math.random`. */
  readonly random?: () => number;
  /** Milliseconds for one attempt; default 30,000. */
  readonly requestTimeout?: number;
  /** Milliseconds for a call with all its repeats; default 120,000. */
  readonly deadline?: number;
  /** Repeats after the first attempt; default 4. */
  readonly retries?: number;
  /** Milliseconds that the target may take until a write shows in its counts; default 10,000. */
  readonly settle?: number;
  /** Milliseconds for an upload, for the job that it starts, and for deleting records; default 1,800,000. */
  readonly uploadTimeout?: number;
  /** Opens a file to be uploaded; default: none can be. */
  readonly openFile?: (path: string) => Promise<Blob>;
};
