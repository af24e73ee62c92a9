import type { Piece } from "../../contract/index.ts";
import { backslashesBefore, parseReferences, writeReferences } from "../../contract/index.ts";
import { Deferred, inClear } from "../expand/references.ts";
import type { Scope, Spot, Value } from "../expand/scope.ts";
import type { Dialect } from "../parse/variable-marks.ts";
import { parseVariables } from "../parse/variable-marks.ts";

/** A variable or a reference in a template's text. */
export type Mark = {
  /** Of a variable. */
  readonly name: string | undefined;
  readonly value: Value | undefined;
  /** What it gives as a part of the text; undefined where that is not known or secret. */
  readonly text: string | undefined;
  readonly piece: Piece | undefined;
  readonly raw: string;
};

/** What stands between marks: text, and variables that are to be put in. */
export type Run = readonly (string | { readonly name: string })[];

/** A template's text, taken apart: a run before, between and behind its marks. */
export type TextParts = {
  readonly dialect: Dialect;
  readonly raw: string;
  readonly runs: readonly string[];
  readonly marks: readonly Mark[];
};

const nowhere: Spot = { source: { file: "", text: "", trees: () => [] }, start: 0, end: 0 };

const clearText = (pieces: readonly Piece[], scope: Scope): string | undefined =>
  pieces.some((piece) => piece.type === "secret") ? undefined : inClear(new Deferred(pieces, nowhere), scope, false);

/** Takes a text apart; undefined where a mark of it is malformed. */
export const partsOf = (raw: string, scope: Scope, dialect: Dialect): TextParts | undefined => {
  const runs = [""];
  const marks: Mark[] = [];
  for (const chunk of parseVariables(raw, dialect)) {
    if (chunk.type === "malformed") return undefined;
    if (chunk.type === "variable") {
      const value = scope.values[scope.variables.indexOf(chunk.name)];
      const text = value?.make === undefined ? value?.text : value.pieces && clearText(value.pieces, scope);
      marks.push({ name: chunk.name, value, text, piece: undefined, raw: raw.slice(chunk.start, chunk.end) });
      runs.push("");
      continue;
    }
    const pieces: readonly Piece[] = dialect === "own" ? parseReferences(chunk.text) : [chunk];
    for (const piece of pieces) {
      if (piece.type === "text") runs[runs.length - 1] += piece.text;
      else {
        marks.push({ name: undefined, value: undefined, text: clearText([piece], scope), piece, raw: "" });
        runs.push("");
      }
    }
  }
  return { dialect, raw, runs, marks };
};

/** The text is one variable and nothing else. */
export const wholeMark = ({ runs, marks }: TextParts): Mark | undefined => {
  const [only] = marks;
  return marks.length === 1 && only?.name !== undefined && runs.every((run) => run === "") ? only : undefined;
};

/** True where a text can stand in a template as it is, or with escapes. */
export const canStand = (text: string, dialect: Dialect): boolean =>
  dialect === "own" ||
  (!/\{\{[@%]|\{#/.test(text) && parseVariables(text, dialect).every((chunk) => chunk.type === "text"));

/** Takes the meaning of marks out of a text. A variable may stand right behind it. */
const escapeMarks = (text: string, beforeVariable: boolean): string => {
  const escaped = text.replaceAll(
    /<<@|\{\{@/g,
    (mark, offset: number) => `${"\\".repeat(backslashesBefore(text, offset) + 1)}${mark}`,
  );
  return beforeVariable ? escaped + "\\".repeat(backslashesBefore(text, text.length)) : escaped;
};

/** How variables are written in a template. */
export const writeMark = (name: string, like: string, dialect: Dialect): string =>
  dialect === "sesam" || (like.includes("{{@") && !like.includes("<<@")) ? `{{@ ${name} @}}` : `<<@ ${name} @>>`;

/** A text with other runs between the same marks; undefined where one of them cannot be written. */
export const writeText = (
  { dialect, raw, runs: before, marks }: TextParts,
  runs: readonly Run[],
  like: string,
): string | undefined => {
  if (runs.some((run) => run.some((part) => typeof part === "string" && !canStand(part, dialect)))) return undefined;
  let text = "";
  let pieces: Piece[] = [];
  const flush = (beforeVariable: boolean): void => {
    if (dialect === "own") text += escapeMarks(writeReferences(pieces), beforeVariable);
    else for (const piece of pieces) if (piece.type === "text") text += piece.text;
    pieces = [];
  };
  for (const [index, run] of runs.entries()) {
    for (const part of run) {
      if (typeof part === "string") {
        if (part !== "") pieces.push({ type: "text", text: part });
      } else {
        flush(true);
        text += writeMark(part.name, raw === "" ? like : raw, dialect);
      }
    }
    const mark = marks[index];
    if (mark?.piece !== undefined) pieces.push(mark.piece);
    else if (mark !== undefined) {
      flush(true);
      text += mark.raw;
    }
  }
  flush(false);
  const isSame = runs.every(
    (run, index) => run.join("") === before[index] && run.every((part) => typeof part === "string"),
  );
  return isSame ? raw : text;
};

const tooLong = 4_000_000;

/**
 * The runs of another text between the same marks with the same texts: as few changed as can be, rather ones that were not
 * empty before, and the marks as far left as can be. Undefined where the marks do not stand in it in this order.
 */
export const otherRuns = ({ runs, marks }: TextParts, text: string): readonly string[] | undefined => {
  const texts = marks.map((mark) => mark.text);
  if (!texts.every((one) => one !== undefined)) return undefined;
  const width = text.length + 1;
  if (width * (marks.length + 1) > tooLong) return undefined;
  const changed = (index: number): number => (runs[index] === "" ? 1025 : 1024);
  const never = Number.POSITIVE_INFINITY;
  // costs[index][at]: of all from run `index` on, where that begins at `at`; ends[index][at]: where the run ends then.
  const costs = Array.from({ length: marks.length + 1 }, () => new Float64Array(width).fill(never));
  const ends = Array.from({ length: marks.length + 1 }, () => new Int32Array(width).fill(-1));
  for (let index = marks.length; index >= 0; index--) {
    const cost = costs[index] ?? new Float64Array();
    const end = ends[index] ?? new Int32Array();
    const run = runs[index] ?? "";
    const mark = texts[index];
    const next = costs[index + 1];
    if (mark === undefined || next === undefined) {
      for (let at = 0; at < width; at++) {
        cost[at] = text.length - at === run.length && text.startsWith(run, at) ? 0 : changed(index);
        end[at] = text.length;
      }
      continue;
    }
    let best = never;
    let bestEnd = -1;
    for (let at = text.length; at >= 0; at--) {
      const here = text.startsWith(mark, at) ? (next[at + mark.length] ?? never) : never;
      if (here <= best) {
        best = here;
        bestEnd = here === never ? -1 : at;
      }
      cost[at] = best + changed(index);
      end[at] = bestEnd;
      const kept = at + run.length;
      if (text.startsWith(run, at) && text.startsWith(mark, kept)) {
        const same = next[kept + mark.length] ?? never;
        if (same <= (cost[at] ?? never)) {
          cost[at] = same;
          end[at] = kept;
        }
      }
    }
  }
  if ((costs[0]?.[0] ?? never) === never) return undefined;
  const others: string[] = [];
  let at = 0;
  for (let index = 0; index <= marks.length; index++) {
    const end = ends[index]?.[at] ?? -1;
    others.push(text.slice(at, end));
    at = end + (texts[index] ?? "").length;
  }
  return others;
};

const words = { end: /[\p{L}\p{N}]$/u, start: /^[\p{L}\p{N}]/u };
const names = { end: /[\p{L}\p{N}_.-]$/u, start: /^[\p{L}\p{N}_.-]/u };

/**
 * True where what is new goes on with the word or number that a variable ends or begins with, such as `10` that becomes
 * `100`; with `isName` also where it could be a part of a longer name, such as `a` that becomes `a-b`.
 */
export const continuesMark = ({ runs, marks }: TextParts, others: readonly string[], isName = false): boolean => {
  const { start: wordStart, end: wordEnd } = isName ? names : words;
  return others.some((other, index) => {
    if (other === runs[index]) return false;
    const before = marks[index - 1]?.text ?? "";
    const after = marks[index]?.text ?? "";
    const was = runs[index] ?? "";
    return (
      (wordStart.test(other) && !wordStart.test(was) && wordEnd.test(before)) ||
      (wordEnd.test(other) && !wordEnd.test(was) && wordStart.test(after))
    );
  });
};

/** Variables of which one alone, with another text, would give this text. */
export const otherValues = (
  { runs, marks }: TextParts,
  text: string,
): readonly { readonly mark: Mark; readonly text: string }[] => {
  const names = new Set(marks.flatMap(({ name }) => (name === undefined ? [] : [name])));
  return [...names].flatMap((name) => {
    const fixed = [runs[0] ?? ""];
    for (const [index, mark] of marks.entries()) {
      if (mark.name === name) fixed.push(runs[index + 1] ?? "");
      else if (mark.text === undefined) return [];
      else fixed[fixed.length - 1] += mark.text + (runs[index + 1] ?? "");
    }
    const times = fixed.length - 1;
    const length = (text.length - fixed.join("").length) / times;
    if (length < 0 || !Number.isInteger(length)) return [];
    const start = fixed[0]?.length ?? 0;
    const value = text.slice(start, start + length);
    const mark = marks.find((one) => one.name === name);
    return mark !== undefined && fixed.join(value) === text ? [{ mark, text: value }] : [];
  });
};
