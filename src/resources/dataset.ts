import type { Live, Shape } from "../contract/index.ts";
import { datasetNameProblem } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { DatasetWire, InfinoClient } from "../infino/index.ts";
import type { ResourceKind } from "./types.ts";

const shape: Shape = {
  schema: {
    type: "object",
    required: ["name", "on_delete"],
    additionalProperties: false,
    properties: {
      name: { type: "string", description: "name of the dataset; default the _id" },
      on_delete: {
        enum: ["retain", "delete"],
        default: "retain",
        description: "what happens to the data when the component goes; `delete` also needs --delete-data",
      },
    },
  },
  secret: [],
  writeOnly: [],
  immutable: ["/name"],
  unordered: [],
  local: ["/on_delete"],
  defaults: {},
};

const toLive = (wire: DatasetWire): Live => ({
  id: wire.index,
  properties: { name: wire.index },
  ...(wire.creation_date === "" ? {} : { createdAt: wire.creation_date }),
  ...(typeof wire.docs_count === "number" ? { records: wire.docs_count } : {}),
  health: { status: wire.status },
});

/** A dataset: made empty, filled by import jobs and uploads, kept when its component goes unless told otherwise. */
export const dataset: ResourceKind<InfinoClient> = {
  name: "dataset",
  holdsData: true,
  properties: (component) => ({ name: component._id, on_delete: "retain", ...component.properties }),
  shape: () => shape,
  check: (_id, properties) => {
    const name = properties["name"];
    const problem = typeof name === "string" ? datasetNameProblem(name) : undefined;
    return problem === undefined ? [] : [{ code: "invalid-dataset-name", _id, path: "/name", ...problem }];
  },
  references: () => [],
  key: (properties) => String(properties["name"]),
  list: async (api, _catalog, _ids, signal) => (await api.listDatasets(signal)).map(toLive),
  read: async (api, _catalog, id, _ids, signal) => {
    const wire = await api.getDataset(id, signal);
    return wire === undefined ? undefined : toLive(wire);
  },
  create: async (api, properties, _ids, signal) => {
    const name = String(properties["name"]);
    const { existed } = await api.createDataset(name, signal);
    if (existed === true) {
      throw new DeployerError("target-problem", `the dataset "${name}" was made by somebody else since the plan`, {
        hint: "plan again; take it over with --adopt if it is meant",
        details: { outcome: "refused", exists: true },
      });
    }
    return name;
  },
  delete: async (api, id, signal) => {
    await api.deleteDataset(id, signal);
  },
  declare: ({ properties }) => ({
    _id: String(properties["name"]),
    name: "/name",
    properties: { name: String(properties["name"]) },
    secrets: [],
    notes: ["on_delete: retain, unless `on_delete: delete` is added."],
  }),
};
