import { readFileSync } from "node:fs";
import type { Json } from "../contract/index.ts";
import * as connections from "./connections.ts";
import * as datasets from "./datasets.ts";
import * as importJobs from "./import-jobs.ts";
import { queryDataset } from "./queries/query-dataset.ts";
import { readOrWriteSql, readSql } from "./queries/query-sql.ts";
import { getSchema } from "./queries/schema.ts";
import { applyBulk } from "./records/apply-bulk.ts";
import { deleteRecords } from "./records/delete-records.ts";
import { getRecord } from "./records/get-record.ts";
import { querySource, sourceMetadata } from "./source-queries.ts";
import type { State } from "./state.ts";
import { getRun } from "./uploads/get-run.ts";

/** One request, authenticated. */
export type Call = {
  /** A path parameter, decoded. */
  param(name: string): string;
  /** A parameter of the query string. */
  query(name: string): string | undefined;
  header(name: string): string | undefined;
  /** The body as JSON; throws `unsupported_media_type` or `invalid_json`. */
  json(): Json;
  /** The body; empty where the operation streams. */
  bytes(): Uint8Array;
  /** The body as it arrives, once; only where the operation streams. Throws `unauthorized` at its end if it is not the one that was signed. */
  stream(): AsyncIterable<Uint8Array>;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
};

export type Operation = {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With parameters in braces. */
  readonly path: string;
  /** `large`: up to 64 MiB in memory; `stream`: not read before the answer asks for it. Default: up to 4 MiB. */
  readonly body?: "large" | "stream";
  /** Gives the answer's body. */
  readonly answer?: (state: State, call: Call) => unknown;
  /** What is missing here; such operations answer 501. */
  readonly missing?: string;
};

const version = (): string => {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
};

const promql = "PromQL queries";
const records = "reading and writing of records";
const fino = "natural language queries";
const users = "users, roles and key rotation";

/** Every operation of the API; of two that fit a path the first counts. */
export const operations: readonly Operation[] = [
  { method: "GET", path: "/", answer: () => ({ status: "healthy", version: version() }) },

  { method: "GET", path: "/sources", answer: (state) => connections.listSources(state) },
  { method: "GET", path: "/sources/connections", answer: (state) => connections.listConnections(state) },
  {
    method: "POST",
    path: "/source/{source_type}",
    answer: (state, call) => connections.createConnection(state, call.param("source_type"), call.json()),
  },
  {
    method: "GET",
    path: "/source/{connection_id}",
    answer: (state, call) => connections.getConnection(state, call.param("connection_id")),
  },
  {
    method: "PATCH",
    path: "/source/{connection_id}",
    answer: (state, call) => connections.updateConnection(state, call.param("connection_id"), call.json()),
  },
  {
    method: "DELETE",
    path: "/source/{connection_id}",
    answer: (state, call) => connections.deleteConnection(state, call.param("connection_id")),
  },
  { method: "GET", path: "/source/{connection_id}/{dataset}/dsl", answer: querySource },
  { method: "POST", path: "/source/{connection_id}/{dataset}/dsl", answer: querySource },
  { method: "GET", path: "/source/{connection_id}/{dataset}/metadata", answer: sourceMetadata },

  { method: "POST", path: "/import/file", body: "stream", answer: (state, call) => state.uploads.take(call) },
  { method: "GET", path: "/_connectors/jobs/{run_id}", answer: (state, call) => getRun(state, call.param("run_id")) },
  { method: "GET", path: "/import/jobs", answer: (state) => importJobs.listImportJobs(state) },
  {
    method: "DELETE",
    path: "/import/jobs/{job_id}",
    answer: (state, call) => importJobs.deleteImportJob(state, call.param("job_id")),
  },
  {
    method: "GET",
    path: "/import/jobs/{job_id}/runs",
    answer: (state, call) => importJobs.listImportRuns(state, call.param("job_id")),
  },
  {
    method: "POST",
    path: "/import/jobs/{job_id}/run",
    answer: (state, call) => importJobs.runImportJob(state, call.param("job_id")),
  },
  {
    method: "PUT",
    path: "/import/{source_type}",
    answer: (state, call) => importJobs.createImportJob(state, call.param("source_type"), call.json()),
  },

  { method: "GET", path: "/sql", answer: readSql },
  { method: "POST", path: "/sql", answer: readOrWriteSql },
  { method: "POST", path: "/promql/query", missing: promql },
  { method: "POST", path: "/promql/query_range", missing: promql },

  { method: "GET", path: "/fino/threads", missing: fino },
  { method: "POST", path: "/fino/threads", missing: fino },
  { method: "GET", path: "/fino/threads/{thread_id}", missing: fino },
  { method: "PUT", path: "/fino/threads/{thread_id}", missing: fino },
  { method: "DELETE", path: "/fino/threads/{thread_id}", missing: fino },
  { method: "POST", path: "/fino/threads/{thread_id}/messages", missing: fino },
  { method: "DELETE", path: "/fino/threads/{thread_id}/messages", missing: fino },
  { method: "POST", path: "/fino/message", missing: fino },

  { method: "GET", path: "/users", missing: users },
  { method: "PUT", path: "/user/{name}", missing: users },
  { method: "GET", path: "/user/{name}", missing: users },
  { method: "PATCH", path: "/user/{name}", missing: users },
  { method: "DELETE", path: "/user/{name}", missing: users },
  { method: "PATCH", path: "/user/{username}/keys", missing: users },
  { method: "GET", path: "/roles", missing: users },
  { method: "PUT", path: "/role/{name}", missing: users },
  { method: "GET", path: "/role/{name}", missing: users },
  { method: "PATCH", path: "/role/{name}", missing: users },
  { method: "DELETE", path: "/role/{name}", missing: users },

  { method: "GET", path: "/metadata", answer: (state) => datasets.listDatasets(state) },
  { method: "PUT", path: "/{dataset}", answer: (state, call) => datasets.createDataset(state, call.param("dataset")) },
  {
    method: "DELETE",
    path: "/{dataset}",
    answer: (state, call) => datasets.deleteDataset(state, call.param("dataset")),
  },
  {
    method: "PATCH",
    path: "/{dataset}",
    answer: (state, call) => deleteRecords(state, call.param("dataset"), call.json(), call.signal),
  },
  {
    method: "GET",
    path: "/{dataset}/metadata",
    answer: (state, call) => datasets.getDataset(state, call.param("dataset")),
  },
  { method: "HEAD", path: "/{dataset}/schema", answer: getSchema },
  { method: "GET", path: "/{dataset}/_schema", answer: getSchema },
  { method: "GET", path: "/{dataset}/querydsl", answer: queryDataset },
  { method: "POST", path: "/{dataset}/querydsl", answer: queryDataset },
  {
    method: "GET",
    path: "/{dataset}/doc/{record_id}",
    answer: (state, call) => getRecord(state, call.param("dataset"), call.param("record_id"), call.signal),
  },
  {
    method: "POST",
    path: "/{dataset}/json",
    body: "large",
    answer: (state, call) => applyBulk(state, call.param("dataset"), call.bytes(), call.signal),
  },
  { method: "POST", path: "/{dataset}/metrics", missing: records },
  { method: "POST", path: "/{dataset}/enrich_dataset", missing: records },
];
