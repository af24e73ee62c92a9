import { backslashesBefore } from "../../contract/index.ts";
import type { FileProblem } from "../parse/source.ts";
import type { Dialect } from "../parse/variable-marks.ts";
import type { Token } from "./tokens.ts";
import { tokensOf } from "./tokens.ts";

type Tag = {
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly Token[];
  /** What is wrong in it; counts unless it is a name. */
  readonly problem: FileProblem | undefined;
};

/** A part of a template's text, comments and white space that a `-` takes away left out. */
export type Part =
  | {
      readonly type: "text";
      readonly text: string;
      readonly start: number;
      readonly end: number;
      readonly raw: boolean;
    }
  | (Tag & { readonly type: "block" })
  /** With `name` where it looks like the name of one variable. */
  | (Tag & { readonly type: "output"; readonly name: string | undefined });

const opening = /\{\{%|\{\{@|\{#|<<@/g;
const marked = /<<@\s*([A-Za-z0-9_][A-Za-z0-9_.-]*)\s*@>>/y;
const nameOnly = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const endOfRaw = /\{\{%[-+]?\s*endraw\s*[-+]?%\}\}/g;

/** What a template may hold: far more than people write, and little enough to be read at once. */
const maxMarks = 20_000;
const maxTokens = 100_000;

const notClosed = (start: number, length: number, what: string, end: string): FileProblem => ({
  code: "template-syntax",
  start,
  end: start + length,
  message: `${what} is not closed`,
  hint: `write ${end} at its end${end.includes("raw") ? "" : ", or {{% raw %}} … {{% endraw %}} around text that stays as it is"}`,
});

/** Splits a template at its marks; the first thing that cannot be read ends it. */
export const splitTemplate = (
  text: string,
  dialect: Dialect,
): { readonly parts: readonly Part[]; readonly problem: FileProblem | undefined } => {
  const parts: Part[] = [];
  let problem: FileProblem | undefined;
  let last = 0;
  let count = 0;
  let strips = false;

  /** Text up to a mark that may take white space before it away; half of the backslashes right before a variable go. */
  const flush = (end: number, stripsBefore: boolean, raw = false): void => {
    let [from, to] = [last, end];
    if (strips) while (from < to && /\s/.test(text[from] ?? "")) from++;
    if (stripsBefore) while (to > from && /\s/.test(text[to - 1] ?? "")) to--;
    if (to > from) parts.push({ type: "text", text: text.slice(from, to), start: from, end: to, raw });
  };

  const comment = (start: number): void => {
    const close = text.indexOf("#}", start + 2);
    if (close === -1) {
      problem = notClosed(start, 2, "a comment", "#}");
      return;
    }
    flush(start, text[start + 2] === "-");
    last = close + 2;
    strips = close > start + 2 && text[close - 1] === "-";
  };

  const raw = (start: number, after: number): void => {
    endOfRaw.lastIndex = after;
    const close = endOfRaw.exec(text);
    if (close === null) {
      problem = notClosed(start, after - start, "{{% raw %}}", "{{% endraw %}}");
      return;
    }
    last = after;
    flush(close.index, close[0][3] === "-", true);
    last = close.index + close[0].length;
    strips = text[last - 4] === "-";
  };

  const tooMany = (start: number): void => {
    const message = `the template has more than ${maxMarks} marks, or ${maxTokens} parts in them`;
    problem = { code: "template-syntax", start, end: start + 3, message, hint: "write several templates" };
  };

  const tag = (start: number, isBlock: boolean): void => {
    const control = text[start + 3] ?? "";
    const inner = start + (control === "-" || control === "+" ? 4 : 3);
    const { tokens, end, stripsAfter, problem: wrong } = tokensOf(text, inner, isBlock ? "%}}" : "@}}");
    count += tokens.length;
    if (count > maxTokens || parts.length > 2 * maxMarks) {
      tooMany(start);
      return;
    }
    if (end === undefined) {
      problem = wrong ?? notClosed(start, 3, isBlock ? "{{%" : "{{@", isBlock ? "%}}" : "@}}");
      return;
    }
    flush(start, control === "-");
    last = end;
    strips = stripsAfter;
    if (!isBlock) {
      const within = text.slice(inner, end - (stripsAfter ? 4 : 3)).trim();
      parts.push({
        type: "output",
        start,
        end,
        tokens,
        problem: wrong,
        name: nameOnly.test(within) ? within : undefined,
      });
    } else if (tokens.length === 1 && tokens[0]?.name === "raw") raw(start, end);
    else parts.push({ type: "block", start, end, tokens, problem: wrong });
  };

  opening.lastIndex = 0;
  for (let found = opening.exec(text); found !== null && problem === undefined; found = opening.exec(text)) {
    const [mark] = found;
    const start = found.index;
    const isVariable = mark === "<<@" || mark === "{{@";
    // In a JSON text two backslashes are one.
    const backslashes = dialect === "own" && isVariable ? backslashesBefore(text, start) >> 1 : 0;
    if (backslashes % 2 === 1) continue;
    if (mark === "<<@") {
      marked.lastIndex = start;
      const name = marked.exec(text)?.[1];
      if (name === undefined) continue;
      flush(start - backslashes, false);
      last = marked.lastIndex;
      strips = false;
      parts.push({ type: "output", start, end: last, tokens: [], problem: undefined, name });
    } else if (mark === "{#") comment(start);
    else {
      // The text in between ends before the backslashes that go.
      const before = parts.length;
      tag(start, mark === "{{%");
      const written = backslashes > 0 ? parts[before] : undefined;
      if (written?.type === "text") {
        const end = written.end - backslashes;
        parts[before] = { ...written, text: written.text.slice(0, end - written.start), end };
      }
    }
    opening.lastIndex = Math.max(last, opening.lastIndex);
  }
  if (problem === undefined) flush(text.length, false);
  return { parts, problem };
};
