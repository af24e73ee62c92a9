import { digest } from "../../canonical.ts";
import type { Base } from "../../contract/index.ts";
import { changedError, heldError, moveError, unsettledError } from "./errors.ts";
import { baseOf, changeOf, entryValues, isSameButFingerprints, leaseOf } from "./rows.ts";
import type { LedgerStatements } from "./statements.ts";
import { changes, row, rows, type Steps, type Store } from "./steps.ts";

/** One tenant's part of the ledger in a transaction that may write it. */
export type Page = {
  readonly sql: LedgerStatements;
  readonly environment: string;
  readonly tenant: string;
  /** The tenant's row remembers the plan that this is written for; a write for anything else makes it forget. */
  readonly marked: boolean;
  revision: string;
};

/** A chain of digests: no value comes twice, and a restored backup has the value that belongs to its content. */
function* advance(page: Page, what: readonly unknown[]): Steps<void> {
  const { sql, environment, tenant, marked } = page;
  page.revision = digest([page.revision, ...what]).slice(0, 16);
  yield sql.setRevision(page.revision, environment, tenant);
  if (!marked) yield sql.markPlan(null, null, environment, tenant);
}

export function* putEntry(page: Page, base: Base): Steps<void> {
  const values = entryValues(base);
  const changed = yield* changes(page.sql.putEntry(page.environment, page.tenant, ...values));
  if (changed > 0) yield* advance(page, values);
}

export function* dropEntry(page: Page, ...entry: readonly [target: string, kind: string, _id: string]): Steps<void> {
  const changed = yield* changes(page.sql.dropEntry(page.environment, page.tenant, ...entry));
  if (changed > 0) yield* advance(page, entry);
}

export function* moveEntry(page: Page, from: string, now: Base): Steps<void> {
  const { sql, environment, tenant } = page;
  const { target } = now;
  const { kind, _id } = now.resource;
  if (from === _id) return yield* putEntry(page, now);
  const found = yield* rows(sql.entryIds(environment, tenant, target, kind, from, _id));
  const [old, there] = [from, _id].map((id) => found.some((row) => row["_id"] === id));
  if (!old && there) return;
  if (!old || there) throw moveError(kind, from, _id, !old);
  yield* dropEntry(page, target, kind, from);
  yield* putEntry(page, now);
  yield* moveIntents(page, target, kind, from, _id);
}

export function* moveIntents(page: Page, target: string, kind: string, from: string, _id: string): Steps<void> {
  const { sql, environment, tenant } = page;
  for (const row of yield* rows(sql.openAt(environment, tenant, target, kind, from))) {
    const change = changeOf(row);
    const moved = { ...change, entity: { ...change.entity, _id } };
    yield sql.moveIntent(_id, JSON.stringify(moved), Number(row["number"]));
  }
}

export type RekeySettings = {
  readonly store: Store;
  readonly sql: LedgerStatements;
  readonly environment: string;
  readonly expiry: number;
  readonly isAlive: (holder: NonNullable<ReturnType<typeof leaseOf>["holder"]>) => boolean;
};

const addressOf = ({ target, resource: { tenant, kind, _id } }: Base): string =>
  JSON.stringify([tenant, target, kind, _id]);

export function* rekey(settings: RekeySettings, check: string, entries: readonly Base[]): Steps<void> {
  const { sql, environment, store } = settings;
  // First, because who takes a lease waits for this row.
  yield sql.replaceKey(environment, check);
  for (const row of yield* rows(sql.leases(environment))) {
    const lease = leaseOf(row);
    if (lease.holder === undefined || lease.expires <= lease.now || !settings.isAlive(lease.holder)) continue;
    throw heldError(String(row["tenant"]), lease, settings.expiry);
  }
  const open = (yield* row(sql.openTenant(environment)))?.["tenant"];
  if (open !== undefined) throw unsettledError(String(open));

  const before = new Map<string, Base>();
  for (const row of yield* rows(sql.allEntries(environment))) {
    const base = baseOf(String(row["tenant"]), row);
    before.set(addressOf(base), base);
  }
  if (before.size !== entries.length) throw changedError(store);
  const pages = new Map<string, Page>();
  for (const base of entries) {
    const old = before.get(addressOf(base));
    if (old === undefined || !isSameButFingerprints(old, base)) throw changedError(store);
    const { tenant } = base.resource;
    let page = pages.get(tenant);
    if (page === undefined) {
      const revision = (yield* row(sql.revision(environment, tenant)))?.["revision"];
      page = { sql, environment, tenant, marked: false, revision: String(revision ?? "0") };
      pages.set(tenant, page);
    }
    yield* putEntry(page, base);
  }
}
