import { DeployerError } from "../../errors.ts";
import type { Place } from "./place.ts";

/** The five characters of a server's error (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const sqlState = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
};

/** Two transactions came into each other's way: one of them is to be done again. */
const isCollision = (state: string | undefined): boolean => state === "40001" || state === "40P01";

/** The server went away, goes down, comes up or is full of connections; what is no server's error is the network's. */
const isOutage = (state: string | undefined): boolean => state === undefined || /^(08|57P0|25P0[34]|53300)/.test(state);

/** Waited too long for what another transaction holds. */
export const isBlocked = (error: unknown): boolean => sqlState(error) === "55P03";

const isOurs = (error: unknown): boolean => error instanceof DeployerError || error instanceof TypeError;

/** Nothing more is to be expected of the connection. */
export const isLost = (error: unknown): boolean => !isOurs(error) && isOutage(sqlState(error));

export const isRepeatable = (error: unknown): boolean =>
  !isOurs(error) && (isCollision(sqlState(error)) || isOutage(sqlState(error)));

export const isCommittedBefore = (error: unknown): boolean =>
  sqlState(error) === "23505" && (error as { constraint?: unknown }).constraint === "commit_token_key";

const advice = (state: string | undefined): { readonly what: string; readonly hint: string } | undefined => {
  if (isOutage(state))
    return { what: "cannot be reached", hint: "check the address and that the server runs, then run again" };
  if (isCollision(state)) return { what: "is too busy", hint: "run again when fewer runs write at once" };
  if (state?.startsWith("28"))
    return { what: "refuses the user", hint: "check the user and the password in `ledger:`" };
  switch (state) {
    case "3D000":
      return { what: "does not exist", hint: "create the database, or correct its name in `ledger:`" };
    case "42501":
      return {
        what: "does not let this user work in it",
        hint: "let the user create a schema (GRANT CREATE ON DATABASE), or create the schema connector_deployer for it",
      };
    case "25006":
      return { what: "is read-only", hint: "set `ledger:` to the primary server" };
    case "53100":
      return { what: "cannot grow: its disk is full", hint: "make room on the server's disk, then run again" };
    case "53200":
      return { what: "is out of memory", hint: "see to the server, then run again" };
    case "55P03":
    case "57014":
      return { what: "is locked by another process", hint: "wait until it ends, then run again" };
    default:
      return undefined;
  }
};

/** An error of the server or on the way to it, as one that names the place and the cure, and never the password. */
export const placeError = (error: unknown, { name, details, redact }: Place): DeployerError => {
  if (error instanceof DeployerError) return error;
  const state = sqlState(error);
  const { message, code } = error as { message?: string; code?: string };
  const reason = redact(message === undefined || message === "" ? (code ?? String(error)) : message);
  if (state === "22021" || state === "22P05") {
    return new DeployerError("not-supported", `the ledger ${name} cannot hold a character of an id: ${reason}`, {
      hint: "take the character U+0000 out of the id",
      details,
    });
  }
  const known = isOurs(error) ? undefined : advice(state);
  const facts = { details: { ...details, ...(state === undefined ? {} : { sqlState: state }) } };
  if (known === undefined) return new DeployerError("internal", `the ledger ${name} failed: ${reason}`, facts);
  const { what, hint } = known;
  return new DeployerError("ledger-unavailable", `the ledger ${name} ${what}: ${reason}`, { hint, ...facts });
};
