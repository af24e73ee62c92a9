import type { DatabaseSync } from "node:sqlite";

const address = "environment = ? AND tenant = ? AND target = ? AND kind = ? AND _id = ?";
const columns = "id, properties, applied, echo, updated_at, driver, state";
const excluded = columns.replaceAll(/\w+/g, "excluded.$&");

/** Settled intents are history: what they were about is dropped with the outcome. */
const settle = "UPDATE intent SET outcome = ?, reason = ?, ended = ?, open = 0, change = NULL, seen = NULL";
const leave = "UPDATE intent SET outcome = 'uncertain', reason = ?, ended = ?";

const beyondKept = "number <= (SELECT number FROM run WHERE environment = ? ORDER BY number DESC LIMIT 1 OFFSET ?)";

/** Every statement of the driver, compiled once; parameters are bound in the order of the question marks. */
export const prepareStatements = (connection: DatabaseSync) => {
  const prepare = (text: string) => connection.prepare(text);
  return {
    size: prepare("SELECT page_count * page_size AS size FROM pragma_page_count, pragma_page_size"),

    key: prepare("SELECT value FROM ledger_key WHERE environment = ?"),
    rememberKey: prepare("INSERT INTO ledger_key VALUES (?, ?) ON CONFLICT DO NOTHING"),
    replaceKey: prepare(`INSERT INTO ledger_key VALUES (?, ?)
      ON CONFLICT (environment) DO UPDATE SET value = excluded.value`),

    target: prepare("SELECT endpoint, identity, account FROM target WHERE environment = ? AND name = ?"),
    pinTarget: prepare(`INSERT INTO target (environment, name, endpoint, identity, account) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (environment, name) DO UPDATE
      SET endpoint = excluded.endpoint, identity = excluded.identity, account = excluded.account`),

    lease: prepare("SELECT * FROM tenant WHERE environment = ? AND tenant = ?"),
    leases: prepare("SELECT * FROM tenant WHERE environment = ? AND holder IS NOT NULL ORDER BY tenant"),
    takeLease: prepare(`INSERT INTO tenant (environment, tenant, epoch, handle, holder, since, expires)
      VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (environment, tenant) DO UPDATE SET epoch = excluded.epoch,
      handle = excluded.handle, holder = excluded.holder, since = excluded.since, expires = excluded.expires`),
    unlock: prepare(`UPDATE tenant SET handle = NULL, holder = NULL, since = NULL, expires = NULL
      WHERE environment = ? AND tenant = ? AND epoch = ? AND holder IS NOT NULL`),
    markPlan: prepare("UPDATE tenant SET plan = ?, plan_revision = ? WHERE environment = ? AND tenant = ?"),
    renew: prepare("UPDATE tenant SET expires = ? WHERE handle = ?"),
    heldBy: prepare("SELECT tenant, epoch FROM tenant WHERE handle = ?"),
    release: prepare(`UPDATE tenant SET handle = NULL, holder = NULL, since = NULL, expires = NULL
      WHERE environment = ? AND tenant = ? AND epoch = ? AND handle = ?`),

    tenants: prepare(`SELECT tenant FROM entry WHERE environment = ?
      UNION SELECT tenant FROM intent WHERE environment = ? AND open = 1 ORDER BY tenant`),
    revision: prepare("SELECT revision FROM tenant WHERE environment = ? AND tenant = ?"),
    setRevision: prepare("UPDATE tenant SET revision = ? WHERE environment = ? AND tenant = ?"),
    entries: prepare(`SELECT target, kind, _id, ${columns} FROM entry
      WHERE environment = ? AND tenant = ? ORDER BY target, kind, _id`),
    putEntry: prepare(`INSERT INTO entry (environment, tenant, target, kind, _id, ${columns})
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET (${columns}) = (${excluded}) WHERE (${columns}) IS NOT (${excluded})`),
    dropEntry: prepare(`DELETE FROM entry WHERE ${address}`),
    entry: prepare(`SELECT target, kind, _id, ${columns} FROM entry WHERE ${address}`),
    countEntries: prepare("SELECT count(*) AS count FROM entry WHERE environment = ?"),

    putRun: prepare(`INSERT INTO run (environment, id, body) VALUES (?, ?, ?)
      ON CONFLICT (environment, id) DO UPDATE SET body = excluded.body`),
    runs: prepare("SELECT body FROM run WHERE environment = ? ORDER BY number DESC LIMIT ?"),
    pruneIntents: prepare(`DELETE FROM intent WHERE environment = ? AND open = 0
      AND run IN (SELECT id FROM run WHERE environment = ? AND ${beyondKept})`),
    pruneRuns: prepare(`DELETE FROM run WHERE environment = ? AND ${beyondKept}`),

    operations: prepare(`SELECT tenant, target, kind, _id, op, at, outcome, ended, reason FROM intent
      WHERE environment = ? AND run = ? ORDER BY number`),
    openTenant: prepare("SELECT tenant FROM intent WHERE environment = ? AND open = 1 ORDER BY tenant LIMIT 1"),
    openAt: prepare(`SELECT number, change FROM intent WHERE ${address} AND open = 1`),
    moveIntent: prepare("UPDATE intent SET _id = ?, change = ? WHERE number = ?"),
    openIntents: prepare("SELECT * FROM intent WHERE environment = ? AND tenant = ? AND open = 1 ORDER BY number"),
    intend: prepare(`INSERT INTO intent (environment, tenant, target, kind, _id, op, run, epoch, at, change, seen, open)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`),
    acked: prepare(`UPDATE intent SET acked = ?
      WHERE number = (SELECT max(number) FROM intent WHERE ${address} AND open = 1)`),
    settleOwn: prepare(`${settle} WHERE ${address} AND open = 1 AND epoch = ?`),
    settleAll: prepare(`${settle} WHERE ${address} AND open = 1`),
    leaveOwn: prepare(`${leave} WHERE ${address} AND open = 1 AND epoch = ?`),
    leaveAll: prepare(`${leave} WHERE ${address} AND open = 1`),
    record: prepare(`INSERT INTO intent
      (environment, tenant, target, kind, _id, op, run, epoch, at, change, seen, outcome, reason, ended, open)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
  };
};
