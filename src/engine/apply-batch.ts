import { DeployerError } from "../errors.ts";
import type { RunState } from "./apply.ts";
import type { BatchList } from "./batch-list.ts";
import { batchList } from "./batch-list.ts";
import type { ForeignUsers } from "./foreign-users.ts";
import { foreignUsers } from "./foreign-users.ts";
import { runStep } from "./run-step.ts";
import type { Ended, Step } from "./schedule.ts";
import type { StepContext } from "./step-access.ts";

/** Runs the steps of one batch at once; they share listings and intent commits. */
export const applyBatch = async <Api>(
  state: RunState<Api>,
  batch: readonly Step[],
  keepsOld: (change: Step["change"]) => boolean,
): Promise<ReadonlyMap<string, Ended>> => {
  const lists = new Map<string, BatchList>();
  const users = new Map<string, ForeignUsers>();
  const sizes = Map.groupBy(batch, ({ change }) => `${change.target} ${change.kind}`);
  const contexts = batch.map((step): StepContext<Api> => {
    const { change } = step;
    const target = state.rim.targets.get(change.target);
    const kind = target?.kinds.find((item) => item.name === change.kind);
    if (target === undefined || kind === undefined) {
      throw new DeployerError(
        "invalid-plan",
        `the plan names the target "${change.target}" or kind "${change.kind}", which is not there`,
      );
    }
    const name = `${change.target} ${change.kind}`;
    const ids = state.ids.get(change.target) ?? { live: () => undefined, declared: () => undefined };
    const read = (of: typeof kind) => state.limit(() => of.list(target.api, target.catalog, ids, state.rim.signal));
    const list = lists.get(name) ?? batchList(sizes.get(name)?.length ?? 0, () => read(kind));
    lists.set(name, list);
    const strangers = users.get(change.target) ?? foreignUsers(target, ids, read);
    users.set(change.target, strangers);
    return { step, target, kind, list, strangers };
  });
  const ended = await Promise.all(contexts.map((context) => runStep(state, context, keepsOld(context.step.change))));
  return new Map(batch.map((step, index) => [step.key, ended[index] ?? "badly"]));
};
