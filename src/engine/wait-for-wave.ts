import type { Change } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import type { RunState } from "./apply.ts";
import type { Awaited } from "./await-health.ts";
import { awaitHealth } from "./await-health.ts";
import { stepKey } from "./schedule.ts";
import type { Result } from "./types.ts";

const changesWhatIsLive: readonly Change["op"][] = ["insert", "update", "replace"];

/** What was not changed and uses what was, such as the jobs of a changed connection: targets run them again. */
const usersOf = <Api>(
  { rim, bases, planned }: RunState<Api>,
  changed: ReadonlySet<string>,
): readonly (readonly [string, Awaited])[] =>
  [...bases].flatMap(([key, { target, resource, applied, id, state }]) => {
    const { tenant, kind: name, _id } = resource;
    const kind = rim.targets.get(target)?.kinds.find((one) => one.name === name);
    if (kind?.judge === undefined || state !== "live" || planned.has(key)) return [];
    const isUser = kind.references(applied).some((used) => changed.has(`${target} ${address(used.kind, used._id)}`));
    return isUser ? [[key, { tenant, target, kind: name, _id, id, mayRunAgain: true }]] : [];
  });

/**
 * Waits for the health of what this run, or an earlier one of the same plan, made or changed in a wave, and of what uses
 * it, where the run is to wait, and notes it in the results. Gives the results of the users, which the plan does not name.
 */
export const waitForWave = async <Api>(
  state: RunState<Api>,
  wave: string | undefined,
  changes: readonly Change[],
): Promise<readonly Result[]> => {
  const { rim, settings, results } = state;
  if (settings.wait === undefined || settings.stop.aborted) return [];
  const awaited = new Map<string, Awaited>();
  const changed = new Set<string>();
  for (const change of changes) {
    const { tenant, target, kind, op, entity } = change;
    const result = results.get(stepKey(change));
    const judges = rim.targets.get(target)?.kinds.find(({ name }) => name === kind)?.judge !== undefined;
    if (!judges || !changesWhatIsLive.includes(op) || result?.outcome !== "done" || result.id === undefined) continue;
    awaited.set(stepKey(change), { tenant, target, kind, _id: entity._id, id: result.id });
    changed.add(`${target} ${address(kind, entity._id)}`);
  }
  if (awaited.size === 0) return [];
  const users = new Map(usersOf(state, changed));
  for (const [key, user] of users) awaited.set(key, user);
  const { timeout } = settings.wait;
  rim.report({ code: "wait-started", resources: awaited.size, timeout, ...(wave === undefined ? {} : { wave }) });
  const found = await awaitHealth(rim, [...awaited.values()], { ...settings.wait, stop: settings.stop });
  const ofUsers: Result[] = [];
  for (const [index, [key, { tenant, target, kind, _id, id }]] of [...awaited].entries()) {
    const result = results.get(key);
    const health = found[index];
    if (health === undefined) continue;
    if (users.has(key)) {
      ofUsers.push({ tenant, target, kind, _id, op: "noop", outcome: "done", id, health, durationMs: 0 });
    } else if (result !== undefined) results.set(key, { ...result, health });
  }
  const healthy = found.filter((one) => one.healthy).length;
  rim.report({ code: "wait-ended", healthy, unhealthy: found.length - healthy });
  return ofUsers;
};
