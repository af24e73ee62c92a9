import type { Json } from "../../contract/index.ts";

export type ScalarStyle = "plain" | "single" | "double" | "literal" | "folded" | "empty";

/** A value in a file with everything that says how it is written. Offsets count from behind a byte order mark. */
export type Layout = {
  readonly type: "scalar" | "list" | "map" | "alias";
  readonly start: number;
  /** As a tree has it. */
  readonly end: number;
  /** Where its last token ends: a block ends before what stands behind its last value. */
  readonly tail: number;
  /** Of a list or mapping: in brackets. */
  readonly flow: boolean;
  readonly children: readonly Child[];
  /** Of a scalar. */
  readonly value: null | boolean | number | string;
  readonly style: ScalarStyle;
};

/** A member or an item. */
export type Child = {
  readonly key: Layout | undefined;
  /** Of its key, its dash, or an item between brackets. */
  readonly start: number;
  /** Behind the colon or dash; undefined where there is none. */
  readonly mark: number | undefined;
  readonly value: Layout;
};

/** A file's documents. */
export type FileLayout = {
  readonly text: string;
  readonly isJson: boolean;
  readonly roots: readonly Layout[];
  /** Spans that aliases stand for elsewhere. */
  readonly shared: readonly Layout[];
  /** What aliases stand for. */
  readonly targets: ReadonlyMap<Layout, Layout>;
  /** Where members have a `?`, or pairs stand in a list without braces: nothing is moved there. */
  readonly unusual: ReadonlySet<Layout>;
};

export type Splice = { readonly start: number; readonly end: number; readonly text: string };

/** Why a file cannot be edited. */
export class Refusal extends Error {}

export const refuse = (problem: string): never => {
  throw new Refusal(problem);
};

export const keyOf = ({ key }: Child): string => String(key?.value ?? "");

/** What is not there has a place somewhere behind the colon, below comments even. */
export const endOfChild = ({ start, mark, key, value }: Child): number =>
  Math.max(start, mark ?? 0, key?.tail ?? 0, value.style === "empty" ? 0 : value.tail);

/** Everything below a value, itself first. */
export function* below(layout: Layout): Generator<Layout> {
  yield layout;
  for (const { value } of layout.children) yield* below(value);
}

export const lineStart = (text: string, offset: number): number => text.lastIndexOf("\n", offset - 1) + 1;

/** Behind the line feed of the line that an offset stands in; of a value that ends with its line feed, right there. */
export const nextLine = (text: string, offset: number): number => {
  if (offset > 0 && text[offset - 1] === "\n") return offset;
  const feed = text.indexOf("\n", offset);
  return feed === -1 ? text.length : feed + 1;
};

export const isJsonObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
