import { randomBytes } from "node:crypto";
import { isObject, type Json, type Properties } from "../contract/index.ts";
import { isFiveFieldCron } from "../cron.ts";
import type { AcknowledgedWire, ImportJobWire, JobStatusWire } from "../infino/index.ts";
import { offeredType } from "./connections.ts";
import { jobStatusWire } from "./imports/job-status-wire.ts";
import { runsAtOnce } from "./imports/run-queue.ts";
import type { RunRecord } from "./imports/types.ts";
import { Problem } from "./problem.ts";
import { checkDatasetName } from "./records/register-dataset.ts";
import type { ImportJobRecord, State } from "./state.ts";

export const listImportJobs = (state: State): readonly ImportJobWire[] =>
  Array.from(state.importJobs.values(), (record) => importJobWire(state, record));

/** It runs at once, then by its schedule. */
export const createImportJob = (state: State, source: string, body: Json): ImportJobWire => {
  const connectorType = offeredType(state, source);
  if (!connectorType.supported_modes.includes("import")) {
    throw new Problem("bad_request", `${source} has no import jobs`);
  }
  if (!isObject(body)) throw new Problem("bad_request", "the body must be a JSON object");
  const config = Object.hasOwn(body, "config") ? body["config"] : body;
  if (!isObject(config)) throw new Problem("invalid_field", "config must be a JSON object");
  checkJob(state, source, config);
  const record = {
    id: `job-${randomBytes(8).toString("hex")}`,
    source_type: source,
    created_at: state.timestamp(),
    config,
  };
  state.importJobs.put(record.id, record);
  state.imports.added(record.id);
  return importJobWire(state, record);
};

/** Its records stay in the dataset. */
export const deleteImportJob = async (state: State, id: string): Promise<AcknowledgedWire> => {
  await state.imports.removed(found(state, id));
  if (!state.importJobs.delete(id)) throw notFound(id);
  return { acknowledged: true };
};

/** Newest first. */
export const listImportRuns = (state: State, id: string): readonly JobStatusWire[] =>
  state.runs.ofJob(found(state, id).id).map(jobStatusWire);

export const runImportJob = (state: State, id: string): JobStatusWire =>
  jobStatusWire(state.imports.run(found(state, id).id));

const found = (state: State, id: string): ImportJobRecord => {
  const record = state.importJobs.get(id);
  if (record === undefined) throw notFound(id);
  return record;
};

const notFound = (id: string): Problem => new Problem("not_found", `there is no import job ${JSON.stringify(id)}`);

const checkJob = (state: State, source: string, config: Properties): void => {
  const missing = ["source_id", "target_dataset"].filter((name) => (config[name] ?? "") === "");
  if (missing.length > 0) throw new Problem("missing_fields", `an import job lacks ${missing.join(", ")}`);
  for (const name of ["source_id", "target_dataset", "query", "schedule", "source_dataset", "last_modified"]) {
    if (typeof (config[name] ?? "") !== "string") throw new Problem("invalid_field", `${name} must be a text`);
  }
  checkKey(config["primary_key"] ?? []);
  const id = String(config["source_id"]);
  const connection = state.connections.get(id);
  if (connection === undefined) {
    throw new Problem("unknown_connection", `source_id ${JSON.stringify(id)} is not a connection`);
  }
  if (connection.type !== source) {
    throw new Problem("bad_request", `the connection ${id} is of type ${connection.type}, not ${source}`);
  }
  checkDatasetName(String(config["target_dataset"]));
  const schedule = config["schedule"] ?? undefined;
  if (schedule !== undefined && !isFiveFieldCron(String(schedule))) {
    throw new Problem(
      "invalid_schedule",
      `the schedule ${JSON.stringify(schedule)} is not a five-field cron expression`,
    );
  }
};

const checkKey = (declared: Json): void => {
  const keys = Array.isArray(declared) ? declared : [declared];
  if (!keys.every((key) => typeof key === "string" && key !== "")) {
    throw new Problem("invalid_field", "primary_key must be a text or a list of texts, none of them empty");
  }
  const twice = keys.find((key, place) => keys.indexOf(key) !== place);
  if (twice !== undefined) {
    throw new Problem("invalid_field", `primary_key names ${JSON.stringify(twice)} twice`);
  }
};

/** The query and where it reads from are not returned, as in the API. */
const importJobWire = (state: State, record: ImportJobRecord): ImportJobWire => {
  const connection = String(record.config["source_id"]);
  const schedule = record.config["schedule"];
  const [latest] = state.runs.ofJob(record.id);
  const next = state.imports.next(record.id);
  return {
    job_id: record.id,
    source_id: connection,
    target_dataset: String(record.config["target_dataset"]),
    ...(typeof schedule === "string" ? { schedule } : {}),
    created_at: record.created_at,
    ...statusOf(state.connections.get(connection) === undefined ? connection : undefined, latest),
    ...(latest === undefined ? {} : { last_run_id: latest.id }),
    ...(latest === undefined || latest.status === "submitted" ? {} : { last_run: latest.started_at }),
    ...(latest?.completed_at === undefined
      ? {}
      : { last_run_counts: { processed: latest.processed, failed: latest.failed } }),
    ...(next === undefined ? {} : { next_run: new Date(next).toISOString() }),
  };
};

/** `gone`: its connection, if that was deleted. A run that waits for its turn is under way. */
const statusOf = (
  gone: string | undefined,
  latest: RunRecord | undefined,
): Pick<ImportJobWire, "status" | "reason"> => {
  if (gone !== undefined) return { status: "failed", reason: `the connection ${gone} was deleted` };
  switch (latest?.status) {
    case undefined:
      return { status: "pending", reason: "not run: the service was started without import jobs" };
    case "submitted":
      return { status: "running", reason: `waits for its turn: at most ${runsAtOnce} jobs run at once` };
    case "running":
      return { status: "running" };
    case "completed":
      return { status: "completed" };
    case "failed":
      return { status: "failed", ...(latest?.error === undefined ? {} : { reason: latest.error }) };
  }
};
