import type { Holder, PlanMark } from "../types.ts";
import { heldError, keyError } from "./errors.ts";
import type { LeaseFacts } from "./lease-keeper.ts";
import { isSamePlan, leaseOf } from "./rows.ts";
import type { LedgerStatements } from "./statements.ts";
import { row, type Steps, type Store } from "./steps.ts";

export type Taking = {
  readonly store: Store;
  readonly sql: LedgerStatements;
  readonly environment: string;
  readonly handle: string;
  readonly expiry: number;
  readonly isAlive: (holder: Holder) => boolean;
  /** The key's check that this handle found to be right; undefined where nobody asked. */
  readonly check: string | undefined;
};

export function* takeLease(
  taking: Taking,
  tenant: string,
  holder: Holder,
  plan: PlanMark | undefined,
): Steps<Omit<LeaseFacts, "expires">> {
  const { sql, environment, handle, expiry, check } = taking;
  const key = (yield* row(sql.sharedKey(environment)))?.["value"];
  if (check !== undefined && key !== check) throw keyError(taking.store, environment);
  yield sql.addTenant(environment, tenant);
  const before = leaseOf(yield* row(sql.lockTenant(environment, tenant)));
  if (before.holder !== undefined && before.expires > before.now && taking.isAlive(before.holder)) {
    throw heldError(tenant, before, expiry);
  }
  const epoch = before.epoch + 1;
  yield sql.takeLease(epoch, handle, JSON.stringify(holder), expiry, environment, tenant);
  const continues = plan !== undefined && isSamePlan(before.plan, plan);
  const marks = !continues && plan?.revision === before.revision;
  if (marks) yield sql.markPlan(plan.digest, plan.revision, environment, tenant);
  const takenOver = before.holder === undefined ? {} : { takenOver: before.holder };
  return { tenant, run: holder.run, epoch, continues, marked: continues || marks, ...takenOver };
}
