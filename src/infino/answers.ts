import type { Json } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";
import type {
  ConnectionCreatedWire,
  ConnectionWire,
  DatasetCreatedWire,
  DatasetWire,
  ImportJobConfigWire,
  ImportJobWire,
  RecordsDeletedWire,
  RunWire,
  SourceWire,
} from "./wire-types.ts";

/** An answer is not what the API describes; the message names the place, never a value. */
export class Mismatch extends Error {}

type Fields = { readonly [key: string]: Json };
type Read<T> = (value: Json, place: string) => T;

export const fields: Read<Fields> = (value, place) => {
  if (!isObject(value)) throw new Mismatch(`${place} is not a mapping`);
  return value;
};

export const list =
  <T>(item: Read<T>): Read<readonly T[]> =>
  (value, place) => {
    if (!Array.isArray(value)) throw new Mismatch(`${place} is not a list`);
    return value.map((member, index) => item(member, `${place}[${index}]`));
  };

const text = (value: Fields, key: string, place: string): string => {
  const member = value[key];
  if (typeof member !== "string" || member === "") throw new Mismatch(`${place}.${key} is not a text`);
  return member;
};

const textOr = (value: Fields, key: string, otherwise: string): string => {
  const member = value[key];
  return typeof member === "string" ? member : otherwise;
};

/** The API's description names a source by `type`, its SDK by `id`. */
export const source: Read<SourceWire> = (value, place) => {
  const record = fields(value, place);
  const id = typeof record["id"] === "string" ? record["id"] : text(record, "type", place);
  return {
    id,
    type: textOr(record, "type", id),
    name: textOr(record, "name", id),
    description: textOr(record, "description", ""),
    category: textOr(record, "category", ""),
    auth_strategy: textOr(record, "auth_strategy", ""),
  };
};

export const connection: Read<ConnectionWire> = (value, place) => {
  const record = fields(value, place);
  for (const key of ["id", "type", "status"]) text(record, key, place);
  const { config, ...rest } = record;
  if (config === undefined || config === null) return rest as unknown as ConnectionWire;
  fields(config, `${place}.config`);
  return record as unknown as ConnectionWire;
};

/** The SDK's document calls the new id `connection_id`, the API's description `id`. */
export const connectionCreated: Read<ConnectionCreatedWire> = (value, place) => {
  const record = fields(value, place);
  const id = typeof record["connection_id"] === "string" ? "connection_id" : "id";
  return {
    connection_id: text(record, id, place),
    message: textOr(record, "message", ""),
    created_at: textOr(record, "created_at", ""),
    auth: record["auth"] ?? null,
  };
};

export const dataset: Read<DatasetWire> = (value, place) => {
  const record = fields(value, place);
  text(record, "index", place);
  return record as unknown as DatasetWire;
};

export const datasetCreated: Read<DatasetCreatedWire> = (value, place) => {
  const record = fields(value, place);
  if (record["acknowledged"] !== true) throw new Mismatch(`${place}.acknowledged is not true`);
  return {
    acknowledged: true,
    shards_acknowledged: record["shards_acknowledged"] === true,
    index: textOr(record, "index", ""),
  };
};

export const importJob: Read<ImportJobWire> = (value, place) => {
  const record = fields(value, place);
  for (const key of ["job_id", "source_id", "target_dataset", "status"]) text(record, key, place);
  return record as unknown as ImportJobWire;
};

/** What was asked for stands in where the answer holds no more than the new id. */
export const importJobCreated =
  (asked: ImportJobConfigWire): Read<ImportJobWire> =>
  (value, place) => {
    const record = fields(value, place);
    const { source_id, target_dataset } = asked;
    return importJob({ source_id, target_dataset, status: "pending", created_at: "", ...record }, place);
  };

const texts = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string" && item !== "") : [];

const runStates = ["submitted", "running", "completed", "failed"] as const;

/** The answer to an upload and the status of a job say the same in two forms. */
export const run: Read<RunWire> = (value, place) => {
  const record = fields(value, place);
  const said = text(record, "status", place);
  const status = runStates.find((state) => state === said);
  if (status === undefined) throw new Mismatch(`${place}.status is not one of ${runStates.join(", ")}`);
  const stats = isObject(record["stats"]) ? record["stats"] : {};
  const failed = stats["documents_failed"];
  const processed = stats["documents_processed"];
  const why = [record["error_message"] ?? "", ...texts(record["errors"]), ...texts(stats["errors"])];
  if (status === "failed" && why.length === 1) why.push(record["message"] ?? "");
  return {
    run_id: text(record, "run_id", place),
    status,
    // Some targets say the same in both places.
    errors: [...new Set(why)].filter((item): item is string => typeof item === "string" && item !== ""),
    ...(typeof processed === "number" ? { documents_processed: processed } : {}),
    documents_failed: typeof failed === "number" ? failed : 0,
  };
};

export const recordsDeleted: Read<RecordsDeletedWire> = (value, place) => {
  const record = fields(value, place);
  const failures = record["failures"];
  return {
    timed_out: record["timed_out"] === true,
    failures: Array.isArray(failures) ? failures.length : 0,
  };
};

/** An update or delete. The answer may be empty; one that says `acknowledged: false` is no success. */
export const acknowledged: Read<true> = (value, place) => {
  if (isObject(value) && value["acknowledged"] === false) throw new Mismatch(`${place}.acknowledged is not true`);
  return true;
};

/** Rows and the names of their columns; what changes records has no rows. */
export const sql: Read<Fields> = (value, place) => {
  const record = fields(value, place);
  if (record["rows"] !== undefined && !Array.isArray(record["rows"])) throw new Mismatch(`${place}.rows is not a list`);
  return record;
};

export const anything: Read<Json> = (value) => value;
