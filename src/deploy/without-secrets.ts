import type { Base, Json, Live, Path, Properties } from "../contract/index.ts";
import {
  at,
  eachSealed,
  holdsSealed,
  isObject,
  joinPath,
  leaves,
  parseReferences,
  segments,
  withAt,
} from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import { redact } from "../infino/index.ts";
import { withoutCredentials } from "../resources/index.ts";
import type { SecretResolver } from "../secrets/index.ts";

/** Without the value at a path; where something else than a mapping stands on the way to it, without that. */
const without = (properties: Properties, path: Path): Properties => {
  let place: Path = "";
  for (const segment of segments(path)) {
    place = joinPath(place, segment);
    if (!isObject(at(properties, place))) break;
  }
  return withAt(properties, place, undefined);
};

/** What looks like a credential, masked. */
export const masked = (value: Json): Json =>
  typeof value === "string"
    ? withoutCredentials(value)
    : Array.isArray(value)
      ? value.map(masked)
      : isObject(value)
        ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, masked(member)]))
        : value;

export const holdsCredentials = (value: Json): boolean => JSON.stringify(masked(value)) !== JSON.stringify(value);

/**
 * A live object as it may be shown. Left out is every value that is sealed, as a whole or in part, in what was applied or
 * in one of `declared`, and what nobody declared of an object of ours where it looks like a credential. Of an object that
 * is not ours what looks like a credential is masked.
 */
export const withoutSecrets = (live: Live, base: Base | undefined, declared: readonly Properties[]): Live => {
  const known = base === undefined ? declared : [...declared, base.resource.properties, base.applied];
  let properties = live.properties;
  for (const one of known) {
    for (const path of leaves(one)) if (holdsSealed(at(one, path))) properties = without(properties, path);
  }
  if (base === undefined) return { ...live, properties: masked(properties) as Properties };
  for (const path of leaves(properties)) {
    const isDeclared = known.some((one) => at(one, path) !== undefined);
    if (!isDeclared && holdsCredentials(at(properties, path) ?? null)) properties = withAt(properties, path, undefined);
  }
  return { ...live, properties };
};

/** Shorter ones cannot be told from words. */
const shortest = 6;

/** The values of the secrets that some entries name, as far as they can be had here. */
export const secretValues = async (
  entries: readonly Pick<Base, "resource" | "applied">[],
  secrets: SecretResolver,
): Promise<readonly string[]> => {
  const references = new Set<string>();
  for (const base of entries) {
    for (const part of [base.applied, base.resource.properties]) {
      eachSealed(part, (_, { $secret }) => {
        for (const piece of parseReferences($secret)) {
          if (piece.type === "secret") references.add(`$SECRET(${piece.name})`);
        }
      });
    }
  }
  const values: string[] = [];
  for (const reference of references) {
    try {
      const value = await secrets.resolve(reference);
      if (value.length >= shortest) values.push(value);
    } catch (error) {
      if (!(error instanceof DeployerError)) throw error;
    }
  }
  return values;
};

/** A target's words without those values, in clear, in base64 or as a part of a URL. */
export const withoutValues = (text: string, values: readonly string[]): string =>
  values.length === 0 ? text : redact(text, undefined, values);

/** The same of every text in a value. */
export const withoutValuesIn = (value: Json, values: readonly string[]): Json =>
  typeof value === "string"
    ? withoutValues(value, values)
    : Array.isArray(value)
      ? value.map((item: Json) => withoutValuesIn(item, values))
      : isObject(value)
        ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutValuesIn(member, values)]))
        : value;
