import { createSchedule, type Schedule } from "./schedule.ts";

/** Calls back once after some milliseconds; gives what calls it off. */
export type Timer = (milliseconds: number, callback: () => void) => () => void;

export type Scheduler = {
  /** `since`: when the job ran last. True: it fell due since then. */
  add(job: string, expression: string, since: number): boolean;
  remove(job: string): void;
  /** Milliseconds since the epoch. */
  next(job: string): number | undefined;
  stop(): void;
};

/** The clock is looked at this often at least: it may be set, and a laptop may sleep. */
const longestSleep = 60_000;

type Group = { readonly schedule: Schedule; next: number | undefined; readonly jobs: Set<string> };

/** Calls `fire` for each job when it falls due; once only for all the times that passed while nobody looked. */
export const createScheduler = (clock: () => number, timer: Timer, fire: (job: string) => void): Scheduler => {
  /** By expression: schedules repeat over tenants. */
  const groups = new Map<string, Group>();
  const expressions = new Map<string, string>();
  let cancel: (() => void) | undefined;
  let wakesAt: number | undefined;
  let isStopped = false;
  let lookedAt = clock();

  const groupOf = (expression: string): Group => {
    const existing = groups.get(expression);
    if (existing !== undefined) return existing;
    const schedule = createSchedule(expression);
    const group = { schedule, next: schedule.next(clock()), jobs: new Set<string>() };
    groups.set(expression, group);
    return group;
  };

  const tick = (): void => {
    wakesAt = undefined;
    const now = clock();
    const due: string[] = [];
    // A clock that was set back a little would let a schedule fall due twice; one that was set back far, not at all.
    const isSetBack = now < lookedAt - longestSleep;
    lookedAt = now;
    for (const group of groups.values()) {
      if (isSetBack) group.next = group.schedule.next(now);
      if (group.next === undefined || group.next > now) continue;
      due.push(...group.jobs);
      group.next = group.schedule.next(now);
    }
    arm();
    for (const job of due) fire(job);
  };

  const arm = (): void => {
    if (isStopped) return;
    const now = clock();
    const times = Array.from(groups.values(), (group) => group.next ?? Number.POSITIVE_INFINITY);
    const earliest = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
    if (earliest === Number.POSITIVE_INFINITY || (wakesAt !== undefined && wakesAt <= earliest)) return;
    cancel?.();
    wakesAt = Math.min(earliest, now + longestSleep);
    cancel = timer(Math.max(0, wakesAt - now), tick);
  };

  const remove = (job: string): void => {
    const expression = expressions.get(job);
    if (expression === undefined) return;
    expressions.delete(job);
    const group = groups.get(expression);
    group?.jobs.delete(job);
    if (group?.jobs.size === 0) groups.delete(expression);
  };

  return {
    add: (job, expression, since) => {
      remove(job);
      const group = groupOf(expression);
      group.jobs.add(job);
      expressions.set(job, expression);
      arm();
      return (group.schedule.last(clock()) ?? Number.NEGATIVE_INFINITY) > since;
    },
    remove,
    next: (job) => groups.get(expressions.get(job) ?? "")?.next,
    stop: () => {
      isStopped = true;
      cancel?.();
    },
  };
};
