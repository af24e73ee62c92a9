import { DeployerError } from "../../errors.ts";
import type { LeaseRow } from "./rows.ts";
import type { Store } from "./steps.ts";

export const fencedError = (tenant: string, epoch: number): DeployerError =>
  new DeployerError("ledger-fenced", `the lease of ${tenant} (epoch ${epoch}) is lost; nothing more is written`, {
    hint: "see which other run works on the tenant, then plan again",
    details: { tenant, epoch },
  });

export const heldError = (tenant: string, { holder, since }: LeaseRow, expiry: number): DeployerError => {
  const at = new Date(since).toISOString();
  return new DeployerError(
    "lease-held",
    `another run works on ${tenant}: ${holder?.run} on ${holder?.host} (pid ${holder?.pid}) since ${at}`,
    {
      hint: `wait until it ends; a run that died is taken over at once on its own host, elsewhere after ${expiry / 1000} s`,
      details: { tenant, holder, since: at },
    },
  );
};

export const keyError = ({ name, details }: Store, environment: string): DeployerError =>
  new DeployerError("ledger-key", `the ledger ${name} was written with another key`, {
    hint: "bring back the key that it was made with: `ledger_key`, or the file `key` beside the ledger",
    details: { ...details, environment },
  });

export const unsettledError = (tenant: string): DeployerError =>
  new DeployerError("blocked", `nobody knows yet what became of an operation on ${tenant}; the key stays`, {
    hint: "run apply for the tenant first: it finds out",
    details: { tenant },
  });

export const changedError = ({ name, details }: Store): DeployerError =>
  new DeployerError("blocked", `the ledger ${name} changed while its entries were sealed anew; the key stays`, {
    hint: "run the command again",
    details,
  });

export const moveError = (kind: string, from: string, _id: string, isGone: boolean): DeployerError =>
  new DeployerError(
    "internal",
    `${kind}/${from} cannot become ${kind}/${_id}: the ledger has ${isGone ? "neither" : "both"}`,
    { details: { kind, from, _id } },
  );
