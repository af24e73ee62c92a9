import { setTimeout as delay } from "node:timers/promises";
import { DeployerError } from "../errors.ts";

/** Waits; throws `cancelled` when the signal aborts. */
export const sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    throw new DeployerError("cancelled", "the run was interrupted");
  }
};
