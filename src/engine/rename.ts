import type { Base, Change, Properties, Resource } from "../contract/index.ts";
import { address, at, changeResource, isSealed, mapSealed, within } from "../contract/index.ts";
import type { OpenIntent } from "../ledger/index.ts";

/** The same kind under another `_id`; both are addresses, `kind/_id`. */
export type Move = { readonly from: string; readonly to: string };

export type Renamed = {
  readonly entries: readonly Base[];
  readonly open: readonly OpenIntent[];
  /** The old `_id` by the new address. */
  readonly renamed: ReadonlyMap<string, string>;
};

/** Where a chain of moves ends; a circle leads nowhere. */
const destination = (from: string, moves: ReadonlyMap<string, string>): string | undefined => {
  const seen = new Set([from]);
  let now = from;
  for (let next = moves.get(now); next !== undefined; next = moves.get(now)) {
    if (seen.has(next)) return undefined;
    seen.add(next);
    now = next;
  }
  return now === from ? undefined : now;
};

const idOf = (name: string): string => name.slice(name.indexOf("/") + 1);

/**
 * Gives entries and open intents, also those without an entry, their new `_id`, where a move names them, what is desired
 * has the new name and no longer the old one, and the new one is not in the ledger yet. `readdress` makes the entry anew:
 * fingerprints are keyed by address.
 */
export const renameEntries = (
  entries: readonly Base[],
  open: readonly OpenIntent[],
  desired: readonly Resource[],
  moves: readonly Move[],
  readdress: (base: Base, _id: string) => Base,
): Renamed => {
  const rules = new Map(moves.map(({ from, to }) => [from, to]));
  const wanted = new Set(desired.map((resource) => address(resource.kind, resource._id)));
  const known = new Set([
    ...entries.map(({ resource }) => address(resource.kind, resource._id)),
    ...open.map(({ change }) => address(change.kind, change.entity._id)),
  ]);
  const renamed = new Map<string, string>();
  const newNames = new Map<string, string>();
  // An open intent may turn out to have made what has no entry yet.
  for (const from of rules.size === 0 ? [] : known) {
    const to = destination(from, rules);
    if (to === undefined || wanted.has(from) || !wanted.has(to) || known.has(to) || renamed.has(to)) continue;
    newNames.set(from, idOf(to));
    renamed.set(to, idOf(from));
  }
  if (renamed.size === 0) return { entries, open, renamed };
  const newName = (kind: string, _id: string): string | undefined => newNames.get(address(kind, _id));
  return {
    entries: entries.map((base) => {
      const _id = newName(base.resource.kind, base.resource._id);
      return _id === undefined ? base : readdress(base, _id);
    }),
    open: open.map((intent) => {
      const { kind, entity } = intent.change;
      const _id = newName(kind, entity._id);
      return _id === undefined ? intent : { ...intent, change: { ...intent.change, entity: { ...entity, _id } } };
    }),
    renamed,
  };
};

/**
 * The entry under the name that a change gives it. A secret that the change does not write has, by the plan, the value
 * that is live: the plan's fingerprint, keyed by the new name, takes the place of the old one.
 */
export const movedBase = (base: Base, change: Change): Base => {
  const desired = changeResource(change).properties;
  const written = (change.fields ?? []).map((field) => field.path);
  const reprint = (properties: Properties): Properties =>
    mapSealed(properties, (path, sealed) => {
      const now = at(desired, path);
      return isSealed(now) && now.$secret === sealed.$secret && now.fingerprint !== undefined && !within(written, path)
        ? now
        : sealed;
    }) as Properties;
  return {
    ...base,
    resource: { ...base.resource, _id: change.entity._id, properties: reprint(base.resource.properties) },
    applied: reprint(base.applied),
  };
};
