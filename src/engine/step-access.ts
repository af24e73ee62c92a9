import { address, changeResource } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Access, ResourceKind, Target } from "../resources/index.ts";
import type { RunState } from "./apply.ts";
import type { BatchList } from "./batch-list.ts";
import type { ForeignUsers } from "./foreign-users.ts";
import { liveIndex } from "./live-index.ts";
import type { Step } from "./schedule.ts";

/** One step with what it works on. */
export type StepContext<Api> = {
  readonly step: Step;
  readonly target: Target<Api>;
  readonly kind: ResourceKind<Api>;
  readonly list: BatchList;
  readonly strangers: ForeignUsers;
};

/**
 * What one write may touch. `admit` runs right before each request that writes and rejects where nothing may begin any
 * more: changes of a batch wait for their turn long after their intents were committed.
 */
export const makeAccess = <Api>(
  state: RunState<Api>,
  { step, target, kind, list }: StepContext<Api>,
  admit: () => Promise<void>,
): Access<Api> => {
  const { rim, limit } = state;
  const { change } = step;
  const { update } = kind;
  const send = <T>(request: () => Promise<T>): Promise<T> =>
    limit(async () => {
      await admit();
      return request();
    });
  const ids = state.ids.get(change.target) ?? { live: () => undefined, declared: () => undefined };
  const name = address(change.kind, change.entity._id);
  // Requests are what is limited, so that a change that waits for a shared listing holds no place.
  const limited: ResourceKind<Api> = {
    ...kind,
    create: (...args) => send(() => kind.create(...args)),
    ...(update === undefined ? {} : { update: (...args) => send(() => update(...args)) }),
    delete: (...args) => send(() => kind.delete(...args)),
  };
  const readById = kind.read;
  const shape = kind.shape(changeResource(change).properties, target.catalog);
  return {
    target,
    kind: limited,
    shape,
    ids,
    read:
      readById === undefined
        ? async (id) => liveIndex(await list.read(), (live) => kind.key(live.properties)).byId.get(id)
        : (id) => limit(() => readById(target.api, target.catalog, id, ids, rim.signal)),
    reveal: async (path, sealed) => {
      const value = await rim.secret(change.tenant, sealed.$secret);
      if (rim.fingerprint(name, path, value) !== sealed.fingerprint) {
        throw new DeployerError("stale-plan", `the secret at ${name} ${path} changed while the plan was applied`, {
          hint: "plan again",
        });
      }
      return value;
    },
    clock: () => rim.clock(),
    sleep: (ms, signal) => rim.sleep(ms, signal),
    signal: rim.signal,
  };
};
