import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import type { Json, Path } from "./json.ts";
import { isObject, joinPath } from "./json.ts";
import type { Sealed } from "./types.ts";

export const isSealed = (value: unknown): value is Sealed => isObject(value) && typeof value["$secret"] === "string";

/** Node makes a key out of bytes for each HMAC, which takes several times as long as the HMAC itself. */
const keys = new WeakMap<Uint8Array, KeyObject>();

const keyOf = (bytes: Uint8Array): KeyObject => {
  const known = keys.get(bytes) ?? createSecretKey(bytes);
  keys.set(bytes, known);
  return known;
};

/** HMAC-SHA256 over entry, path and value, in hex: equal secrets at different places have different fingerprints. */
export const fingerprint = (key: Uint8Array, entry: string, path: Path, value: string): string =>
  createHmac("sha256", keyOf(key))
    .update(JSON.stringify([entry, path, value]))
    .digest("hex");

/** Calls `visit` for every sealed value, with its pointer. */
export const eachSealed = (value: Json, visit: (path: Path, sealed: Sealed) => void, path: Path = ""): void => {
  if (isSealed(value)) visit(path, value);
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) eachSealed(item, visit, joinPath(path, index));
  else if (isObject(value))
    for (const [key, member] of Object.entries(value)) eachSealed(member, visit, joinPath(path, key));
};

/** True where a value is sealed, or a part of it is. */
export const holdsSealed = (value: Json | undefined): boolean =>
  isSealed(value) ||
  (Array.isArray(value) ? value.some(holdsSealed) : isObject(value) && Object.values(value).some(holdsSealed));

/** A copy with every sealed value replaced. */
export const mapSealed = (value: Json, replace: (path: Path, sealed: Sealed) => Json, path: Path = ""): Json => {
  if (isSealed(value)) return replace(path, value);
  if (Array.isArray(value)) return value.map((item, index) => mapSealed(item, replace, joinPath(path, index)));
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, mapSealed(member, replace, joinPath(path, key))]),
    );
  }
  return value;
};
