import type { JobStatusWire } from "../../infino/index.ts";
import { jobStatusWire } from "../imports/job-status-wire.ts";
import { Problem } from "../problem.ts";
import type { State } from "../state.ts";

/** One run, of an upload or of an import job. Throws `not_found`. */
export const getRun = (state: State, id: string): JobStatusWire => {
  const run = state.runs.get(id);
  if (run === undefined) throw new Problem("not_found", `there is no run ${JSON.stringify(id)}`);
  return jobStatusWire(run);
};
