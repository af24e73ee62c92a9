import { createHash } from "node:crypto";

/**
 * Canonical JSON: object keys sorted by code unit, no spaces, `undefined` members left out.
 * Equal values give equal bytes (RFC 8785 for everything but exotic numbers).
 */
export const canonicalJson = (value: unknown): string => {
  if (value === null || typeof value === "number" || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) {
    let text = "[";
    for (let index = 0; index < value.length; index++) {
      if (index > 0) text += ",";
      text += value[index] === undefined ? "null" : canonicalJson(value[index]);
    }
    return `${text}]`;
  }
  if (typeof value === "object") {
    const record = value as Record<string, unknown>;
    let text = "{";
    for (const key of Object.keys(record).sort()) {
      const member = record[key];
      if (member === undefined) continue;
      if (text.length > 1) text += ",";
      text += `${JSON.stringify(key)}:${canonicalJson(member)}`;
    }
    return `${text}}`;
  }
  throw new TypeError(`canonical JSON cannot hold a ${typeof value}`);
};

/** Deep equality of JSON values; member order does not matter, `undefined` members do not count. */
export const equal = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false;
    for (let index = 0; index < a.length; index++) if (!equal(a[index], b[index])) return false;
    return true;
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left);
  let isWhole = true;
  for (const key of keys) {
    const value = left[key];
    if (!equal(value, right[key])) return false;
    if (value === undefined) isWhole = false;
  }
  const others = Object.keys(right);
  // Every member of `left` has its equal: with as many members `right` has no other.
  if (isWhole && others.length === keys.length) return true;
  for (const key of others) if (right[key] !== undefined && !Object.hasOwn(left, key)) return false;
  return true;
};

/** SHA-256 of the canonical JSON, in hex. */
export const digest = (value: unknown): string => createHash("sha256").update(canonicalJson(value)).digest("hex");
