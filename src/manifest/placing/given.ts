import type { Json } from "../../contract/index.ts";
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

/** The variable's own name, also where a template language gave it another one. */
export const nameOf = (name: string, value: Value): string =>
  value.written === undefined ? name : (/^\{\{\s*([\w.-]+)\s*\}\}$/.exec(value.written)?.[1] ?? name);

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
  ...(value.written !== undefined && { written: value.written }),
});

const givenFor = (instance: Instance, given: Given, name: string, value: Value): Value | undefined => {
  const own = nameOf(name, value);
  const key = originOf(instance, value)?.key;
  const found =
    (isForDatatype(own, value) ? given.get(datatypeKey(instance, own)) : undefined) ??
    (key === undefined ? undefined : given.get(key)) ??
    (isForTenant(own, value) ? given.get(connectorKey(instance, own)) : undefined);
  return found;
};

/** Keys of new values that a variable of an instance takes. */
export const keysGiven = (instance: Instance, given: Given, { name, value }: Mark): readonly string[] => {
  if (name === undefined || value === undefined) return [];
  const own = nameOf(name, value);
  const key = originOf(instance, value)?.key;
  return [datatypeKey(instance, own), key ?? "", connectorKey(instance, own)].filter((one) => given.has(one));
};

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
