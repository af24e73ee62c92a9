/** Gives ISO 8601 timestamps with nanosecond digits, each later than the one before, even within a millisecond. */
export const createTimestamps = (clock: () => number): (() => string) => {
  let last = 0n;
  return () => {
    const now = BigInt(Math.floor(clock())) * 1_000_000n;
    last = now > last ? now : last + 1n;
    const seconds = new Date(Number(last / 1_000_000n)).toISOString().slice(0, 19);
    return `${seconds}.${String(last % 1_000_000_000n).padStart(9, "0")}+00:00`;
  };
};
