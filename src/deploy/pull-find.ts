import { equal } from "../canonical.ts";
import type { Base, Component, Field, Json, Live, Path, Properties, Resource, Shape } from "../contract/index.ts";
import {
  address,
  at,
  compare,
  driftFields,
  eachSealed,
  isHiddenField,
  isTouched,
  leaves,
  segments,
  withAt,
  within,
} from "../contract/index.ts";
import type { InfinoClient } from "../infino/index.ts";
import type { ResourceKind, Target } from "../resources/index.ts";
import { looksMasked, validateProperties } from "../resources/index.ts";
import type { PullField, PullLeft } from "./pull-types.ts";
import { holdsCredentials, masked, withoutValuesIn } from "./without-secrets.ts";

/** One resource of ours: what the files, the ledger and the target say of it. */
export type Sight = {
  readonly target: Target<InfinoClient>;
  readonly kind: ResourceKind<InfinoClient>;
  readonly base: Base;
  readonly desired: Resource;
  readonly live: Live;
  readonly component: Component;
  /** An interrupted run left it open. */
  readonly isUnsettled: boolean;
  /** Whether the tenant's files declare a resource, by `kind/_id`. */
  readonly isDeclared: (name: string) => boolean;
  /** Values of the tenant's secrets, which stand in no file and are shown to nobody. */
  readonly secrets: readonly string[];
};

export type Found = {
  readonly sight: Sight;
  /** Without places; those with `left` are not part of `edited`. None where the files say all that was edited already. */
  readonly fields: readonly PullField[];
  /** The whole component as what is live would have it. */
  readonly edited: Json;
  /** Somebody wrote the object since our last read. */
  readonly touched: boolean;
  /** What the target never returns. */
  readonly sealed: readonly Path[];
};

export const wholeOf = ({ _id, type, properties }: Component): Json => ({ _id, type, ...properties });

const dotted = (path: Path): string => segments(path).join(".");

/** A null on the target is nothing. */
const liveValue = (live: Live, path: Path): Json | undefined => at(live.properties, path) ?? undefined;

/** Taken over as it was, and neither it nor the files changed since: what is live counts, as after an edit. */
const isAsAdopted = ({ base, desired }: Sight, shape: Shape, field: Field): boolean =>
  field.class === "files" &&
  !isHiddenField(shape, field) &&
  equal(at(desired.properties, field.path), at(base.resource.properties, field.path)) &&
  !equal(at(base.applied, field.path), at(base.resource.properties, field.path));

/**
 * Paths that somebody added to the live object, as far as a component could declare them. What the target adds by itself
 * cannot be told from that, so an object that nobody wrote since our last read has none.
 */
const additions = ({ kind, target, base, desired, live }: Sight, shape: Shape): readonly Path[] => {
  const { properties, _id } = desired;
  const declared = [...leaves(properties), ...leaves(base.applied)];
  const hidden = [...shape.secret, ...shape.writeOnly, ...shape.local, ...(shape.derived ?? [])];
  return leaves(live.properties).filter((path) => {
    const value = liveValue(live, path);
    if (value === undefined || value === "" || looksMasked(value) || equal(value, shape.defaults[path])) return false;
    const isKnown = within(declared, path) || declared.some((other) => within([path], other)) || within(hidden, path);
    return !isKnown && validateProperties(kind, target.catalog, _id, withAt(properties, path, value)).length === 0;
  });
};

/** Why a live value must not, or cannot, be written into files at all. */
const refusal = (sight: Sight, path: Path, to: Json | undefined, properties: Properties): PullLeft | undefined => {
  const { kind, target, desired, isDeclared, isUnsettled, secrets } = sight;
  if (isUnsettled) {
    return {
      reason: "unsettled",
      message: "an interrupted run left it open: apply first, which finds out what became of it",
    };
  }
  if (to !== undefined && (looksMasked(to) || holdsCredentials(to))) {
    const message = looksMasked(to)
      ? "the target shows it masked: change it where the secret comes from"
      : "it holds what looks like a credential: declare it as $SECRET() in the template, and give its value there";
    return { reason: "secret", message };
  }
  if (to !== undefined && !equal(withoutValuesIn(to, secrets), to)) {
    return { reason: "secret", message: "it holds the value of a secret: write $SECRET() into the template for it" };
  }
  const strange = kind
    .references(properties)
    .find((one) => one.path === path && one.optional !== true && !isDeclared(address(one.kind, one._id)));
  if (strange !== undefined) {
    const message = `${address(strange.kind, strange._id)} is none of the tenant's: declare it first`;
    return { reason: "foreign-reference", message };
  }
  const [problem] = validateProperties(kind, target.catalog, desired._id, properties).filter((one) =>
    within([path], one.path),
  );
  return problem && { reason: "invalid", message: problem.message };
};

/** What somebody did to a live object of ours; undefined where nobody did. `ignored`: fields that a rule leaves alone. */
export const findEdits = (sight: Sight, ignored: (field: Field) => boolean): Found | undefined => {
  const { target, kind, base, desired, live, component } = sight;
  const shape = kind.shape(desired.properties, target.catalog);
  const trusts = target.traits.updated_at === "config";
  const touched = isTouched(base, live, trusts);
  const sealed: Path[] = [];
  eachSealed(desired.properties, (path) => sealed.push(path));
  const differences = compare(shape, desired.properties, live, base, trusts);
  const added = touched ? additions(sight, shape) : [];
  const candidates: readonly Field[] = [
    ...differences.filter((field) => ["drift", "both"].includes(field.class) || isAsAdopted(sight, shape, field)),
    ...added.map((path): Field => ({ path, class: "drift" })),
  ].filter((field) => !ignored(field));

  const whole = wholeOf(component);
  const fields: PullField[] = [];
  let edited = whole as Properties;
  for (const { path, class: type } of candidates) {
    const [from, to] = [at(desired.properties, path), liveValue(live, path)];
    const leave = (left: PullLeft): void => {
      const isSecret = left.reason === "secret" && to !== undefined;
      const shown = isSecret ? withoutValuesIn(masked(to), sight.secrets) : to;
      fields.push({
        path,
        ...(from !== undefined && { from }),
        ...(shown !== undefined && { to: shown }),
        places: [],
        left: [left],
      });
    };
    const left = refusal(sight, path, to, withAt(desired.properties, path, to));
    if (left !== undefined) leave(left);
    else if (type === "both") {
      const before = JSON.stringify(at(base.applied, path) ?? null);
      const message = `the files changed it as well since it was ${before}: decide which one counts, and write that`;
      leave({ reason: "conflict", message });
    } else {
      const next = withAt(edited, path, kind.written === undefined ? to : kind.written(component, path, to));
      if (equal(next, edited)) {
        leave({
          reason: "not-expressible",
          message: `the files do not say ${dotted(path)}: it follows from something else`,
        });
        continue;
      }
      edited = next;
      fields.push({ path, ...(from !== undefined && { from }), ...(to !== undefined && { to }), places: [], left: [] });
    }
  }
  const found = { sight, fields, edited, touched, sealed };
  if (fields.length > 0) return found;
  if (!touched || sealed.length === 0) return undefined;
  const drifted = driftFields(shape, base, live);
  // The files got it by a pull that was killed before the ledger took note, or by hand.
  const isInFiles = ({ path }: Field): boolean => equal(at(desired.properties, path), liveValue(live, path));
  if (drifted.length > 0) {
    return !sight.isUnsettled && drifted.every((field) => !ignored(field) && isInFiles(field)) ? found : undefined;
  }
  const message =
    "somebody wrote to it, and nothing that the files say differs: if this was changed, change it where the secret comes from";
  for (const path of sealed) fields.push({ path, places: [], left: [{ reason: "secret", message }] });
  return found;
};
