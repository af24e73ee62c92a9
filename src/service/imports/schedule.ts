import { Cron } from "croner";

/** When a five-field cron expression falls due, in UTC; milliseconds since the epoch. */
export type Schedule = {
  /** The first time after `time`; undefined: never again. */
  next(time: number): number | undefined;
  /** The last time that is not after `time`; undefined: never yet. */
  last(time: number): number | undefined;
};

const second = 1_000;

export const createSchedule = (expression: string): Schedule => {
  const cron = new Cron(expression, { paused: true, mode: "5-part", timezone: "UTC" });
  return {
    next: (time) => cron.nextRun(new Date(time))?.getTime(),
    // Croner counts whole seconds and leaves the given one out.
    last: (time) => cron.previousRuns(1, new Date((Math.floor(time / second) + 1) * second))[0]?.getTime(),
  };
};
