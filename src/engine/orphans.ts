import type { Base, Change, Finding, Resource } from "../contract/index.ts";
import { address, changeResource, deleteEntity } from "../contract/index.ts";
import type { OpenIntent } from "../ledger/index.ts";
import type { Target } from "../resources/index.ts";
import type { Observed } from "./observe.ts";

/** A resource that only open intents know: no entry came of them. */
export type Orphan = {
  /** The newest. */
  readonly change: Change;
  /** Nobody's live objects that they may be about. */
  readonly ids: readonly string[];
};

/** What is live and may come of an intent, or was to be changed by it. */
const traces = <Api>(target: Target<Api>, observed: Observed, intent: OpenIntent): readonly string[] | undefined => {
  const { change, acked, seen } = intent;
  const kind = target.kinds.find((item) => item.name === change.kind);
  const collection = observed.collections.get(change.kind);
  if (kind === undefined || collection?.readable !== true) return undefined;
  const makes = acked === undefined && (change.op === "insert" || change.op === "replace");
  const same = makes ? (collection.byKey.get(kind.key(changeResource(change).properties)) ?? []) : [];
  const made = same.flatMap(({ id }) => (seen.includes(id) ? [] : [id]));
  const known = [acked, change.id].filter((id) => id !== undefined && collection.byId.has(id)) as string[];
  return [...new Set([...made, ...known])].filter((id) => observed.ids.declared(change.kind, id) === undefined).sort();
};

/** Resources without an entry, by their open intents; none of those whose target or listing cannot be seen. */
export const findOrphans = <Api>(
  entries: readonly Base[],
  intents: readonly OpenIntent[],
  targets: ReadonlyMap<string, Target<Api>>,
  observed: ReadonlyMap<string, Observed>,
): readonly Orphan[] => {
  const owned = new Set(entries.map(({ target, resource }) => `${target} ${address(resource.kind, resource._id)}`));
  const nameOf = ({ change }: OpenIntent): string => `${change.target} ${address(change.kind, change.entity._id)}`;
  return [...Map.groupBy(intents, nameOf)].flatMap(([name, group]) => {
    const change = group.at(-1)?.change;
    if (change === undefined || owned.has(name)) return [];
    const [target, seen] = [targets.get(change.target), observed.get(change.target)];
    if (target === undefined || seen === undefined) return [];
    const ids = group.map((intent) => traces(target, seen, intent));
    return ids.every((item) => item !== undefined) ? [{ change, ids: [...new Set(ids.flat())] }] : [];
  });
};

/**
 * What becomes of orphans that nobody wants any more: where nothing came of them, their intents are closed, which touches
 * nothing; otherwise a person has to look at what is there.
 */
export const planOrphans = (
  orphans: readonly Orphan[],
  target: string,
  desired: readonly Resource[],
  wave: string | undefined,
): { readonly changes: readonly Change[]; readonly findings: readonly Finding[] } => {
  const wanted = new Set(desired.map((resource) => address(resource.kind, resource._id)));
  const changes: Change[] = [];
  const findings: Finding[] = [];
  for (const { change, ids } of orphans) {
    const { tenant, kind, entity } = change;
    if (change.target !== target || wanted.has(address(kind, entity._id))) continue;
    const about = { tenant, target, kind } as const;
    if (ids.length === 0) {
      const gone = deleteEntity(changeResource(change), {});
      changes.push({ ...about, op: "forget", entity: gone, dependsOn: [], ...(wave === undefined ? {} : { wave }) });
      continue;
    }
    const reason = `an interrupted ${change.op} may have made or changed it; delete it if nobody uses it, or let the files ask for it again`;
    findings.push({ ...about, finding: "unmanaged", _id: entity._id, ids, reason });
  }
  return { changes, findings };
};
