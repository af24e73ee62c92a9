import type { Component, Json, Path, Properties } from "../../contract/index.ts";
import { holdsSealed, isRendered, isSealed, mapSealed } from "../../contract/index.ts";
import { placeAt } from "../parse/place.ts";
import type { ComponentTemplate } from "./compile-template.ts";
import type { Part } from "./compile-text.ts";
import { Deferred, inClear, resolveDeferred } from "./references.ts";
import type { Scope, Spot } from "./scope.ts";

export type Identity = {
  readonly tenant: string;
  readonly connector: string;
  readonly datatype: string | undefined;
  readonly system: string;
  readonly schedule: string | undefined;
};

export type SecretPaths = (type: string, properties: Properties) => readonly Path[];

/** A part of a template with a scope's values. */
export const made = (part: Part, scope: Scope): Json => (part.constant ? part.value : part.make(scope));

const kindOf = (value: unknown): string => {
  if (value === null || typeof value !== "object") return String(value);
  return Array.isArray(value) ? "a list" : isSealed(value) ? "a secret" : "a mapping";
};

/** `_id` and `type` have to be text; undefined, and reported, where they are not. */
export const identityText = (part: Part, name: string, spot: Spot, scope: Scope): string | undefined => {
  const value: unknown = made(part, scope);
  if (typeof value === "string" && value !== "") return value;
  if (value instanceof Deferred) {
    const text = inClear(value, scope, true);
    if (text !== "") return text;
  }
  const what = value === "" || value instanceof Deferred ? "empty" : kindOf(value);
  const message = `"${name}" of a component has to be text, and becomes ${what}`;
  scope.report("wrong-type", () => placeAt(spot.source, spot.start, spot.end), message, "give its variables text");
  return undefined;
};

const unsealed = (properties: Properties): Record<string, Json> =>
  mapSealed(properties, (_, { $secret }) => $secret) as Record<string, Json>;

/** One component of a template with a scope's values; undefined, and reported, where it has no `_id` or type. */
export const instantiate = (
  template: ComponentTemplate,
  scope: Scope,
  { tenant, connector, datatype, system, schedule }: Identity,
  secretPaths: SecretPaths | undefined,
): Component | undefined => {
  const _id = identityText(template.id, "_id", template.idSpot, scope);
  const type = identityText(template.type, "type", template.typeSpot, scope);
  scope.deferred = false;
  const isNodes = type !== undefined && isRendered(type);
  scope.keepsReferences = isNodes;
  const whole = made(template.properties, scope) as Record<string, Json>;
  scope.keepsReferences = false;
  // Of secrets that the project declares the template itself is sealed.
  const properties = isNodes && holdsSealed(whole) ? unsealed(whole) : whole;
  if (_id === undefined || type === undefined) return undefined;
  if (scope.deferred) resolveDeferred(properties, scope, () => secretPaths?.(type, properties) ?? []);
  if (datatype === undefined) {
    return schedule === undefined
      ? { tenant, connector, system, _id, type, properties }
      : { tenant, connector, system, _id, type, properties, schedule };
  }
  return schedule === undefined
    ? { tenant, connector, datatype, system, _id, type, properties }
    : { tenant, connector, datatype, system, _id, type, properties, schedule };
};
