import type { Base, Change, Leftover, Live } from "../contract/index.ts";
import { address, basedOn } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { OpenIntent } from "../ledger/index.ts";
import type { Access } from "../resources/index.ts";
import type { RunState } from "./apply.ts";
import { writtenBase } from "./base.ts";
import { sendWithin } from "./resume.ts";
import type { Ended, Step } from "./schedule.ts";
import { stepKey } from "./schedule.ts";
import type { StepContext } from "./step-access.ts";
import { makeAccess } from "./step-access.ts";
import type { Work, Written } from "./work.ts";
import { NotStarted } from "./work.ts";
import { deleteLeftovers, takeDown, writeChange } from "./write.ts";

const explain = (error: unknown): { code: string; message: string; hint?: string } => {
  if (error instanceof DeployerError) {
    return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
};

const cleanup = async <Api>(state: RunState<Api>, work: Work, access: Access<Api>): Promise<Written> => {
  const { change } = work;
  const before = state.results.get(stepKey(change));
  const id = before?.id;
  const now = (await state.rim.ledger.entries(change.tenant)).find(
    (base) =>
      base.target === change.target && base.resource.kind === change.kind && base.resource._id === change.entity._id,
  );
  try {
    if (work.intent !== undefined && id !== undefined) {
      // The first half may be an earlier run's; this one says that it goes on with it.
      await work.begin([]);
      await work.ledger.acked(work.lease, change, id);
    }
    const { id: old = "", entity, updatedAt, leftovers = [] } = change;
    const replaced: Leftover = {
      id: old,
      basedOn: basedOn(entity),
      ...(updatedAt === undefined ? {} : { updatedAt }),
    };
    const conflict = await deleteLeftovers(access, [...leftovers, replaced]);
    if (conflict !== undefined) {
      // As below: the intent stays open, and the new object stays ours.
      await work.settled({ ...conflict, outcome: "uncertain" }, now);
      return { ...conflict, ...(id === undefined ? {} : { id }) };
    }
    return await work.settled(
      { outcome: "done", ...(id === undefined ? {} : { id }) },
      now ?? writtenBase(change, access.shape, id ?? "", undefined),
    );
  } catch (error) {
    // The intent stays open: the next run takes the old one away.
    await work.settled({ outcome: "uncertain" }, now);
    return { outcome: "failed", ...(id === undefined ? {} : { id }), error: explain(error) };
  }
};

/** The step in which the live object goes. */
const takesAway = ({ change, part }: Step, keepsOld: boolean): boolean =>
  change.op === "delete" || (change.op === "replace" && (part === "cleanup" || !keepsOld));

const usedByStrangers = (change: Change, ids: readonly string[]): Written => ({
  outcome: "conflict",
  error: {
    code: "conflict",
    message: `${change.kind}/${change.entity._id} (${change.id ?? "?"}) is used by ${ids.slice(0, 5).join(", ")}, which is not ours; it was kept`,
    hint: "find out whose it is; delete it or let it use something else, then run the same command again",
  },
});

/** Only what the ledger (or an open intent of ours) names is changed or taken away, whatever a plan says. */
const isOurs = <Api>(state: RunState<Api>, change: Change, base: Base | undefined): boolean => {
  const intent = state.open.get(stepKey(change));
  const has = (id: string | undefined): boolean => base?.id === id || isProven(intent, id);
  if (change.resumes !== undefined && (intent === undefined || !has(change.resumes))) return false;
  return !["update", "replace", "delete", "noop", "rename"].includes(change.op) || has(change.id);
};

/** Old objects of replacements are ours as long as an open intent says so. */
const areLeftByUs = <Api>(state: RunState<Api>, change: Change): boolean =>
  (change.leftovers ?? []).every(({ id }) => isProven(state.open.get(stepKey(change)), id));

/** Whether an open intent of ours is about the object, or made it: it was not there before. */
const isProven = (intent: OpenIntent | undefined, id: string | undefined): boolean => {
  if (intent === undefined || id === undefined) return false;
  const isNamed = intent.change.leftovers?.some((leftover) => leftover.id === id) === true;
  if (intent.change.id === id || intent.acked === id || isNamed) return true;
  const isCreate = intent.change.op === "insert" || intent.change.op === "replace";
  return isCreate && intent.acked === undefined && !intent.seen.includes(id);
};

/** Does one step and records what became of it. Never rejects because of the change itself. */
export const runStep = async <Api>(
  state: RunState<Api>,
  context: StepContext<Api>,
  keepsOld: boolean,
): Promise<Ended> => {
  const { rim, settings } = state;
  const { step, list } = context;
  const { change } = step;
  const resource = address(change.kind, change.entity._id);
  const lease = state.leases.get(change.tenant);
  const ids = state.ids.get(change.target);
  const started = rim.clock();
  const halt = (written: Written): void => {
    const code = written.error?.code;
    const isHopeless =
      code === "unauthorized" || code === "forbidden" || code === "ledger-fenced" || code === "ledger-unavailable";
    const isBad = written.outcome === "failed" || written.outcome === "uncertain" || written.outcome === "conflict";
    if (state.halted === undefined && isBad && (isHopeless || settings.onError === "stop")) {
      state.halted = {
        code: isHopeless ? (code ?? "stopped") : "stopped",
        message: `not started: ${resource} did not end well`,
        hint: "mend that first, then run the same command again",
      };
    }
  };
  if (lease === undefined || ids === undefined) throw new DeployerError("internal", `no lease for ${change.tenant}`);
  const base = state.bases.get(stepKey(change));
  const intent = state.open.get(stepKey(change));
  // The second half of a replacement belongs to a change that has begun.
  const isStopped = (): boolean =>
    lease.lost.aborted || (step.part !== "cleanup" && (settings.stop.aborted || state.halted !== undefined));
  let hasBegun = false;
  let isIntended = step.part === "cleanup";
  /** When this run's intent was committed, or given a new time. */
  let intendedAt: number | undefined;
  const makes = change.op === "insert" || change.op === "replace";
  const access = makeAccess(state, context, async () => {
    if (!hasBegun && isStopped()) throw new NotStarted();
    await lease.check();
    const at = state.passed();
    // Whoever takes over counts from the intent until nothing of it can be under way any more.
    if (makes && intendedAt !== undefined && at - intendedAt > sendWithin(context.target)) {
      await rim.ledger.touch(lease, change);
      intendedAt = at;
    }
    if (hasBegun) return;
    if (isStopped()) throw new NotStarted();
    hasBegun = true;
    if (step.part === "main") rim.report({ code: "change-started", tenant: change.tenant, resource, op: change.op });
  });
  const work: Work = {
    change,
    base,
    lease,
    ledger: rim.ledger,
    ids,
    resumed: change.resumes,
    intent,
    keepsOld,
    isOwnedElsewhere: async (id) =>
      (await state.owners()).isOwnedElsewhere(
        { tenant: change.tenant, target: change.target, kind: change.kind, _id: change.entity._id },
        context.target.identity,
        id,
      ),
    list: () => list.read() as Promise<readonly Live[]>,
    begin: async (seen) => {
      if (isStopped()) throw new NotStarted();
      const at = state.passed();
      await state.intend(lease, change, seen);
      intendedAt = at;
      isIntended = true;
    },
    hasBegun: () => isIntended,
    settled: async (result, now) => {
      const keepsEvidence = !isIntended && work.intent !== undefined && !["done", "uncertain"].includes(result.outcome);
      // What an earlier run left open proves what is ours, until something is done about it.
      if (keepsEvidence) return result;
      const reason = result.error?.message;
      await rim.ledger.settle(lease, change, result.outcome, now, reason);
      return result;
    },
    announce: (differs) => {
      if (differs.length > 0) rim.report({ code: "echo-differs", tenant: change.tenant, resource, fields: differs });
    },
    explain,
    stopped: () => ({
      outcome: "skipped",
      error:
        state.halted ??
        (lease.lost.aborted
          ? explain(lease.lost.reason)
          : { code: "cancelled", message: "the run was interrupted before this change began" }),
    }),
  };
  let written: Written;
  try {
    if (isStopped()) written = work.stopped();
    else if (step.part !== "cleanup" && !(isOurs(state, change, base) && areLeftByUs(state, change))) {
      written = {
        outcome: "conflict",
        error: {
          code: "stale-plan",
          message: `${change.id} is not what the ledger has for ${resource}`,
          hint: "plan again",
        },
      };
    } else if (settings.refusesDrift(change)) {
      written = {
        outcome: "conflict",
        error: {
          code: "conflict",
          message: `${resource} was changed on the target, and on_drift is "fail"`,
          hint: "take the change into the files, or set it back on the target",
        },
      };
    } else {
      const strangers = takesAway(step, keepsOld) ? await context.strangers(change) : [];
      if (strangers.length > 0) written = usedByStrangers(change, strangers);
      else if (step.part === "cleanup") written = await cleanup(state, work, access);
      else written = await (step.part === "takedown" ? takeDown : writeChange)(work, access);
    }
  } catch (error) {
    // The ledger could not be written: nothing else may begin.
    written = { outcome: isIntended ? "uncertain" : "failed", error: explain(error) };
    state.halted ??= { ...explain(error), message: `not started: ${explain(error).message}` };
  } finally {
    list.leave();
  }
  // Not begun here, and yet its old object is gone.
  if (written.outcome === "skipped" && state.takenDown.has(stepKey(change)))
    written = { ...written, outcome: "failed" };
  halt(written);
  if (step.part === "takedown" && written.outcome === "done") {
    state.takenDown.add(stepKey(change));
    return "well";
  }
  const { outcome, error, id, fields = change.fields } = written;
  state.results.set(stepKey(change), {
    tenant: change.tenant,
    target: change.target,
    kind: change.kind,
    _id: change.entity._id,
    op: change.op,
    outcome,
    ...(id === undefined ? {} : { id }),
    ...(fields === undefined ? {} : { fields }),
    ...(error === undefined ? {} : { error }),
    durationMs: Math.max(0, rim.clock() - started),
  });
  const isFirstHalf = keepsOld && change.op === "replace" && step.part === "main" && outcome === "done";
  if (!isFirstHalf && change.op !== "noop") {
    rim.report({
      code: "change-ended",
      tenant: change.tenant,
      resource,
      op: change.op,
      outcome,
      ...(error === undefined ? {} : { reason: error.message }),
    });
  }
  return outcome === "done" ? "well" : "badly";
};
