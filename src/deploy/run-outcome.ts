import type { Outcome } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { RunOutcome } from "./care-types.ts";

type Applied = {
  readonly interrupted: boolean;
  readonly refusals: readonly unknown[];
  readonly results: readonly {
    readonly outcome: Outcome;
    readonly error?: { readonly code: string };
    readonly health?: { readonly healthy: boolean };
  }[];
  readonly summary: { readonly unreadable: number };
};

const isBlocked = (code: string | undefined): boolean => code === "blocked" || code === "lease-held";

/** How a run ended, in one word; where several hold, the first of interrupted, blocked, conflict, failed, unhealthy. */
export const runOutcome = ({ interrupted, refusals, results, summary }: Applied): RunOutcome => {
  if (interrupted) return "interrupted";
  if (refusals.length > 0 || results.some(({ error }) => isBlocked(error?.code))) return "blocked";
  if (results.some(({ outcome, error }) => outcome === "conflict" || error?.code === "stale-plan")) return "conflict";
  // What a wave left unhealthy is why later ones were skipped.
  if (results.some(({ outcome }) => outcome === "failed" || outcome === "uncertain")) return "failed";
  if (results.some(({ health }) => health?.healthy === false)) return "unhealthy";
  return summary.unreadable > 0 || results.some(({ outcome }) => outcome !== "done") ? "failed" : "done";
};

/** How a run ended that threw. */
export const failureOutcome = (error: unknown): RunOutcome => {
  const code = error instanceof DeployerError ? error.code : undefined;
  if (code === "cancelled") return "interrupted";
  if (isBlocked(code)) return "blocked";
  return code === "stale-plan" ? "conflict" : "error";
};
