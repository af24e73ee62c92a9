import type { Base } from "../contract/index.ts";
import type { Ids } from "../resources/index.ts";

export type IdMap = Ids & { set(kind: string, _id: string, id: string): void };

/** Live ids by `_id` and back, starting from what the ledger knows. */
export const createIds = (entries: Iterable<Base>): IdMap => {
  const live = new Map<string, string>();
  const declared = new Map<string, string>();
  const set = (kind: string, _id: string, id: string): void => {
    live.set(`${kind} ${_id}`, id);
    declared.set(`${kind} ${id}`, _id);
  };
  for (const entry of entries) set(entry.resource.kind, entry.resource._id, entry.id);
  return {
    set,
    live: (kind, _id) => live.get(`${kind} ${_id}`),
    declared: (kind, id) => declared.get(`${kind} ${id}`),
  };
};
