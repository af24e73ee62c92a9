import type { Change, Live } from "../contract/index.ts";
import type { Ids, ResourceKind, Target } from "../resources/index.ts";

/** Kinds that cannot do without a thing of this kind. */
const usersOf = <Api>(target: Target<Api>, kind: string): readonly ResourceKind<Api>[] =>
  target.kinds.filter((item) => item.references({}).some((needed) => needed.kind === kind && needed.optional !== true));

/** Ids of live objects that are not ours and need the object that a change takes away; taking it away would break them. */
export type ForeignUsers = (change: Change) => Promise<readonly string[]>;

/** Looks at the users' collections once, when first asked: a plan may be older than what uses the object now. */
export const foreignUsers = <Api>(
  target: Target<Api>,
  ids: Ids,
  list: (kind: ResourceKind<Api>) => Promise<readonly Live[]>,
): ForeignUsers => {
  const listed = new Map<string, Promise<readonly Live[]>>();
  const read = (kind: ResourceKind<Api>): Promise<readonly Live[]> => {
    const known = listed.get(kind.name) ?? list(kind);
    listed.set(kind.name, known);
    return known;
  };
  return async (change) => {
    const found: string[] = [];
    const going = [change.id, ...(change.leftovers ?? []).map(({ id }) => id)];
    for (const kind of usersOf(target, change.kind)) {
      for (const live of await read(kind)) {
        if (ids.declared(kind.name, live.id) !== undefined) continue;
        const needs = kind.references(live.properties).filter((needed) => needed.kind === change.kind);
        if (needs.some(({ _id }) => _id === change.entity._id || going.includes(_id))) found.push(live.id);
      }
    }
    return found.sort();
  };
};
