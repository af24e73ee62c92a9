import { canonicalJson } from "../canonical.ts";
import type { Json, Live, Properties, Shape } from "../contract/index.ts";
import { datasetNameProblem, holdsSealed, isObject, isSealed } from "../contract/index.ts";
import { isFiveFieldCron } from "../cron.ts";
import type { ImportJobConfigWire, ImportJobWire, InfinoClient } from "../infino/index.ts";
import { withoutCredentials } from "./masked.ts";
import type { Judgement, Problem, ResourceKind } from "./types.ts";

const fields = {
  connection: { type: "string", description: "_id of the connection that it reads from" },
  source: { type: "string", description: "connector type; taken from the connection" },
  source_dataset: { type: "string", description: "index or table that it reads" },
  target_dataset: { type: "string", description: "name of the dataset that it fills" },
  query: { type: "string", description: "QueryDSL as a mapping (sent as JSON text), or SQL as text" },
  schedule: { type: "string", description: "five-field cron; `none` for no schedule" },
  last_modified: { type: "string", description: "field of the source that holds the time of the last change" },
  primary_key: {
    description: "field or fields that identify a record",
    anyOf: [{ type: "string" }, { type: "array", items: { type: "string" }, minItems: 1 }],
  },
} as const;

const shape: Shape = {
  schema: {
    type: "object",
    required: ["connection", "target_dataset"],
    additionalProperties: false,
    properties: fields,
  },
  secret: [],
  writeOnly: ["/source", "/source_dataset", "/query", "/last_modified", "/primary_key"],
  // The API has no update for jobs.
  immutable: Object.keys(fields).map((name) => `/${name}`),
  unordered: [],
  local: [],
  defaults: {},
};

/** A query with a secret in it stays a mapping, which `check` refuses: as text it would be sent without the value. */
const queryText = (query: Json): Json => (isObject(query) && !holdsSealed(query) ? canonicalJson(query) : query);

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

const check = (_id: string, properties: Properties): readonly Problem[] => {
  const problems: Problem[] = [];
  const target = properties["target_dataset"];
  const wrongName = typeof target === "string" ? datasetNameProblem(target) : undefined;
  if (wrongName !== undefined) {
    problems.push({ code: "invalid-dataset-name", _id, path: "/target_dataset", ...wrongName });
  }
  if (!isSealed(properties["query"]) && holdsSealed(properties["query"])) {
    problems.push({
      code: "invalid-value",
      _id,
      path: "/query",
      message: "the query holds a secret as one of its values",
      hint: "the target keeps queries as they are sent: put the value in as a variable, or give the whole query as one text",
    });
  }
  const schedule = properties["schedule"];
  if (typeof schedule === "string" && !isFiveFieldCron(schedule)) {
    problems.push({
      code: "invalid-schedule",
      _id,
      path: "/schedule",
      message: `the schedule "${schedule}" is not a five-field cron expression`,
      hint: 'write "minute hour day month weekday", such as "0 0 * * *" for every day at midnight, or none',
    });
  }
  return problems;
};

const optional = (properties: Properties, names: readonly string[]): Properties =>
  Object.fromEntries(names.flatMap((name) => (properties[name] === undefined ? [] : [[name, properties[name]]])));

const lastRun = ({ last_run, last_run_counts }: ImportJobWire): Pick<Live, "lastRun"> =>
  typeof last_run === "string" && last_run !== ""
    ? { lastRun: { at: last_run, ...(isObject(last_run_counts) ? last_run_counts : {}) } }
    : {};

const judge = ({ properties, health, lastRun }: Live): Judgement => {
  switch (health?.status) {
    case "completed":
      return { state: "well" };
    case "failed":
      return { state: "badly" };
    case "pending": {
      if (lastRun !== undefined) return { state: "well" };
      const schedule = text(properties["schedule"]);
      return schedule === "" ? { state: "waiting" } : { state: "idle", note: `waits for its schedule, ${schedule}` };
    }
    default:
      return { state: "waiting" };
  }
};

/** A job that copies records of a source into a dataset, once or on a schedule. */
export const importJob: ResourceKind<InfinoClient> = {
  name: "import-job",
  holdsData: false,
  properties: (component, assembly) => {
    const { schedule = component.schedule ?? "none", query, ...rest } = component.properties;
    const source = assembly.component(text(rest["connection"]))?.properties["source"];
    return {
      ...rest,
      ...(source === undefined ? {} : { source }),
      ...(query === undefined ? {} : { query: queryText(query) }),
      ...(schedule === "none" ? {} : { schedule }),
    };
  },
  // Nothing said is the manifest's schedule, where it has one.
  written: (component, path, value) =>
    path === "/schedule" && value === undefined && component.schedule !== undefined ? "none" : value,
  shape: () => shape,
  check,
  references: (properties) => [
    { path: "/connection", kind: "connection", _id: text(properties["connection"]) },
    { path: "/target_dataset", kind: "dataset", _id: text(properties["target_dataset"]), optional: true },
  ],
  key: (properties) => `${text(properties["connection"])} → ${text(properties["target_dataset"])}`,
  list: async (api, _catalog, ids, signal) =>
    (await api.listImportJobs(signal)).map((wire) => ({
      id: wire.job_id,
      properties: {
        connection: ids.declared("connection", wire.source_id) ?? wire.source_id,
        target_dataset: wire.target_dataset,
        ...(wire.schedule === undefined || wire.schedule === null ? {} : { schedule: wire.schedule }),
      },
      ...(wire.created_at === "" ? {} : { createdAt: wire.created_at }),
      health: {
        status: wire.status,
        ...(wire.reason === undefined ? {} : { reason: withoutCredentials(wire.reason) }),
      },
      ...lastRun(wire),
    })),
  create: async (api, properties, ids, signal) => {
    const connection = text(properties["connection"]);
    const wire: ImportJobConfigWire = {
      ...optional(properties, ["query", "schedule", "source_dataset", "last_modified", "primary_key"]),
      source_id: ids.live("connection", connection) ?? connection,
      target_dataset: text(properties["target_dataset"]),
    };
    return (await api.createImportJob(text(properties["source"]), wire, signal)).job_id;
  },
  delete: async (api, id, signal) => {
    await api.deleteImportJob(id, signal);
  },
  judge,
  declare: ({ properties }) => ({
    _id: `${text(properties["target_dataset"])}-import`,
    properties,
    secrets: [],
    notes: [
      "The API does not return query, source_dataset, last_modified and primary_key: add those that the job has before",
      "it is adopted. Added later, they would make the job anew.",
    ],
  }),
};
