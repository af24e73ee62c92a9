import { randomUUID } from "node:crypto";
import { emptySummary, type Summary } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Lease, Ledger } from "../ledger/index.ts";
import { localHolder } from "../ledger/index.ts";
import type { RunOutcome } from "./care-types.ts";
import type { Context } from "./context.ts";
import { failureOutcome } from "./run-outcome.ts";

/**
 * A run that changes the ledger alone: it has the leases of its tenants, stands in the history, and sends nothing. Throws
 * `lease-held` before anything is changed. Gives the run's id.
 */
export const ledgerRun = async (
  context: Context,
  command: string,
  tenants: readonly string[],
  work: (ledger: Ledger, lease: (tenant: string) => Lease) => Promise<Partial<Summary>>,
): Promise<string> => {
  const ledger = await context.ledger();
  const id = randomUUID();
  const now = (): string => new Date(context.clock()).toISOString();
  const record = { id, command, environment: context.files.environment, started: now(), requests: 0 };
  await ledger.begin(record);
  let exit: RunOutcome = "failed";
  let summary: Summary = { ...emptySummary, tenants: tenants.length };
  try {
    await using stack = new AsyncDisposableStack();
    const leases = new Map<string, Lease>();
    for (const tenant of [...tenants].sort()) {
      const lease = stack.use(await ledger.lease(tenant, localHolder(id)));
      leases.set(tenant, lease);
      if (lease.takenOver === undefined) continue;
      const { host, pid, started } = lease.takenOver;
      context.report({ code: "lease-taken-over", tenant, holder: `${host} (pid ${pid}, since ${started})` });
    }
    const done = await work(ledger, (tenant) => {
      const lease = leases.get(tenant);
      if (lease === undefined) throw new DeployerError("internal", `no lease for ${tenant}`);
      return lease;
    });
    summary = { ...summary, ...done };
    exit = "done";
  } catch (error) {
    exit = failureOutcome(error);
    throw error;
  } finally {
    await ledger.end({ ...record, ended: now(), summary, exit }).catch(() => undefined);
  }
  return id;
};
