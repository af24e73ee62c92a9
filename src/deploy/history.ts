import { address } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Ledger, OpenIntent, Run } from "../ledger/index.ts";
import type { HistoryReport, RunItem, RunOutcome, RunReport } from "./care-types.ts";
import type { Context } from "./context.ts";
import { tool } from "./version.ts";

/** How many runs a ledger keeps, at most. */
const everyRun = 1_000;

const openIntents = async (ledger: Ledger): Promise<readonly OpenIntent[]> =>
  (await Promise.all((await ledger.tenants()).map((tenant) => ledger.open(tenant)))).flat();

const outcomeOf = (run: Run, running: ReadonlySet<string>): RunOutcome => {
  if (run.ended === undefined) return running.has(run.id) ? "running" : "interrupted";
  return (run.exit as RunOutcome | undefined) ?? "error";
};

const itemOf = (run: Run, running: ReadonlySet<string>, open: readonly OpenIntent[]): RunItem => ({
  run: run.id,
  command: run.command,
  outcome: outcomeOf(run, running),
  startedAt: run.started,
  ...(run.ended === undefined
    ? {}
    : { endedAt: run.ended, durationMs: Date.parse(run.ended) - Date.parse(run.started) }),
  ...(run.requests === undefined ? {} : { requests: run.requests }),
  ...(run.summary === undefined ? {} : { summary: run.summary }),
  ...(run.planDigest === undefined ? {} : { planDigest: run.planDigest }),
  open: open.filter((intent) => intent.run === run.id).length,
});

/** Runs that hold a lease now. */
const runningNow = async (ledger: Ledger): Promise<ReadonlySet<string>> =>
  new Set((await ledger.leases()).filter((lease) => lease.alive).map((lease) => lease.holder.run));

/** The last runs of the environment, newest first. Sends nothing. */
export const historyOf = async (context: Context, last: number): Promise<HistoryReport> => {
  const ledger = await context.ledger();
  const [runs, running, open] = await Promise.all([ledger.history(last), runningNow(ledger), openIntents(ledger)]);
  return {
    type: "history",
    schemaVersion: 1,
    tool,
    environment: context.files.environment,
    runs: runs.map((run) => itemOf(run, running, open)),
  };
};

const chosen = (runs: readonly Run[], prefix: string): Run => {
  const found = runs.filter((run) => run.id.startsWith(prefix));
  const [run, another] = found;
  if (run === undefined) {
    throw new DeployerError("usage", `no run's id starts with ${JSON.stringify(prefix)}`, {
      hint: "connector-deployer history lists the runs",
    });
  }
  if (another !== undefined) {
    const ids = found.slice(0, 10).map(({ id }) => id);
    throw new DeployerError("usage", `${found.length} runs have an id that starts with ${JSON.stringify(prefix)}`, {
      hint: `give more of it: ${ids.join(", ")}`,
    });
  }
  return run;
};

const key = (tenant: string, target: string, kind: string, _id: string): string =>
  JSON.stringify([tenant, target, address(kind, _id)]);

/** One run with what it did; `prefix` is the start of its id. Throws `usage` where it names none or several. */
export const runOf = async (context: Context, prefix: string): Promise<RunReport> => {
  const ledger = await context.ledger();
  const run = chosen(await ledger.history(everyRun), prefix);
  const [operations, running, intents] = await Promise.all([
    ledger.operations(run.id),
    runningNow(ledger),
    openIntents(ledger),
  ]);
  const open = new Set(
    intents
      .filter((intent) => intent.run === run.id)
      .map(({ change }) => key(change.tenant, change.target, change.kind, change.entity._id)),
  );
  return {
    type: "run",
    schemaVersion: 1,
    tool,
    environment: context.files.environment,
    run: itemOf(run, running, intents),
    operations: operations.map((operation) => ({
      ...operation,
      open:
        (operation.outcome === undefined || operation.outcome === "uncertain") &&
        open.has(key(operation.tenant, operation.target, operation.kind, operation._id)),
    })),
  };
};
