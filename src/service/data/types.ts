import type { DuckDBConnection } from "@duckdb/node-api";
import type { Json, Properties } from "../../contract/index.ts";

/**
 * Types that a column of a dataset can have. `JSON` holds objects, arrays and columns whose values differ in type.
 * Values arrive as JSON: whole numbers beyond 2^53 and decimals as their digits, times as ISO 8601 text.
 */
export type ColumnType =
  | "BOOLEAN"
  | "BIGINT"
  | "HUGEINT"
  | "DOUBLE"
  | `DECIMAL(${number},${number})`
  | "DATE"
  | "TIME"
  | "TIMESTAMP"
  | "TIMESTAMPTZ"
  | "VARCHAR"
  | "JSON";

/**
 * A column. Its name is that of its property, but where SQL cannot tell it from another one's: `Name` beside `name` is
 * `Name#1`. `propertyOf` (columns.ts) gives the property.
 */
export type Column = {
  readonly name: string;
  readonly type: ColumnType;
  /** Its texts hardly come twice: a new table's column keeps them as they are, which is far faster. Default false. */
  readonly isVaried?: boolean;
};

/** One record. Without an `_id` it gets one of its own. `_id` is no member of `properties`. */
export type DataRow = { readonly _id?: string; readonly properties: Properties };

/** Records as the text that a source gave, which the database reads itself. */
export type TextRows = {
  /** Lines, each a JSON object whose `_id` is text and whose `_source` is an object. */
  readonly lines: Uint8Array;
  /** Bytes of the longest line at most. */
  readonly longest: number;
  /** All properties that have a value other than null somewhere, and types that hold their values as they are. */
  readonly columns: readonly Column[];
  readonly count: number;
  /** Bytes of the objects in `_source`. */
  readonly size: number;
  /** The lines were written: their memory may be used for others. */
  readonly release?: () => void;
};

/** What a change did to a dataset: ids that it has now and had not before, and the other way round. */
export type Written = { readonly added: number; readonly removed: number };

/** Changes to one dataset, in one transaction. */
export type Writer = {
  /** For statements of one's own inside the transaction. */
  readonly connection: DuckDBConnection;
  /**
   * Makes the table where there is none, adds columns that are missing and widens those whose types differ. `columns` are
   * named by their properties; gives the names and types that they now have in the table.
   */
  ensureColumns(columns: readonly Column[]): Promise<readonly Column[]>;
  /**
   * `select` yields the `columns` in their order and of their types, after a first column `_id` (VARCHAR, null: gets one
   * of its own; others must not be in the dataset yet). The table has the columns; their types in it may be wider.
   */
  insertSelect(columns: readonly Column[], select: string): Promise<number>;
  /**
   * Types come from `declared`, else from the values; a value that is not of the declared type widens the column. A row
   * with the `_id` of another one replaces it. Gives the number of rows that are new or were replaced.
   */
  insertRows(rows: readonly DataRow[], declared?: readonly Column[]): Promise<number>;
  /** `where`: an SQL condition over the columns; undefined: all. */
  deleteWhere(where?: string): Promise<number>;
  deleteIds(ids: readonly string[]): Promise<number>;
};

/** What an import has read so far; outlives the process, and becomes visible when it is finished. */
export type Stage = {
  /** Where to go on reading, as the last committed batch gave it; undefined: from the start. */
  readonly cursor: Json | undefined;
  /** Rows of the committed batches. */
  readonly rows: number;
  /** One transaction: the rows and the cursor. A staged row with the same `_id` is replaced, if `mayRepeat`. */
  append(batch: {
    readonly rows: readonly DataRow[];
    /** More rows, whose ids are not in the stage. */
    readonly text?: TextRows;
    readonly columns?: readonly Column[];
    readonly cursor?: Json;
    readonly mayRepeat?: boolean;
  }): Promise<void>;
  /** Changes staged rows before they become visible: statements over the table `name`. */
  transform(work: (connection: DuckDBConnection, name: string) => Promise<void>): Promise<void>;
  /**
   * One transaction: the owner's rows become the staged ones; what the owner has no longer seen goes. With `keyed` rows
   * of others with the same `_id` are replaced too. The stage is gone afterwards. `published` is called before the
   * commit; when it throws, nothing has happened.
   */
  finish(options: { readonly keyed: boolean; readonly published?: () => void }): Promise<Written>;
  discard(): Promise<void>;
};

/**
 * The records of datasets, in one DuckDB database that is opened when it is first needed. A dataset that never had a
 * record has no table. Throws `Problem` `not_implemented` where DuckDB is not installed.
 *
 * Tables stand in the schema `store`: `_id VARCHAR`, `_by VARCHAR` (the import job that a row belongs to, or null), then
 * the properties. Users see views of the same name in `main`, without `_by`.
 */
export type DataStore = {
  /** Records of a dataset; 0 where it has no table. */
  count(dataset: string): Promise<number>;
  /** Of all datasets that have a table. */
  counts(): Promise<ReadonlyMap<string, number>>;
  /** Bytes that a dataset takes, roughly: its records as JSON, estimated from some of them. */
  size(dataset: string): Promise<number>;
  /** With `_id`, without `_by`; empty where there is no table. */
  columns(dataset: string): Promise<readonly Column[]>;
  /**
   * Reads, in one transaction that cannot write: it sees one state, and ends with the first statement that fails. Running
   * statements are interrupted when `signal` aborts.
   */
  read<Result>(work: (connection: DuckDBConnection) => Promise<Result>, signal: AbortSignal): Promise<Result>;
  /** One transaction, after all earlier ones of this dataset; rolled back when `work` throws or `signal` aborts. */
  write<Result>(dataset: string, work: (writer: Writer) => Promise<Result>, signal: AbortSignal): Promise<Result>;
  /** Drops the table and all stages of the dataset. */
  drop(dataset: string): Promise<void>;
  /** `owner`: the import job. With `resume` the stage that the run before left, if it did; else an empty one. */
  stage(dataset: string, owner: string, options: { readonly resume: boolean }): Promise<Stage>;
  /** Drops the stage of an owner, if it has one. Its rows stay, as nobody's. */
  release(owner: string): Promise<void>;
  /** At start: takes files away that stages of other owners have left. */
  sweep(owners: Iterable<string>): void;
  /** A folder for files on their way in, which only the service reads; emptied at start. */
  uploads(): Promise<string>;
  /** Interrupts what runs and closes the database; does nothing the second time. */
  close(): Promise<void>;
};
