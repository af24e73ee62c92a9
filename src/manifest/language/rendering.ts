import type { Scope, Value } from "../expand/scope.ts";
import type { Source } from "../parse/source.ts";

/** Parts of a template that one rendering may go through, loops counted in full. */
export const maxSteps = 1_000_000;

/** Ends a rendering: what is wrong, at its place in the template. */
export class Unrendered extends Error {
  readonly code: "unknown-variable" | "wrong-type" | "variable-not-scalar" | "file-too-large" | "invalid-value";
  readonly start: number;
  readonly end: number;
  readonly hint: string;
  constructor(code: Unrendered["code"], { start, end }: { start: number; end: number }, message: string, hint: string) {
    super(message);
    this.code = code;
    this.start = start;
    this.end = end;
    this.hint = hint;
  }
}

/** Ends a rendering whose error is reported already. */
export class Reported extends Error {}

/** A part of a template as it is written there. */
export type Written = { readonly start: number; readonly end: number; readonly written: string };

/** What a rendering reads from. */
export type Context = {
  readonly source: Source;
  /** Of the template's own variables; undefined, and reported, where there is none. */
  readonly variable: (written: Written, name: string, optional: boolean) => Value | undefined;
  /** For references in values. */
  readonly scope: Scope;
};

/** A stretch of what came out, and where it stands in the template: a text as it is, or a value's mark as a whole. */
export type Segment = {
  readonly at: number;
  readonly start: number;
  readonly end: number;
  /** Slot of a number, boolean or null that stands in the output as it is. */
  readonly slot?: number;
  readonly isValue: boolean;
};

/** What came out of a template: text in which values stand as variables of their own. */
export type Rendered = {
  readonly text: string;
  readonly segments: readonly Segment[];
  /** What the variables `PREFIX.0`, `PREFIX.1`, … stand for. */
  readonly slots: readonly Value[];
};
