import { Cron } from "croner";

/** Schedules repeat over tenants; reading one costs more than looking it up. */
const known = new Map<string, boolean>();

/** True where a text is a five-field cron expression: minute, hour, day, month, weekday. */
export const isFiveFieldCron = (schedule: string): boolean => {
  const before = known.get(schedule);
  if (before !== undefined) return before;
  let valid = schedule.trim().split(/\s+/).length === 5;
  try {
    if (valid) new Cron(schedule, { paused: true, mode: "5-part" });
  } catch {
    valid = false;
  }
  if (known.size < 10_000) known.set(schedule, valid);
  return valid;
};
