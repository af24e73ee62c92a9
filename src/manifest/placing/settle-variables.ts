import { equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import { segments } from "../../contract/index.ts";
import type { Value } from "../expand/scope.ts";
import { connectorKey, datatypeKey, isForDatatype, isForTenant, keysOf, nameOf, valueWith } from "./given.ts";
import type { Origin } from "./origins.ts";
import { changeAt, changeOfTenant, originOf } from "./origins.ts";
import type { Instance } from "./types.ts";
import { disagreements } from "./uses.ts";
import type { Change, Work } from "./work.ts";

/** An edited text says that a variable has one of these values now; the first that fits all its uses counts. */
export type Proposal = {
  readonly instance: Instance;
  readonly name: string;
  readonly value: Value;
  readonly candidates: readonly Json[];
};

/** New values of variables that were decided, and what they change. */
export type Decided = { readonly given: Map<string, Value>; readonly changes: Map<string, Change> };

/** A value that could be written in one place, if all that take it from there agree. */
type Option = {
  readonly key: string;
  readonly value: Value;
  readonly candidates: readonly Json[];
  readonly takers: () => readonly Instance[];
  readonly change: (to: Json) => Change | undefined;
};

/** Instances by what their variables take their values from. */
const takersIn = (
  instances: readonly Instance[],
  keysOf: (instance: Instance, name: string, value: Value) => readonly string[],
) => {
  let known: Map<string, Instance[]> | undefined;
  const collect = (): Map<string, Instance[]> => {
    const found = new Map<string, Instance[]>();
    for (const instance of instances) {
      const keys = new Set(
        instance.scope.values.flatMap((value, slot) => keysOf(instance, instance.scope.variables[slot] ?? "", value)),
      );
      for (const key of keys) {
        const list = found.get(key);
        if (list === undefined) found.set(key, [instance]);
        else list.push(instance);
      }
    }
    return found;
  };
  return (key: string): readonly Instance[] => {
    known ??= collect();
    return known.get(key) ?? [];
  };
};

const merge = (lists: readonly (readonly Json[])[]): readonly Json[] => {
  const merged: Json[] = [];
  for (const one of lists.flat()) if (!merged.some((other) => equal(one, other))) merged.push(one);
  return merged;
};

/** Options of the same place, as one; a candidate of any of them may fit all. */
const grouped = (options: readonly Option[]): readonly Option[] => {
  const groups = Map.groupBy(options, ({ key }) => key);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ ...first, candidates: merge(group.map(({ candidates }) => candidates)) }];
  });
};

const mostTries = 4;

/** Takes what all takers agree on; what takes several values at once is looked at with all of them. */
const settleOptions = (work: Work, decided: Decided, options: readonly Option[]): ReadonlySet<string> => {
  const settledKeys = new Set<string>();
  let open = grouped(options).filter(({ key }) => !decided.given.has(key));
  for (let attempt = 0; attempt < mostTries && open.length > 0; attempt++) {
    let pending = open.filter(({ candidates }) => candidates.length > attempt);
    while (pending.length > 0) {
      const given = new Map(decided.given);
      for (const { key, value, candidates } of pending) given.set(key, valueWith(value, candidates[attempt] ?? null));
      const keys = new Set(pending.map(({ key }) => key));
      const hard = new Set<string>();
      const soft = new Set<string>();
      for (const { key, takers } of pending) {
        for (const { keys: taken } of disagreements(work, takers(), given, keys)) {
          if (taken.length === 1 && taken[0] !== undefined) hard.add(taken[0]);
          else for (const one of taken) soft.add(one);
        }
        if (hard.has(key)) continue;
      }
      const wrong = hard.size > 0 ? hard : soft;
      if (wrong.size === 0) break;
      pending = pending.filter(({ key }) => !wrong.has(key));
    }
    for (const option of pending) {
      const json = option.candidates[attempt] ?? null;
      const change = option.change(json);
      if (change === undefined) continue;
      decided.given.set(option.key, valueWith(option.value, json));
      decided.changes.set(option.key, change);
      settledKeys.add(option.key);
    }
    open = open.filter(({ key }) => !settledKeys.has(key));
  }
  return settledKeys;
};

/** Decides where new values of variables go; what others disagree with is left as it is. */
export const settleVariables = (work: Work) => {
  const takers = takersIn(work.instances, keysOf);
  const { tenantFiles } = work.options;

  const atOrigin = ({ instance, value, candidates }: Proposal, origin: Origin): Option => ({
    key: origin.key,
    value,
    candidates,
    takers: () => takers(origin.key),
    change: (to) => changeAt(origin, value, to, instance.template.dialect),
  });
  const forTenant = ({ instance, name, value, candidates }: Proposal, level: "connector" | "datatype"): Option[] => {
    const { tenantSource, connector, datatype } = instance;
    const own = nameOf(name, value);
    if (tenantSource === undefined || own === undefined) return [];
    const fitting =
      level === "connector" ? isForTenant(own, value) : datatype !== undefined && isForDatatype(own, value);
    if (!fitting) return [];
    const key = level === "connector" ? connectorKey(instance, own) : datatypeKey(instance, own);
    const inner = level === "connector" ? [] : ["datatypes", datatype ?? ""];
    const path = ["connectors", connector, ...inner, "parameter_values", own];
    const standing = value.tenantPath === undefined ? undefined : segments(value.tenantPath);
    if (standing !== undefined && equal(standing, path)) return [];
    return [
      { key, value, candidates, takers: () => takers(key), change: (to) => changeOfTenant(tenantSource, path, to) },
    ];
  };

  return (decided: Decided, proposals: readonly Proposal[]): void => {
    const isSettled = ({ instance, name, value }: Proposal): boolean =>
      keysOf(instance, name, value).some((key) => decided.given.has(key));
    const open = (): readonly Proposal[] => proposals.filter((proposal) => !isSettled(proposal));
    const origins = open().flatMap((proposal): Option[] => {
      const origin = originOf(proposal.instance, proposal.value);
      if (origin === undefined) return [];
      return tenantFiles === "always" && origin.type === "shared" ? [] : [atOrigin(proposal, origin)];
    });
    settleOptions(work, decided, origins);
    if (tenantFiles === "never") return;
    settleOptions(
      work,
      decided,
      open().flatMap((proposal) => forTenant(proposal, "connector")),
    );
    settleOptions(
      work,
      decided,
      open().flatMap((proposal) => forTenant(proposal, "datatype")),
    );
  };
};
