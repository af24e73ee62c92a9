/** Milliseconds that every target has unless its file says otherwise. */
export const targetTimes = {
  /** How long one request may take. */
  request: 30_000,
  /** How long the target may take until a write shows in its lists. */
  settle: 10_000,
  /** How long to wait until a write that does not show counts as failed. */
  verify: 10_000,
} as const;
