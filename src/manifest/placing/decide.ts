import { equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import { isSealed } from "../../contract/index.ts";
import { agreeOnRuns, agreeOnValue, styleOf } from "./candidates.ts";
import { evaluateText } from "./evaluate.ts";
import { keysGiven, scopeWith } from "./given.ts";
import { hasMarks } from "./marks.ts";
import type { Deciding } from "./obstacles.ts";
import { isWritten, obstacleOf, partsFor, wishOf } from "./obstacles.ts";
import type { Decided, Proposal } from "./settle-variables.ts";
import { settleVariables } from "./settle-variables.ts";
import type { Mark, TextParts } from "./texts.ts";
import { continuesMark, otherRuns, otherValues, wholeMark } from "./texts.ts";
import type { Instance } from "./types.ts";
import type { Change, Leaf, LeafEntry, Work } from "./work.ts";
import { place, refuse } from "./work.ts";

/** Values that a text spells: of the same type as before if it can, else the text. */
const spelled = (before: Json, text: string): readonly Json[] => {
  if (typeof before === "number" && String(Number(text)) === text && Number.isFinite(Number(text)))
    return [Number(text), text];
  if (typeof before === "boolean" && (text === "true" || text === "false")) return [text === "true", text];
  return [text];
};

const candidatesFor = (mark: Mark, to: Json, { dialect }: TextParts): readonly Json[] =>
  typeof to === "string" && dialect === "sesam" && mark.value?.literal !== true
    ? spelled(mark.value?.json ?? null, to)
    : [to];

/** A part of a text says that its variable has another value. */
export const proposalFor = (instance: Instance, { name = "", value }: Mark, text: string): readonly Proposal[] =>
  isWritten(value, instance) ? [{ instance, name, value, candidates: spelled(value.json, text) }] : [];

/** What an entry says about variables: the whole text is one, or any of these alone would give what it became. */
const possibilitiesOf = (leaf: Leaf, { side, instance, point, isLoose }: LeafEntry): readonly Proposal[] => {
  if (point === undefined || isSealed(side.to)) return [];
  const parts = partsFor(leaf, instance, instance.scope);
  if (parts === undefined) return [];
  const whole = wholeMark(parts);
  if (whole !== undefined) {
    if (!isWritten(whole.value, instance) || isLoose) return [];
    return [{ instance, name: whole.name ?? "", value: whole.value, candidates: candidatesFor(whole, side.to, parts) }];
  }
  if (typeof side.to !== "string" || isLoose) return [];
  return otherValues(parts, side.to).flatMap(({ mark, text }) => proposalFor(instance, mark, text));
};

const proposalsOf = (leaf: Leaf, entry: LeafEntry): readonly Proposal[] => {
  const found = possibilitiesOf(leaf, entry);
  return found.length === 1 ? found : [];
};

/** True where the variables can keep their values, with other text around them. */
const keepsVariables = (leaf: Leaf, { side, instance }: LeafEntry): boolean => {
  const parts = partsFor(leaf, instance, instance.scope);
  if (parts === undefined || parts.marks.length === 0) return leaf.isLiteral;
  const whole = wholeMark(parts);
  if (!leaf.isLiteral || typeof side.to !== "string" || (whole !== undefined && isWritten(whole.value, instance)))
    return false;
  const runs = otherRuns(parts, side.to);
  return runs !== undefined && !continuesMark(parts, runs);
};

/** Changes of variables that a scalar takes. */
const changesOf = ({ decided }: Deciding, leaf: Leaf, instance: Instance): readonly Change[] => {
  const parts = partsFor(leaf, instance, instance.scope);
  const keys = new Set(parts?.marks.flatMap((mark) => keysGiven(instance, decided.given, mark).slice(0, 1)));
  return [...keys].flatMap((key) => decided.changes.get(key) ?? []);
};

const explained = ({ work, decided }: Deciding, leaf: Leaf, { instance, side }: LeafEntry): boolean => {
  const raw = leaf.raw === undefined ? leaf.node.value : leaf.raw;
  if (typeof raw !== "string") return equal(raw, side.to);
  const scope = work.names.extended(instance, scopeWith(instance, decided.given));
  const value = evaluateText(raw, scope, instance.template.dialect);
  return value !== undefined && equal(value, side.to);
};

const mostTexts = 8;

/** Another text or value of the template that gives everybody what they have now. */
const agreedRaw = (deciding: Deciding, leaf: Leaf): Json | undefined => {
  const { entries, node } = leaf;
  const [first] = entries;
  if (first === undefined) return undefined;
  const style = styleOf(leaf.source, first.instance.template.dialect);
  const isMarked = typeof node.value === "string" && hasMarks(node.value, style.dialect);
  if (!isMarked && entries.some(({ side }) => typeof side.to !== "string")) {
    return agreeOnValue(
      entries.map((entry) => wishOf(deciding, entry, entry.side.to)),
      style,
    );
  }
  const wishes = entries.flatMap((entry) =>
    typeof entry.side.to === "string" ? [wishOf(deciding, entry, entry.side.to)] : [],
  );
  if (wishes.length < entries.length) return undefined;
  if (typeof node.value !== "string") return agreeOnValue(wishes, style);
  const tried = new Set<string>();
  for (const entry of entries) {
    const { instance, side } = entry;
    if (entry.point === undefined || explained(deciding, leaf, entry) || typeof side.to !== "string") continue;
    const scope = scopeWith(instance, deciding.decided.given);
    const parts = partsFor(leaf, instance, scope);
    if (parts === undefined) continue;
    const whole = wholeMark(parts);
    const runs = isMarked ? otherRuns(parts, side.to) : [side.to];
    const key = JSON.stringify(runs);
    if (runs === undefined || tried.has(key)) continue;
    // All of the text was the variable's value: only what plainly stands beside it is not a part of it now.
    if (whole !== undefined && isWritten(whole.value, instance) && continuesMark(parts, runs, true)) return undefined;
    const raw = agreeOnRuns(parts, runs, wishOf(deciding, entry, side.to), wishes, style);
    if (raw !== undefined) return raw;
    tried.add(key);
    if (tried.size >= mostTexts) return undefined;
  }
  return undefined;
};

const open = (entry: LeafEntry): boolean => entry.point !== undefined && entry.point.refused === undefined;

/** Finds the text of a template that explains what its instances have, unless the values of variables do. */
const findText = (deciding: Deciding, leaf: Leaf): void => {
  const isExplained = (): boolean => leaf.entries.every((entry) => explained(deciding, leaf, entry));
  if (!leaf.isLiteral || isExplained()) return;
  leaf.raw = undefined;
  if (!isExplained()) leaf.raw = agreedRaw(deciding, leaf);
};

const placeLeaf = (deciding: Deciding, leaf: Leaf): void => {
  const { source, node, location, rendered, raw } = leaf;
  const { start, end } = node;
  const change: Change | undefined =
    raw === undefined
      ? undefined
      : {
          source,
          into: "template",
          location,
          edits: [{ op: "value", start, end, from: node.value, to: raw }],
          rendered,
        };
  for (const entry of leaf.entries) {
    const { point } = entry;
    if (point === undefined || point.refused !== undefined) continue;
    if (explained(deciding, leaf, entry)) {
      if (change !== undefined) place(deciding.work, [point], change);
      if (open(entry)) point.changes = [...point.changes, ...changesOf(deciding, leaf, entry.instance)];
    }
    if (!open(entry) || point.changes.length > 0) continue;
    const { reason, message } = obstacleOf(deciding, leaf, entry);
    refuse([point], reason, message, location);
  }
};

const mostTries = 64;

/** Where any of several variables could have changed, it was the one with which the other uses agree, if that is one only. */
const settleOneOfSeveral = (
  deciding: Deciding,
  settle: ReturnType<typeof settleVariables>,
  leaves: readonly Leaf[],
): void => {
  const { work, decided } = deciding;
  let tries = 0;
  for (const leaf of leaves) {
    for (const entry of leaf.entries) {
      if (!open(entry) || explained(deciding, leaf, entry)) continue;
      const possibilities = possibilitiesOf(leaf, entry);
      if (possibilities.length < 2) continue;
      tries += possibilities.length;
      if (tries > mostTries) return;
      const fitting = possibilities.flatMap((proposal) => {
        const attempt: Decided = { given: new Map(decided.given), changes: new Map(decided.changes) };
        settle(attempt, [proposal]);
        return explained({ work, decided: attempt }, leaf, entry) ? [proposal] : [];
      });
      if (fitting.length === 1) settle(decided, fitting);
    }
  }
};

/** Decides what becomes of every scalar that was edited. */
export const decide = (work: Work, decided: Decided, further: readonly Proposal[]): void => {
  const deciding: Deciding = { work, decided };
  const settle = settleVariables(work);
  const leaves = [...work.leaves.values()];
  const proposals = (fits: (leaf: Leaf, entry: LeafEntry) => boolean): readonly Proposal[] =>
    leaves.flatMap((leaf) =>
      leaf.entries.flatMap((entry) => (open(entry) && fits(leaf, entry) ? proposalsOf(leaf, entry) : [])),
    );
  settle(decided, [...further, ...proposals((leaf, entry) => !keepsVariables(leaf, entry))]);
  for (const leaf of leaves) findText(deciding, leaf);
  settle(
    decided,
    proposals((leaf, entry) => !explained(deciding, leaf, entry)),
  );
  settleOneOfSeveral(deciding, settle, leaves);
  for (const leaf of leaves) {
    const { raw } = leaf;
    leaf.raw = undefined;
    if (leaf.entries.every((entry) => explained(deciding, leaf, entry))) continue;
    leaf.raw = raw;
    findText(deciding, leaf);
  }
  for (const leaf of leaves) placeLeaf(deciding, leaf);
};
