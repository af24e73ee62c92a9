/**
 * When an operation may be sent again:
 * `safe`, it only reads; `idempotent`, twice does the same as once; both after every transient failure.
 * `never`, only after a failure that proves that the target did nothing: no connection, or 429;
 * `once`, not at all: what it sends is too large to be sent in vain.
 */
export type Repeat = "safe" | "idempotent" | "never" | "once";

export type Operation = {
  /** As messages call it. */
  readonly name: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with `{parameter}`s, each one path segment. */
  readonly path: string;
  readonly repeat: Repeat;
  /** True: its errors say whether it may have happened. */
  readonly writes: boolean;
  /** Answers beside 2xx that are no failure. */
  readonly expects: readonly (404 | 409)[];
  /** Longest answer in bytes. */
  readonly limit: number;
  /** True: it may take as long as an upload, not only as long as a request. */
  readonly isLong?: true;
  /** True: it sends a person's own question, no secret, so that errors may quote it, and answers with somebody's data. */
  readonly isQuery?: true;
};

const mebibyte = 1024 * 1024;
/** Lists carry every object of an account; 256 MiB is some 300,000 connections. */
const many = 256 * mebibyte;
const one = 16 * mebibyte;

const read = { method: "GET", repeat: "safe", writes: false, expects: [], limit: many } as const;
const readOne = { ...read, expects: [404], limit: one } as const;
const create = { repeat: "never", writes: true, expects: [], limit: one } as const;
const query = {
  method: "POST",
  repeat: "never",
  writes: true,
  expects: [],
  limit: many,
  isLong: true,
  isQuery: true,
} as const;
const reads = { repeat: "safe", writes: false } as const;
const remove = { method: "DELETE", repeat: "idempotent", writes: true, expects: [404], limit: one } as const;

/** Every operation of the API that the deployer uses. */
export const operations = {
  listSources: { ...read, name: "list sources", path: "/sources" },
  listConnections: { ...read, name: "list connections", path: "/sources/connections" },
  getConnection: { ...readOne, name: "read connection", path: "/source/{connection}" },
  createConnection: { ...create, name: "create connection", method: "POST", path: "/source/{source}" },
  updateConnection: {
    name: "update connection",
    method: "PATCH",
    path: "/source/{connection}",
    repeat: "idempotent",
    writes: true,
    expects: [],
    limit: one,
  },
  deleteConnection: { ...remove, name: "delete connection", path: "/source/{connection}" },
  listDatasets: { ...read, name: "list datasets", path: "/metadata" },
  getDataset: { ...readOne, name: "read dataset", path: "/{dataset}/metadata" },
  // A repeated PUT cannot tell a dataset that its first attempt made from one that somebody else did.
  createDataset: { ...create, name: "create dataset", method: "PUT", path: "/{dataset}", expects: [409] },
  deleteDataset: { ...remove, name: "delete dataset", path: "/{dataset}" },
  deleteRecords: {
    name: "delete records",
    method: "PATCH",
    path: "/{dataset}",
    repeat: "idempotent",
    writes: true,
    expects: [404],
    limit: one,
    isLong: true,
  },
  uploadFile: {
    ...create,
    name: "upload file",
    method: "POST",
    path: "/import/file",
    repeat: "once",
    isLong: true,
  },
  getRun: { ...readOne, name: "read job status", path: "/_connectors/jobs/{run}" },
  listImportJobs: { ...read, name: "list import jobs", path: "/import/jobs" },
  createImportJob: { ...create, name: "create import job", method: "PUT", path: "/import/{source}" },
  runImportJob: { ...create, name: "run import job", method: "POST", path: "/import/jobs/{job}/run" },
  deleteImportJob: { ...remove, name: "delete import job", path: "/import/jobs/{job}" },
  getSourceMetadata: { ...read, name: "read source metadata", path: "/source/{connection}/{dataset}/metadata" },
  // SQL can write.
  querySource: { ...query, name: "query source", path: "/source/{connection}/{dataset}/dsl" },
  executeSql: { ...query, name: "query with SQL", path: "/sql" },
  selectSql: { ...query, ...reads, name: "query with SQL", path: "/sql" },
  queryDataset: { ...query, ...reads, name: "query dataset", path: "/{dataset}/querydsl" },
  getDatasetSchema: { ...readOne, name: "read dataset schema", path: "/{dataset}/_schema" },
} as const satisfies Record<string, Operation>;
