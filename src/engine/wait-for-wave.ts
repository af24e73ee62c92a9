import type { Change } from "../contract/index.ts";
import type { RunState } from "./apply.ts";
import type { Awaited } from "./await-health.ts";
import { awaitHealth } from "./await-health.ts";
import { stepKey } from "./schedule.ts";

const changesWhatIsLive: readonly Change["op"][] = ["insert", "update", "replace"];

/**
 * Waits for the health of what this run, or an earlier one of the same plan, made or changed in a wave, where the run is
 * to wait, and notes it in the results.
 */
export const waitForWave = async <Api>(
  state: RunState<Api>,
  wave: string | undefined,
  changes: readonly Change[],
): Promise<void> => {
  const { rim, settings, results } = state;
  if (settings.wait === undefined || settings.stop.aborted) return;
  const awaited = new Map<string, Awaited>();
  for (const change of changes) {
    const { tenant, target, kind, op, entity } = change;
    const result = results.get(stepKey(change));
    const judges = rim.targets.get(target)?.kinds.find(({ name }) => name === kind)?.judge !== undefined;
    if (!judges || !changesWhatIsLive.includes(op) || result?.outcome !== "done" || result.id === undefined) continue;
    awaited.set(stepKey(change), { tenant, target, kind, _id: entity._id, id: result.id });
  }
  if (awaited.size === 0) return;
  const { timeout } = settings.wait;
  rim.report({ code: "wait-started", resources: awaited.size, timeout, ...(wave === undefined ? {} : { wave }) });
  const found = await awaitHealth(rim, [...awaited.values()], { ...settings.wait, stop: settings.stop });
  for (const [index, key] of [...awaited.keys()].entries()) {
    const result = results.get(key);
    const health = found[index];
    if (result !== undefined && health !== undefined) results.set(key, { ...result, health });
  }
  const healthy = found.filter((one) => one.healthy).length;
  rim.report({ code: "wait-ended", healthy, unhealthy: found.length - healthy });
};
