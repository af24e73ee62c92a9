import { isAbsolute } from "node:path";
import { DeployerError } from "../errors.ts";
import { isAlive } from "./holder.ts";
import type { Ledger, LedgerOptions } from "./types.ts";

const scheme = /^([a-z][a-z0-9+.-]+):/i;

/**
 * Opens a ledger: an absolute file path (made with its folder where there is none), `memory:`, which nobody else sees, or
 * a `postgres://` address, which needs the package `pg`.
 * Throws `ledger-unavailable`, `ledger-schema`, `missing-package` and, for what has no driver, `not-supported`.
 */
export const openLedger = async (url: string, options: LedgerOptions): Promise<Ledger> => {
  const settings = {
    environment: options.environment,
    durability: options.durability ?? "normal",
    clock: options.clock ?? Date.now,
    isAlive: options.isAlive ?? isAlive,
    heartbeat: options.heartbeat ?? 10_000,
    expiry: options.expiry ?? 60_000,
    busyTimeout: options.busyTimeout ?? 5_000,
  } as const;
  if (url === "memory:") return (await import("./sqlite/open-sqlite-ledger.ts")).openSqliteLedger(":memory:", settings);
  if (isAbsolute(url)) return (await import("./sqlite/open-sqlite-ledger.ts")).openSqliteLedger(url, settings);
  const driver = scheme.exec(url)?.[1]?.toLowerCase();
  if (driver === "postgres" || driver === "postgresql") {
    return (await import("./postgres/open-postgres-ledger.ts")).openPostgresLedger(url, settings);
  }
  if (driver === undefined) {
    throw new DeployerError("ledger-unavailable", `the ledger's path ${JSON.stringify(url)} is not absolute`, {
      hint: "resolve it against the project folder first",
      details: { path: url },
    });
  }
  throw new DeployerError("not-supported", `there is no ledger driver for ${driver}: addresses`, {
    hint: "use a file, such as `ledger: .connector-deployer/ledger.db`, or a postgres:// address",
    details: { driver },
  });
};
