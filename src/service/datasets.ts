import { datasetNameProblem } from "../contract/index.ts";
import type { AcknowledgedWire, DatasetCreatedWire, DatasetWire } from "../infino/index.ts";
import { Problem } from "./problem.ts";
import type { DatasetRecord, State } from "./state.ts";

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
  const problem = datasetNameProblem(name);
  if (problem !== undefined) throw new Problem("invalid_name", `${problem.message}: ${problem.hint}`);
};

const datasetWire = (record: DatasetRecord): DatasetWire => ({
  index: record.name,
  status: "green",
  health: "green",
  docs_count: 0,
  store_size: "0b",
  creation_date: record.created_at,
});

const notFound = (name: string): Problem => new Problem("not_found", `there is no dataset ${JSON.stringify(name)}`);
