import type { Base, Change, Plan, Refusal, Summary } from "../contract/index.ts";
import { address, emptySummary } from "../contract/index.ts";
import type { Holder, Lease, OpenIntent } from "../ledger/index.ts";
import { passingTime } from "../passing-time.ts";
import { applyBatch } from "./apply-batch.ts";
import type { WaitSettings } from "./await-health.ts";
import { isDeadline } from "./await-health.ts";
import { checkSecrets } from "./check-secrets.ts";
import type { IdMap } from "./ids.ts";
import { createIds } from "./ids.ts";
import { intentLog } from "./intent-log.ts";
import { limiter } from "./limiter.ts";
import type { Owners } from "./owners.ts";
import { readOwners } from "./owners.ts";
import { finishedSteps, moveEntries, takeLeases, waitForRequestsUnderWay } from "./resume.ts";
import type { Step } from "./schedule.ts";
import { makeSteps, runSteps, stepKey } from "./schedule.ts";
import type { Result, Rim } from "./types.ts";
import { waitForWave } from "./wait-for-wave.ts";

export type ApplySettings = {
  readonly holder: Holder;
  /** Changes in flight at once. */
  readonly parallelism: number;
  readonly onError: "continue" | "stop";
  /** Aborted: start nothing new. The rim's own signal ends running requests too. */
  readonly stop: AbortSignal;
  readonly waves: readonly string[];
  /** True: a change that would undo drift is refused as a conflict. */
  readonly refusesDrift: (change: Change) => boolean;
  /** Secrets that had no value when the plan was made are written as they are now; default false: refused. */
  readonly acceptUnresolved?: boolean;
  /** Waits after each wave until what it made or changed is healthy; `timeout` is that of one wave. Default: does not wait. */
  readonly wait?: Omit<WaitSettings, "stop"> | undefined;
};

export type Applied = {
  readonly results: readonly Result[];
  readonly refusals: readonly Refusal[];
  readonly interrupted: boolean;
  readonly summary: Summary;
};

/** Steps that share listings and intent commits: bounds the time between a listing and the writes that rest on it. */
const batchSize = 250;

/** Everything that a run keeps while it goes. */
export type RunState<Api> = {
  readonly rim: Rim<Api>;
  readonly settings: ApplySettings;
  readonly ids: ReadonlyMap<string, IdMap>;
  readonly bases: ReadonlyMap<string, Base>;
  /** The newest open intent of earlier runs, by step. */
  readonly open: ReadonlyMap<string, OpenIntent>;
  readonly leases: ReadonlyMap<string, Lease>;
  /** Read when first asked: only what takes something over needs it. */
  readonly owners: () => Promise<Owners>;
  /** Milliseconds that have passed, by whichever clock says the most. */
  readonly passed: () => number;
  readonly limit: <T>(task: () => Promise<T>) => Promise<T>;
  readonly intend: ReturnType<typeof intentLog>;
  /** All steps of the plan, those that will not be made too. */
  readonly planned: ReadonlySet<string>;
  readonly results: Map<string, Result>;
  /** Steps whose old object is gone already, to make way for what it uses. */
  readonly takenDown: Set<string>;
  /** Why nothing new may start any more. */
  halted: { readonly code: string; readonly message: string; readonly hint?: string } | undefined;
};

/** What this run did; what an earlier run of the plan had done is as good as equal. */
const summarize = (plan: Plan, results: readonly Result[]): Summary => {
  const summary: Record<keyof Summary, number> = { ...emptySummary, tenants: plan.summary.tenants };
  const retained = new Set(
    plan.changes.flatMap((change) => (change.marks?.includes("retained") === true ? [stepKey(change)] : [])),
  );
  summary.noop = plan.summary.noop;
  for (const result of results) {
    if (result.outcome !== "done") summary[result.outcome]++;
    else if (result.isEarlier === true) summary.noop++;
    else if (result.op !== "noop") summary[result.op]++;
    else if (retained.has(`${result.tenant} ${result.target} ${address(result.kind, result._id)}`)) summary.retained++;
  }
  summary.unreadable = plan.summary.unreadable;
  summary.ambiguous = plan.summary.ambiguous;
  summary.unmanaged = plan.summary.unmanaged;
  return summary;
};

const wavesOf = (
  changes: readonly Change[],
  order: readonly string[],
): readonly (readonly [string | undefined, readonly Change[]])[] => {
  const groups = Map.groupBy(changes, (change) => change.wave);
  const rank = (wave: string | undefined): number => {
    const index = wave === undefined ? -1 : order.indexOf(wave);
    return index < 0 ? order.length : index;
  };
  return [...groups].sort(([a], [b]) => rank(a) - rank(b));
};

const record = <Api>(
  state: RunState<Api>,
  change: Change,
  result: Pick<Result, "outcome" | "error" | "id" | "isEarlier">,
): void => {
  const { tenant, target, kind, op } = change;
  state.results.set(stepKey(change), { tenant, target, kind, _id: change.entity._id, op, durationMs: 0, ...result });
};

const skipAll = <Api>(state: RunState<Api>, changes: readonly Change[], error: NonNullable<Result["error"]>): void => {
  for (const change of changes) record(state, change, { outcome: "skipped", error });
};

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

const baseKey = ({ resource, target }: Base): string =>
  `${resource.tenant} ${target} ${address(resource.kind, resource._id)}`;

/** Does what the plan says, exactly or not at all, in dependency order. Failures of single changes are results. */
export const applyPlan = async <Api>(rim: Rim<Api>, planned: Plan, settings: ApplySettings): Promise<Applied> => {
  const isRefused = planned.refusals.some((refusal) => refusal.tenant === undefined);
  const refusedTenants = new Map(planned.refusals.map((refusal) => [refusal.tenant, refusal]));
  const isOpen = (change: Change): boolean => !isRefused && !refusedTenants.has(change.tenant);
  const plan = await checkSecrets(rim, planned, isOpen, settings.acceptUnresolved ?? false);
  const open = plan.changes.filter(isOpen);
  await using stack = new AsyncDisposableStack();
  const { leases, held, resumed } = await takeLeases(rim, plan, open, settings, stack);
  const work = open.filter((change) => !held.has(change.tenant));
  await waitForRequestsUnderWay(rim, leases.keys());
  await moveEntries(rim.ledger, leases, work);
  const finished = await finishedSteps(rim.ledger, plan, resumed, settings.holder.run);
  const allBases = (await Promise.all([...leases.keys()].map((tenant) => rim.ledger.entries(tenant)))).flat();
  const ids = new Map(
    [...rim.targets.keys()].map((name) => [name, createIds(allBases.filter((base) => base.target === name))]),
  );
  const bases = new Map(allBases.map((base) => [baseKey(base), base]));
  const intents = (await Promise.all([...leases.keys()].map((tenant) => rim.ledger.open(tenant)))).flat();
  for (const change of work) {
    const isNew = change.op === "adopt" || !bases.has(stepKey(change));
    if (change.id !== undefined && isNew) ids.get(change.target)?.set(change.kind, change.entity._id, change.id);
  }
  const state: RunState<Api> = {
    rim,
    settings,
    ids,
    bases,
    open: new Map(intents.map((intent) => [stepKey(intent.change), intent])),
    leases,
    owners: once(() =>
      readOwners(rim.ledger, new Map([...rim.targets].map(([name, { identity }]) => [name, identity]))),
    ),
    passed: passingTime(() => performance.now(), rim.clock),
    limit: limiter(settings.parallelism),
    intend: intentLog(rim.ledger, settings.holder.run),
    planned: new Set(plan.changes.map((change) => stepKey(change))),
    results: new Map(),
    takenDown: new Set(),
    halted: undefined,
  };
  for (const change of plan.changes) {
    const refusal = isRefused
      ? plan.refusals.find((item) => item.tenant === undefined)
      : refusedTenants.get(change.tenant);
    if (refusal !== undefined)
      skipAll(state, [change], { code: "blocked", message: refusal.message, hint: refusal.hint });
    const error = held.get(change.tenant);
    if (error !== undefined) {
      skipAll(state, [change], {
        code: error.code,
        message: error.message,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
  }
  for (const change of work) {
    const id = bases.get(stepKey(change))?.id;
    if (finished.has(stepKey(change)))
      record(state, change, { outcome: "done", isEarlier: true, ...(id === undefined ? {} : { id }) });
  }
  rim.report({ code: "apply-started", run: settings.holder.run, tenants: leases.size, changes: work.length });
  for (const refusal of plan.refusals)
    if (refusal.tenant !== undefined) rim.report({ code: "tenant-refused", refusal });
  let troubled: string | undefined;
  const lookedAt: Result[] = [];
  for (const [wave, planned] of wavesOf(plan.changes, settings.waves)) {
    const changes = planned.filter((change) => !state.results.has(stepKey(change)));
    if (changes.length > 0 && troubled !== undefined) {
      rim.report({ code: "wave-skipped", wave: wave ?? "", changes: changes.length, because: troubled });
      skipAll(state, changes, { code: "earlier-wave", message: `the earlier wave did not end well: ${troubled}` });
      continue;
    }
    if (wave !== undefined && changes.length > 0) rim.report({ code: "wave-started", wave, changes: changes.length });
    await runWave(state, changes);
    const users = await waitForWave(state, wave, planned);
    lookedAt.push(...users);
    // Tenants that a guard or another run's lease keeps out are no sign against the change itself.
    const bad = [...planned.flatMap((change) => state.results.get(stepKey(change)) ?? []), ...users].find(
      ({ outcome, health }) =>
        outcome === "failed" || outcome === "conflict" || outcome === "uncertain" || health?.healthy === false,
    );
    if (bad === undefined) continue;
    troubled = `${address(bad.kind, bad._id)}${bad.health === undefined ? "" : ` is ${bad.health.status}`}`;
  }
  const results = [...plan.changes.flatMap((change) => state.results.get(stepKey(change)) ?? []), ...lookedAt];
  const summary = summarize(plan, results);
  rim.report({ code: "apply-ended", run: settings.holder.run, summary });
  return { results, refusals: plan.refusals, interrupted: isInterrupted(settings.stop, results), summary };
};

/** A deadline that passes when only health is left to wait for cuts no change off. */
const isInterrupted = (stop: AbortSignal, results: readonly Result[]): boolean =>
  stop.aborted && (!isDeadline(stop) || results.some(({ error }) => error?.code === "cancelled"));

const runWave = async <Api>(state: RunState<Api>, changes: readonly Change[]): Promise<void> => {
  const { rim } = state;
  const keepsOld = (change: Change): boolean => {
    const target = rim.targets.get(change.target);
    const kind = target?.kinds.find((item) => item.name === change.kind);
    return kind?.update !== undefined && target?.traits.names === "free";
  };
  const skip = (step: Step, because: Step | undefined): void => {
    if (step.part === "cleanup") {
      const before = state.results.get(stepKey(step.change));
      if (before?.outcome !== "done") return;
      const message = `the new ${step.change.kind} is in place; the old one (${step.change.id ?? "?"}) is still used and was kept`;
      state.results.set(stepKey(step.change), {
        ...before,
        outcome: "failed",
        error: { code: "old-kept", message, hint: "mend what still uses it, then run the same command again" },
      });
      return;
    }
    const key = stepKey(step.change);
    // Its first half did not end well and says why.
    if (state.results.has(key)) return;
    const name = because === undefined ? "each other" : address(because.change.kind, because.change.entity._id);
    const message = `it needs ${name}, which did not end well`;
    record(
      state,
      step.change,
      state.takenDown.has(key)
        ? {
            outcome: "failed",
            error: { code: "dependency", message: `it was taken away to be made anew, and ${message}` },
          }
        : { outcome: "skipped", error: { code: "dependency", message } },
    );
  };
  await runSteps(makeSteps(changes, keepsOld), batchSize, (batch) => applyBatch(state, batch, keepsOld), skip);
};
