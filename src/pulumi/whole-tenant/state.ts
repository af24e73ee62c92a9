import type { Properties } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import type { StatusReport } from "../../deploy/index.ts";
import { argumentsOf } from "./arguments.ts";

/** What moved on the target since we last wrote, by address. */
export type SeenDrift = {
  readonly [address: string]: { readonly gone: boolean; readonly fields: readonly string[] };
};

/** What became of changes that did not get done, by address or as a line of its own. */
export type Problems = { readonly [address: string]: string };

type Facts = {
  readonly desired: string;
  readonly status: StatusReport["items"];
  readonly drift: SeenDrift;
  readonly problems: Problems;
};

const resourcesOf = (items: StatusReport["items"]): Properties => {
  const addresses = Map.groupBy(items, ({ kind, _id }) => `${kind}/${_id}`);
  return Object.fromEntries(
    items.map(({ target, kind, _id, id, healthy, health, reason, state }) => {
      const name = `${kind}/${_id}`;
      const several = (addresses.get(name)?.length ?? 0) > 1;
      const report = {
        id,
        healthy,
        ...(healthy ? {} : { problem: reason === undefined ? health : `${health}: ${reason}` }),
        ...(state === "retained" ? { retained: true } : {}),
      };
      // A tenant that moved between targets.
      return [several ? `${target}/${name}` : name, report];
    }),
  );
};

/** The whole state: arguments, what was applied as a digest, and what is known of each resource. */
export const stateOf = (inputs: Properties, { desired, status, drift, problems }: Facts): Properties => ({
  ...argumentsOf(inputs),
  desired,
  resources: resourcesOf(status),
  drift,
  problems,
  pending: Object.keys(drift).length + Object.keys(problems).length > 0,
});

export const driftIn = (state: Properties): SeenDrift =>
  isObject(state["drift"]) ? (state["drift"] as unknown as SeenDrift) : {};

export const problemsIn = (state: Properties): Problems =>
  isObject(state["problems"]) ? (state["problems"] as unknown as Problems) : {};
