import type { Json, Properties } from "../contract/index.ts";

export type QueryOptions = {
  /** A target of the project; default that of the connection, else `default`. */
  readonly target?: string;
  readonly signal?: AbortSignal;
};

export type QueryPartsOptions = QueryOptions & {
  /** A column of the answer: texts or numbers that no two rows share. The rows come in its order. */
  readonly key: string;
};

export type QueryReport = {
  readonly type: "query-result";
  readonly schemaVersion: 1;
  readonly target: string;
  /** The live id, where a connected source was asked. */
  readonly connection?: string;
  readonly dataset?: string;
  /** As it came: `columns` and `rows` of SQL, `hits` and `aggregations` of QueryDSL. */
  readonly answer: Json;
};

export type MetadataReport = {
  readonly type: "metadata";
  readonly schemaVersion: 1;
  readonly target: string;
  /** The live id, where a connected source was asked. */
  readonly connection?: string;
  readonly dataset: string;
  /** Of a source, as it came: `columns`, `schema` and `table`, or `mappings`, `settings` and `aliases`. Of a dataset its status and size. */
  readonly metadata: Properties;
  /** Of a dataset: what the target knows of each field, by its name, where it tells. */
  readonly fields?: Properties;
};
