import type { Change } from "../contract/index.ts";
import { address } from "../contract/index.ts";

/**
 * One step: a change; `cleanup`, the second half of a replacement, which takes the old object away; or `takedown`, its
 * first half where what it uses goes before the new one can be made.
 */
export type Step = {
  readonly key: string;
  readonly change: Change;
  readonly part: "main" | "cleanup" | "takedown";
  /** Keys of steps that must have ended well before this one. */
  readonly waits: readonly string[];
};

export const stepKey = (change: Change, _id: string = address(change.kind, change.entity._id)): string =>
  `${change.tenant} ${change.target} ${_id}`;

/**
 * The steps of a wave. `keepsOld`: the replaced object stays until everything that uses it has moved; where it cannot,
 * what uses it goes first, so that nothing refers to what is gone.
 */
export const makeSteps = (changes: readonly Change[], keepsOld: (change: Change) => boolean): readonly Step[] => {
  const steps: Step[] = [];
  const takedowns: Step[] = [];
  const replacedFirst = new Map(
    changes.flatMap((change) => (change.op === "replace" && !keepsOld(change) ? [[stepKey(change), change]] : [])),
  );
  const users = new Map<string, string[]>();
  const known = new Set(changes.map((change) => stepKey(change)));
  for (const change of changes) {
    const key = stepKey(change);
    const waits = change.dependsOn.map((name) => stepKey(change, name)).filter((other) => known.has(other));
    for (const other of waits) {
      const list = users.get(other);
      if (list === undefined) users.set(other, [key]);
      else list.push(key);
    }
    steps.push({ key, change, part: "main", waits });
    if (replacedFirst.has(key) && waits.some((other) => replacedFirst.has(other))) {
      takedowns.push({ key: takedownKey(key), change, part: "takedown", waits: [] });
    }
  }
  const takenDown = new Set(takedowns.map(({ change }) => stepKey(change)));
  const used = (key: string): readonly string[] => (users.get(key) ?? []).filter((user) => takenDown.has(user));
  const ordered = steps.map((step) =>
    replacedFirst.has(step.key) ? { ...step, waits: [...step.waits, ...used(step.key).map(takedownKey)] } : step,
  );
  for (const change of changes) {
    if (change.op !== "replace" || !keepsOld(change)) continue;
    const key = stepKey(change);
    ordered.push({ key: `${key} cleanup`, change, part: "cleanup", waits: [key, ...(users.get(key) ?? [])] });
  }
  return [...takedowns, ...ordered];
};

const takedownKey = (key: string): string => `${key} takedown`;

export type Ended = "well" | "badly";

/**
 * Runs steps in dependency order, all that are ready as one batch of at most `batchSize`. A step whose predecessors did
 * not all end well is handed to `skip`. Steps that wait for each other in a circle are skipped too.
 */
export const runSteps = async (
  steps: readonly Step[],
  batchSize: number,
  run: (batch: readonly Step[]) => Promise<ReadonlyMap<string, Ended>>,
  skip: (step: Step, because: Step | undefined) => void,
): Promise<void> => {
  const byKey = new Map(steps.map((step) => [step.key, step]));
  const ended = new Map<string, Ended>();
  const missing = new Map(steps.map((step) => [step.key, step.waits.length]));
  const next = new Map<string, Step[]>();
  for (const step of steps) {
    for (const other of step.waits) {
      const list = next.get(other);
      if (list === undefined) next.set(other, [step]);
      else list.push(step);
    }
  }
  let ready = steps.filter((step) => step.waits.length === 0);
  const release = (key: string): void => {
    for (const step of next.get(key) ?? []) {
      const left = (missing.get(step.key) ?? 1) - 1;
      missing.set(step.key, left);
      if (left === 0) ready.push(step);
    }
  };
  while (ready.length > 0) {
    const batch: Step[] = [];
    const queue = ready;
    ready = [];
    for (const step of queue) {
      const failed = step.waits.find((other) => ended.get(other) !== "well");
      if (failed !== undefined) {
        skip(step, byKey.get(failed));
        ended.set(step.key, "badly");
        release(step.key);
      } else if (batch.length < batchSize) batch.push(step);
      else ready.push(step);
    }
    if (batch.length === 0) continue;
    const results = await run(batch);
    for (const step of batch) {
      ended.set(step.key, results.get(step.key) ?? "badly");
      release(step.key);
    }
  }
  for (const step of steps) if (!ended.has(step.key)) skip(step, undefined);
};
