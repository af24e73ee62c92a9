import { it } from "vitest";

/** Skips what cannot be tested here, and says why: reporters do not print skipped tests. */
export const skip = (what: string, reason: string): void => {
  process.stderr.write(`skipped: ${what}: ${reason}\n`);
  it.skip(`${what}: ${reason}`, () => undefined);
};
