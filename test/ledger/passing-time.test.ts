import { expect, it } from "vitest";
import { passingTime } from "../../src/passing-time.ts";

it("counts what either clock says has passed, and never goes back", () => {
  const clocks = { monotonic: 1_000, wall: 5_000_000 };
  const passed = passingTime(
    () => clocks.monotonic,
    () => clocks.wall,
  );
  expect(passed()).toBe(0);
  // Suspended: the monotonic clock stands still.
  clocks.wall += 60_000;
  expect(passed()).toBe(60_000);
  // Set back.
  clocks.wall -= 3_600_000;
  clocks.monotonic += 10;
  expect(passed()).toBe(60_010);
  clocks.wall += 5;
  clocks.monotonic += 5;
  expect(passed()).toBe(60_015);
});
