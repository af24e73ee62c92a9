import type { Json, Piece as ReferencePiece } from "../../contract/index.ts";
import { backslashesBefore } from "../../contract/index.ts";
import { settle } from "../expand/references.ts";
import type { Scope, Value } from "../expand/scope.ts";
import { plainValue } from "../expand/variables.ts";
import type { Rendered, Segment } from "../language/rendering.ts";
import { Unrendered } from "../language/rendering.ts";
import { parseJson } from "../parse/parse-json.ts";
import { maxFileSize } from "../parse/source.ts";
import { jsonOf as jsonOfTree } from "../parse/tree.ts";
import type { Item, Piece, Run } from "./items.ts";
import { count, holdsReference, joinable, jsonOf } from "./items.ts";
import type { Place } from "./nodes.ts";

/** Values that one rendering may put out. */
const maxValues = 50_000;

type Assembling = {
  readonly run: Run;
  readonly prefix: string;
  readonly segments: Segment[];
  readonly slots: Value[];
  text: string;
  /** Whether what comes next stands within the quotes of a JSON text. */
  quoted: boolean;
  /** Backslashes at its end: looking for them in a text that grows would copy it each time. */
  backslashes: number;
};

const add = (assembling: Assembling, text: string, place: Place): void => {
  assembling.text += text;
  const end = backslashesBefore(text, text.length);
  assembling.backslashes = end < text.length ? end : assembling.backslashes + end;
  if (assembling.text.length <= maxFileSize) return;
  throw new Unrendered("file-too-large", place, "more than 10 MB come out of the template", "loop over less");
};

/** Adds what the template holds, and follows its quotes. */
const addText = (assembling: Assembling, text: string, place: Place, isValue: boolean): void => {
  if (text === "") return;
  assembling.segments.push({ at: assembling.text.length, start: place.start, end: place.end, isValue });
  let from = 0;
  // A backslash that ends the text before takes the first character with it.
  if (assembling.quoted && assembling.backslashes % 2 === 1) from = 1;
  add(assembling, text, place);
  const mark = /["\\]/g;
  mark.lastIndex = from;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    if (found[0] === '"') assembling.quoted = !assembling.quoted;
    else if (assembling.quoted) mark.lastIndex++;
  }
};

/** Adds a variable of its own that stands for a value. */
const addSlot = (assembling: Assembling, value: Value, place: Place): void => {
  const { run, prefix, slots, segments, quoted } = assembling;
  const mark = `<<@ ${prefix}.${slots.push(value) - 1} @>>`;
  if (slots.length > maxValues) {
    throw new Unrendered(
      "file-too-large",
      place,
      `more than ${maxValues} values come out of the template`,
      "loop over less",
    );
  }
  segments.push({ at: assembling.text.length, start: place.start, end: place.end, isValue: true });
  if (!quoted) {
    add(assembling, `"${mark}"`, place);
    return;
  }
  // Backslashes before a variable would be read as its escape: they are doubled, as the files write them.
  const backslashes = run.dialect === "own" ? assembling.backslashes : 0;
  add(assembling, "\\".repeat(backslashes) + mark, place);
};

const waiting = (run: Run, item: Item, place: Place): ((scope: Scope) => Json) | undefined => {
  if (!holdsReference(item)) return undefined;
  return (scope) => {
    scope.deferred = true;
    return jsonOf({ ...run, steps: 0 }, item, place);
  };
};

/** References in a text that is made of several. */
const referencesIn = (run: Run, item: Item, place: Place): readonly ReferencePiece[] | undefined => {
  if (item.type === "reference") return item.pieces;
  if (item.type !== "composed" || !holdsReference(item)) return undefined;
  return item.pieces.flatMap((piece): readonly ReferencePiece[] => {
    if (piece.type !== "value") return [{ type: "text", text: piece.text }];
    return referencesIn(run, piece.item, place) ?? [{ type: "text", text: joinable(run, piece.item, place) }];
  });
};

/** What a slot stands for: a variable as it is where it is one as a whole. */
const slotValue = (assembling: Assembling, item: Item, place: Place): Value => {
  const { run } = assembling;
  const { source } = run.context;
  const written = source.text.slice(place.start, place.end);
  const { within } = item;
  if (within?.path === "") return { ...within.value, written };
  const pieces = referencesIn(run, item, place);
  if (pieces !== undefined) {
    const spot = { source, start: place.start, end: place.end };
    const make = (scope: Scope): Json => settle(pieces, spot, scope);
    return { ...plainValue(null, within?.value.from ?? "the template"), pieces, make, written };
  }
  const json = jsonOf(run, item, place);
  const text = json === null || typeof json === "object" ? undefined : joinable(run, item, place);
  const made: Value = { ...plainValue(json, "the template"), text, make: waiting(run, item, place), written };
  if (within === undefined) return made;
  const { from, spot, tenantPath } = within.value;
  const path = tenantPath === undefined ? undefined : `${tenantPath}${within.path}`;
  return { ...made, from, spot, tenantPath: path, within: within.path };
};

/** Outside of quotes a text that is one complete JSON value stands for it in Sesam's dialect. */
const unquoted = (assembling: Assembling, value: Value): Value => {
  const { json } = value;
  if (assembling.run.dialect !== "sesam") return value;
  if (typeof json !== "string") return { ...value, literal: true };
  const { tree, problems } = /^\s*[-\d"[{tfn]/.test(json) ? parseJson(json) : { tree: undefined, problems: [] };
  return tree === undefined || problems.length > 0 ? value : { ...value, json: jsonOfTree(tree), literal: true };
};

/** Only what JSON has between values. */
const structure = /^[\s,:[\]{}"]*$/;

/** A literal text of the template's own expressions. */
const addLiteral = (assembling: Assembling, text: string, place: Place): void => {
  if (text === "") return;
  if (!assembling.quoted || /["\\]/.test(text)) addText(assembling, text, place, true);
  else addSlot(assembling, { ...plainValue(text, "the template"), written: writtenAt(assembling, place) }, place);
};

const writtenAt = ({ run }: Assembling, { start, end }: Place): string => run.context.source.text.slice(start, end);

const addValue = (assembling: Assembling, item: Item, place: Place): void => {
  const { run } = assembling;
  count(run, place);
  if (item.type === "json" && !assembling.quoted) {
    const value = slotValue(assembling, item.of, place);
    addSlot(assembling, run.dialect === "sesam" ? { ...value, literal: true } : value, place);
    return;
  }
  if (item.type === "composed") {
    const isStructure = item.pieces.every((piece) => piece.type !== "literal" || structure.test(piece.text));
    const isLiteral = item.pieces.every((piece) => piece.type === "literal");
    if (assembling.quoted || isStructure || isLiteral) {
      for (const piece of item.pieces) addPiece(assembling, piece, place);
      return;
    }
  }
  const value = slotValue(assembling, item, place);
  addSlot(assembling, assembling.quoted ? value : unquoted(assembling, value), place);
};

/** Marks in a text that stays as it is become values, in which nothing counts. */
const addRaw = (assembling: Assembling, { text, start, end }: Extract<Piece, { type: "text" }>): void => {
  const marks = assembling.run.dialect === "own" ? /(?:\\\\)*(?:\{\{@|<<@)/g : /\{\{@|<<@/g;
  let last = 0;
  const upTo = (to: number): void => {
    addText(assembling, text.slice(last, to), { start: start + last, end: Math.min(start + to, end) }, false);
  };
  for (const { 0: mark, index } of text.matchAll(marks)) {
    upTo(index);
    last = index + mark.length;
    const place = { start: start + index, end: start + last };
    if (assembling.quoted)
      addSlot(assembling, { ...plainValue(mark.replaceAll("\\\\", "\\"), "the template"), written: mark }, place);
    else addText(assembling, mark, place, false);
  }
  upTo(text.length);
};

const addPiece = (assembling: Assembling, piece: Piece, place: Place): void => {
  if (piece.type === "value") addValue(assembling, piece.item, piece.place ?? place);
  else if (piece.type === "literal") addLiteral(assembling, piece.text, place);
  else if (piece.raw) addRaw(assembling, piece);
  else addText(assembling, piece.text, piece, false);
};

/** Puts together what came out: JSON in which every value is a variable of its own. */
export const assemble = (run: Run, pieces: readonly Piece[], prefix: string): Rendered => {
  const assembling: Assembling = { run, prefix, segments: [], slots: [], text: "", quoted: false, backslashes: 0 };
  for (const piece of pieces) addPiece(assembling, piece, { start: 0, end: 1 });
  const { text, segments, slots } = assembling;
  return { text, segments, slots };
};
