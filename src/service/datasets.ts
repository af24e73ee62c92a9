import type { AcknowledgedWire, DatasetCreatedWire, DatasetWire } from "../infino/index.ts";
import { checkDatasetName, knownDataset, registerDataset } from "./records/register-dataset.ts";
import type { DatasetRecord, State } from "./state.ts";

export { checkDatasetName, registerDataset };

export const listDatasets = async (state: State): Promise<readonly DatasetWire[]> => {
  const counts = await state.data.counts();
  const wires: DatasetWire[] = [];
  for (const record of state.datasets.values()) {
    const count = counts.get(record.name) ?? 0;
    wires.push(datasetWire(record, count, count === 0 ? 0 : await state.data.size(record.name)));
  }
  return wires;
};

/** A dataset that is there already is a success; nothing changes. */
export const createDataset = (state: State, name: string): DatasetCreatedWire => {
  registerDataset(state, name);
  return { acknowledged: true, shards_acknowledged: true, index: name };
};

export const getDataset = async (state: State, name: string): Promise<DatasetWire> => {
  const record = knownDataset(state, name);
  const count = await state.data.count(name);
  return datasetWire(record, count, count === 0 ? 0 : await state.data.size(name));
};

/** With its records. */
export const deleteDataset = async (state: State, name: string): Promise<AcknowledgedWire> => {
  checkDatasetName(name);
  knownDataset(state, name);
  await state.imports.dropped(name);
  await state.data.drop(name);
  state.datasets.delete(name);
  return { acknowledged: true };
};

const datasetWire = (record: DatasetRecord, count: number, size: number): DatasetWire => ({
  index: record.name,
  status: "green",
  health: "green",
  docs_count: count,
  store_size: sizeText(size),
  creation_date: record.created_at,
});

/** As search servers write sizes: `0b`, `512b`, `1.5kb`. */
const sizeText = (bytes: number): string => {
  const units = ["b", "kb", "mb", "gb", "tb"];
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${Math.floor(size * 10) / 10}${units[unit]}`;
};
