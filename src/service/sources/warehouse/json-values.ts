import type { Json } from "../../../contract/index.ts";
import { parseExact } from "../../data/exact-json.ts";

/** A whole number; its digits where it is beyond what a double holds. */
export const wholeNumber = (digits: string): Json => {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : digits;
};

/** A floating point number; text where JSON has none for it. */
export const floatingPoint = (text: string): Json => {
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  if (/^[+-]?inf/i.test(text)) return text.startsWith("-") ? "-Infinity" : "Infinity";
  return /^nan$/i.test(text) ? "NaN" : text;
};

/** JSON text as its value, with all digits of its numbers; the text itself where it is no JSON. */
export const parsedJson = (text: string): Json => {
  try {
    return parseExact(text);
  } catch {
    return text;
  }
};

/** ISO 8601 without a zone, of seconds since the epoch and the nanoseconds within. */
export const isoTime = (seconds: number, nanoseconds: number): string => {
  const whole = new Date(seconds * 1000).toISOString().slice(0, -5);
  return nanoseconds === 0 ? whole : `${whole}.${String(nanoseconds).padStart(9, "0").replace(/0+$/, "")}`;
};

/** Bytes that a row takes as JSON, roughly. */
export const sizeOfRow = (row: readonly Json[]): number => row.reduce<number>((sum, value) => sum + sizeOf(value), 2);

const sizeOf = (value: Json): number => {
  if (typeof value === "string") return value.length + 3;
  if (typeof value !== "object" || value === null) return 9;
  return JSON.stringify(value).length + 1;
};
