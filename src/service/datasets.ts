import type { AcknowledgedWire, DatasetCreatedWire, DatasetWire } from "../infino/index.ts";
import { Problem } from "./problem.ts";
import type { DatasetRecord, State } from "./state.ts";

const pattern = /^[a-z0-9][a-z0-9._-]*$/;
const longestName = 255;

export const listDatasets = (state: State): readonly DatasetWire[] => Array.from(state.datasets.values(), datasetWire);

/** A dataset that is there already is a success; nothing changes. */
export const createDataset = (state: State, name: string): DatasetCreatedWire => {
  checkDatasetName(name);
  if (state.datasets.get(name) === undefined) state.datasets.put(name, { name, created_at: state.timestamp() });
  return { acknowledged: true, shards_acknowledged: true, index: name };
};

export const getDataset = (state: State, name: string): DatasetWire => {
  const record = state.datasets.get(name);
  if (record === undefined) throw notFound(name);
  return datasetWire(record);
};

export const deleteDataset = (state: State, name: string): AcknowledgedWire => {
  checkDatasetName(name);
  if (!state.datasets.delete(name)) throw notFound(name);
  return { acknowledged: true };
};

/** Throws `invalid_name`. */
export const checkDatasetName = (name: string): void => {
  if (!pattern.test(name) || name.length > longestName) {
    throw new Problem(
      "invalid_name",
      `${JSON.stringify(name.slice(0, longestName))} is not a dataset name: it must match ${pattern.source} and have at most ${longestName} characters`,
    );
  }
  if (reservedNames.has(name))
    throw new Problem("invalid_name", `"${name}" is a path word of the API, not a dataset name`);
};

/** First words of the API's own paths, which a dataset of that name would hide. */
const reservedNames: ReadonlySet<string> = new Set([
  "fino",
  "import",
  "metadata",
  "promql",
  "role",
  "roles",
  "source",
  "sources",
  "sql",
  "user",
  "users",
]);

const datasetWire = (record: DatasetRecord): DatasetWire => ({
  index: record.name,
  status: "green",
  health: "green",
  docs_count: 0,
  store_size: "0b",
  creation_date: record.created_at,
});

const notFound = (name: string): Problem => new Problem("not_found", `there is no dataset ${JSON.stringify(name)}`);
