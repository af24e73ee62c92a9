import type { Live } from "../contract/index.ts";
import { address, changeResource } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Access, ResourceKind, Target } from "../resources/index.ts";
import { deleteResource } from "../resources/index.ts";
import type { RunState } from "./apply.ts";
import { writtenBase } from "./base.ts";
import type { BatchList } from "./batch-list.ts";
import { batchList } from "./batch-list.ts";
import type { Ended, Step } from "./schedule.ts";
import { stepKey } from "./schedule.ts";
import type { Work } from "./work.ts";
import type { Written } from "./write.ts";
import { writeChange } from "./write.ts";

const explain = (error: unknown): { code: string; message: string; hint?: string } => {
  if (error instanceof DeployerError) {
    return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
};

type Context<Api> = {
  readonly step: Step;
  readonly target: Target<Api>;
  readonly kind: ResourceKind<Api>;
  readonly list: BatchList;
};

const makeAccess = <Api>(state: RunState<Api>, { step, target, kind, list }: Context<Api>): Access<Api> => {
  const { rim, limit } = state;
  const { change } = step;
  const ids = state.ids.get(change.target) ?? { live: () => undefined, declared: () => undefined };
  const name = address(change.kind, change.entity._id);
  // Requests are what is limited, so that a change that waits for a shared listing holds no place.
  const limited: ResourceKind<Api> = {
    ...kind,
    create: (...args) => limit(() => kind.create(...args)),
    ...(kind.update === undefined ? {} : { update: boundUpdate(limit, kind.update) }),
    delete: (...args) => limit(() => kind.delete(...args)),
  };
  const readById = kind.read;
  const shape = kind.shape(changeResource(change).properties, target.catalog);
  return {
    target,
    kind: limited,
    shape,
    ids,
    read:
      readById === undefined
        ? async (id) => (await list.read()).find((live) => live.id === id)
        : (id) => limit(() => readById(target.api, target.catalog, id, ids, rim.signal)),
    reveal: async (path, sealed) => {
      const value = await rim.secret(change.tenant, sealed.$secret);
      if (rim.fingerprint(name, path, value) !== sealed.fingerprint) {
        throw new DeployerError("stale-plan", `the secret at ${name} ${path} changed while the plan was applied`, {
          hint: "plan again",
        });
      }
      return value;
    },
    clock: () => rim.clock(),
    sleep: (ms, signal) => rim.sleep(ms, signal),
    signal: rim.signal,
  };
};

const boundUpdate =
  <Api>(
    limit: RunState<Api>["limit"],
    update: NonNullable<ResourceKind<Api>["update"]>,
  ): NonNullable<ResourceKind<Api>["update"]> =>
  (...args) =>
    limit(() => update(...args));

const cleanup = async <Api>(state: RunState<Api>, work: Work, access: Access<Api>): Promise<Written> => {
  const { change } = work;
  const before = state.results.get(stepKey(change));
  const id = before?.id;
  const now = (await state.rim.ledger.entries(change.tenant)).find(
    (base) =>
      base.target === change.target && base.resource.kind === change.kind && base.resource._id === change.entity._id,
  );
  try {
    await deleteResource(access, change.id ?? "");
    return await work.settled(
      { outcome: "done", ...(id === undefined ? {} : { id }) },
      now ?? writtenBase(change, access.shape, id ?? "", undefined),
    );
  } catch (error) {
    return work.settled({ outcome: "failed", ...(id === undefined ? {} : { id }), error: explain(error) }, now);
  }
};

const runStep = async <Api>(state: RunState<Api>, context: Context<Api>, keepsOld: boolean): Promise<Ended> => {
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
  let written: Written;
  if (lease === undefined || ids === undefined) throw new DeployerError("internal", `no lease for ${change.tenant}`);
  const base = state.bases.get(stepKey(change));
  const access = makeAccess(state, context);
  const isStopped = (): boolean => settings.stop.aborted || state.halted !== undefined || lease.lost.aborted;
  const work: Work = {
    change,
    base,
    lease,
    ledger: rim.ledger,
    ids,
    keepsOld,
    list: () => list.read() as Promise<readonly Live[]>,
    begin: async (seen) => {
      if (isStopped()) return false;
      await state.intend(lease, change, seen);
      rim.report({ code: "change-started", tenant: change.tenant, resource, op: change.op });
      return true;
    },
    settled: async (result, now) => {
      await rim.ledger.settle(lease, change, result.outcome, now);
      return result;
    },
    announce: (differs) => {
      if (differs.length > 0) rim.report({ code: "echo-differs", tenant: change.tenant, resource, fields: differs });
    },
    explain,
    stopped: () => ({
      outcome: "skipped",
      error: state.halted ?? { code: "cancelled", message: "the run was interrupted before this change began" },
    }),
  };
  try {
    if (isStopped()) written = work.stopped();
    else if (settings.refusesDrift(change)) {
      written = {
        outcome: "conflict",
        error: {
          code: "conflict",
          message: `${resource} was changed on the target, and on_drift is "fail"`,
          hint: "take the change into the files, or set it back on the target",
        },
      };
    } else written = step.part === "cleanup" ? await cleanup(state, work, access) : await writeChange(work, access);
  } catch (error) {
    // The ledger could not be written: nothing else may begin.
    written = { outcome: "uncertain", error: explain(error) };
    state.halted ??= { ...explain(error), message: `not started: ${explain(error).message}` };
  } finally {
    list.leave();
  }
  halt(written);
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

/** Runs the steps of one batch at once; they share listings and intent commits. */
export const applyBatch = async <Api>(
  state: RunState<Api>,
  batch: readonly Step[],
  keepsOld: (change: Step["change"]) => boolean,
): Promise<ReadonlyMap<string, Ended>> => {
  const lists = new Map<string, BatchList>();
  const contexts = batch.map((step): Context<Api> => {
    const { change } = step;
    const target = state.rim.targets.get(change.target);
    const kind = target?.kinds.find((item) => item.name === change.kind);
    if (target === undefined || kind === undefined) {
      throw new DeployerError(
        "invalid-plan",
        `the plan names the target "${change.target}" or kind "${change.kind}", which is not there`,
      );
    }
    const name = `${change.target} ${change.kind}`;
    let list = lists.get(name);
    if (list === undefined) {
      const size = batch.filter(
        (other) => other.change.target === change.target && other.change.kind === change.kind,
      ).length;
      const ids = state.ids.get(change.target) ?? { live: () => undefined, declared: () => undefined };
      list = batchList(size, () => state.limit(() => kind.list(target.api, target.catalog, ids, state.rim.signal)));
      lists.set(name, list);
    }
    return { step, target, kind, list };
  });
  const ended = await Promise.all(contexts.map((context) => runStep(state, context, keepsOld(context.step.change))));
  return new Map(batch.map((step, index) => [step.key, ended[index] ?? "badly"]));
};
