import type { Base, Leftover, Live, Outcome } from "../contract/index.ts";
import { address, basedOn, changeResource } from "../contract/index.ts";
import type { Access } from "../resources/index.ts";
import { checkBasis, deleteResource, ensure, rewriteResource } from "../resources/index.ts";
import { adoptedBase, claimedBase, writtenBase } from "./base.ts";
import { cannotBeTold, conflict, goneSincePlan, movedSincePlan, unequal } from "./conflicts.ts";
import { claimed, createSafely, inFull, withKey } from "./creation.ts";
import { isOfLedger, isPartial, isUnknown } from "./failures.ts";
import { updatedBase } from "./updated-base.ts";
import type { Work, Written } from "./work.ts";
import { NotStarted } from "./work.ts";

/** The entry of a claimed object, which may have been written again in full. */
const claimedOf = <Api>({ change }: Work, { shape }: Access<Api>, found: Live, now: Live): Base =>
  found === now ? claimedBase(change, shape, found) : writtenBase(change, shape, now.id, now);

const insert = async <Api>(work: Work, access: Access<Api>): Promise<Written> => {
  const { change } = work;
  const desired = changeResource(change).properties;
  const same = await withKey(work, access, desired);
  const earlier = await claimed(work, access, desired, same);
  if (earlier !== undefined) {
    const live = await inFull(work, access, desired, earlier);
    work.ids.set(change.kind, change.entity._id, live.id);
    return work.settled({ outcome: "done", id: live.id }, claimedOf(work, access, earlier, live));
  }
  if (same.length > 0) {
    const ids = same.map((live) => live.id);
    if (work.intent === undefined)
      return conflict(`a ${change.kind} with this identity appeared since the plan: ${ids.join(", ")}`);
    return work.settled(cannotBeTold(ids), work.base);
  }
  await work.begin([]);
  const made = await createSafely(work, access, desired, []);
  const now = made.id === undefined ? work.base : writtenBase(change, access.shape, made.id, made.live);
  if (made.id !== undefined) work.ids.set(change.kind, change.entity._id, made.id);
  return work.settled(made, now);
};

/** When it was last written, as the plan saw it; an interrupted run of ours may have written it since. */
const lastWrite = ({ change, intent }: Work): { readonly updatedAt?: string } =>
  change.updatedAt === undefined || intent !== undefined ? {} : { updatedAt: change.updatedAt };

const update = async <Api>(work: Work, access: Access<Api>, id: string): Promise<Written> => {
  const { change } = work;
  const desired = changeResource(change).properties;
  const now = await ensure(
    access,
    id,
    desired,
    { properties: basedOn(change.entity), ...lastWrite(work) },
    change.fields ?? [],
    () => work.begin([id]),
  );
  switch (now.state) {
    case "conflict":
      return work.settled(now.isGone === true ? goneSincePlan(id) : movedSincePlan(now.fields), work.base);
    case "already":
    case "done": {
      work.announce(now.differs);
      const base = updatedBase(change, access.shape, id, now.live, work.base);
      const isForeign = now.state === "already" && work.intent === undefined;
      return work.settled({ outcome: "done", id }, isForeign ? lastWrittenBy(base, work.base) : base);
    }
    default:
      return now satisfies never;
  }
};

/** Somebody else wrote what we were about to: what cannot be read of it is not known to be ours. */
const lastWrittenBy = ({ updatedAt: _, ...base }: Base, before: Base | undefined): Base => ({
  ...base,
  ...(before?.updatedAt === undefined ? {} : { updatedAt: before.updatedAt }),
});

/** Takes old objects of replacements away, each read again right before. Not undefined: one was changed since, and was kept. */
export const deleteLeftovers = async <Api>(
  access: Access<Api>,
  leftovers: readonly Leftover[],
): Promise<Written | undefined> => {
  for (const { id, basedOn: properties, updatedAt } of leftovers) {
    const basis = { properties, ...(updatedAt === undefined ? {} : { updatedAt }) };
    const now = checkBasis(access.shape, undefined, basis, [], await access.read(id));
    if (now.state === "conflict") {
      const { error } = movedSincePlan(now.fields);
      const message = `the old object (${id}) was kept: ${error?.message ?? ""}`;
      const hint = "take what was changed into the files, delete the old object on the target, then run again";
      return { outcome: "conflict", fields: now.fields, error: { code: "conflict", message, hint } };
    }
    if (now.state === "write" || access.kind.read === undefined) await deleteResource(access, id);
  }
  return undefined;
};

const remove = async <Api>(work: Work, access: Access<Api>, id: string): Promise<Written> => {
  const basis = { properties: basedOn(work.change.entity), ...lastWrite(work) };
  const now = checkBasis(access.shape, undefined, basis, [], await access.read(id));
  if (now.state === "conflict") return work.settled(movedSincePlan(now.fields), work.base);
  const { leftovers = [] } = work.change;
  if (leftovers.length > 0) {
    await work.begin([id]);
    // While the new one is there, the ledger has proof of the old ones.
    const conflicting = await deleteLeftovers(access, leftovers);
    if (conflicting !== undefined) {
      await work.settled({ ...conflicting, outcome: "uncertain" }, work.base);
      return conflicting;
    }
  } else if (now.state === "write" || access.kind.read === undefined) await work.begin([id]);
  // A listing may be short: what can only be listed is deleted also where it does not show.
  if (now.state === "write" || access.kind.read === undefined) {
    await deleteResource(access, id);
  }
  return work.settled({ outcome: "done", id }, undefined);
};

/** The first half of a replacement: the new object exists and is ours. The old one goes when nothing uses it any more. */
const replace = async <Api>(work: Work, access: Access<Api>, id: string): Promise<Written> => {
  const { change } = work;
  const desired = changeResource(change).properties;
  if (work.resumed !== undefined) {
    work.ids.set(change.kind, change.entity._id, work.resumed);
    const isPart = access.kind.isWrittenInParts === true;
    if (isPart || work.base?.id !== work.resumed) {
      const live = isPart ? await rewriteResource(access, work.resumed, desired) : await access.read(work.resumed);
      await work.ledger.put(work.lease, writtenBase(change, access.shape, work.resumed, live));
    }
    return { outcome: "done", id: work.resumed };
  }
  const same = work.intent === undefined ? undefined : await withKey(work, access, desired);
  const earlier = same === undefined ? undefined : await claimed(work, access, desired, same);
  if (earlier !== undefined) {
    const live = await inFull(work, access, desired, earlier);
    const base = claimedOf(work, access, earlier, live);
    work.ids.set(change.kind, change.entity._id, earlier.id);
    if (!work.keepsOld) return work.settled({ outcome: "done", id: earlier.id }, base);
    await work.ledger.put(work.lease, base);
    return { outcome: "done", id: earlier.id };
  }
  const basis = { properties: basedOn(change.entity), ...lastWrite(work) };
  const now = checkBasis(access.shape, undefined, basis, [], await access.read(id));
  if (now.state === "conflict") return work.settled(movedSincePlan(now.fields), work.base);
  const uncertain = unequal(work, same ?? []);
  if (uncertain !== undefined) return work.settled(uncertain, work.base);
  const seen = (await withKey(work, access, desired)).map((live) => live.id);
  await work.begin(seen);
  if (!work.keepsOld) await deleteResource(access, id);
  const made = await createSafely(work, access, desired, seen);
  const base = made.id === undefined ? undefined : writtenBase(change, access.shape, made.id, made.live);
  if (made.id !== undefined) work.ids.set(change.kind, change.entity._id, made.id);
  if (made.outcome !== "done") return work.settled(made, base ?? (work.keepsOld ? work.base : undefined));
  if (!work.keepsOld) return work.settled(made, base);
  // The intent stays open until the old one is gone; the entry already is the new one.
  if (base !== undefined) await work.ledger.put(work.lease, base);
  return made;
};

const adopt = async <Api>(work: Work, access: Access<Api>, id: string): Promise<Written> => {
  const { change } = work;
  const { properties: desired } = changeResource(change);
  const live = await access.read(id);
  if (live === undefined) return work.settled(goneSincePlan(id), work.base);
  // Whose secrets these are matters where they are taken for ours.
  const basis = { properties: basedOn(change.entity), ...(change.trusted === true ? lastWrite(work) : {}) };
  const now = checkBasis(access.shape, undefined, basis, [], live);
  if (now.state === "conflict") return work.settled(movedSincePlan(now.fields), work.base);
  if (access.kind.key(live.properties) !== access.kind.key(desired)) {
    return work.settled(conflict(`${id} is not what the files call ${change.kind}/${change.entity._id}`), work.base);
  }
  if (await work.isOwnedElsewhere(id)) return work.settled(conflict(`${id} is owned by another resource`), work.base);
  work.ids.set(change.kind, change.entity._id, id);
  return work.settled({ outcome: "done", id }, adoptedBase(change, access.shape, live));
};

/** Of what has no entry only open intents are closed: nothing may have come of them since the plan. */
const forget = async <Api>(work: Work, access: Access<Api>): Promise<Written> => {
  const { change, base, intent } = work;
  if (change.id !== undefined) return work.settled({ outcome: "done", id: change.id }, undefined);
  const made = intent?.acked === undefined ? undefined : await access.read(intent.acked);
  const same = await withKey(work, access, changeResource(intent?.change ?? change).properties);
  const isForeign = ({ id }: Live): boolean =>
    intent?.seen.includes(id) === true || work.ids.declared(change.kind, id) !== undefined;
  const [found] = made === undefined ? same.filter((live) => !isForeign(live)) : [made];
  const id = base?.id ?? found?.id;
  return id === undefined
    ? work.settled({ outcome: "done" }, undefined)
    : work.settled(conflict(`${id} appeared since the plan`), base);
};

const keep = async <Api>(work: Work, access: Access<Api>, id: string): Promise<Written> => {
  const { change, base } = work;
  if (change.marks?.includes("retained") === true) {
    return work.settled({ outcome: "done", id }, base === undefined ? undefined : { ...base, state: "retained" });
  }
  if (change.op === "noop" && change.marks !== undefined) return { outcome: "done", id };
  const live = await access.read(id);
  if (live === undefined) return work.settled({ outcome: "done", id }, base);
  // What an interrupted write may have left in part, and was taken over as it is.
  const { properties } = changeResource(change);
  const isTaken = work.intent !== undefined && access.kind.isRepeatable?.(properties) === false;
  const now = isTaken ? writtenBase(change, access.shape, id, live) : updatedBase(change, access.shape, id, live, base);
  const { updatedAt } = lastWrite(work);
  const isForeign = updatedAt !== undefined && updatedAt !== live.updatedAt;
  return work.settled({ outcome: "done", id }, isForeign ? lastWrittenBy(now, base) : now);
};

/** What would be added to what an interrupted run may have written already. */
const isUnrepeatable = <Api>(work: Work, access: Access<Api>): boolean =>
  work.intent !== undefined &&
  ["insert", "update", "replace"].includes(work.change.op) &&
  access.kind.isRepeatable?.(changeResource(work.change).properties) === false;

/** Does one change, exactly as planned or not at all. */
export const writeChange = async <Api>(work: Work, access: Access<Api>): Promise<Written> => {
  const { change } = work;
  const id = change.id ?? "";
  if (isUnrepeatable(work, access)) {
    const message = `an interrupted ${change.op} may have written a part of it, and doing it again would add to that`;
    const hint = `look at what is there; if it is as it should be, run again with --adopt ${address(change.kind, change.entity._id)}`;
    return work.settled({ outcome: "uncertain", error: { code: "uncertain", message, hint } }, work.base);
  }
  try {
    switch (change.op) {
      case "insert":
        return await insert(work, access);
      case "update":
        return await update(work, access, id);
      case "delete":
        return await remove(work, access, id);
      case "replace":
        return await replace(work, access, id);
      case "adopt":
        return await adopt(work, access, id);
      case "forget":
        return await forget(work, access);
      case "noop":
      case "rename":
        return await keep(work, access, id);
      default:
        return change.op satisfies never;
    }
  } catch (error) {
    return brokenOff(work, access, error);
  }
};

/** The first half of a replacement whose object has to go before what it uses can be made anew; its intent stays open. */
export const takeDown = async <Api>(work: Work, access: Access<Api>): Promise<Written> => {
  const id = work.change.id ?? "";
  try {
    const basis = { properties: basedOn(work.change.entity), ...lastWrite(work) };
    const now = checkBasis(access.shape, undefined, basis, [], await access.read(id));
    if (now.state === "conflict") return await work.settled(movedSincePlan(now.fields), work.base);
    await work.begin([id]);
    await deleteResource(access, id);
    return { outcome: "done", id };
  } catch (error) {
    return brokenOff(work, access, error);
  }
};

/** What an error in the middle of a change means for it. */
const brokenOff = async <Api>(work: Work, access: Access<Api>, error: unknown): Promise<Written> => {
  const { change } = work;
  // What the ledger could not take down stays open in it: the next run finds out.
  if (isOfLedger(error)) throw error;
  if (error instanceof NotStarted) return work.settled(work.stopped(), work.base);
  if (isPartial(error)) {
    // The open intent proves that what is there is ours, and that it may be a part.
    await work.settled({ outcome: "uncertain", error: work.explain(error) }, work.base);
    const isRepeatable = access.kind.isRepeatable?.(changeResource(change).properties) !== false;
    return { outcome: isRepeatable ? "failed" : "uncertain", error: work.explain(error) };
  }
  // Half of a replacement may be done: the open intent tells the next run.
  const isOpen = isUnknown(error) || (change.op === "replace" && work.hasBegun());
  const outcome: Outcome = isOpen ? "uncertain" : "failed";
  return work.settled({ outcome, error: work.explain(error) }, work.base);
};
