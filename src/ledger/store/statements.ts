import type { Dialect, Statement, Value } from "./steps.ts";

const address = "environment = ? AND tenant = ? AND target = ? AND kind = ? AND _id = ?";
const columns = "id, properties, applied, echo, updated_at, driver, state";
const of = (table: string): string => columns.replaceAll(/\w+/g, `${table}.$&`);
const free = "handle = NULL, holder = NULL, since = NULL, expires = NULL";

const statement =
  (text: string) =>
  (...values: readonly Value[]): Statement => ({ text, values });

/** More rows go in several statements: databases bound the number of values. */
export const mostIntents = 50;

/** Every statement of a ledger, the same for all drivers but for what the dialect says. */
export const ledgerStatements = ({ schema, now, lock, share }: Dialect) => {
  const table = (name: string) => `${schema}${name}`;
  const [entry, intent, run, tenant] = [table("entry"), table("intent"), table("run"), table("tenant")];
  const [key, target] = [table("ledger_key"), table("target")];
  const beyondKept = `number <= (SELECT number FROM ${run} WHERE environment = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`;
  /** Settled intents are history: what they were about is dropped with the outcome. */
  const settle = `UPDATE ${intent} SET outcome = ?, reason = ?, ended = ${now}, open = 0, change = NULL, seen = NULL`;
  const leave = `UPDATE ${intent} SET outcome = 'uncertain', reason = ?, ended = ${now}`;
  const intention = `(?, ?, ?, ?, ?, ?, ?, ?, ${now}, ?, ?, 1)`;
  return {
    key: statement(`SELECT value FROM ${key} WHERE environment = ?`),
    sharedKey: statement(`SELECT value FROM ${key} WHERE environment = ?${share}`),
    rememberKey: statement(`INSERT INTO ${key} VALUES (?, ?) ON CONFLICT DO NOTHING`),
    replaceKey: statement(`INSERT INTO ${key} VALUES (?, ?)
      ON CONFLICT (environment) DO UPDATE SET value = excluded.value`),

    target: statement(`SELECT endpoint, identity, account FROM ${target} WHERE environment = ? AND name = ?`),
    pinTarget: statement(`INSERT INTO ${target} (environment, name, endpoint, identity, account) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (environment, name) DO UPDATE
      SET endpoint = excluded.endpoint, identity = excluded.identity, account = excluded.account`),

    addTenant: statement(`INSERT INTO ${tenant} (environment, tenant) VALUES (?, ?) ON CONFLICT DO NOTHING`),
    lockTenant: statement(`SELECT *, ${now} AS now FROM ${tenant} WHERE environment = ? AND tenant = ?${lock}`),
    takeLease: statement(`UPDATE ${tenant} SET epoch = ?, handle = ?, holder = ?, since = ${now}, expires = ${now} + ?
      WHERE environment = ? AND tenant = ?`),
    markPlan: statement(`UPDATE ${tenant} SET plan = ?, plan_revision = ? WHERE environment = ? AND tenant = ?`),
    leases: statement(
      `SELECT *, ${now} AS now FROM ${tenant} WHERE environment = ? AND holder IS NOT NULL ORDER BY tenant`,
    ),
    unlock: statement(`UPDATE ${tenant} SET ${free}
      WHERE environment = ? AND tenant = ? AND epoch = ? AND holder IS NOT NULL`),
    renew: statement(`UPDATE ${tenant} SET expires = ${now} + ? WHERE handle = ?`),
    heldBy: statement(`SELECT tenant, epoch FROM ${tenant} WHERE handle = ?`),
    release: statement(`UPDATE ${tenant} SET ${free}
      WHERE environment = ? AND tenant = ? AND epoch = ? AND handle = ?`),
    releaseAll: statement(`UPDATE ${tenant} SET ${free} WHERE handle = ?`),

    tenants: statement(`SELECT tenant FROM ${entry} WHERE environment = ?
      UNION SELECT tenant FROM ${intent} WHERE environment = ? AND open = 1 ORDER BY tenant`),
    revision: statement(`SELECT revision FROM ${tenant} WHERE environment = ? AND tenant = ?`),
    setRevision: statement(`UPDATE ${tenant} SET revision = ? WHERE environment = ? AND tenant = ?`),
    entries: statement(`SELECT target, kind, _id, ${columns} FROM ${entry}
      WHERE environment = ? AND tenant = ? ORDER BY target, kind, _id`),
    allEntries: statement(`SELECT tenant, target, kind, _id, ${columns} FROM ${entry} WHERE environment = ?`),
    entryIds: statement(`SELECT _id FROM ${entry}
      WHERE environment = ? AND tenant = ? AND target = ? AND kind = ? AND _id IN (?, ?)`),
    putEntry: statement(`INSERT INTO ${entry} AS kept (environment, tenant, target, kind, _id, ${columns})
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (environment, tenant, target, kind, _id) DO UPDATE SET (${columns}) = (${of("excluded")})
      WHERE (${of("kept")}) IS DISTINCT FROM (${of("excluded")})`),
    dropEntry: statement(`DELETE FROM ${entry} WHERE ${address}`),

    putRun: statement(`INSERT INTO ${run} (environment, id, body) VALUES (?, ?, ?)
      ON CONFLICT (environment, id) DO UPDATE SET body = excluded.body`),
    runs: statement(`SELECT body FROM ${run} WHERE environment = ? ORDER BY number DESC LIMIT ?`),
    pruneIntents: statement(`DELETE FROM ${intent} WHERE environment = ? AND open = 0
      AND run IN (SELECT id FROM ${run} WHERE environment = ? AND ${beyondKept})`),
    pruneRuns: statement(`DELETE FROM ${run} WHERE environment = ? AND ${beyondKept}`),

    operations: statement(`SELECT tenant, target, kind, _id, op, at, outcome, ended, reason FROM ${intent}
      WHERE environment = ? AND run = ? ORDER BY number`),
    openIntents: statement(`SELECT * FROM ${intent} WHERE environment = ? AND tenant = ? AND open = 1 ORDER BY number`),
    openTenant: statement(`SELECT tenant FROM ${intent} WHERE environment = ? AND open = 1 ORDER BY tenant LIMIT 1`),
    openAt: statement(`SELECT number, change FROM ${intent} WHERE ${address} AND open = 1`),
    /** For each intent, ten values. */
    intend: (values: readonly (readonly Value[])[]): Statement => ({
      text: `INSERT INTO ${intent}
        (environment, tenant, target, kind, _id, op, run, epoch, at, change, seen, open)
        VALUES ${Array(values.length).fill(intention).join(", ")}`,
      values: values.flat(),
    }),
    moveIntent: statement(`UPDATE ${intent} SET _id = ?, change = ? WHERE number = ?`),
    touch: statement(`UPDATE ${intent} SET at = ${now} WHERE ${address} AND open = 1 AND epoch = ?`),
    acked: statement(`UPDATE ${intent} SET acked = ?
      WHERE number = (SELECT max(number) FROM ${intent} WHERE ${address} AND open = 1)`),
    settleOwn: statement(`${settle} WHERE ${address} AND open = 1 AND epoch = ?`),
    settleAll: statement(`${settle} WHERE ${address} AND open = 1`),
    leaveOwn: statement(`${leave} WHERE ${address} AND open = 1 AND epoch = ?`),
    leaveAll: statement(`${leave} WHERE ${address} AND open = 1`),
    record: statement(`INSERT INTO ${intent}
      (environment, tenant, target, kind, _id, op, run, epoch, at, change, seen, outcome, reason, ended, open)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ${now}, ?, ?, ?, ?, ${now}, ?)`),
  };
};

export type LedgerStatements = ReturnType<typeof ledgerStatements>;
