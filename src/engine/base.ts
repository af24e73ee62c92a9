import type { Base, Change, Json, Live, Properties, Resource, Shape } from "../contract/index.ts";
import {
  at,
  atLeaf,
  basis,
  changeResource,
  eachSealed,
  holdsSealed,
  leaves,
  unknownValue,
  withAt,
  within,
} from "../contract/index.ts";

/** The entry after a write of ours: `applied` is what we declared, `echo` what the verifying read returned. */
export const writtenBase = (change: Change, shape: Shape, id: string, live: Live | undefined): Base => {
  const resource = changeResource(change);
  return {
    target: change.target,
    resource,
    id,
    applied: resource.properties,
    // Not read back: what was sent is the best guess, and the next plan compares live with desired anyway.
    echo: basis(shape, resource.properties, undefined, live?.properties ?? resource.properties),
    ...(live?.updatedAt === undefined ? {} : { updatedAt: live.updatedAt }),
    driver: "engine",
    state: "live",
  };
};

/**
 * The entry of what an interrupted create of ours made: nobody read it back then, so a difference from what was asked for
 * may be somebody else's, and so may be a write after it was made.
 */
export const claimedBase = (change: Change, shape: Shape, live: Live): Base => {
  const updatedAt = live.createdAt ?? live.updatedAt;
  const asked = writtenBase(change, shape, live.id, undefined);
  return { ...asked, ...(live.updatedAt === undefined || updatedAt === undefined ? {} : { updatedAt }) };
};

/** A secret without a value cannot be what is live. */
const isTrusted = (change: Change, desired: Json | undefined): boolean => {
  let isKnown = change.trusted === true;
  eachSealed(desired ?? null, (_, sealed) => {
    isKnown &&= sealed.fingerprint !== undefined;
  });
  return isKnown;
};

/**
 * The entry of something that was taken over: what can be read counts as applied, so that a difference from the files is
 * a change of the files; what cannot be read is unknown, except what only we keep and what is trusted.
 */
export const adoptedBase = (change: Change, shape: Shape, live: Live): Base => {
  const resource: Resource = changeResource(change);
  const applied = leaves(resource.properties).reduce<Properties>((part, path) => {
    const desired = at(resource.properties, path);
    if (within(shape.local, path)) return withAt(part, path, desired);
    const isHidden = holdsSealed(desired) || within(shape.secret, path) || within(shape.writeOnly, path);
    if (isHidden) return withAt(part, path, isTrusted(change, desired) ? desired : unknownValue);
    const value = atLeaf(desired, at(live.properties, path));
    return value === undefined ? part : withAt(part, path, value);
  }, {});
  return {
    target: change.target,
    resource,
    id: live.id,
    applied,
    echo: basis(shape, resource.properties, undefined, live.properties),
    ...(live.updatedAt === undefined ? {} : { updatedAt: live.updatedAt }),
    driver: "engine",
    state: "live",
  };
};

/** The entry of something that may be written in part only: what reading cannot tell is unknown. */
export const partialBase = (shape: Shape, base: Base): Base => ({
  ...base,
  applied: shape.writeOnly.reduce<Properties>(
    (part, path) => (at(part, path) === undefined ? part : withAt(part, path, unknownValue)),
    base.applied,
  ),
});
