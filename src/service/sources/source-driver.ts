import type { Json, Properties } from "../../contract/index.ts";
import type { Column, DataRow, TextRows } from "../data/types.ts";

/** What a connection's status says, in the API's words. */
export type SourceStatus = {
  readonly status: "connected" | "disconnected" | "error";
  /** Why it is not connected; holds no secret. */
  readonly reason?: string;
  /** There is no driver that could try it. */
  readonly untried?: true;
};

/** A connection to an external system: what its connector type calls its fields, secrets in clear. */
export type SourceConnection = { readonly source: string; readonly auth: string; readonly config: Properties };

/** Most that one query may answer with. */
export type SourceLimits = { readonly rows: number; readonly bytes: number };

export type ReadRequest = {
  /** Index, alias or table; undefined: the query says it. */
  readonly dataset?: string;
  /** QueryDSL as JSON text, or SQL; undefined: everything. */
  readonly query?: string;
  /** Fields that identify a record; undefined: the source's own identity, if it has one. */
  readonly key?: readonly string[];
  /** True: the cursors of batches will be used; false: the fastest way that reads every record once. */
  readonly resumable: boolean;
  /** The cursor of the last batch that was kept; its records and those before are not asked for again. */
  readonly after?: Json;
  /** Batches may come as text. Default: false. */
  readonly asText?: boolean;
  /** Records of a batch at most. */
  readonly batchRows: number;
  /** Bytes of a batch, roughly. */
  readonly batchBytes: number;
};

export type ReadBatch = {
  readonly rows: readonly DataRow[];
  /** More records, as text. */
  readonly text?: TextRows;
  /** Types that the source declares; without them the values tell. */
  readonly columns?: readonly Column[];
  /** Where to go on after this batch; absent: this reading cannot be resumed. */
  readonly cursor?: Json;
  /** True: a record may come a second time in a later batch, the later one counts. */
  readonly mayRepeat?: boolean;
};

/**
 * How to talk to one family of external systems. What goes wrong with `query`, `metadata` and `read` is a `Problem`:
 * `source_refused` (the credentials), `source_unreachable`, `source_timeout`, `source_error` (the source says no to the
 * query), `source_not_found` (no such index or table), `result_too_large`, `bad_request`. Reasons hold no secret. Everything ends when `signal` aborts.
 */
export type SourceDriver = {
  /** Tries the connection: `error` where the system refuses the credentials. Never rejects; ends when `signal` aborts. */
  check(connection: SourceConnection, signal: AbortSignal): Promise<SourceStatus>;
  /** The source's own answer to a query in its own language. */
  query(
    connection: SourceConnection,
    dataset: string,
    query: string,
    limits: SourceLimits,
    signal: AbortSignal,
  ): Promise<Json>;
  /** `{mappings, settings, aliases}` of search sources, `{columns, schema, table}` of SQL sources. */
  metadata(connection: SourceConnection, dataset: string, signal: AbortSignal): Promise<Properties>;
  /** Reads in batches, with bounded memory; one batch at most is asked for before it is wanted. */
  read(connection: SourceConnection, request: ReadRequest, signal: AbortSignal): AsyncIterable<ReadBatch>;
};
