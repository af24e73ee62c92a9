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

/** Only what changed, in the form of the properties; null unsets, also below a key, which targets may merge or not. */
export const changedProperties = (desired: Properties, fields: readonly Field[]): Properties => {
  const keys = fields.reduce<Properties>((changed, field) => {
    const path = unit(field.path);
    return withAt(changed, path, at(desired, path) ?? field.to ?? null);
  }, {});
  const removed = fields.filter(({ class: type, path }) => type === "removed" && isObject(at(keys, unit(path))));
  return removed.reduce<Properties>((changed, { path, to }) => withAt(changed, path, to ?? null), keys);
};

/** The part of `properties` at the leaves of `like`. */
const partOf = (properties: Properties, like: Properties): Properties =>
  leaves(like).reduce<Properties>((part, path) => withAt(part, path, at(properties, path)), {});

/** Fields that can be read once they are written, though not before: what was there is secret. */
const uncovered = ({ shape, desired, fields }: Update): readonly Path[] =>
  fields.flatMap((field): Path[] => {
    const to = at(desired, field.path);
    if (to === undefined || !isHiddenField(shape, field)) return [];
    return isHiddenField(shape, { path: field.path, to, class: "files" }) ? [] : [field.path];
  });

const merging = (update: Update): PatchBody => {
  const { shape, desired, basedOn, fields } = update;
  const exact = uncovered(update);
  // Other fields may be spelled as the target likes, or be left alone by a rule.
  const visible = fields.filter((field) => !isHiddenField(shape, field) || exact.includes(field.path));
  const sent = visible.reduce<Properties>((part, { path }) => withAt(part, path, at(desired, path)), {});
  return { body: changedProperties(desired, fields), sent, before: partOf(basedOn, sent), exact };
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
    const names = unknown.map((path) => segments(path).join(".")).join(", ");
    throw new DeployerError(
      "blocked",
      `an update replaces the whole configuration of ${live.id} on this target, and it has what is not known here: ${names}`,
      {
        hint: "declare it in the template, secrets as $SECRET(name), or take it away on the target; then plan again",
        details: { outcome: "refused" },
      },
    );
  }
  return { body, sent: body, before: basis(shape, body, undefined, live.properties), exact: uncovered(update) };
};

/** By what a PATCH does on the target. `replace` throws `blocked` where it would lose what is not known here. */
export const patchBodies: { readonly [Patch in Traits["patch"]]: (update: Update) => PatchBody } = {
  merge: merging,
  replace: replacing,
};
