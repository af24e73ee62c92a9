import { isObject, type Json, type Properties } from "../../contract/index.ts";
import { Problem } from "../problem.ts";

/** What a query asks for and the service does not do; `place` leads to it, such as `query.bool.must[0].fuzzy`. */
export const unsupported = (place: string, why = "is not supported"): Problem =>
  new Problem("unsupported_query", `${place} ${why}`);

export const invalid = (place: string, what: string): Problem => new Problem("bad_request", `${place} must be ${what}`);

export const objectAt = (value: Json | undefined, place: string): Properties => {
  if (value === undefined || !isObject(value)) throw invalid(place, "an object");
  return value;
};

/** Refuses every member that is not named. */
export const checkMembers = (value: Properties, place: string, known: readonly string[]): void => {
  for (const name of Object.keys(value)) if (!known.includes(name)) throw unsupported(`${place}.${name}`);
};

/** The one member of an object. */
export const onlyMember = (value: Json | undefined, place: string, what: string): readonly [string, Json] => {
  const entries = Object.entries(objectAt(value, place));
  const [first] = entries;
  if (first === undefined || entries.length > 1) throw invalid(place, `an object with one member, ${what}`);
  return first;
};

export const wholeNumber = (
  value: Json | undefined,
  place: string,
  least: number,
  most: number,
): number | undefined => {
  if (value === undefined) return undefined;
  const given = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof given !== "number" || !Number.isInteger(given) || given < least || given > most) {
    throw invalid(place, `a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`);
  }
  return given;
};

/** A JSON scalar as text; undefined: it is no scalar. */
export const scalarText = (value: Json | undefined): string | undefined =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
