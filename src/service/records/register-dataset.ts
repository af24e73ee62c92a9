import { datasetNameProblem } from "../../contract/index.ts";
import { Problem } from "../problem.ts";
import type { DatasetRecord, State } from "../state.ts";

/** Throws `invalid_name`. */
export const checkDatasetName = (name: string): void => {
  const problem = datasetNameProblem(name);
  if (problem !== undefined) throw new Problem("invalid_name", `${problem.message}: ${problem.hint}`);
};

/** Makes a dataset known where it is not yet. Throws `invalid_name`. */
export const registerDataset = (state: State, name: string): void => {
  checkDatasetName(name);
  if (state.datasets.get(name) === undefined) state.datasets.put(name, { name, created_at: state.timestamp() });
};

/** Throws `not_found`. */
export const knownDataset = (state: State, name: string): DatasetRecord => {
  const record = state.datasets.get(name);
  if (record === undefined) throw new Problem("not_found", `there is no dataset ${JSON.stringify(name)}`);
  return record;
};
