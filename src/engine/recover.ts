import type { Base, Change, Leftover } from "../contract/index.ts";
import { address, basedOn, changeResource, isSatisfied } from "../contract/index.ts";
import type { OpenIntent } from "../ledger/index.ts";
import type { Target } from "../resources/index.ts";
import { claimedBase, partialBase } from "./base.ts";
import type { Observed } from "./observe.ts";
import type { Orphan } from "./orphans.ts";
import { findOrphans } from "./orphans.ts";

/** What an interrupted run left: entries that its create intents prove, and what has to be settled. */
export type Recovered = {
  readonly entries: readonly Base[];
  /** Addresses whose intents are still open. */
  readonly unsettled: ReadonlySet<string>;
  /** Old objects of replacements whose new object is in place, by address, the oldest first: still to be taken away. */
  readonly leftovers: ReadonlyMap<string, readonly Leftover[]>;
  /** Resources that have open intents and no entry. */
  readonly orphans: readonly Orphan[];
};

/**
 * Reads open intents as evidence. A create that the target had answered, or whose one new object equals the intent, is
 * ours; several or unequal objects stay candidates for adoption. Of a kind that is written in parts nobody can tell
 * whether all of it is there. Nothing is repeated from an intent.
 */
export const recover = <Api>(
  entries: readonly Base[],
  intents: readonly OpenIntent[],
  targets: ReadonlyMap<string, Target<Api>>,
  observed: ReadonlyMap<string, Observed>,
): Recovered => {
  const known = new Map(
    entries.map((entry) => [`${entry.target} ${address(entry.resource.kind, entry.resource._id)}`, entry]),
  );
  const unsettled = new Set<string>();
  const leftovers = new Map<string, readonly Leftover[]>();
  const leave = (name: string, { id = "", entity, updatedAt }: Change): void => {
    const leftover = { id, basedOn: basedOn(entity), ...(updatedAt === undefined ? {} : { updatedAt }) };
    leftovers.set(name, [...(leftovers.get(name) ?? []).filter((other) => other.id !== id), leftover]);
  };
  for (const intent of intents) {
    const { change } = intent;
    const name = address(change.kind, change.entity._id);
    unsettled.add(name);
    const target = targets.get(change.target);
    const kind = target?.kinds.find((item) => item.name === change.kind);
    const entry = known.get(`${change.target} ${name}`);
    if (kind?.isWrittenInParts === true && entry !== undefined && target !== undefined) {
      known.set(`${change.target} ${name}`, partialBase(kind.shape(entry.resource.properties, target.catalog), entry));
    }
    if (change.op !== "insert" && change.op !== "replace") continue;
    const seen = observed.get(change.target);
    const collection = seen?.collections.get(change.kind);
    if (target === undefined || kind === undefined || seen === undefined || collection?.readable !== true) continue;
    const before = known.get(`${change.target} ${name}`);
    const isInPlace = before !== undefined && collection.byId.has(before.id) && before.id !== change.id;
    const leavesOld = kind.update !== undefined && change.id !== undefined && collection.byId.has(change.id);
    if (isInPlace) {
      if (leavesOld) leave(name, change);
      continue;
    }
    const { properties } = changeResource(change);
    const shape = kind.shape(properties, target.catalog);
    const candidates =
      intent.acked === undefined
        ? (collection.byKey.get(kind.key(properties)) ?? []).filter(
            // The old object of a replacement is not the new one, however equal what can be read of both is.
            ({ id, properties: now }) =>
              id !== change.id && !intent.seen.includes(id) && isSatisfied(shape, properties, [], now),
          )
        : [collection.byId.get(intent.acked)].filter((live) => live !== undefined);
    const only = candidates[0];
    const owner = only === undefined ? undefined : seen.ids.declared(change.kind, only.id);
    if (only === undefined || candidates.length > 1 || (owner !== undefined && owner !== change.entity._id)) continue;
    const base = claimedBase(change, shape, only);
    known.set(`${change.target} ${name}`, kind.isWrittenInParts === true ? partialBase(shape, base) : base);
    seen.ids.set(change.kind, change.entity._id, only.id);
    if (leavesOld) leave(name, change);
  }
  const found = [...known.values()];
  return { entries: found, unsettled, leftovers, orphans: findOrphans(found, intents, targets, observed) };
};
