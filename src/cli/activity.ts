import type { Operation, Outcome } from "../contract/index.ts";
import type { ReportEvent } from "../engine/index.ts";

export type Running = { readonly resource: string; readonly op: Operation; readonly since: number };

/** What a run is doing, kept from its reports. */
export type Activity = {
  readonly phase: () => "starting" | "comparing" | "applying";
  readonly target: () => string | undefined;
  readonly changes: () => number;
  readonly outcomes: () => Readonly<Record<Outcome, number>>;
  /** Longest running first. */
  readonly running: () => readonly Running[];
  readonly wave: () => string | undefined;
  readonly started: () => number;
  readonly take: (event: ReportEvent) => void;
};

export const createActivity = (clock: () => number): Activity => {
  let phase: "starting" | "comparing" | "applying" = "starting";
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
