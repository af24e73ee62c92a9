import { canonicalJson, equal } from "../canonical.ts";
import type { Json, Path, Properties } from "./json.ts";
import { at, isObject, joinPath, segments, withAt } from "./json.ts";
import { holdsSealed, isSealed } from "./seal.ts";
import type { Base, Field, Live, Sealed, Shape } from "./types.ts";

/** Stands in `applied` where we took something over and cannot know what the target holds at a write-only path. */
export const unknownValue: Sealed = { $secret: "" };

/** True where `path` is one of `paths` or below one of them. */
export const within = (paths: readonly Path[], path: Path): boolean =>
  paths.some((parent) => path === parent || path.startsWith(`${parent}/`));

const collectLeaves = (value: Json, path: Path): Path[] => {
  if (!isObject(value) || isSealed(value)) return [path];
  const keys = Object.keys(value);
  if (keys.length === 0) return path === "" ? [] : [path];
  return keys.flatMap((key) => collectLeaves(value[key] ?? null, joinPath(path, key)));
};

/** Properties never change, and each is looked at several times while a plan is made. */
const collected = new WeakMap<Properties, readonly Path[]>();

/** Pointers of all values that are compared as one: scalars, lists, sealed values and empty mappings. */
export const leaves = (value: Json): readonly Path[] => {
  if (!isObject(value)) return collectLeaves(value, "");
  const known = collected.get(value) ?? collectLeaves(value, "");
  collected.set(value, known);
  return known;
};

const sortedList = (value: Json | undefined): Json | undefined =>
  Array.isArray(value) ? [...value].sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1)) : value;

const same = (shape: Shape, path: Path, a: Json | undefined, b: Json | undefined): boolean =>
  within(shape.unordered, path) ? equal(sortedList(a), sortedList(b)) : equal(a, b);

const isEmptyMapping = (value: Json | undefined): boolean => isObject(value) && Object.keys(value).length === 0;

/** True where `now` is what is desired; an empty mapping asks for nothing but a mapping. */
export const meets = (shape: Shape, path: Path, desired: Json, now: Json | undefined): boolean =>
  isEmptyMapping(desired) ? isObject(now) : same(shape, path, desired, now);

/**
 * Never returned by the target, or sealed by us: live says nothing about it, or must not be shown. A list that holds a
 * secret is one value, and what is secret as a part of a mapping stays so where that mapping becomes something else.
 */
const isHidden = (shape: Shape, path: Path, desired: Json | undefined, applied: Json | undefined): boolean =>
  within(shape.secret, path) ||
  within(shape.writeOnly, path) ||
  holdsSealed(desired) ||
  (isEmptyMapping(desired) ? isSealed(applied) : holdsSealed(applied));

/** What a leaf says of a value: an empty mapping only that there is one, whatever somebody keeps in it. */
export const atLeaf = (leaf: Json | undefined, value: Json | undefined): Json | undefined =>
  isEmptyMapping(leaf) && isObject(value) ? {} : value;

const makeField = (path: Path, from: Json | undefined, to: Json | undefined, type: Field["class"]): Field => ({
  path,
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
  class: type,
});

/** A write-only path: only `applied` can tell; `touched` means that somebody else wrote the object since. */
const compareHidden = (
  shape: Shape,
  path: Path,
  desired: Json,
  applied: Json | undefined,
  touched: boolean,
): Field | undefined => {
  if (isSealed(applied) && applied.fingerprint === undefined) {
    if (applied.$secret === unknownValue.$secret) return makeField(path, undefined, desired, "unknown");
    return isSealed(desired) && desired.fingerprint === undefined && desired.$secret === applied.$secret
      ? undefined
      : makeField(path, applied, desired, "unknown");
  }
  if (isSealed(desired) && isSealed(applied)) {
    const isSame =
      desired.fingerprint === undefined
        ? desired.$secret === applied.$secret
        : desired.fingerprint === applied.fingerprint;
    if (!isSame) return makeField(path, applied, desired, "files");
    return touched ? makeField(path, applied, desired, "unknown") : undefined;
  }
  if (!sameParts(shape, path, desired, applied)) return makeField(path, applied, desired, "files");
  return touched && holdsSealed(desired) ? makeField(path, applied, desired, "unknown") : undefined;
};

/** Equality of values that hold sealed ones; one that could not be resolved equals what the same text was applied as. */
const sameParts = (shape: Shape, path: Path, desired: Json | undefined, applied: Json | undefined): boolean => {
  if (isSealed(desired) && isSealed(applied) && desired.fingerprint === undefined) {
    return desired.$secret === applied.$secret;
  }
  if (!Array.isArray(desired) || !Array.isArray(applied) || !holdsSealed(desired)) {
    return same(shape, path, desired, applied);
  }
  return (
    desired.length === applied.length &&
    desired.every((item, index) => sameParts(shape, joinPath(path, index), item, applied[index]))
  );
};

/** A readable path: live wins. */
const compareReadable = (
  shape: Shape,
  path: Path,
  desired: Json,
  live: Live,
  base: Base | undefined,
): Field | undefined => {
  const now = at(live.properties, path);
  if (meets(shape, path, desired, now)) return undefined;
  if (base === undefined) return makeField(path, now, desired, "files");
  const filesChanged = !meets(shape, path, desired, at(base.applied, path));
  const drifted = !same(shape, path, now, at(base.echo, path));
  if (!filesChanged && !drifted) return undefined;
  return makeField(path, now, desired, filesChanged && drifted ? "both" : drifted ? "drift" : "files");
};

/** A path that we once declared and no longer do. */
const compareRemoved = (shape: Shape, path: Path, applied: Json, live: Live): Field | undefined => {
  const rest = shape.defaults[path];
  if (isHidden(shape, path, undefined, applied)) return makeField(path, applied, rest, "removed");
  const now = at(live.properties, path);
  return now === undefined || now === null || same(shape, path, now, rest)
    ? undefined
    : makeField(path, now, rest, "removed");
};

/**
 * What has to be written so that live becomes desired, one entry a path, in path order. Without a base (nothing was
 * applied by us) readable paths compare with live alone and write-only ones are *unknown*.
 * `trustsUpdatedAt`: the target's `updated_at` moves only when the object is written, so another one than ours makes
 * secrets *unknown* again.
 */
export const compare = (
  shape: Shape,
  desired: Properties,
  live: Live,
  base: Base | undefined,
  trustsUpdatedAt: boolean,
): readonly Field[] => {
  const touched = isTouched(base, live, trustsUpdatedAt);
  const fields: Field[] = [];
  const wanted = leaves(desired);
  for (const path of wanted) {
    const value = at(desired, path) ?? null;
    const applied = base === undefined ? undefined : at(base.applied, path);
    if (within(shape.local, path)) {
      // Only the ledger knows it; it decides where it is immutable.
      if (base !== undefined && within(shape.immutable, path) && !same(shape, path, value, applied)) {
        fields.push(makeField(path, applied, value, "files"));
      }
      continue;
    }
    const field = isHidden(shape, path, value, applied)
      ? base === undefined
        ? makeField(path, undefined, value, "unknown")
        : compareHidden(shape, path, value, applied, touched)
      : compareReadable(shape, path, value, live, base);
    if (field !== undefined) fields.push(field);
  }
  if (base !== undefined) {
    for (const path of leaves(base.applied)) {
      if (within(shape.local, path) || at(desired, path) !== undefined) continue;
      if (wanted.some((other) => path.startsWith(`${other}/`) && !isEmptyMapping(at(desired, other)))) continue;
      const field = compareRemoved(shape, path, at(base.applied, path) ?? null, live);
      if (field !== undefined) fields.push(field);
    }
  }
  return fields.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
};

/**
 * The part of a live object that a decision rests on: its values at every readable path that is desired or was applied.
 * What live does not have is left out; values at sealed paths never are in it.
 */
export const basis = (
  shape: Shape,
  desired: Properties | undefined,
  applied: Properties | undefined,
  live: Properties,
): Properties => {
  let result: Properties = {};
  for (const path of new Set([...leaves(desired ?? {}), ...leaves(applied ?? {})])) {
    if (within(shape.local, path)) continue;
    const before = applied === undefined ? undefined : at(applied, path);
    if (isHidden(shape, path, desired === undefined ? undefined : at(desired, path), before)) continue;
    const leaf = (desired === undefined ? undefined : at(desired, path)) ?? before;
    const value = atLeaf(leaf, at(live, path));
    if (value === undefined || (isEmptyMapping(value) && isObject(at(result, path)))) continue;
    result = withAt(result, path, value);
  }
  return result;
};

/**
 * What a decision about a live object rests on: its basis, with null for what is declared or was applied and is not there,
 * so that a value that appears is seen. Where something else than a mapping stands on the way, that is what was there.
 */
export const observedBasis = (
  shape: Shape,
  desired: Properties | undefined,
  applied: Properties | undefined,
  live: Properties,
): Properties => {
  const declared = [...new Set([...leaves(desired ?? {}), ...leaves(applied ?? {})])];
  const ofDesired = (path: Path): Json | undefined => (desired === undefined ? undefined : at(desired, path));
  const ofApplied = (path: Path): Json | undefined => (applied === undefined ? undefined : at(applied, path));
  const sealed = declared.filter((path) => isHidden(shape, path, ofDesired(path), ofApplied(path)));
  let result = basis(shape, desired, applied, live);
  for (const path of declared) {
    if (within(shape.local, path) || sealed.includes(path) || at(live, path) !== undefined) continue;
    const place = standing(live, path);
    // A secret is a part of what stands there, or may be.
    if (sealed.some((other) => within([place], other))) continue;
    if (at(result, place) === undefined) result = withAt(result, place, at(live, place) ?? null);
  }
  return result;
};

/** The path of the first thing on the way to `path` that is no mapping; `path` itself where there is none. */
const standing = (live: Json, path: Path): Path => {
  let place: Path = "";
  for (const segment of segments(path)) {
    place = joinPath(place, segment);
    const value = at(live, place);
    if (value === undefined) return path;
    if (!isObject(value)) return place;
  }
  return path;
};

/** True where somebody else wrote the object since our verifying read. */
export const isTouched = (base: Base | undefined, live: Live, trustsUpdatedAt: boolean): boolean =>
  trustsUpdatedAt && base?.updatedAt !== undefined && base.updatedAt !== live.updatedAt;

/** Readable differences between what the verifying read returned and what is live now. */
export const driftFields = (shape: Shape, base: Base, live: Live): readonly Field[] =>
  leaves(base.applied).flatMap((path) => {
    const applied = at(base.applied, path);
    if (within(shape.local, path) || isHidden(shape, path, undefined, applied)) return [];
    const before = atLeaf(applied, at(base.echo, path));
    const now = atLeaf(applied, at(live.properties, path));
    return same(shape, path, before, now) ? [] : [makeField(path, before, now, "drift")];
  });

/** True where live holds every readable desired value already, and nothing of `removed` any more. */
export const isSatisfied = (shape: Shape, desired: Properties, removed: readonly Field[], live: Properties): boolean =>
  leaves(desired).every((path) => {
    const value = at(desired, path) ?? null;
    return (
      within(shape.local, path) || isHidden(shape, path, value, undefined) || meets(shape, path, value, at(live, path))
    );
  }) &&
  removed.every((field) => {
    const now = at(live, field.path);
    return now === undefined || now === null || same(shape, field.path, now, field.to);
  });

/** True where a field can only be seen by what we sent, not in what the target returns. */
export const isHiddenField = (shape: Shape, field: Field): boolean => isHidden(shape, field.path, field.to, field.from);
