import { equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import { isSealed } from "../../contract/index.ts";
import { agreeOnRuns, agreeOnValue } from "./candidates.ts";
import { evaluateText } from "./evaluate.ts";
import { keysGiven, scopeWith } from "./given.ts";
import { hasMarks } from "./marks.ts";
import type { Names } from "./names.ts";
import type { Deciding } from "./obstacles.ts";
import { isWritten, obstacleOf, partsFor, styleOf, wishOf } from "./obstacles.ts";
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
  typeof to === "string" && dialect === "sesam" ? spelled(mark.value?.json ?? null, to) : [to];

/** A part of a text says that its variable has another value. */
export const proposalFor = (instance: Instance, { name = "", value }: Mark, text: string): readonly Proposal[] =>
  isWritten(value, instance) ? [{ instance, name, value, candidates: spelled(value.json, text) }] : [];

/** What an entry says about variables: the whole text is one, or one alone would give what it became. */
const proposalsOf = (leaf: Leaf, { side, instance, point, isLoose }: LeafEntry): readonly Proposal[] => {
  if (point === undefined || isSealed(side.to)) return [];
  const parts = partsFor(leaf, instance, instance.scope);
  if (parts === undefined) return [];
  const whole = wholeMark(parts);
  if (whole !== undefined) {
    if (!isWritten(whole.value, instance) || isLoose) return [];
    return [{ instance, name: whole.name ?? "", value: whole.value, candidates: candidatesFor(whole, side.to, parts) }];
  }
  if (typeof side.to !== "string" || isLoose) return [];
  const found = otherValues(parts, side.to).flatMap(({ mark, text }) => proposalFor(instance, mark, text));
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

const explained = ({ decided }: Deciding, leaf: Leaf, { instance, side }: LeafEntry): boolean => {
  const raw = leaf.raw ?? leaf.node.value;
  if (typeof raw !== "string") return equal(raw, side.to);
  const value = evaluateText(raw, scopeWith(instance, decided.given), instance.template.dialect);
  return value !== undefined && equal(value, side.to);
};

const mostTexts = 8;

/** Another text or value of the template that gives everybody what they have now. */
const agreedRaw = (deciding: Deciding, leaf: Leaf): Json | undefined => {
  const { entries, node } = leaf;
  const [first] = entries;
  if (first === undefined) return undefined;
  const style = styleOf(leaf, first.instance);
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
    if (whole !== undefined && isWritten(whole.value, instance)) return undefined;
    const runs = isMarked ? otherRuns(parts, side.to) : [side.to];
    const key = JSON.stringify(runs);
    if (runs === undefined || tried.has(key)) continue;
    const raw = agreeOnRuns(parts, runs, wishOf(deciding, entry, side.to), wishes, style);
    if (raw !== undefined) return raw;
    tried.add(key);
    if (tried.size >= mostTexts) return undefined;
  }
  return undefined;
};

const open = (entry: LeafEntry): boolean => entry.point !== undefined && entry.point.refused === undefined;

const placeTexts = (deciding: Deciding, leaf: Leaf): void => {
  const { source, node, location, rendered } = leaf;
  const left = leaf.entries.filter((entry) => open(entry) && !explained(deciding, leaf, entry));
  if (left.length === 0 || leaf.raw !== undefined || !leaf.isLiteral) return;
  const raw = agreedRaw(deciding, leaf);
  if (raw === undefined) return;
  leaf.raw = raw;
  const { start, end } = node;
  const change: Change = {
    source,
    into: "template",
    location,
    edits: [{ op: "value", start, end, from: node.value, to: raw }],
    rendered,
  };
  place(
    deciding.work,
    left.flatMap(({ point }) => point ?? []),
    change,
  );
};

/** Decides what becomes of every scalar that was edited. */
export const decide = (work: Work, names: Names, decided: Decided, further: readonly Proposal[]): void => {
  const deciding: Deciding = { work, names, decided };
  const settle = settleVariables(work);
  const leaves = [...work.leaves.values()];
  const proposals = (fits: (leaf: Leaf, entry: LeafEntry) => boolean): readonly Proposal[] =>
    leaves.flatMap((leaf) =>
      leaf.entries.flatMap((entry) => (open(entry) && fits(leaf, entry) ? proposalsOf(leaf, entry) : [])),
    );
  settle(decided, [...further, ...proposals((leaf, entry) => !keepsVariables(leaf, entry))]);
  for (const leaf of leaves) placeTexts(deciding, leaf);
  const before = decided.given.size;
  settle(
    decided,
    proposals((leaf, entry) => entry.point?.changes.length === 0 && !explained(deciding, leaf, entry)),
  );
  if (decided.given.size > before) for (const leaf of leaves) placeTexts(deciding, leaf);
  for (const leaf of leaves) {
    for (const entry of leaf.entries) {
      const { point } = entry;
      if (point === undefined || point.refused !== undefined) continue;
      if (explained(deciding, leaf, entry))
        point.changes = [...point.changes, ...changesOf(deciding, leaf, entry.instance)];
      if (point.changes.length > 0) continue;
      const { reason, message } = obstacleOf(deciding, leaf, entry);
      refuse([point], reason, message, leaf.location);
    }
  }
};
