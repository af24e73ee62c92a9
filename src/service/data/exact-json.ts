import type { Json } from "../../contract/index.ts";

/** A number whose digits JavaScript cannot hold; `JSON.stringify` writes them as they were. */
type RawNumber = { readonly rawJSON: string };

// Part of V8, and not yet of TypeScript's library.
const json = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
};

const manyDigits = /\d[\d.]{15}/;

/** JSON with all digits of its numbers: those that JavaScript cannot hold stand as raw numbers in it. */
export const parseExact = (text: string): Json => {
  if (!manyDigits.test(text)) return JSON.parse(text) as Json;
  return json.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && !isExact(value, source) ? json.rawJSON(source) : value,
  ) as Json;
};

const isExact = (value: number, source: string): boolean => {
  if (Number.isSafeInteger(value)) return true;
  if (!Number.isFinite(value)) return false;
  return digitsOf(String(value)) === digitsOf(source);
};

/** The digits that count, without sign, point, exponent and zeros at the ends. */
const digitsOf = (text: string): string =>
  text
    .replace(/[eE].*$/, "")
    .replace(/[-.]/g, "")
    .replace(/^0+|0+$/g, "");

/** The digits of a raw number; undefined for any other value. */
export const rawDigits = (value: Json): string | undefined =>
  typeof value === "object" && value !== null && json.isRawJSON(value) ? value.rawJSON : undefined;
