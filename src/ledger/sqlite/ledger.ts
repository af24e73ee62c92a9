import { randomUUID } from "node:crypto";
import { digest } from "../../canonical.ts";
import type { Base, Change, Outcome } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import { fencedError, type LeaseFacts, LeaseKeeper } from "../lease-keeper.ts";
import { refusePlainSecrets } from "../refuse-plain-secrets.ts";
import type { Holder, Lease, Ledger, LedgerOptions, Run } from "../types.ts";
import { openDatabase } from "./database.ts";
import { migrations } from "./migrations.ts";
import {
  baseOf,
  changeOf,
  entryValues,
  isSameButFingerprints,
  isSamePlan,
  leaseInfoOf,
  leaseOf,
  openIntentOf,
  operationOf,
  runOf,
  targetOf,
} from "./rows.ts";
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

const openError = (tenant: string): DeployerError =>
  new DeployerError("blocked", `${tenant} has an operation of which nobody knows yet what became of it`, {
    hint: "run apply for the tenant first: it finds out",
    details: { tenant },
  });

const movedError = (path: string): DeployerError =>
  new DeployerError("blocked", `the ledger ${path} changed while its entries were sealed anew; nothing was written`, {
    hint: "run the command again",
    details: { path },
  });

const moveError = (kind: string, from: string, _id: string, isGone: boolean): DeployerError =>
  new DeployerError(
    "internal",
    `${kind}/${from} cannot become ${kind}/${_id}: the ledger has ${isGone ? "neither" : "both"}`,
    { details: { kind, from, _id } },
  );

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
  const write = async <T>(lease: Lease, tenants: Iterable<string>, work: (facts: LeaseFacts) => T): Promise<T> => {
    const facts = leases.facts(lease);
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
      return work(facts);
    });
  };

  /** A chain of digests: no value comes twice, and a restored backup has the value that belongs to its content. */
  const advance = (tenant: string, what: readonly unknown[], marked: boolean): void => {
    const before = sql.revision.get(environment, tenant)?.["revision"];
    sql.setRevision.run(digest([before, ...what]).slice(0, 16), environment, tenant);
    if (!marked) sql.markPlan.run(null, null, environment, tenant);
  };
  const put = (base: Base, marked: boolean): void => {
    const { tenant } = base.resource;
    const values = entryValues(base);
    if (sql.putEntry.run(environment, tenant, ...values).changes > 0) advance(tenant, values, marked);
  };
  const drop = (
    marked: boolean,
    tenant: string,
    ...entry: readonly [target: string, kind: string, _id: string]
  ): void => {
    if (sql.dropEntry.run(environment, tenant, ...entry).changes > 0) advance(tenant, entry, marked);
  };

  const addressOf = (change: Change) =>
    [environment, change.tenant, change.target, change.kind, change.entity._id] as const;

  const settleIntents = (change: Change, outcome: Outcome, id: string, epoch: number, reason: string | null): void => {
    const address = addressOf(change);
    const now = clock();
    const leave = outcome === "uncertain";
    const how = leave ? ([reason, now] as const) : ([outcome, reason, now] as const);
    const own = (leave ? sql.leaveOwn : sql.settleOwn).run(...how, ...address, epoch);
    if (own.changes > 0 && outcome !== "done") return;
    const all = (leave ? sql.leaveAll : sql.settleAll).run(...how, ...address);
    if (own.changes > 0) return;
    const stays = leave && all.changes === 0;
    const evidence = stays ? ([JSON.stringify(change), "[]"] as const) : ([null, null] as const);
    sql.record.run(...address, change.op, id, epoch, now, ...evidence, outcome, reason, now, stays ? 1 : 0);
  };

  const moveIntents = (tenant: string, from: string, { target, resource: { kind, _id } }: Base): void => {
    for (const row of sql.openAt.all(environment, tenant, target, kind, from)) {
      const change = changeOf(row);
      const moved = { ...change, entity: { ...change.entity, _id } };
      sql.moveIntent.run(_id, JSON.stringify(moved), Number(row["number"]));
    }
  };

  const rekey = (check: string, entries: readonly Base[]): void => {
    const now = clock();
    for (const row of sql.leases.all(environment)) {
      const { holder, since, expires } = leaseOf(row);
      if (holder === undefined || expires <= now || !options.isAlive(holder)) continue;
      throw heldError(String(row["tenant"]), holder, since, options.expiry);
    }
    const open = sql.openTenant.get(environment)?.["tenant"];
    if (open !== undefined) throw openError(String(open));
    if (Number(sql.countEntries.get(environment)?.["count"]) !== entries.length) throw movedError(path);
    for (const base of entries) {
      const { tenant, kind, _id } = base.resource;
      const row = sql.entry.get(environment, tenant, base.target, kind, _id);
      if (row === undefined || !isSameButFingerprints(baseOf(tenant, row), base)) throw movedError(path);
      put(base, false);
    }
    sql.replaceKey.run(environment, check);
  };

  const remember = async (body: Run): Promise<void> =>
    run(() => void sql.putRun.run(environment, body.id, JSON.stringify(body)));

  return {
    describe: async () => run(() => ({ schema: migrations.length, size: Number(sql.size.get()?.["size"]) })),

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
      run(() => void sql.pinTarget.run(environment, name, record.endpoint, record.identity, record.account ?? null)),

    lease: async (tenant, holder, plan) => {
      const now = clock();
      const expires = now + options.expiry;
      const facts = transaction(() => {
        const before = leaseOf(sql.lease.get(environment, tenant));
        if (before.holder !== undefined && before.expires > now && options.isAlive(before.holder)) {
          throw heldError(tenant, before.holder, before.since, options.expiry);
        }
        const epoch = before.epoch + 1;
        sql.takeLease.run(environment, tenant, epoch, handle, JSON.stringify(holder), now, expires);
        const continues = plan !== undefined && isSamePlan(before.plan, plan);
        const marks = !continues && plan?.revision === before.revision;
        if (marks) sql.markPlan.run(plan.digest, plan.revision, environment, tenant);
        const takenOver = before.holder === undefined ? {} : { takenOver: before.holder };
        return { epoch, continues, marked: continues || marks, ...takenOver };
      });
      return leases.add({ tenant, run: holder.run, expires, ...facts });
    },

    leases: async () => {
      const now = clock();
      return run(() => sql.leases.all(environment)).map((row) => leaseInfoOf(row, now, options.isAlive));
    },
    unlock: async (tenant, epoch) => run(() => sql.unlock.run(environment, tenant, epoch).changes > 0),

    tenants: async () => run(() => sql.tenants.all(environment, environment)).map((row) => String(row["tenant"])),
    revision: async (tenant) => String(run(() => sql.revision.get(environment, tenant))?.["revision"] ?? "0"),
    entries: async (tenant) => run(() => sql.entries.all(environment, tenant)).map((row) => baseOf(tenant, row)),
    put: async (lease, base) => {
      refusePlainSecrets(base);
      await write(lease, [base.resource.tenant], ({ marked }) => put(base, marked));
    },
    drop: async (lease, target, kind, _id) =>
      write(lease, [], ({ marked }) => drop(marked, lease.tenant, target, kind, _id)),
    move: async (lease, from, now) => {
      refusePlainSecrets(now);
      await write(lease, [now.resource.tenant], ({ marked }) => {
        const { tenant, kind, _id } = now.resource;
        if (from === _id) return put(now, marked);
        const [old, there] = [from, _id].map((id) => sql.entry.get(environment, tenant, now.target, kind, id));
        if (old === undefined && there !== undefined) return;
        if (old === undefined || there !== undefined) throw moveError(kind, from, _id, old === undefined);
        drop(marked, tenant, now.target, kind, from);
        put(now, marked);
        moveIntents(tenant, from, now);
      });
    },
    rekey: async (check, entries) => {
      for (const base of entries) refusePlainSecrets(base);
      transaction(() => rekey(check, entries));
    },

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
    settle: async (lease, change, outcome, base, reason) => {
      if (base !== undefined) refusePlainSecrets(base);
      const tenants = base === undefined ? [change.tenant] : [change.tenant, base.resource.tenant];
      await write(lease, tenants, ({ run, marked }) => {
        settleIntents(change, outcome, run, lease.epoch, reason ?? null);
        if (base === undefined) drop(marked, change.tenant, change.target, change.kind, change.entity._id);
        else put(base, marked);
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
