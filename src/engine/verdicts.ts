import { equal } from "../canonical.ts";
import type { Base, Change, Resource, Verdict } from "../contract/index.ts";
import { hasUnresolved, isFinding, updateEntity } from "../contract/index.ts";

/** A replacement that was interrupted between its two objects is finished before anything else happens to them. */
export const resumed = (
  verdict: Verdict | undefined,
  base: Base | undefined,
  old: string | undefined,
): Verdict | undefined => {
  if (verdict === undefined || isFinding(verdict) || base === undefined || old === undefined) return verdict;
  if (!["noop", "update", "delete"].includes(verdict.op)) return verdict;
  const { fields: _, marks: __, updatedAt: ___, ...rest } = verdict;
  return { ...rest, op: "replace", id: old, resumes: base.id, entity: updateEntity(base.resource, {}) };
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
