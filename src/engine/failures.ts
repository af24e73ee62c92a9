import { DeployerError } from "../errors.ts";

const outcomeOf = (error: unknown): unknown =>
  error instanceof DeployerError ? error.details?.["outcome"] : undefined;

/** Nobody can tell whether the request was carried out. */
export const isUnknown = (error: unknown): boolean => outcomeOf(error) === "unknown";

/** Something may be written, and not all of it. */
export const isPartial = (error: unknown): boolean => outcomeOf(error) === "partial";

/** What was done could not be taken down, or another run has the tenant by now. */
export const isOfLedger = (error: unknown): boolean =>
  error instanceof DeployerError && (error.code === "ledger-unavailable" || error.code === "ledger-fenced");
