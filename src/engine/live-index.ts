import type { Live } from "../contract/index.ts";

type Index = { readonly byId: ReadonlyMap<string, Live>; readonly byKey: ReadonlyMap<string, readonly Live[]> };

const indexes = new WeakMap<readonly Live[], Index>();

/** A listing by id and natural key: made once, since all changes of a batch look into the same one. */
export const liveIndex = (list: readonly Live[], key: (live: Live) => string): Index => {
  const known = indexes.get(list);
  if (known !== undefined) return known;
  const byId = new Map<string, Live>();
  for (const live of list) if (!byId.has(live.id)) byId.set(live.id, live);
  const made = { byId, byKey: Map.groupBy(list, key) };
  indexes.set(list, made);
  return made;
};
