import { equal } from "../canonical.ts";
import type { Field, Json, Live, Path, Properties, Sealed, Shape } from "../contract/index.ts";
import {
  at,
  atLeaf,
  basis,
  isHiddenField,
  isObject,
  isSatisfied,
  isSealed,
  joinPath,
  leaves,
  segments,
  withAt,
} from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { PatchBody } from "./patch-body.ts";
import { patchBodies } from "./patch-body.ts";
import type { Ids, ResourceKind, Target } from "./types.ts";

/** What one safe write needs; the engine and the Pulumi providers fill it in. */
export type Access<Api> = {
  readonly target: Target<Api>;
  readonly kind: ResourceKind<Api>;
  readonly shape: Shape;
  readonly ids: Ids;
  /** Reads one object; kinds without a read of their own share a listing. */
  read(id: string): Promise<Live | undefined>;
  /** A sealed value's clear text. */
  reveal(path: Path, sealed: Sealed): Promise<string>;
  clock(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  readonly signal: AbortSignal;
};

/** A copy without sealed values: what is sent. */
const revealed = async <Api>(access: Access<Api>, value: Json, path: Path = ""): Promise<Json> => {
  if (isSealed(value)) return access.reveal(path, value);
  if (Array.isArray(value)) {
    return Promise.all(value.map((item: Json, index) => revealed(access, item, joinPath(path, index))));
  }
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(async ([key, member]) => [
    key,
    await revealed(access, member, joinPath(path, key)),
  ]);
  return Object.fromEntries(await Promise.all(members)) as Properties;
};

const withoutLocal = (shape: Shape, properties: Properties): Properties =>
  shape.local.reduce<Properties>((rest, path) => withAt(rest, path, undefined), properties);

/** The deployer's own settings among the properties. */
const settingsOf = (shape: Shape, properties: Properties): Properties =>
  shape.local.reduce<Properties>((part, path) => {
    const value = at(properties, path);
    return value === undefined ? part : withAt(part, path, value);
  }, {});

export type Basis =
  | { readonly state: "write" }
  /** Somebody (or an earlier attempt of ours) already did it. */
  | { readonly state: "already"; readonly live: Live | undefined }
  /** Live moved since the plan; each field has the value seen then (`from`) and now (`to`). */
  | { readonly state: "conflict"; readonly fields: readonly Field[]; readonly isGone?: true };

const moved = (before: Properties, now: Properties): readonly Field[] =>
  [...new Set([...leaves(before), ...leaves(now)])].sort().flatMap((path) => {
    const from = at(before, path);
    const to = at(now, path);
    if (equal(from ?? null, to ?? null)) return [];
    return [{ path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }), class: "drift" }];
  });

/** What a decision rests on: the values that were live, and, where only that tells about secrets, the last write. */
export type BasedOn = { readonly properties: Properties; readonly updatedAt?: string };

/** True where something else stands in place of a mapping on the way to a path. */
const isBlocked = ({ properties }: Live, path: Path): boolean => {
  let place: Path = "";
  for (const segment of segments(path).slice(0, -1)) {
    place = joinPath(place, segment);
    const value = at(properties, place) ?? null;
    if (value === null) return false;
    if (!isObject(value)) return true;
  }
  return false;
};

/** Compares what is live now with what the decision rested on. */
export const checkBasis = (
  shape: Shape,
  desired: Properties | undefined,
  { properties: basedOn, updatedAt }: BasedOn,
  fields: readonly Field[],
  live: Live | undefined,
): Basis => {
  if (live === undefined) {
    return desired === undefined
      ? { state: "already", live }
      : { state: "conflict", fields: moved(basedOn, {}), isGone: true };
  }
  const hidden = fields.some((field) => isHiddenField(shape, field));
  const removed = fields.filter((field) => field.class === "removed");
  if (desired !== undefined && !hidden && isSatisfied(shape, desired, removed, live.properties)) {
    return { state: "already", live };
  }
  const now = leaves(basedOn).reduce<Properties>((part, path) => {
    const value = atLeaf(at(basedOn, path), at(live.properties, path));
    return value === undefined ? part : withAt(part, path, value);
  }, {});
  const visible = fields.filter((field) => !isHiddenField(shape, field));
  const differences = new Map(moved(basedOn, now).map((field) => [field.path, field]));
  // Shown without its value, which may hold what is secret below it.
  for (const path of leaves(basedOn)) {
    if (at(basedOn, path) === null && isBlocked(live, path)) differences.set(path, { path, class: "drift" });
  }
  for (const { path, from } of visible) {
    const to = at(live.properties, path);
    if (from === undefined && to !== undefined && !differences.has(path)) {
      differences.set(path, { path, to, class: "drift" });
    }
    // What is to go as a whole goes with whatever somebody put into it.
    if (!isObject(from) || !isObject(to)) continue;
    for (const field of moved(from, to)) {
      const below = `${path}${field.path}`;
      if (!differences.has(below)) differences.set(below, { ...field, path: below });
    }
  }
  if (differences.size > 0) {
    return { state: "conflict", fields: [...differences.values()].sort((a, b) => (a.path < b.path ? -1 : 1)) };
  }
  if (updatedAt === undefined || live.updatedAt === updatedAt) return { state: "write" };
  const written: Field = { path: "/updated_at", from: updatedAt, to: live.updatedAt ?? null, class: "unknown" };
  return { state: "conflict", fields: [written] };
};

/** What the verifying reads found. `differs`: the target keeps something other than what was sent. */
export type Verified = { readonly live: Live; readonly differs: readonly Field[] };

/** Removed fields that are still there; of secrets only a target that masks them tells. */
const remaining = (shape: Shape, removed: readonly Field[], live: Live): readonly Field[] =>
  removed.filter(
    (field) =>
      !isSatisfied(shape, {}, [field], live.properties) ||
      (field.to === undefined && live.masked?.includes(field.path) === true),
  );

const notRemoved = (id: string, fields: readonly Field[]): DeployerError => {
  const names = fields.map((field) => segments(field.path).join(".")).join(", ");
  return new DeployerError("target-problem", `the target accepted the change of ${id}, but kept ${names}`, {
    hint: "if it cannot take fields out, give the target the trait `unset: none`, then plan again",
    details: { outcome: "refused" },
  });
};

/**
 * Reads until live is what was sent, or until two reads agree and differ from `before`; at `exact` paths only what was
 * sent will do. Undefined: at the target's `verify` deadline it still was not there, or still as before.
 * Throws where everything but a removed field is as it was sent.
 */
export const verify = async <Api>(
  access: Access<Api>,
  id: string,
  desired: Properties,
  removed: readonly Field[],
  before: Properties | undefined,
  exact: readonly Path[] = [],
): Promise<Verified | undefined> => {
  const deadline = access.clock() + access.target.verify;
  let previous: Properties | undefined;
  for (let wait = 25; ; wait = Math.min(wait * 2, 1_000)) {
    const live = await access.read(id);
    if (live !== undefined) {
      const kept = remaining(access.shape, removed, live);
      const isThere = isSatisfied(access.shape, desired, [], live.properties);
      if (isThere && kept.length === 0) return { live, differs: [] };
      const now = basis(access.shape, desired, undefined, live.properties);
      const isExact = exact.every((path) => equal(at(desired, path), at(live.properties, path)));
      const settled = isExact && previous !== undefined && equal(previous, now);
      if (settled && (before === undefined || !equal(before, basis(access.shape, before, desired, live.properties)))) {
        if (kept.length > 0) throw notRemoved(id, kept);
        const sent = basis(access.shape, desired, undefined, desired);
        return { live, differs: moved(sent, now) };
      }
      previous = now;
      if (access.clock() >= deadline && isThere) throw notRemoved(id, kept);
    }
    if (access.clock() >= deadline) return undefined;
    await access.sleep(wait, access.signal);
  }
};

const notVerified = (what: string): DeployerError =>
  new DeployerError("target-problem", `the target accepted ${what}, but reading it back did not show it in time`, {
    hint: "look at the target's health, then run the same command again",
    details: { outcome: "unknown" },
  });

/** Creates and verifies. `acked` runs as soon as the new id is known, before anything else. Never repeats the create. */
export const createResource = async <Api>(
  access: Access<Api>,
  desired: Properties,
  acked: (id: string) => Promise<void>,
): Promise<Verified & { readonly id: string }> => {
  const { kind, target } = access;
  const sent = (await revealed(access, withoutLocal(access.shape, desired))) as Properties;
  const id = await kind.create(target.api, sent, access.ids, access.signal, settingsOf(access.shape, desired));
  await acked(id);
  const verified = await verify(access, id, desired, [], undefined);
  if (verified === undefined) throw notVerified("the new object");
  return { ...verified, id };
};

/** Writes what changed, as the target's PATCH wants it, and verifies. A change of write-only fields alone needs one read. */
const updateResource = async <Api>(
  access: Access<Api>,
  id: string,
  desired: Properties,
  fields: readonly Field[],
  { body, sent, before, exact }: PatchBody,
  begin: () => Promise<void>,
): Promise<Verified> => {
  const { kind, target } = access;
  if (kind.update === undefined) throw new DeployerError("internal", `a ${kind.name} cannot be updated`);
  const changed = (await revealed(access, body)) as Properties;
  await begin();
  let unknown: unknown;
  try {
    await kind.update(target.api, id, changed, access.ids, access.signal, settingsOf(access.shape, desired));
  } catch (error) {
    const outcome = error instanceof DeployerError ? error.details?.["outcome"] : undefined;
    // What was written can be read back, unless the target never returns it.
    if (outcome !== "unknown" || fields.some((field) => isHiddenField(access.shape, field))) throw error;
    unknown = error;
  }
  const removed = fields.filter((field) => field.class === "removed");
  const verified = await verify(access, id, sent, removed, before, exact).catch((error: unknown) => {
    throw unknown ?? error;
  });
  if (verified !== undefined) return verified;
  throw unknown ?? notVerified("the change");
};

/** Writes again, in full, what reading cannot tell: for what an interrupted write may have left half done. */
export const rewriteResource = async <Api>(access: Access<Api>, id: string, desired: Properties): Promise<Live> => {
  const { kind, target, shape } = access;
  if (kind.update === undefined) throw new DeployerError("internal", `a ${kind.name} cannot be updated`);
  const hidden = shape.writeOnly.reduce<Properties>((part, path) => withAt(part, path, at(desired, path)), {});
  const sent = (await revealed(access, hidden)) as Properties;
  await kind.update(target.api, id, sent, access.ids, access.signal, settingsOf(shape, desired));
  const live = await access.read(id);
  if (live === undefined) throw notVerified("the change");
  return live;
};

/** Deletes and verifies that it is gone. Already gone is success. */
export const deleteResource = async <Api>(access: Access<Api>, id: string): Promise<void> => {
  const { kind, target } = access;
  await kind.delete(target.api, id, access.signal);
  const deadline = access.clock() + target.verify;
  for (let wait = 25; (await access.read(id)) !== undefined; wait = Math.min(wait * 2, 1_000)) {
    if (access.clock() >= deadline) throw notVerified("the deletion");
    await access.sleep(wait, access.signal);
  }
};

/**
 * One safe update: read the basis, refuse if it moved, write only what changed, verify.
 * The same function serves the engine and the Pulumi providers. `begin` runs before the write, where there is one, and
 * forbids it by throwing: the engine commits its intent there.
 */
export const ensure = async <Api>(
  access: Access<Api>,
  id: string,
  desired: Properties,
  basedOn: BasedOn,
  fields: readonly Field[],
  begin: () => Promise<void> = async () => undefined,
): Promise<
  | { readonly state: "done" | "already"; readonly live: Live; readonly differs: readonly Field[] }
  | { readonly state: "conflict"; readonly fields: readonly Field[]; readonly isGone?: true }
> => {
  const live = await access.read(id);
  const now = checkBasis(access.shape, desired, basedOn, fields, live);
  if (now.state === "conflict") return now;
  if (live === undefined || now.state === "already") {
    if (live === undefined) throw new DeployerError("internal", `${id} is gone and may not be updated`);
    return { state: "already", live, differs: [] };
  }
  const { shape, kind, target } = access;
  const bodyOf = patchBodies[kind.isPatched === true ? target.traits.patch : "merge"];
  const body = bodyOf({ shape, desired, basedOn: basedOn.properties, fields, live });
  return { state: "done", ...(await updateResource(access, id, desired, fields, body, begin)) };
};
