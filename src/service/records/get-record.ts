import type { RecordWire } from "../../infino/index.ts";
import { Problem } from "../problem.ts";
import type { State } from "../state.ts";
import { readRecords } from "./read-records.ts";
import { knownDataset } from "./register-dataset.ts";

/** Throws `not_found`. */
export const getRecord = async (
  state: State,
  dataset: string,
  id: string,
  signal: AbortSignal,
): Promise<RecordWire> => {
  knownDataset(state, dataset);
  const count = await state.data.count(dataset);
  const records =
    count === 0 ? undefined : await state.data.read((connection) => readRecords(connection, dataset, [id]), signal);
  const source = records?.get(id);
  if (source === undefined) {
    throw new Problem("not_found", `the dataset ${dataset} has no record with the id ${JSON.stringify(id)}`);
  }
  return { _index: dataset, _id: id, _version: 1, _seq_no: 0, _primary_term: 1, found: true, _source: source };
};
