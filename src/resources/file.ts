import type { Json, Live, Properties, Shape } from "../contract/index.ts";
import { datasetNameProblem } from "../contract/index.ts";
import type { InfinoClient } from "../infino/index.ts";
import { formatOf, uploadRecords } from "./records/upload-records.ts";
import type { Problem, ResourceKind } from "./types.ts";

const shape: Shape = {
  schema: {
    type: "object",
    required: ["dataset", "path"],
    additionalProperties: false,
    properties: {
      dataset: { type: "string", description: "name of the dataset that it fills" },
      path: { type: "string", minLength: 1, description: "the file, relative to the project folder" },
      format: {
        enum: ["auto", "json", "jsonl", "csv"],
        default: "auto",
        description: "`auto` goes by the file's name: .json, .jsonl, .ndjson or .csv",
      },
      batch_size: {
        type: "integer",
        minimum: 1,
        description: "records that the target takes at once; default its own",
      },
      async_mode: {
        type: "boolean",
        default: false,
        description: "the target takes the records in the background; the deployer follows it to its end",
      },
      mode: {
        enum: ["replace", "append"],
        default: "replace",
        description:
          "`replace`: the dataset holds this file and nothing else; `append`: each new content is added once",
      },
      on_delete: {
        enum: ["retain", "delete"],
        default: "retain",
        description: "what happens to the records when the component goes; `delete` also needs --delete-data",
      },
      content: {
        type: "string",
        pattern: "^sha256:[0-9a-f]{64}$",
        description: "digest of the file's content; filled in, and where it is given the file has to have it",
      },
    },
  },
  secret: [],
  writeOnly: ["/content"],
  immutable: ["/dataset"],
  unordered: [],
  local: ["/path", "/format", "/batch_size", "/async_mode", "/mode", "/on_delete"],
  defaults: {},
};

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

const check = (_id: string, properties: Properties): readonly Problem[] => {
  const problems: Problem[] = [];
  const { dataset, path, format } = properties;
  const wrongName = typeof dataset === "string" ? datasetNameProblem(dataset) : undefined;
  if (wrongName !== undefined) problems.push({ code: "invalid-dataset-name", _id, path: "/dataset", ...wrongName });
  if (typeof path === "string" && path !== "" && format === "auto" && formatOf(path, "auto") === undefined) {
    problems.push({
      code: "invalid-value",
      _id,
      path: "/format",
      message: `the name of "${path}" does not say its format`,
      hint: "set format: json, jsonl or csv",
    });
  }
  return problems;
};

const toLive = (dataset: string, records: number, health: Live["health"]): Live | undefined =>
  records > 0
    ? { id: dataset, properties: { dataset }, records, ...(health === undefined ? {} : { health }) }
    : undefined;

/** The records of a file in a dataset. The target does not tell what it holds: the digest of what was sent decides. */
export const file: ResourceKind<InfinoClient> = {
  name: "file",
  holdsData: true,
  isWrittenInParts: true,
  localFile: { path: "/path", digest: "/content" },
  // One list of datasets serves both kinds.
  shownBy: { kind: "dataset", pick: ({ id, records = 0, health }) => toLive(id, records, health) },
  properties: (component) => ({
    format: "auto",
    async_mode: false,
    mode: "replace",
    on_delete: "retain",
    ...component.properties,
  }),
  shape: () => shape,
  check,
  references: (properties) => [{ path: "/dataset", kind: "dataset", _id: text(properties["dataset"]), optional: true }],
  key: (properties) => text(properties["dataset"]),
  isRepeatable: (properties) => properties["mode"] !== "append",
  list: async (api, _catalog, _ids, signal) =>
    (await api.listDatasets(signal)).flatMap(
      ({ index, docs_count, status }) => toLive(index, docs_count, { status }) ?? [],
    ),
  read: async (api, _catalog, id, _ids, signal) => {
    const wire = await api.getDataset(id, signal);
    return wire === undefined ? undefined : toLive(id, wire.docs_count, { status: wire.status });
  },
  create: async (api, properties, _ids, signal, settings) => {
    await uploadRecords(api, { ...settings, ...properties }, { isOurs: false }, signal);
    return text(properties["dataset"]);
  },
  update: (api, id, changed, _ids, signal, settings) =>
    uploadRecords(api, { ...settings, ...changed, dataset: id }, { isOurs: true }, signal),
  delete: (api, id, signal) => api.deleteRecords(id, signal),
};
