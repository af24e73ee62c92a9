import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/*
 * What answers look like, in the project's own words: they hold where the API's description is not at hand, and say
 * more than it does.
 */

type Schema = { readonly [key: string]: unknown };

const text: Schema = { type: "string" };
const count: Schema = { type: "integer", minimum: 0 };
const flag: Schema = { type: "boolean" };
const time: Schema = { type: "string", format: "date-time" };
const anything: Schema = {};
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });
const list = (items: Schema): Schema => ({ type: "array", items });
const oneOf = (...values: readonly string[]): Schema => ({ enum: values });
/** Members whose names end in `?` may be missing. */
const object = (members: Readonly<Record<string, Schema>>, others: Schema | boolean = true): Schema => ({
  type: "object",
  properties: Object.fromEntries(Object.entries(members).map(([name, schema]) => [name.replace(/\?$/, ""), schema])),
  required: Object.keys(members).filter((name) => !name.endsWith("?")),
  additionalProperties: others,
});

const runStatus = oneOf("submitted", "running", "completed", "failed");
const acknowledged = object({ acknowledged: { const: true } });
const dataset = object({
  index: text,
  status: oneOf("green", "yellow", "red"),
  health: text,
  docs_count: count,
  store_size: { type: "string", pattern: "^\\d+(\\.\\d+)?(b|kb|mb|gb|tb)$" },
  creation_date: time,
});
const connection = object({
  id: text,
  type: text,
  status: oneOf("connected", "disconnected", "error"),
  created_at: time,
  updated_at: time,
  config: object({}),
  "query_type?": oneOf("sql", "querydsl"),
});
const importJob = object({
  job_id: text,
  source_id: text,
  target_dataset: text,
  status: oneOf("pending", "running", "completed", "failed"),
  "schedule?": text,
  created_at: time,
  "last_run?": time,
});
const stats = object({
  documents_processed: count,
  documents_failed: count,
  bytes_processed: count,
  avg_throughput_docs_per_sec: { type: "number", minimum: 0 },
  errors: list(text),
});
const run = object({
  run_id: { type: "string", format: "uuid" },
  status: runStatus,
  connector_id: text,
  connection_id: orNull(text),
  index_name: text,
  started_at: time,
  completed_at: orNull(time),
  duration_ms: orNull(count),
  error_message: orNull(text),
  stats: orNull(stats),
});
const search = object({
  took: count,
  timed_out: flag,
  _shards: object({ total: count, successful: count, skipped: count, failed: count }),
  hits: object({
    total: object({ value: count, relation: oneOf("eq", "gte") }),
    max_score: orNull({ type: "number" }),
    hits: list(object({ _index: text, _id: text, _score: orNull({ type: "number" }), _source: object({}) })),
  }),
  "aggregations?": object({}),
});
const sql = object({
  columns: list(object({ name: text, type: text })),
  rows: list(list(anything)),
  size: count,
  total: count,
});

const schemas: Readonly<Record<string, Schema>> = {
  error: object({ error: object({ type: text, reason: text }), status: { type: "integer", minimum: 400 } }),
  "GET /": object({ status: { const: "healthy" }, version: text }),
  "GET /sources": list(
    object({ id: text, type: text, name: text, description: text, category: text, auth_strategy: text }),
  ),
  "GET /sources/connections": list(connection),
  "POST /source/{source_type}": object({
    connection_id: text,
    message: text,
    created_at: time,
    auth: { type: "null" },
    id: text,
    type: text,
    status: text,
    config: object({}),
  }),
  "GET /source/{connection_id}": connection,
  "PATCH /source/{connection_id}": connection,
  "DELETE /source/{connection_id}": acknowledged,
  "GET /source/{connection_id}/{dataset}/metadata": object({ mappings: object({}), settings: object({}) }),
  "PUT /import/{source_type}": importJob,
  "GET /import/jobs": list(importJob),
  "DELETE /import/jobs/{job_id}": acknowledged,
  "POST /import/file": object({
    connector_id: { const: "file" },
    run_id: { type: "string", format: "uuid" },
    status: runStatus,
    message: text,
    stats: orNull(stats),
    errors: list(text),
  }),
  "GET /_connectors/jobs/{run_id}": run,
  "GET /import/jobs/{job_id}/runs": list(run),
  "GET /metadata": list(dataset),
  "GET /{dataset}/metadata": dataset,
  "PUT /{dataset}": object({ acknowledged: { const: true }, shards_acknowledged: flag, index: text }),
  "DELETE /{dataset}": acknowledged,
  "PATCH /{dataset}": object({
    took: count,
    timed_out: flag,
    total: count,
    deleted: count,
    failures: list(object({})),
  }),
  "GET /{dataset}/querydsl": search,
  "POST /{dataset}/querydsl": search,
  "GET /sql": sql,
  "POST /sql": sql,
  "GET /{dataset}/doc/{record_id}": object({
    _index: text,
    _id: text,
    _version: count,
    _seq_no: count,
    _primary_term: count,
    found: { const: true },
    _source: object({}),
  }),
  "POST /{dataset}/json": object({ took: count, errors: flag, items: list(object({})) }),
};

const ajv = new Ajv2020({ allErrors: true });
addFormats.default(ajv);

/** Checks answers of an operation, or errors; undefined: the project says nothing of them. */
export const wireValidator = (operation: string): ValidateFunction | undefined => {
  const schema = schemas[operation];
  return schema === undefined ? undefined : ajv.compile(schema);
};
