import type { Collection } from "../store/open-store.ts";
import type { RunRecord, Runs } from "./types.ts";

const keptOfJob = 50;
const keptUploads = 1_000;

export const createRuns = (records: Collection<RunRecord>): Runs => {
  /** Ids by job, oldest first; those of uploads under no name. */
  const ids = new Map<string | undefined, string[]>();
  const known = (job: string | undefined): string[] => {
    const found = ids.get(job) ?? [];
    ids.set(job, found);
    return found;
  };
  for (const run of records.values()) known(run.job).push(run.id);
  return {
    get: (id) => records.get(id),
    put: (run) => {
      const isNew = records.get(run.id) === undefined;
      records.put(run.id, run);
      if (!isNew) return;
      const kept = known(run.job);
      kept.push(run.id);
      const most = run.job === undefined ? keptUploads : keptOfJob;
      for (const old of kept.splice(0, Math.max(0, kept.length - most))) records.delete(old);
    },
    ofJob: (job) => (ids.get(job) ?? []).flatMap((id) => records.get(id) ?? []).reverse(),
    uploads: () => (ids.get(undefined) ?? []).flatMap((id) => records.get(id) ?? []).reverse(),
    jobs: () => [...ids.keys()].filter((job) => job !== undefined),
    forgetJob: (job) => {
      for (const id of ids.get(job) ?? []) records.delete(id);
      ids.delete(job);
    },
  };
};
