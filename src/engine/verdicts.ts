import { equal } from "../canonical.ts";
import type { Base, Change, Leftover, Resource, Verdict } from "../contract/index.ts";
import { hasUnresolved, isFinding, updateEntity } from "../contract/index.ts";

/** What is left of the mark and the names of duplicates where some of them are old objects of ours. */
const without = ({ marks = [], duplicates = [], ...rest }: Change, leftovers: readonly Leftover[]): Change => {
  const others = duplicates.filter((id) => !leftovers.some((leftover) => leftover.id === id));
  const kept = marks.filter((mark) => mark !== "duplicate" || others.length > 0);
  return {
    ...rest,
    ...(kept.length === 0 ? {} : { marks: kept }),
    ...(others.length === 0 ? {} : { duplicates: others }),
  };
};

/**
 * A replacement that was interrupted between its two objects is finished before the new one is changed; where the new one
 * goes too, the old one goes with it.
 */
export const resumed = (
  verdict: Verdict | undefined,
  base: Base | undefined,
  leftovers: readonly Leftover[],
  { prune, isProtected }: { readonly prune: boolean; readonly isProtected: boolean },
): Verdict | undefined => {
  const newest = leftovers.at(-1);
  if (verdict === undefined || isFinding(verdict) || base === undefined || newest === undefined) return verdict;
  if (!["noop", "update", "rename", "replace", "delete"].includes(verdict.op)) return verdict;
  if (isProtected) {
    const { tenant, target, kind, entity } = verdict;
    return { finding: "protected", tenant, target, kind, _id: entity._id, ids: leftovers.map(({ id }) => id).sort() };
  }
  if (verdict.op === "replace" || (verdict.op === "delete" && prune))
    return { ...without(verdict, leftovers), leftovers };
  const { fields: _, marks: __, duplicates: ___, updatedAt: ____, ...rest } = verdict;
  const { id, basedOn, updatedAt } = newest;
  const older = leftovers.slice(0, -1);
  return {
    ...rest,
    op: "replace",
    id,
    resumes: base.id,
    ...(older.length === 0 ? {} : { leftovers: older }),
    entity: updateEntity(base.resource, basedOn),
    ...(updatedAt === undefined ? {} : { updatedAt }),
    ...(verdict.from === undefined ? {} : { marks: ["renamed"] }),
  };
};

/**
 * Writing it once more would add to what the interrupted write left: a person has to look. Adopted, what is there counts
 * as what was asked for.
 */
export const unrepeatable = (verdict: Verdict | undefined, mayAdopt: boolean): Verdict | undefined => {
  if (verdict === undefined || isFinding(verdict) || !["insert", "update", "replace"].includes(verdict.op))
    return verdict;
  const { id, op, tenant, target, kind, entity } = verdict;
  if (mayAdopt && id !== undefined) {
    const { fields: _, marks: __, updatedAt: ___, ...rest } = verdict;
    return { ...rest, op: "noop" };
  }
  const reason = `an interrupted ${op} may have written a part of it, and doing it again would add to that`;
  const ids = id === undefined ? [] : [id];
  return { finding: "ambiguous", tenant, target, kind, _id: entity._id, ids, reason };
};

/** Nothing is written to the target, but a person should know or the ledger has to follow. */
export const isWorthListing = (
  change: Change,
  base: Base | undefined,
  touched: boolean,
  desired: Resource | undefined,
  prune: boolean,
  unsettled: boolean,
): boolean => {
  if (change.marks?.includes("retained") === true) return prune && base?.state !== "retained";
  if (change.marks !== undefined || unsettled || touched) return true;
  if (base === undefined || desired === undefined) return false;
  return (
    !hasUnresolved(desired.properties) &&
    (base.state === "retained" || !equal(base.resource.properties, desired.properties))
  );
};
