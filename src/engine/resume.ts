import type { Base, Change, Plan } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Holder, Lease, Ledger, OpenIntent } from "../ledger/index.ts";
import { movedBase } from "./rename.ts";
import { stepKey } from "./schedule.ts";
import type { Rim } from "./types.ts";

export type Leases = {
  readonly leases: ReadonlyMap<string, Lease>;
  /** Tenants that are skipped, whole, with the reason. */
  readonly held: ReadonlyMap<string, DeployerError>;
  /** Tenants where an earlier run of the same plan was interrupted. */
  readonly resumed: ReadonlySet<string>;
};

/**
 * One lease for each tenant that has work. A tenant that another run works on, or has worked on since the plan was made,
 * is skipped; one where only this very plan has been at work goes on from there.
 */
export const takeLeases = async <Api>(
  rim: Rim<Api>,
  plan: Plan,
  changes: readonly Change[],
  settings: { readonly holder: Holder },
  stack: AsyncDisposableStack,
): Promise<Leases> => {
  const leases = new Map<string, Lease>();
  const held = new Map<string, DeployerError>();
  const resumed = new Set<string>();
  for (const tenant of new Set(changes.map((change) => change.tenant))) {
    const planned = plan.tenants[tenant]?.ledger ?? "";
    try {
      const lease = stack.use(
        await rim.ledger.lease(tenant, settings.holder, { digest: plan.digest, revision: planned }),
      );
      if (lease.takenOver !== undefined) {
        const { host, pid, started } = lease.takenOver;
        rim.report({ code: "lease-taken-over", tenant, holder: `${host} (pid ${pid}, since ${started})` });
      }
      if (lease.continues) resumed.add(tenant);
      else if ((await rim.ledger.revision(tenant)) !== planned) {
        throw new DeployerError("stale-plan", `tenant ${tenant} was deployed by another run since the plan was made`, {
          hint: "plan again",
        });
      }
      leases.set(tenant, lease);
    } catch (error) {
      if (!(error instanceof DeployerError) || !["lease-held", "stale-plan"].includes(error.code)) throw error;
      held.set(tenant, error);
    }
  }
  return { leases, held, resumed };
};

/** Milliseconds after its intent within which a create is sent; later, the intent is given a new time first. */
export const sendWithin = ({ settle }: { readonly settle: number }): number => Math.min(1_000, settle);

/** A create may still be under way for this long after its intent: to look before could miss it, and make it twice. */
export const remainingWait = (
  intent: OpenIntent,
  target: { readonly requestTimeout: number; readonly settle: number } | undefined,
  now: number,
): number => {
  if (target === undefined || (intent.change.op !== "insert" && intent.change.op !== "replace")) return 0;
  const needed = target.settle + (intent.acked === undefined ? sendWithin(target) + target.requestTimeout : 0);
  return Math.max(0, Math.min(needed, Date.parse(intent.at) + needed - now));
};

/** Waits until what interrupted runs of these tenants sent has come to an end on the target. */
export const waitForRequestsUnderWay = async <Api>(rim: Rim<Api>, tenants: Iterable<string>): Promise<void> => {
  const open = (await Promise.all([...tenants].map((tenant) => rim.ledger.open(tenant)))).flat();
  const waits = open.map((intent) => remainingWait(intent, rim.targets.get(intent.change.target), rim.clock()));
  const ms = Math.max(0, ...waits);
  if (ms === 0) return;
  rim.report({ code: "settling", ms, intents: waits.filter((wait) => wait > 0).length });
  await rim.sleep(ms, rim.signal);
};

const entryOf = (entries: readonly Base[], change: Change, _id: string): Base | undefined =>
  entries.find(
    (base) => base.target === change.target && base.resource.kind === change.kind && base.resource._id === _id,
  );

/** Gives entries, and open intents that have none, their new `_id` before anything else is done with them. */
export const moveEntries = async (
  ledger: Ledger,
  leases: ReadonlyMap<string, Lease>,
  changes: readonly Change[],
): Promise<void> => {
  for (const [tenant, renames] of Map.groupBy(changes, (change) => change.tenant)) {
    const lease = leases.get(tenant);
    if (lease === undefined || renames.every((change) => change.from === undefined)) continue;
    const [entries, open] = await Promise.all([ledger.entries(tenant), ledger.open(tenant)]);
    for (const change of renames) {
      const base = change.from === undefined ? undefined : entryOf(entries, change, change.from);
      if (entryOf(entries, change, change.entity._id) !== undefined) continue;
      if (base === undefined) {
        const { target, kind, from = "" } = change;
        const isLeft = open.some(
          (intent) =>
            intent.change.target === target && intent.change.kind === kind && intent.change.entity._id === from,
        );
        if (isLeft) await ledger.moveIntents(lease, target, kind, from, change.entity._id);
        continue;
      }
      await ledger.move(lease, base.resource._id, movedBase(base, change));
    }
  }
};

/**
 * What earlier runs of this plan have done already, by step. Throws `stale-plan` where they came to their end and did all
 * of it: a plan is applied once.
 */
export const finishedSteps = async (
  ledger: Ledger,
  plan: Plan,
  resumed: ReadonlySet<string>,
  run: string,
): Promise<ReadonlySet<string>> => {
  const finished = new Set<string>();
  if (resumed.size === 0) return finished;
  const known = new Map(plan.changes.map((change) => [`${stepKey(change)} ${change.op}`, change]));
  const earlier = (await ledger.history(1_000)).filter(
    ({ planDigest, id }) => planDigest === plan.digest && id !== run,
  );
  for (const { id } of earlier) {
    for (const { tenant, target, kind, _id, op, outcome } of await ledger.operations(id)) {
      if (outcome !== "done" || !resumed.has(tenant)) continue;
      const change = known.get(`${tenant} ${target} ${address(kind, _id)} ${op}`);
      if (change !== undefined) finished.add(stepKey(change));
    }
  }
  if (finished.size === plan.changes.length && earlier.every(({ ended }) => ended !== undefined)) {
    throw new DeployerError("stale-plan", `the plan was applied already, by the run of ${earlier[0]?.started ?? "?"}`, {
      hint: "plan again",
    });
  }
  return finished;
};
