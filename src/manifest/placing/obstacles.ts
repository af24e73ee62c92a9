import type { Json } from "../../contract/index.ts";
import { isSealed } from "../../contract/index.ts";
import type { Scope, Value } from "../expand/scope.ts";
import type { Wish } from "./candidates.ts";
import { agreeOnRuns, agreeOnValue, styleOf } from "./candidates.ts";
import { scopeWith } from "./given.ts";
import { isPlaceholder } from "./names.ts";
import { originOf } from "./origins.ts";
import type { Decided } from "./settle-variables.ts";
import type { Mark, TextParts } from "./texts.ts";
import { otherRuns, otherValues, partsOf, wholeMark } from "./texts.ts";
import type { Instance, UnplacedReason } from "./types.ts";
import type { Leaf, LeafEntry, Work } from "./work.ts";

export type Deciding = { readonly work: Work; readonly decided: Decided };

export const isWritten = (
  value: Value | undefined,
  instance: Instance,
): value is Value & { readonly make: undefined } =>
  value !== undefined && value.make === undefined && originOf(instance, value) !== undefined;

export const partsFor = (leaf: Leaf, instance: Instance, scope: Scope): TextParts | undefined =>
  typeof leaf.node.value === "string" ? partsOf(leaf.node.value, scope, instance.template.dialect) : undefined;

export const wishOf = <T>({ work: { names }, decided }: Deciding, { instance }: LeafEntry, want: T): Wish<T> => ({
  scope: names.extended(instance, scopeWith(instance, decided.given)),
  must: names.must(instance, instance.scope, instance.template.dialect === "sesam"),
  may: names.may(instance, instance.scope),
  want,
});

export type Obstacle = { readonly reason: UnplacedReason; readonly message: string };

const because = (reason: UnplacedReason, message: string): Obstacle => ({ reason, message });

const secret = because("secret", "it is a secret, or holds one; change its source");
const reference = because("secret", "it holds references, such as $ENV(name); change what they name");
const logic = because(
  "template-logic",
  "a template language makes it; edit the template, or the value that the template reads",
);
export const sharedText = because(
  "template-shared",
  "others that share the template have something else here; edit all of them alike, or give this one a template of its own",
);
const loose = because(
  "mixed",
  "items beside it came or went, so that it is not certain what this one became; edit one after the other",
);
const mixed = because(
  "mixed",
  "text and variables were changed at once, or in a way that can be read as several; edit one after the other, or the template",
);
const noNumber = because(
  "not-expressible",
  "a variable in quotes gives no number here; take the quotes out of the template",
);

const shown = (value: Json): string => {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

const inexpressible = (value: Json): Obstacle =>
  because(
    "not-expressible",
    `a template would read ${shown(value)} as a variable, a block or a reserved key, and this cannot be escaped here`,
  );

const ofText = (deciding: Deciding, leaf: Leaf, entry: LeafEntry): Obstacle => {
  const alone = agreeOnValue(
    [wishOf(deciding, entry, entry.side.to)],
    styleOf(leaf.source, entry.instance.template.dialect),
  );
  return alone === undefined ? inexpressible(entry.side.to) : sharedText;
};

const ofRuns = (
  { work: { names } }: Deciding,
  leaf: Leaf,
  { instance, side }: LeafEntry,
  parts: TextParts,
  runs: readonly string[],
): Obstacle => {
  const wish = { scope: names.extended(instance, instance.scope), must: [], may: [], want: String(side.to) };
  const alone = agreeOnRuns(parts, runs, wish, [wish], styleOf(leaf.source, instance.template.dialect));
  return alone === undefined ? inexpressible(side.to) : sharedText;
};

/** Of a variable that no file gives a value, or none that could be written. */
const ofFixed = ({ name = "", value, raw }: Mark): Obstacle => {
  if (value?.make !== undefined) return reference;
  if (value !== undefined && isPlaceholder(name, value)) {
    return because("placeholder", `each environment gives ${raw} its value; change it there`);
  }
  const from = value?.from ?? "nowhere";
  return because("built-in-variable", `the value of ${value?.written ?? raw} (${from}) stands in no file`);
};

const ofUses = ({ raw, value }: Mark): Obstacle =>
  because(
    "uses-disagree",
    `other uses of the variable ${value?.written ?? raw} (${value?.from}) have another value; edit all of them alike`,
  );

/** Why an edit of a scalar has no place. */
export const obstacleOf = (deciding: Deciding, leaf: Leaf, entry: LeafEntry): Obstacle => {
  const { side, instance, isLoose } = entry;
  const { from, to } = side;
  if (isSealed(from) || isSealed(to)) return secret;
  const parts = partsFor(leaf, instance, instance.scope);
  const whole = parts && wholeMark(parts);
  if (!leaf.isLiteral && (whole === undefined || !isWritten(whole.value, instance))) {
    return whole?.value?.make === undefined ? logic : reference;
  }
  if (parts === undefined || parts.marks.length === 0) return ofText(deciding, leaf, entry);
  const runs = typeof to === "string" ? otherRuns(parts, to) : undefined;
  if (whole !== undefined) {
    if (!isWritten(whole.value, instance)) {
      return runs === undefined || whole.value?.make !== undefined
        ? ofFixed(whole)
        : ofRuns(deciding, leaf, entry, parts, runs);
    }
    if (isLoose) return loose;
    const isQuoted = parts.dialect === "sesam" && whole.value.literal !== true;
    return isQuoted && typeof to === "number" ? noNumber : ofUses(whole);
  }
  const marks = typeof to === "string" ? otherValues(parts, to).map(({ mark }) => mark) : [];
  const written = marks.filter(({ value }) => isWritten(value, instance));
  if (runs !== undefined && written.length === 0) return ofRuns(deciding, leaf, entry, parts, runs);
  if (isLoose) return loose;
  const [first] = written.length === 1 ? written : marks.length === 1 ? marks : [];
  if (first !== undefined) return written.includes(first) ? ofUses(first) : ofFixed(first);
  const isReference = parts.marks.some(({ value, piece }) => value?.make !== undefined || piece !== undefined);
  return isReference && runs === undefined ? reference : mixed;
};
