const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** Every interval that one five-field cron expression keeps exactly, with that expression. */
const expressible: ReadonlyMap<number, string> = new Map([
  [minute, "* * * * *"],
  ...[2, 3, 4, 5, 6, 10, 12, 15, 20, 30].map((every): [number, string] => [every * minute, `*/${every} * * * *`]),
  [hour, "0 * * * *"],
  ...[2, 3, 4, 6, 8, 12].map((every): [number, string] => [every * hour, `0 */${every} * * *`]),
  [day, "0 0 * * *"],
  [7 * day, "0 0 * * 1"],
]);

export type Interval =
  | { readonly cron: string }
  | { readonly nearest: { readonly seconds: number; readonly cron: string } };

/** Seconds as a cron expression, or the nearest interval that has one. */
export const cronOf = (seconds: number): Interval => {
  const cron = expressible.get(seconds);
  if (cron !== undefined) return { cron };
  let nearest = { seconds: minute, cron: "* * * * *" };
  for (const [interval, expression] of expressible) {
    if (Math.abs(interval - seconds) <= Math.abs(nearest.seconds - seconds)) {
      nearest = { seconds: interval, cron: expression };
    }
  }
  return { nearest };
};

const frequencies = { slow: "0 0 * * *", weekly: "0 0 * * 1" } as const;

export type ScheduleKeys = {
  readonly schedule_interval?: number | undefined;
  readonly sync_frequency?: keyof typeof frequencies | undefined;
  readonly webhook?: boolean | undefined;
};

/** The default schedule of a datatype's components; undefined where no key asks for one. An interval wins. */
export const scheduleOf = ({ schedule_interval, sync_frequency, webhook }: ScheduleKeys): Interval | undefined => {
  if (schedule_interval !== undefined) return cronOf(schedule_interval);
  if (sync_frequency !== undefined) return { cron: frequencies[sync_frequency] };
  return webhook === true ? { cron: "0 * * * *" } : undefined;
};
