/**
 * Milliseconds since it was made, never less than before. The monotonic clock stands still while a machine is suspended,
 * the wall clock is set back and forth: what either of them says has passed counts.
 */
export const passingTime = (
  monotonic: () => number = () => performance.now(),
  wall: () => number = Date.now,
): (() => number) => {
  let passed = 0;
  let before = [monotonic(), wall()] as const;
  return () => {
    const now = [monotonic(), wall()] as const;
    passed += Math.max(0, now[0] - before[0], now[1] - before[1]);
    before = now;
    return passed;
  };
};
