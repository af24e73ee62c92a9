import { equal } from "../canonical.ts";
import type { Base, Change, Json, Live, Path, Properties, Shape } from "../contract/index.ts";
import {
  at,
  basis,
  changeResource,
  isHiddenField,
  isSealed,
  leaves,
  meets,
  segments,
  withAt,
  within,
} from "../contract/index.ts";
import { writtenBase } from "./base.ts";

/** Targets merge at the level of configuration keys: a change below one sends that key as it is live, but for secrets. */
const key = (path: Path): string => segments(path).slice(0, 2).join("\n");

const isSameSecret = (a: Json | undefined, b: Json | undefined): boolean =>
  isSealed(a) && isSealed(b) && a.fingerprint !== undefined && a.fingerprint === b.fingerprint;

/**
 * The entry after an update, or after a look that found nothing to write. Only what was sent, or is as it should be, is
 * taken for ours: whatever else reading back shows somebody else wrote, or a rule left alone, and it stays a difference.
 */
export const updatedBase = (change: Change, shape: Shape, id: string, live: Live, before: Base | undefined): Base => {
  const after = writtenBase(change, shape, id, live);
  if (before === undefined || before.id !== id) return after;
  const desired = changeResource(change).properties;
  const changed = (change.fields ?? []).map(({ path }) => path);
  const keys = new Set(changed.map(key));
  let applied: Properties = {};
  const foreign: Path[] = [];
  for (const path of leaves(desired)) {
    const [to, from] = [at(desired, path) ?? null, at(before.applied, path)];
    const isHidden = isHiddenField(shape, { path, to, ...(from === undefined ? {} : { from }), class: "files" });
    const isOurs = isHidden
      ? from === undefined || isSameSecret(from, to)
      : meets(shape, path, to, at(live.properties, path));
    const isSent = within(changed, path) || (keys.has(key(path)) && isHiddenField(shape, { path, to, class: "files" }));
    if (within(shape.local, path) || isSent || isOurs) applied = withAt(applied, path, to);
    else {
      if (from !== undefined) applied = withAt(applied, path, from);
      if (!isHidden) foreign.push(path);
    }
  }
  // What the files no longer ask for and a rule keeps: once the rule goes, it is still ours to take away.
  for (const path of leaves(before.applied)) {
    if (at(desired, path) !== undefined || within(changed, path) || within(shape.local, path)) continue;
    const now = at(live.properties, path);
    if (now === undefined || now === null || equal(now, shape.defaults[path])) continue;
    applied = withAt(applied, path, at(before.applied, path));
    foreign.push(path);
  }
  const seen = basis(shape, applied, undefined, live.properties);
  const echo = foreign.reduce((part, path) => withAt(part, path, at(before.echo, path)), seen);
  return { ...after, applied, echo };
};
