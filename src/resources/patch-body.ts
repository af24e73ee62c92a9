import type { Field, Live, Path, Properties, Shape, Traits } from "../contract/index.ts";
import { at, basis, isHiddenField, isObject, joinPath, leaves, segments, withAt, within } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import { looksMasked } from "./masked.ts";

/** What decides about one update; `live` is what the last read before it gave. */
export type Update = {
  readonly shape: Shape;
  readonly desired: Properties;
  readonly basedOn: Properties;
  readonly fields: readonly Field[];
  readonly live: Live;
};

/** What one update sends, with sealed values still sealed, and what reading it back has to show. */
export type PatchBody = {
  readonly body: Properties;
  /** What of it can be read. */
  readonly sent: Properties;
  /** What was there. */
  readonly before: Properties;
  /** Held a secret until now: as long as something else than what was sent is read there, it may still be that secret. */
  readonly exact: readonly Path[];
};

/** Targets merge at the level of configuration keys: a change below one sends that key whole. */
const unit = (path: Path): Path => segments(path).slice(0, 2).reduce(joinPath, "");

const hiddenIn = (shape: Shape, desired: Properties): readonly Path[] =>
  leaves(desired).filter((path) => isHiddenField(shape, { path, to: at(desired, path) ?? null, class: "files" }));

/**
 * Only what changed, in the form of the properties; null unsets, also below a key, which targets may merge or not. A key
 * that changes in part goes as it is live, with what changed, and with what cannot be read or is shown masked as desired.
 */
export const changedProperties = (
  shape: Shape,
  desired: Properties,
  fields: readonly Field[],
  live: Properties,
): Properties => {
  const hidden = hiddenIn(shape, desired);
  let keys: Properties = {};
  for (const key of new Set(fields.map(({ path }) => unit(path)))) {
    const now = at(live, key);
    if (!isObject(now) || fields.some(({ path }) => path === key) || within(shape.secret, key)) continue;
    keys = withAt(keys, key, now);
    const masked = leaves(now).map((path) => `${key}${path}`);
    const known = masked.filter((path) => looksMasked(at(live, path) ?? null) && at(desired, path) !== undefined);
    for (const path of known) keys = withAt(keys, path, at(desired, path));
  }
  const units = fields.map(({ path }) => unit(path));
  for (const path of hidden) if (within(units, path)) keys = withAt(keys, path, at(desired, path));
  return fields.reduce<Properties>(
    (changed, { path, to }) => withAt(changed, path, at(desired, path) ?? to ?? null),
    keys,
  );
};

/** The part of what was there at the leaves of `like`; of what was not, nothing. */
const partOf = (before: Properties, like: Properties, live: Properties): Properties =>
  leaves(like).reduce<Properties>(
    (part, path) => (at(live, path) === undefined ? part : withAt(part, path, at(before, path))),
    {},
  );

/** Fields that can be read once they are written, though not before: what was there is secret. */
const uncovered = ({ shape, desired, fields }: Update): readonly Path[] =>
  fields.flatMap((field): Path[] => {
    const to = at(desired, field.path);
    if (to === undefined || !isHiddenField(shape, field)) return [];
    return isHiddenField(shape, { path: field.path, to, class: "files" }) ? [] : [field.path];
  });

/** Sending the rest without them would lose them. */
const unknownParts = (why: string, paths: readonly Path[]): DeployerError => {
  const names = paths.map((path) => segments(path).join(".")).join(", ");
  return new DeployerError("blocked", `${why}, and it has what is not known here: ${names}`, {
    hint: "declare it in the template, secrets as $SECRET(name), or take it away on the target; then plan again",
    details: { outcome: "refused" },
  });
};

const merging = (update: Update): PatchBody => {
  const { shape, desired, basedOn, fields, live } = update;
  const exact = uncovered(update);
  // Other fields may be spelled as the target likes, or be left alone by a rule.
  const visible = fields.filter((field) => !isHiddenField(shape, field) || exact.includes(field.path));
  const sent = visible.reduce<Properties>((part, { path }) => withAt(part, path, at(desired, path)), {});
  const body = changedProperties(shape, desired, fields, live.properties);
  const unknown = leaves(body).filter(
    (path) =>
      at(desired, path) === undefined && looksMasked(at(live.properties, path) ?? null) && at(body, path) !== null,
  );
  const keys = [...new Set(unknown.map((path) => segments(unit(path)).join(".")))].join(", ");
  if (unknown.length > 0) throw unknownParts(`an update sends ${keys} of ${live.id} whole`, unknown);
  return { body, sent, before: partOf(basedOn, sent, live.properties), exact };
};

/** Paths of what live has, shown masked, and nobody here knows. */
const lacking = ({ desired, fields, live }: Update, body: Properties): readonly Path[] => {
  const removed = new Set(fields.filter((field) => field.class === "removed").map((field) => field.path));
  const masked = leaves(body).filter((path) => looksMasked(at(body, path) ?? null));
  return [...new Set([...(live.masked ?? []), ...masked])]
    .filter((path) => at(desired, path) === undefined && !removed.has(path))
    .sort();
};

/**
 * All that is to be there from then on: what is live, without what the target works out itself; what changed; and all
 * that is never returned. A value that was not to be changed stays as the target has it.
 */
const replacing = (update: Update): PatchBody => {
  const { shape, desired, fields, live } = update;
  const changed = new Set(fields.map((field) => field.path));
  const isDeclared = (path: Path): boolean => at(desired, path) !== undefined;
  let body = (shape.derived ?? []).reduce(
    (rest, path) => (isDeclared(path) ? rest : withAt(rest, path, undefined)),
    live.properties,
  );
  for (const { path, to } of fields) if (!isDeclared(path)) body = withAt(body, path, to);
  for (const path of leaves(desired)) {
    if (within(shape.local, path)) continue;
    const to = at(desired, path);
    const now = at(live.properties, path);
    const isHidden = to !== undefined && isHiddenField(shape, { path, to, class: "files" });
    if (changed.has(path) || isHidden || (now !== undefined && looksMasked(now))) body = withAt(body, path, to);
  }
  const unknown = lacking(update, body);
  if (unknown.length > 0) {
    throw unknownParts(`an update replaces the whole configuration of ${live.id} on this target`, unknown);
  }
  return { body, sent: body, before: basis(shape, body, undefined, live.properties), exact: uncovered(update) };
};

/** By what a PATCH does on the target. Throws `blocked` where it would lose what is not known here. */
export const patchBodies: { readonly [Patch in Traits["patch"]]: (update: Update) => PatchBody } = {
  merge: merging,
  replace: replacing,
};
