import type { Json } from "../../contract/index.ts";
import { isJsonObject } from "./layout.ts";
import type { Form, Style } from "./style.ts";
import { sortOf } from "./style.ts";
import { jsonString, yamlString } from "./write-text.ts";

/** How a new value is to look where it goes. */
export type Wish = {
  readonly style: Style;
  /** Forms of its neighbours; they count before the file's. */
  readonly near: ReadonlyMap<string, Form>;
  /** The quotes of its neighbours. */
  readonly quote: "plain" | "single" | "double";
  readonly keyQuote: Wish["quote"];
  readonly oneLine: boolean;
};

const entriesOf = (value: Json): readonly (readonly [string | undefined, Json])[] =>
  Array.isArray(value)
    ? value.map((item) => [undefined, item] as const)
    : isJsonObject(value)
      ? Object.entries(value)
      : [];

export const keyText = (key: string, { style, keyQuote }: Wish, inFlow: boolean): string =>
  style.isJson ? jsonString(key, style.ascii) : yamlString(key, keyQuote, inFlow);

export const scalarText = (value: Json, { style, quote }: Wish, inFlow: boolean): string => {
  if (typeof value !== "string") return JSON.stringify(value);
  return style.isJson ? jsonString(value, style.ascii) : yamlString(value, quote, inFlow);
};

/** The form of a new value where blocks are possible, or are not. */
export const formFor = (value: Json, { style, near, oneLine }: Wish, block: boolean): Form => {
  if (entriesOf(value).length === 0 || oneLine) return "one-line";
  const sort = sortOf(value);
  const wanted = near.get(sort) ?? style.forms.get(sort);
  if (block) return wanted === undefined || wanted === "block" ? "block" : wanted;
  return wanted === "one-line" || (wanted !== "lines" && !style.isJson) ? "one-line" : "lines";
};

/** A value between brackets, or a scalar. `indent` is that of the line it begins in. */
export const flowText = (value: Json, wish: Wish, indent: string, form = formFor(value, wish, false)): string => {
  if (typeof value !== "object" || value === null) return scalarText(value, wish, true);
  const { style } = wish;
  const [open, close, padding] = Array.isArray(value) ? ["[", "]", style.padding.list] : ["{", "}", style.padding.map];
  const inner = form === "lines" ? `${indent}${style.unit}` : indent;
  const within = form === "lines" ? { ...wish, near: new Map() } : { ...wish, oneLine: true };
  const parts = entriesOf(value).map(([key, item]) => {
    const text = flowText(item, within, inner);
    return key === undefined ? text : `${keyText(key, wish, true)}${style.colon}${text}`;
  });
  if (parts.length === 0) return open + close;
  if (form !== "lines") return `${open}${padding}${parts.join(style.comma)}${padding}${close}`;
  const feed = style.feed + inner;
  return `${open}${feed}${parts.join(`,${feed}`)}${style.feed}${indent}${close}`;
};

/** A member or item of a block: its first line, and further ones with all their indentation. */
export const blockLines = (key: string | undefined, value: Json, wish: Wish, column: number): readonly string[] => {
  const head = key === undefined ? "-" : `${keyText(key, wish, false)}:`;
  const within: Wish = { ...wish, near: new Map() };
  if (typeof value !== "object" || value === null) return [`${head} ${scalarText(value, wish, false)}`];
  const form = formFor(value, wish, true);
  if (form !== "block") return `${head} ${flowText(value, wish, " ".repeat(column), form)}`.split(wish.style.feed);
  const { step, listStep } = wish.style;
  const inner = key === undefined ? column + 2 : column + (Array.isArray(value) ? listStep : step);
  const lines = entriesOf(value).flatMap(([name, item]) => indented(blockLines(name, item, within, inner), inner));
  if (key !== undefined) return [head, ...lines];
  const [first = "", ...rest] = lines;
  return [`- ${first.trimStart()}`, ...rest];
};

/** The first line gets its indentation; the others have it. */
const indented = ([first = "", ...rest]: readonly string[], column: number): readonly string[] => [
  " ".repeat(column) + first,
  ...rest,
];

/** A list or mapping as lines with all their indentation. */
export const blockOf = (value: Json, wish: Wish, column: number): readonly string[] =>
  entriesOf(value).flatMap(([key, item]) => indented(blockLines(key, item, wish, column), column));
