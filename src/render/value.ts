import type { Field, Json } from "../contract/index.ts";
import { isObject, isSealed, segments } from "../contract/index.ts";
import { printable } from "./escape.ts";
import { count } from "./words.ts";

/** Characters of one value before it is shortened. */
export const shortValue = 60;
export const longValue = 2000;

/** A pointer as people write it: `/config/base_url` is `config.base_url`. */
export const dotted = (path: string): string => printable(segments(path).join("."));

const secretText = (fingerprint: string | undefined): string =>
  fingerprint === undefined ? "(secret, unresolved)" : "(secret)";

/** Sealed values give way to what may be shown of them. */
const unsealed = (value: Json): Json => {
  if (isSealed(value)) return secretText(value.fingerprint);
  if (Array.isArray(value)) return value.map(unsealed);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unsealed(member)]));
  return value;
};

const whole = (value: Json | undefined): string => {
  if (value === undefined) return "(unset)";
  if (isSealed(value)) return secretText(value.fingerprint);
  return JSON.stringify(typeof value === "object" ? unsealed(value) : value);
};

/** From `start`, at most `limit` characters; never half a surrogate pair. */
const cut = (text: string, start: number, limit: number): string => {
  if (start === 0 && text.length <= limit) return text;
  const kept = text
    .slice(start, start + limit)
    .toWellFormed()
    .replaceAll("\ufffd", "");
  const after = start + limit < text.length ? `… (${count(text.length)} characters)` : "";
  return `${start > 0 ? "…" : ""}${kept}${after}`;
};

/** A value on one line, shortened to about `limit` characters, safe to show. */
export const formatValue = (value: Json | undefined, limit: number = shortValue): string =>
  printable(cut(whole(value), 0, limit));

const commonPrefix = (a: string, b: string): number => {
  const most = Math.min(a.length, b.length);
  let index = 0;
  while (index < most && a[index] === b[index]) index++;
  return index;
};

/** Two values that differ, shortened around where they begin to. */
const formatPair = (from: Json | undefined, to: Json | undefined, limit: number): string => {
  const [before, after] = [whole(from), whole(to)];
  const prefix = commonPrefix(before, after);
  const start =
    Math.max(before.length, after.length) > limit && prefix > limit / 2 ? prefix - Math.floor(limit / 4) : 0;
  return `${printable(cut(before, start, limit))} → ${printable(cut(after, start, limit))}`;
};

const isDigest = (value: Json | undefined): boolean => typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value);

/** What a field's difference looks like: `30 → 60`, `(secret, changed)`. Never shows what stood at a sealed place. */
export const formatDifference = (field: Omit<Field, "path">, limit: number = shortValue): string => {
  const { from, to } = field;
  if (isSealed(to)) {
    if (to.fingerprint === undefined) return "(secret, unresolved)";
    if (field.class === "unknown") return "(secret, unknown)";
    return from === undefined ? "(secret)" : "(secret, changed)";
  }
  if (isSealed(from)) return `(secret) → ${formatValue(to, limit)}`;
  // Digests of a file's content say nothing to people.
  if (isDigest(from) && isDigest(to) && from !== to) return "changed";
  return formatPair(from, to, limit);
};

const notes = {
  files: "",
  drift: "drift",
  both: "files and drift",
  removed: "removed",
  unknown: "unknown",
} as const satisfies Record<Field["class"], string>;

/** A word on where a difference comes from; empty where the files changed, which is what one expects. */
export const fieldNote = (field: Field): string =>
  field.class === "unknown" && isSealed(field.to) ? "" : notes[field.class];
