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
