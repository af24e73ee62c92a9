import type { Base, Live, Resource } from "../contract/index.ts";
import { changeResource } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { OpenIntent } from "../ledger/index.ts";
import type { ResourceKind, Target } from "../resources/index.ts";
import { complete } from "../resources/index.ts";
import type { IdMap } from "./ids.ts";
import { createIds } from "./ids.ts";
import { limiter } from "./limiter.ts";
import type { ReportEvent } from "./types.ts";

/** One collection of a target as one listing gave it. */
export type Collection =
  | {
      readonly readable: true;
      readonly byId: ReadonlyMap<string, Live>;
      readonly byKey: ReadonlyMap<string, readonly Live[]>;
    }
  | { readonly readable: false; readonly error: DeployerError };

/** What one target holds now. */
export type Observed = { readonly collections: ReadonlyMap<string, Collection>; readonly ids: IdMap };

/** A listing may be short: so many owned objects may be missing before it is read again. */
export const missingAllowance = (owned: number): number => Math.max(3, Math.floor(owned / 10));

/** Errors that end a run; any other means that this collection cannot be read now. */
const isFatal = (error: DeployerError): boolean =>
  ["unauthorized", "forbidden", "unreachable", "timeout", "cancelled", "internal"].includes(error.code);

const index = (live: readonly Live[], key: (live: Live) => string): Collection => {
  const byId = new Map<string, Live>();
  const byKey = new Map<string, Live[]>();
  for (const item of live) {
    if (byId.has(item.id)) continue;
    byId.set(item.id, item);
    const name = key(item);
    const same = byKey.get(name);
    if (same === undefined) byKey.set(name, [item]);
    else same.push(item);
  }
  return { readable: true, byId, byKey };
};

/** So many missing objects are looked for one by one; more than that is the guards' business. */
const mostReads = 200;

/** What a listing lacks may still be there: a listing can be short, a read by id cannot. */
const readMissing = async <Api>(
  target: Target<Api>,
  kind: ResourceKind<Api>,
  owned: readonly Base[],
  live: readonly Live[],
  ids: IdMap,
  signal: AbortSignal,
): Promise<readonly Live[]> => {
  const { read } = kind;
  if (read === undefined) return [];
  const present = new Set(live.map((item) => item.id));
  const missing = owned.filter((entry) => !present.has(entry.id)).slice(0, mostReads);
  const limit = limiter(10);
  const found = await Promise.all(
    missing.map((entry) => limit(() => read(target.api, target.catalog, entry.id, ids, signal))),
  );
  return found.filter((item) => item !== undefined);
};

/** A kind's listing, or what another kind's says of it. */
const listed = async <Api>(
  target: Target<Api>,
  kind: ResourceKind<Api>,
  collections: ReadonlyMap<string, Collection>,
  ids: IdMap,
  signal: AbortSignal,
): Promise<readonly Live[]> => {
  const { shownBy } = kind;
  const shown = shownBy === undefined ? undefined : collections.get(shownBy.kind);
  if (shownBy === undefined || shown === undefined) return kind.list(target.api, target.catalog, ids, signal);
  if (!shown.readable) throw shown.error;
  return [...shown.byId.values()].flatMap((live) => shownBy.pick(live) ?? []);
};

/** What decisions will be about, of one kind: objects that are owned, and those that carry the key of something of ours. */
const isWanted = <Api>(
  kind: ResourceKind<Api>,
  entries: readonly Base[],
  desired: readonly Resource[],
  intents: readonly OpenIntent[],
): ((live: Live) => boolean) => {
  const ids = new Set<string>();
  const keys = new Set<string>();
  const add = (resource: Resource, ...known: readonly (string | undefined)[]): void => {
    if (resource.kind !== kind.name) return;
    keys.add(kind.key(resource.properties));
    for (const id of known) if (id !== undefined) ids.add(id);
  };
  for (const entry of entries) add(entry.resource, entry.id);
  for (const resource of desired) add(resource);
  for (const { change, acked } of intents) add(changeResource(change), change.id, acked);
  return (live) => ids.has(live.id) || keys.has(kind.key(live.properties));
};

/**
 * Reads what a target holds: one list request for each kind, in dependency order, so that references become `_id`s.
 * A listing that lacks many of the owned objects is read once more before it is believed. Where it does not carry the
 * configuration, the objects that matter to `entries`, `desired` and `intents` are read one by one; the others stay bare.
 */
export const observe = async <Api>(
  target: Target<Api>,
  entries: readonly Base[],
  desired: readonly Resource[],
  signal: AbortSignal,
  report: (event: ReportEvent) => void = () => undefined,
  intents: readonly OpenIntent[] = [],
): Promise<Observed> => {
  const tenants = new Set([...entries.map((entry) => entry.resource.tenant), ...desired.map((item) => item.tenant)]);
  report({ code: "observe-started", target: target.name, tenants: tenants.size });
  const before = target.requests();
  const ids = createIds(entries);
  const collections = new Map<string, Collection>();
  let objects = 0;
  for (const kind of target.kinds) {
    const owned = entries.filter((entry) => entry.resource.kind === kind.name && entry.state === "live");
    try {
      let live = await listed(target, kind, collections, ids, signal);
      const present = new Set(live.map((item) => item.id));
      const missing = owned.filter((entry) => !present.has(entry.id)).length;
      if (missing > missingAllowance(owned.length)) {
        live = [...live, ...(await kind.list(target.api, target.catalog, ids, signal))];
      }
      live = [...live, ...(await readMissing(target, kind, owned, live, ids, signal))];
      const { read } = kind;
      if (read !== undefined && live.some((item) => item.isBare === true)) {
        const matters = isWanted(kind, entries, desired, intents);
        live = await complete(
          [...new Map(live.map((item) => [item.id, item])).values()],
          (item) => item.isBare !== true || !matters(item),
          (id) => read(target.api, target.catalog, id, ids, signal),
        );
      }
      const collection = index(live, (item) => kind.key(item.properties));
      collections.set(kind.name, collection);
      if (!collection.readable) continue;
      objects += collection.byId.size;
      for (const resource of desired) {
        if (resource.kind !== kind.name) continue;
        const known = ids.live(kind.name, resource._id);
        if (known !== undefined && collection.byId.has(known)) continue;
        const same = collection.byKey.get(kind.key(resource.properties)) ?? [];
        const only = same[0];
        if (only !== undefined && same.length === 1 && ids.declared(kind.name, only.id) === undefined) {
          ids.set(kind.name, resource._id, only.id);
        }
      }
    } catch (error) {
      if (!(error instanceof DeployerError) || isFatal(error)) throw error;
      collections.set(kind.name, { readable: false, error });
    }
  }
  report({ code: "observe-ended", target: target.name, objects, requests: target.requests() - before });
  return { collections, ids };
};
