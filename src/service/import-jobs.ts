import { randomBytes } from "node:crypto";
import { isObject, type Json, type Properties } from "../contract/index.ts";
import { isFiveFieldCron } from "../cron.ts";
import type { AcknowledgedWire, ImportJobWire } from "../infino/index.ts";
import { offeredType } from "./connections.ts";
import { checkDatasetName } from "./datasets.ts";
import { Problem } from "./problem.ts";
import type { ImportJobRecord, State } from "./state.ts";

export const listImportJobs = (state: State): readonly ImportJobWire[] =>
  Array.from(state.importJobs.values(), (record) => importJobWire(state, record));

/** The job is kept; that jobs run is not part of the service yet. */
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
  return importJobWire(state, record);
};

export const deleteImportJob = (state: State, id: string): AcknowledgedWire => {
  if (!state.importJobs.delete(id)) throw new Problem("not_found", `there is no import job ${JSON.stringify(id)}`);
  return { acknowledged: true };
};

const checkJob = (state: State, source: string, config: Properties): void => {
  const missing = ["source_id", "target_dataset"].filter((name) => (config[name] ?? "") === "");
  if (missing.length > 0) throw new Problem("missing_fields", `an import job lacks ${missing.join(", ")}`);
  for (const name of ["source_id", "target_dataset", "query", "schedule", "source_dataset", "last_modified"]) {
    if (typeof (config[name] ?? "") !== "string") throw new Problem("invalid_field", `${name} must be a text`);
  }
  const keys = config["primary_key"] ?? [];
  if (typeof keys !== "string" && !(Array.isArray(keys) && keys.every((key) => typeof key === "string"))) {
    throw new Problem("invalid_field", "primary_key must be a text or a list of texts");
  }
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

/** The query and where it reads from are not returned, as in the API. */
const importJobWire = (state: State, record: ImportJobRecord): ImportJobWire => {
  const connection = String(record.config["source_id"]);
  const orphaned = state.connections.get(connection) === undefined;
  const schedule = record.config["schedule"];
  return {
    job_id: record.id,
    source_id: connection,
    target_dataset: String(record.config["target_dataset"]),
    status: orphaned ? "failed" : "pending",
    ...(typeof schedule === "string" ? { schedule } : {}),
    created_at: record.created_at,
    reason: orphaned
      ? `the connection ${connection} was deleted`
      : "not run: the local service keeps import jobs, but does not copy data yet",
  };
};
