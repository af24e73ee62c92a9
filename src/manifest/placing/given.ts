import type { Json } from "../../contract/index.ts";
import { at } from "../../contract/index.ts";
import type { Scope, Value } from "../expand/scope.ts";
import { plainValue } from "../expand/variables.ts";
import { originOf } from "./origins.ts";
import type { Mark } from "./texts.ts";
import type { Instance } from "./types.ts";

/** New values of variables: by the key of their origin, or by a place in a tenant's file that is to be made. */
export type Given = ReadonlyMap<string, Value>;

export const connectorKey = ({ tenant, connector }: Instance, name: string): string =>
  JSON.stringify(["connector", tenant, connector, name]);

export const datatypeKey = ({ tenant, connector, datatype }: Instance, name: string): string =>
  JSON.stringify(["datatype", tenant, connector, datatype ?? null, name]);

/** The variable's own name, also where a template language gave it another one; undefined for a part of a value. */
export const nameOf = (name: string, { written, within }: Value): string | undefined => {
  if (written === undefined) return name;
  return within === undefined ? plainName(written) : undefined;
};

/** The name in a mark that is a variable and nothing else, as template languages write it. */
export const plainName = (written: string): string | undefined =>
  /^(?:\{\{@?|<<@)\s*(?:@root\.)?([A-Za-z_][\w-]*)\s*(?:@?\}\}|@>>)$/.exec(written)?.[1];

const notForTenants: ReadonlySet<string> = new Set(["system", "datatype", "account_id", "is_fullsync", "parent"]);

/** True for what a tenant may give a value of its own, and does not give for the datatype alone. */
export const isForTenant = (name: string, value: Value): boolean =>
  !notForTenants.has(name) &&
  value.from !== "--set" &&
  value.make === undefined &&
  !/^\/connectors\/[^/]*\/datatypes\//.test(value.tenantPath ?? "");

/** True for what a datatype of a tenant may have alone. */
export const isForDatatype = (name: string, value: Value): boolean =>
  !notForTenants.has(name) && value.from !== "--set" && value.make === undefined;

/** A variable with another value. */
export const valueWith = (value: Value, json: Json): Value => ({
  ...plainValue(json, value.from, value.tenantPath),
  spot: value.spot,
  ...(value.within !== undefined && { within: value.within }),
  ...(value.literal !== undefined && { literal: value.literal }),
  ...(value.written !== undefined && { written: value.written }),
});

/** Keys of new values that a variable may take, the nearest first. */
export const keysOf = (instance: Instance, slotName: string, value: Value): readonly string[] => {
  const name = nameOf(slotName, value);
  const origin = originOf(instance, value);
  return [
    ...(name !== undefined && isForDatatype(name, value) ? [datatypeKey(instance, name)] : []),
    ...(origin === undefined ? [] : [origin.key]),
    ...(origin?.whole === undefined ? [] : [origin.whole]),
    ...(name !== undefined && isForTenant(name, value) ? [connectorKey(instance, name)] : []),
  ];
};

const givenFor = (instance: Instance, given: Given, name: string, value: Value): Value | undefined => {
  const key = keysOf(instance, name, value).find((one) => given.has(one));
  const found = key === undefined ? undefined : given.get(key);
  if (found === undefined) return undefined;
  const isPart = value.within !== undefined && found.within === undefined;
  return valueWith(value, isPart ? (at(found.json, value.within ?? "") ?? null) : found.json);
};

/** Keys of new values that a variable of an instance takes. */
export const keysGiven = (instance: Instance, given: Given, { name, value }: Mark): readonly string[] =>
  name === undefined || value === undefined ? [] : keysOf(instance, name, value).filter((one) => given.has(one));

/** An instance's variables, with new values. */
export const scopeWith = (instance: Instance, given: Given): Scope => {
  const { scope } = instance;
  if (given.size === 0) return scope;
  let isSame = true;
  const values = scope.values.map((value, slot) => {
    const other = givenFor(instance, given, scope.variables[slot] ?? "", value);
    if (other === undefined) return value;
    isSame = false;
    return other;
  });
  return isSame ? scope : { ...scope, values };
};
