import type { Operation, Outcome } from "../contract/index.ts";
import type { ReportEvent } from "../engine/index.ts";

export type Running = { readonly resource: string; readonly op: Operation; readonly since: number };

export type Waiting = {
  readonly resources: number;
  readonly healthy: number;
  readonly unhealthy: number;
  /** What was last heard of those that are not healthy yet, as far as anything was. */
  readonly open: ReadonlyMap<string, string>;
};

/** What a run is doing, kept from its reports. */
export type Activity = {
  readonly phase: () => "starting" | "comparing" | "applying" | "waiting";
  readonly target: () => string | undefined;
  readonly changes: () => number;
  readonly outcomes: () => Readonly<Record<Outcome, number>>;
  /** Longest running first. */
  readonly running: () => readonly Running[];
  readonly wave: () => string | undefined;
  readonly started: () => number;
  /** What is waited for, while it is. */
  readonly waiting: () => Waiting;
  readonly take: (event: ReportEvent) => void;
};

export const createActivity = (clock: () => number): Activity => {
  let phase: ReturnType<Activity["phase"]> = "starting";
  let waiting = { resources: 0, healthy: 0, unhealthy: 0, open: new Map<string, string>() };
  let target: string | undefined;
  let changes = 0;
  let wave: string | undefined;
  let started = clock();
  const outcomes: Record<Outcome, number> = { done: 0, conflict: 0, failed: 0, skipped: 0, uncertain: 0 };
  const running = new Map<string, Running>();
  return {
    phase: () => phase,
    target: () => target,
    changes: () => changes,
    outcomes: () => outcomes,
    running: () => [...running.values()],
    wave: () => wave,
    started: () => started,
    waiting: () => waiting,
    take: (event) => {
      switch (event.code) {
        case "observe-started":
          phase = "comparing";
          target = event.target;
          return;
        case "apply-started":
          phase = "applying";
          changes = event.changes;
          started = clock();
          return;
        case "wave-started":
          wave = event.wave;
          return;
        case "wave-skipped":
          outcomes.skipped += event.changes;
          return;
        case "change-started":
          running.set(`${event.tenant} ${event.resource}`, { resource: event.resource, op: event.op, since: clock() });
          return;
        case "change-ended":
          running.delete(`${event.tenant} ${event.resource}`);
          outcomes[event.outcome] += 1;
          return;
        case "wait-started":
          phase = "waiting";
          waiting = { resources: event.resources, healthy: 0, unhealthy: 0, open: new Map() };
          return;
        case "health":
          if (event.healthy === undefined) waiting.open.set(event.resource, event.status);
          else {
            waiting.open.delete(event.resource);
            waiting[event.healthy ? "healthy" : "unhealthy"] += 1;
          }
          return;
        case "wait-ended":
          phase = "applying";
          return;
        case "settling":
        case "warning":
        case "observe-ended":
        case "echo-differs":
        case "tenant-refused":
        case "lease-taken-over":
        case "apply-ended":
          return;
        default:
          event satisfies never;
      }
    },
  };
};
