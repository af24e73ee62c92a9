import { randomUUID } from "node:crypto";
import { digest } from "../../canonical.ts";
import type { Base, Change, Outcome } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import { fencedError, LeaseKeeper } from "../lease-keeper.ts";
import { refusePlainSecrets } from "../refuse-plain-secrets.ts";
import type { Holder, Lease, Ledger, LedgerOptions, Run } from "../types.ts";
import { openDatabase } from "./database.ts";
import { baseOf, entryValues, leaseOf, openIntentOf, operationOf, runOf, targetOf } from "./rows.ts";
import { prepareStatements } from "./statements.ts";

const keptRuns = 1_000;

const heldError = (tenant: string, holder: Holder, since: number, expiry: number): DeployerError => {
  const at = new Date(since).toISOString();
  return new DeployerError(
    "lease-held",
    `another run works on ${tenant}: ${holder.run} on ${holder.host} (pid ${holder.pid}) since ${at}`,
    {
      hint: `wait until it ends; a run that died is taken over at once on its own host, elsewhere after ${expiry / 1000} s`,
      details: { tenant, holder, since: at },
    },
  );
};

/** A ledger in an SQLite file, or in memory only with the path `:memory:`. */
export const openSqliteLedger = async (path: string, options: Required<LedgerOptions>): Promise<Ledger> => {
  const { environment, clock } = options;
  const { connection, run, transaction } = await openDatabase(path, options);
  const sql = prepareStatements(connection);
  const handle = randomUUID();

  const leases = new LeaseKeeper(
    {
      renew: async (expires) => run(() => Number(sql.renew.run(expires, handle).changes)),
      held: async () =>
        new Map(run(() => sql.heldBy.all(handle)).map((row) => [String(row["tenant"]), Number(row["epoch"])])),
      release: async (tenant, epoch) => void run(() => sql.release.run(environment, tenant, epoch, handle)),
    },
    options,
  );

  /** One transaction under a lease; nothing is written when the lease is another's by now. */
  const write = async <T>(lease: Lease, tenants: Iterable<string>, work: (run: string) => T): Promise<T> => {
    const holder = leases.run(lease);
    for (const tenant of tenants) {
      if (tenant === lease.tenant) continue;
      throw new DeployerError("internal", `a write for ${tenant} came under the lease of ${lease.tenant}`);
    }
    return transaction(() => {
      const row = sql.lease.get(environment, lease.tenant);
      if (row?.["epoch"] !== lease.epoch || row["handle"] !== handle) {
        leases.lose(lease);
        throw fencedError(lease.tenant, lease.epoch);
      }
      return work(holder);
    });
  };

  /** A chain of digests: no value comes twice, and a restored backup has the value that belongs to its content. */
  const advance = (tenant: string, what: readonly unknown[]): void => {
    const before = sql.revision.get(environment, tenant)?.["revision"];
    sql.setRevision.run(digest([before, ...what]).slice(0, 16), environment, tenant);
  };
  const put = (base: Base): void => {
    const { tenant } = base.resource;
    const values = entryValues(base);
    if (sql.putEntry.run(environment, tenant, ...values).changes > 0) advance(tenant, values);
  };
  const drop = (tenant: string, target: string, kind: string, _id: string): void => {
    if (sql.dropEntry.run(environment, tenant, target, kind, _id).changes > 0) advance(tenant, [target, kind, _id]);
  };

  const addressOf = (change: Change) =>
    [environment, change.tenant, change.target, change.kind, change.entity._id] as const;

  const settleIntents = (change: Change, outcome: Outcome, id: string, epoch: number): void => {
    const address = addressOf(change);
    const now = clock();
    const leave = outcome === "uncertain";
    const own = leave ? sql.leaveOwn.run(now, ...address, epoch) : sql.settleOwn.run(outcome, now, ...address, epoch);
    if (own.changes > 0 && outcome !== "done") return;
    const all = leave ? sql.leaveAll.run(now, ...address) : sql.settleAll.run(outcome, now, ...address);
    if (own.changes > 0) return;
    const stays = leave && all.changes === 0;
    const evidence = stays ? ([JSON.stringify(change), "[]"] as const) : ([null, null] as const);
    sql.record.run(...address, change.op, id, epoch, now, ...evidence, outcome, now, stays ? 1 : 0);
  };

  const remember = async (body: Run): Promise<void> =>
    run(() => void sql.putRun.run(environment, body.id, JSON.stringify(body)));

  return {
    verifyKey: async (check) =>
      transaction(() => {
        sql.rememberKey.run(environment, check);
        if (sql.key.get(environment)?.["value"] === check) return;
        throw new DeployerError("ledger-key", `the ledger ${path} was written with another key`, {
          hint: "bring back the key that it was made with: `ledger_key`, or the file `key` beside the ledger",
          details: { path, environment },
        });
      }),

    target: async (name) => {
      const row = run(() => sql.target.get(environment, name));
      return row && targetOf(row);
    },
    pinTarget: async (name, record) =>
      run(() => void sql.pinTarget.run(environment, name, record.endpoint, record.identity)),

    lease: async (tenant, holder) => {
      const now = clock();
      const expires = now + options.expiry;
      const facts = transaction(() => {
        const before = leaseOf(sql.lease.get(environment, tenant));
        if (before.holder !== undefined && before.expires > now && options.isAlive(before.holder)) {
          throw heldError(tenant, before.holder, before.since, options.expiry);
        }
        const epoch = before.epoch + 1;
        sql.takeLease.run(environment, tenant, epoch, handle, JSON.stringify(holder), now, expires);
        return { epoch, ...(before.holder === undefined ? {} : { takenOver: before.holder }) };
      });
      return leases.add({ tenant, run: holder.run, expires, ...facts });
    },

    tenants: async () => run(() => sql.tenants.all(environment)).map((row) => String(row["tenant"])),
    revision: async (tenant) => String(run(() => sql.revision.get(environment, tenant))?.["revision"] ?? "0"),
    entries: async (tenant) => run(() => sql.entries.all(environment, tenant)).map((row) => baseOf(tenant, row)),
    put: async (lease, base) => {
      refusePlainSecrets(base);
      await write(lease, [base.resource.tenant], () => put(base));
    },
    drop: async (lease, target, kind, _id) => write(lease, [], () => drop(lease.tenant, target, kind, _id)),

    begin: async (body) => {
      await remember(body);
      transaction(() => {
        sql.pruneIntents.run(environment, environment, environment, keptRuns);
        sql.pruneRuns.run(environment, environment, keptRuns);
      });
    },
    end: remember,
    history: async (last) => run(() => sql.runs.all(environment, last)).map(runOf),
    operations: async (id) => run(() => sql.operations.all(environment, id)).map(operationOf),

    intend: async (lease, id, intents) =>
      write(
        lease,
        intents.map(({ change }) => change.tenant),
        () => {
          const now = clock();
          for (const { change, seen } of intents) {
            const evidence = [JSON.stringify(change), JSON.stringify(seen)] as const;
            sql.intend.run(...addressOf(change), change.op, id, lease.epoch, now, ...evidence);
          }
        },
      ),
    acked: async (lease, change, id) =>
      write(lease, [change.tenant], () => {
        if (sql.acked.run(id, ...addressOf(change)).changes > 0) return;
        throw new DeployerError("internal", `${change.kind}/${change.entity._id} was acknowledged without an intent`);
      }),
    settle: async (lease, change, outcome, base) => {
      if (base !== undefined) refusePlainSecrets(base);
      const tenants = base === undefined ? [change.tenant] : [change.tenant, base.resource.tenant];
      await write(lease, tenants, (id) => {
        settleIntents(change, outcome, id, lease.epoch);
        if (base === undefined) drop(change.tenant, change.target, change.kind, change.entity._id);
        else put(base);
      });
    },
    open: async (tenant) => run(() => sql.openIntents.all(environment, tenant)).map(openIntentOf),

    [Symbol.asyncDispose]: async () => {
      if (!connection.isOpen) return;
      await leases[Symbol.asyncDispose]();
      connection.close();
    },
  };
};
