import type { Scope, Value } from "../expand/scope.ts";
import { plainValue } from "../expand/variables.ts";
import type { Stand } from "./candidates.ts";
import type { Instance } from "./types.ts";

type Placed = Pick<Instance, "tenant" | "connector" | "datatype">;

/** Variables that nobody gives a value, and what stands for values that each environment gives. */
export type Names = {
  /** Its variables, and those that every template of its kind may use. */
  readonly extended: (placed: Placed, scope: Scope) => Scope;
  readonly must: (placed: Placed, scope: Scope, isSesam: boolean) => readonly Stand[];
  readonly may: (placed: Placed, scope: Scope) => readonly Stand[];
};

/** `$ENV(name)` in place of a value. */
export const isPlaceholder = (name: string, value: Value): boolean =>
  value.spot === undefined && value.tenantPath === undefined && value.json === `$ENV(${name})`;

type Known = Map<string, Map<string, Value>>;

/** What instances tell about variables that one template of theirs does not use. */
export const namesIn = (instances: Iterable<Placed & { readonly scope?: Scope }>): Names => {
  let known: Known | undefined;
  const connectorOf = ({ tenant, connector }: Placed): string => JSON.stringify([tenant, connector]);
  const datatypeOf = ({ tenant, connector, datatype }: Placed): string => JSON.stringify([tenant, connector, datatype]);
  const collect = (): Known => {
    const found: Known = new Map();
    const put = (key: string, name: string, value: Value): void => {
      const values = found.get(key) ?? new Map<string, Value>();
      found.set(key, values.set(name, value));
    };
    for (const instance of instances) {
      const { scope } = instance;
      if (scope === undefined) continue;
      for (const [slot, name] of scope.variables.entries()) {
        const value = scope.values[slot];
        if (value === undefined) continue;
        if (name === "parent") put(datatypeOf(instance), name, value);
        else if (name === "system" || isPlaceholder(name, value)) put(connectorOf(instance), name, value);
      }
    }
    return found;
  };
  const extensions = new WeakMap<Scope, Scope>();
  const extended = (placed: Placed, scope: Scope): Scope => {
    const before = extensions.get(scope);
    if (before !== undefined) return before;
    const after = extend(placed, scope);
    extensions.set(scope, after);
    return after;
  };
  const extend = (placed: Placed, scope: Scope): Scope => {
    known ??= collect();
    const more = new Map([...(known.get(connectorOf(placed)) ?? []), ...(known.get(datatypeOf(placed)) ?? [])]);
    if (placed.datatype !== undefined) more.set("datatype", plainValue(placed.datatype, "key under datatypes"));
    for (const name of scope.variables) more.delete(name);
    if (more.size === 0) return scope;
    return {
      ...scope,
      variables: [...scope.variables, ...more.keys()],
      values: [...scope.values, ...more.values()],
    };
  };
  const standsOf = (scope: Scope, fits: (name: string, value: Value) => boolean): Stand[] =>
    scope.variables
      .flatMap((name, slot) => {
        const value = scope.values[slot];
        const text = value?.text;
        return value !== undefined && text !== undefined && text !== "" && fits(name, value) ? [{ name, text }] : [];
      })
      .toSorted((a, b) => b.text.length - a.text.length);
  return {
    extended,
    must: (placed, scope, isSesam) =>
      isSesam
        ? standsOf(extended(placed, scope), (name, value) => name === "system" || isPlaceholder(name, value))
        : [],
    may: (placed, scope) =>
      standsOf(extended(placed, scope), (name) => name === "system" || name === "datatype" || name === "parent"),
  };
};
