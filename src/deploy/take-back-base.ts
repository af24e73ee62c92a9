import { equal } from "../canonical.ts";
import type { Base, Json, Live, Path, Properties, Resource, Shape } from "../contract/index.ts";
import {
  at,
  atLeaf,
  basis,
  eachSealed,
  holdsSealed,
  isSealed,
  leaves,
  mapSealed,
  unknownValue,
  withAt,
  within,
} from "../contract/index.ts";
import type { StateResource } from "./hand-over-types.ts";

/** What a take-over rests on; references stand as `_id`s everywhere. */
export type Returning = {
  readonly target: string;
  /** What the files ask for, or what the ledger knows of it. */
  readonly resource: Resource;
  readonly shape: Shape;
  readonly state: Pick<StateResource, "properties" | "hidden" | "secret" | "fingerprints" | "live">;
  readonly live: Live;
  /** Values of sealed texts, where they can be had. */
  readonly values: ReadonlyMap<string, string>;
  /** The ledger's fingerprint of a text at a path of this resource. */
  readonly print: (path: Path, value: string) => string;
  /** The state's fingerprint. */
  readonly fingerprint: (path: Path, value: Json) => string;
};

const isKnown = (value: Json | undefined): boolean => {
  let known = true;
  eachSealed(value ?? null, (_, sealed) => {
    known &&= sealed.fingerprint !== undefined;
  });
  return known;
};

const overlaps = (one: Path, other: Path): boolean => within([one], other) || within([other], one);

/** A value that may only stand sealed: each text of it by its fingerprint, under the text that the files have for it. */
const sealed = (value: Json, path: Path, asked: Json | undefined, print: Returning["print"]): Json => {
  if (typeof value !== "string") return unknownValue;
  const text = isSealed(asked) ? asked.$secret : "a value of Pulumi's";
  return { $secret: text, fingerprint: print(path, value) };
};

/** What was declared at a path, as far as the state tells: undefined is nothing. */
const declaredAt = (path: Path, from: Returning): Json | undefined => {
  const { resource, shape, state, live, values, print, fingerprint } = from;
  const desired = at(resource.properties, path);
  const value = at(state.properties, path);
  if (within(shape.local, path)) return value ?? desired;
  const isSecret = within(shape.secret, path) || holdsSealed(desired);
  const clear = (): Json => mapSealed(desired ?? null, (_, { $secret }) => values.get($secret) ?? unknownValue);
  if (value !== undefined) {
    if (!isSecret && !state.secret.some((other) => overlaps(other, path))) return value;
    return isKnown(desired) && equal(clear(), value) ? desired : sealed(value, path, desired, print);
  }
  const known = state.fingerprints[path];
  if (known !== undefined) return isKnown(desired) && fingerprint(path, clear()) === known ? desired : unknownValue;
  if (!state.hidden.some((hidden) => overlaps(hidden, path))) return undefined;
  // It is there and cannot be read: the files are trusted, unless the target tells.
  if (isSecret || within(shape.writeOnly, path))
    return desired !== undefined && isKnown(desired) ? desired : unknownValue;
  return atLeaf(desired, at(live.properties, path));
};

/** The entry of what Pulumi's state says that it declared. */
export const takenBase = (from: Returning): Base => {
  const { target, resource, shape, state, live } = from;
  const paths = new Set([
    ...leaves(resource.properties),
    ...leaves(state.properties).filter((path) => !leaves(resource.properties).some((leaf) => within([leaf], path))),
    ...state.hidden.filter((path) => within(shape.secret, path)),
  ]);
  const applied = [...paths].sort().reduce<Properties>((part, path) => {
    const value = declaredAt(path, from);
    return value === undefined ? part : withAt(part, path, value);
  }, {});
  return {
    target,
    resource,
    id: live.id,
    applied,
    echo: basis(shape, applied, undefined, state.live ?? live.properties),
    ...(live.updatedAt === undefined ? {} : { updatedAt: live.updatedAt }),
    driver: "engine",
    state: "live",
  };
};
