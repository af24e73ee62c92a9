import { isObject, type Json, type Properties, type Traits } from "../contract/index.ts";
import { mergePatch } from "./connection-config.ts";
import type { ConnectionRecord } from "./state.ts";

/** What reads show in place of a secret, where they show that there is one. */
const mask = "***";

/** What the traits of a target mean, so that handlers need not ask for them. */
export type Behaviour = {
  /** The configuration that a PATCH leaves. */
  patched(config: Properties, patch: Properties): Properties;
  /** True: no two connections may have one name. */
  readonly uniqueNames: boolean;
  /** What reads show of the members that are secret. */
  secrets(hidden: Properties): Properties;
  /** True: lists carry the name and no configuration. */
  readonly bareLists: boolean;
  /** `updated_at` of what is shown; `tried` is when its health was looked at last. */
  updatedAt(record: ConnectionRecord, tried: string | undefined): { readonly updated_at?: string };
  /** Milliseconds that a look at a connection's health is good for. */
  readonly healthTtl: number;
};

type PerTrait<Name extends keyof Traits, Value> = { readonly [Choice in Traits[Name]]: Value };

/** A copy without members that are null, at any depth. */
const withoutNulls = (value: Properties): Properties =>
  Object.fromEntries(
    Object.entries(value).flatMap(([key, member]): [string, Json][] =>
      member === null ? [] : [[key, isObject(member) ? withoutNulls(member) : member]],
    ),
  );

const unsetting: PerTrait<"unset", (patch: Properties) => Properties> = {
  null: (patch) => patch,
  none: withoutNulls,
};

const patching: PerTrait<"patch", Behaviour["patched"]> = {
  merge: mergePatch,
  replace: (_, patch) => mergePatch({}, patch),
};

const showing: PerTrait<"secrets", Behaviour["secrets"]> = {
  omitted: () => ({}),
  masked: (hidden) => Object.fromEntries(Object.keys(hidden).map((name) => [name, mask])),
};

const stamping: PerTrait<"updated_at", Behaviour["updatedAt"]> = {
  config: ({ updated_at }) => ({ updated_at }),
  any: ({ updated_at }, tried = "") => ({ updated_at: tried > updated_at ? tried : updated_at }),
  none: () => ({}),
};

export const behaviourOf = (given: Traits): Behaviour => ({
  patched: (config, patch) => patching[given.patch](config, unsetting[given.unset](patch)),
  uniqueNames: given.names === "unique",
  secrets: showing[given.secrets],
  bareLists: given.lists === "bare",
  updatedAt: stamping[given.updated_at],
  // So that whatever reads it moves it.
  healthTtl: given.updated_at === "any" ? 0 : 10_000,
});
