import type { Json } from "../contract/index.ts";
import type {
  ConnectionCreatedWire,
  ConnectionWire,
  DatasetCreatedWire,
  DatasetWire,
  ImportJobConfigWire,
  ImportJobWire,
  RunWire,
  SourceWire,
} from "./wire-types.ts";

type Fields = { readonly [key: string]: Json };

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
