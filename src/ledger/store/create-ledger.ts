import { randomUUID } from "node:crypto";
import { DeployerError } from "../../errors.ts";
import { passingTime } from "../../passing-time.ts";
import type { Lease, Ledger, LedgerOptions, Run } from "../types.ts";
import { dropEntry, moveEntry, moveIntents, type Page, putEntry, rekey } from "./entries.ts";
import { fencedError, keyError } from "./errors.ts";
import { type Author, acknowledge, intend, settleIntents, touch } from "./intents.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { takeLease } from "./leases.ts";
import { refusePlainSecrets } from "./refuse-plain-secrets.ts";
import { baseOf, leaseInfoOf, leaseOf, openIntentOf, operationOf, runOf, targetOf } from "./rows.ts";
import { ledgerStatements } from "./statements.ts";
import { changes, type Row, row, type Statement, type Steps, type Store } from "./steps.ts";

const keptRuns = 1_000;

/** The ledger that a driver's store holds. */
export const createLedger = (store: Store, options: Required<LedgerOptions>): Ledger => {
  const { environment, isAlive, heartbeat, expiry } = options;
  const sql = ledgerStatements(store.dialect);
  const handle = randomUUID();
  const passed = passingTime();
  let check: string | undefined;
  let isOpen = true;

  const one = async (statement: Statement): Promise<Row | undefined> => (await store.read(statement))[0];
  const change = (statement: Statement): Promise<number> => store.write(() => changes(statement));

  const leases = new LeaseKeeper(
    {
      renew: () => change(sql.renew(expiry, handle)),
      held: async () =>
        new Map((await store.read(sql.heldBy(handle))).map((row) => [String(row["tenant"]), Number(row["epoch"])])),
      release: async (tenant, epoch) => void (await change(sql.release(environment, tenant, epoch, handle))),
      releaseAll: async () => void (await change(sql.releaseAll(handle))),
    },
    { clock: passed, heartbeat, expiry },
  );

  /** One transaction under a lease; nothing is written when the lease is another's by now. */
  const write = async (
    lease: Lease,
    tenants: Iterable<string>,
    work: (page: Page & Author) => Steps<void>,
  ): Promise<void> => {
    const { run, marked } = leases.facts(lease);
    const { tenant, epoch } = lease;
    for (const other of tenants) {
      if (other === tenant) continue;
      throw new DeployerError("internal", `a write for ${other} came under the lease of ${tenant}`);
    }
    const fenced = Symbol("fenced");
    const at = passed();
    const result = await store.write(function* (): Steps<typeof fenced | undefined> {
      const found = yield* row(sql.lockTenant(environment, tenant));
      const { epoch: current, revision } = leaseOf(found);
      if (current !== epoch || found?.["handle"] !== handle) return fenced;
      yield* work({ sql, environment, tenant, epoch, run, marked, revision });
      return undefined;
    });
    if (result !== fenced) {
      leases.confirm(lease, at);
      return;
    }
    leases.lose(lease);
    throw fencedError(tenant, epoch);
  };

  const remember = (body: Run): Statement => sql.putRun(environment, body.id, JSON.stringify(body));

  return {
    describe: () => store.describe(),

    verifyKey: async (given) => {
      const known = await store.write(function* () {
        yield sql.rememberKey(environment, given);
        return (yield* row(sql.key(environment)))?.["value"];
      });
      if (known !== given) throw keyError(store, environment);
      check = given;
    },

    target: async (name) => {
      const found = await one(sql.target(environment, name));
      return found && targetOf(found);
    },
    pinTarget: async (name, { endpoint, identity, account }) =>
      void (await change(sql.pinTarget(environment, name, endpoint, identity, account ?? null))),

    lease: async (tenant, holder, plan) => {
      const expires = passed() + expiry;
      const taking = { store, sql, environment, handle, expiry, isAlive, check };
      return leases.add({ ...(await store.write(() => takeLease(taking, tenant, holder, plan))), expires });
    },
    leases: async () => (await store.read(sql.leases(environment))).map((row) => leaseInfoOf(row, isAlive)),
    unlock: async (tenant, epoch) => (await change(sql.unlock(environment, tenant, epoch))) > 0,

    tenants: async () => (await store.read(sql.tenants(environment, environment))).map((row) => String(row["tenant"])),
    revision: async (tenant) => String((await one(sql.revision(environment, tenant)))?.["revision"] ?? "0"),
    entries: async (tenant) => (await store.read(sql.entries(environment, tenant))).map((row) => baseOf(tenant, row)),
    put: async (lease, base) => {
      refusePlainSecrets(base);
      await write(lease, [base.resource.tenant], (page) => putEntry(page, base));
    },
    drop: (lease, target, kind, _id) => write(lease, [], (page) => dropEntry(page, target, kind, _id)),
    move: async (lease, from, now) => {
      refusePlainSecrets(now);
      await write(lease, [now.resource.tenant], (page) => moveEntry(page, from, now));
    },
    moveIntents: (lease, target, kind, from, to) =>
      write(lease, [], (page) => moveIntents(page, target, kind, from, to)),
    rekey: async (given, entries) => {
      for (const base of entries) refusePlainSecrets(base);
      await store.write(() => rekey({ store, sql, environment, expiry, isAlive }, given, entries));
      check = given;
    },

    begin: (body) =>
      store.write(function* () {
        yield remember(body);
        yield sql.pruneIntents(environment, environment, environment, keptRuns);
        yield sql.pruneRuns(environment, environment, keptRuns);
      }),
    end: async (body) => void (await change(remember(body))),
    history: async (last) => (await store.read(sql.runs(environment, last))).map(runOf),
    operations: async (id) => (await store.read(sql.operations(environment, id))).map(operationOf),

    intend: (lease, id, intents) =>
      write(
        lease,
        intents.map(({ change }) => change.tenant),
        (page) => intend(page, id, intents),
      ),
    touch: (lease, change) => write(lease, [change.tenant], (page) => touch(page, change)),
    acked: (lease, change, id) => write(lease, [change.tenant], (page) => acknowledge(page, change, id)),
    settle: async (lease, change, outcome, base, reason) => {
      if (base !== undefined) refusePlainSecrets(base);
      const tenants = base === undefined ? [change.tenant] : [change.tenant, base.resource.tenant];
      await write(lease, tenants, function* (page) {
        yield* settleIntents(page, change, outcome, reason);
        if (base === undefined) yield* dropEntry(page, change.target, change.kind, change.entity._id);
        else yield* putEntry(page, base);
      });
    },
    open: async (tenant) => (await store.read(sql.openIntents(environment, tenant))).map(openIntentOf),

    [Symbol.asyncDispose]: async () => {
      if (!isOpen) return;
      isOpen = false;
      try {
        await leases[Symbol.asyncDispose]();
      } finally {
        await store.close();
      }
    },
  };
};
