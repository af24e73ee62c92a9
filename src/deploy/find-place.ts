import type { Base } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { InfinoClient } from "../infino/index.ts";
import { nearest, nearestName } from "../nearest.ts";
import type { Context } from "./context.ts";
import { hasLedger } from "./owner-of.ts";
import { some } from "./some.ts";

/** What a name stands for on a target. */
export type Place = {
  readonly target: string;
  readonly api: InfinoClient;
  readonly id: string;
  /** Where it is ours. */
  readonly entry?: Base;
  /** Where none of that name is ours: the one of ours that may have been meant. */
  readonly similar?: string;
};

/** The target of this name, or the one that is meant without. */
export const chosenTarget = (context: Context, name: string | undefined): string => {
  const names = Object.keys(context.files.targets).sort();
  return name ?? (names.includes("default") ? "default" : (names[0] ?? "default"));
};

const entriesOf = async (context: Context, kind: string): Promise<readonly Base[]> => {
  // Names need no key, and looking makes no ledger.
  if (!(await hasLedger(context))) return [];
  const ledger = await context.rawLedger();
  const all = await Promise.all((await ledger.tenants()).map((tenant) => ledger.entries(tenant)));
  return all.flat().filter(({ resource }) => resource.kind === kind);
};

/** Ours by its `_id` (also written `kind/_id`) or live id; where both fit, the `_id` counts. */
const ofName = (entries: readonly Base[], kind: string, name: string): readonly Base[] => {
  const named = entries.filter(({ resource: { _id } }) => _id === name || address(kind, _id) === name);
  return named.length > 0 ? named : entries.filter(({ id }) => id === name);
};

const findOurs = (
  entries: readonly Base[],
  kind: string,
  name: string,
  target: string | undefined,
): Base | undefined => {
  const found = ofName(entries, kind, name).filter((entry) => target === undefined || entry.target === target);
  const targets = [...new Set(found.map((entry) => entry.target))];
  if (targets.length <= 1) return found[0];
  throw new DeployerError("usage", `${targets.length} targets have a ${kind} ${JSON.stringify(name)}`, {
    hint: `say which: --target ${targets.join(" or --target ")}`,
  });
};

const open = async (context: Context, target: string, id: string, entry: Base | undefined): Promise<Place> => ({
  target,
  api: (await context.target(target)).api,
  id,
  ...(entry === undefined ? {} : { entry }),
});

/** The connection that is ours by this `_id`, or has this live id. Throws `usage` where there is none. */
export const findConnection = async (
  context: Context,
  name: string,
  target: string | undefined,
  signal: AbortSignal,
): Promise<Place> => {
  const entries = await entriesOf(context, "connection");
  const entry = findOurs(entries, "connection", name, target);
  if (entry !== undefined) return open(context, entry.target, entry.id, entry);
  const place = await open(context, chosenTarget(context, target), name, undefined);
  if ((await place.api.getConnection(name, signal)) !== undefined) return place;
  const names = entries.map(({ resource }) => resource._id);
  throw new DeployerError(
    "usage",
    `there is no connection ${JSON.stringify(name)}: it is no _id that was deployed, and no live id of the target "${place.target}"`,
    { hint: names.length > 20 ? `among others there are: ${some(names)}` : nearest(name, names, "connections are") },
  );
};

/** The import job that is ours by this `_id`, or has this live id. Throws `usage` where there is none. */
export const findJob = async (
  context: Context,
  name: string,
  target: string | undefined,
  signal: AbortSignal,
): Promise<Place> => {
  const entries = await entriesOf(context, "import-job");
  const entry = findOurs(entries, "import-job", name, target);
  if (entry !== undefined) return open(context, entry.target, entry.id, entry);
  const place = await open(context, chosenTarget(context, target), name, undefined);
  if ((await place.api.listImportJobs(signal)).some(({ job_id }) => job_id === name)) return place;
  const names = entries.map(({ resource }) => resource._id);
  throw new DeployerError(
    "usage",
    `there is no import job ${JSON.stringify(name)}: it is no _id that was deployed, and no live id of the target "${place.target}"`,
    { hint: names.length > 20 ? `among others there are: ${some(names)}` : nearest(name, names, "import jobs are") },
  );
};

/** The dataset that is ours by this `_id`, else the one of this name. */
export const findDataset = async (context: Context, name: string, target: string | undefined): Promise<Place> => {
  const entries = await entriesOf(context, "dataset");
  const entry = findOurs(entries, "dataset", name, target);
  if (entry !== undefined) return open(context, entry.target, entry.id, entry);
  const names = entries.map(({ resource }) => resource._id);
  const similar = nearestName(name, names);
  const place = await open(context, chosenTarget(context, target), name, undefined);
  return { ...place, ...(similar === undefined ? {} : { similar }) };
};
