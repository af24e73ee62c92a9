import { createHash } from "node:crypto";
import { equal } from "../../../src/canonical.ts";
import { isObject, type Json } from "../../../src/contract/index.ts";

const mark = "4dabf18193072939515e22adb298388d";
const secretMark = "1b47061264138c4ac30d75fd1eb44270";

const isSecret = (value: unknown): value is { readonly value: unknown } =>
  isObject(value) && value[mark] === secretMark;
export const secret = (value: unknown): unknown => (isSecret(value) ? value : { [mark]: secretMark, value });

/** A copy without marks: what Pulumi's host of dynamic providers gets. */
export const withoutMarks = (value: unknown): unknown => {
  if (isSecret(value)) return withoutMarks(value.value);
  if (Array.isArray(value)) return value.map(withoutMarks);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutMarks(member)]));
};

const holdsSecrets = (value: unknown): boolean => {
  if (isSecret(value)) return true;
  if (Array.isArray(value)) return value.some(holdsSecrets);
  return isObject(value) && Object.values(value).some(holdsSecrets);
};

/** Marks again what was marked in the inputs, key by key, as the engine does; a list with a secret in it as a whole. */
export const withMarksOf = (inputs: unknown, outputs: unknown): unknown => {
  if (isSecret(outputs) || isSecret(inputs)) return secret(outputs);
  if (!isObject(inputs) || !isObject(outputs)) return holdsSecrets(inputs) ? secret(outputs) : outputs;
  return Object.fromEntries(
    Object.entries(outputs).map(([key, value]) => [key, key in inputs ? withMarksOf(inputs[key], value) : value]),
  );
};

/** A copy in which every secret is only the word. */
export const masked = (value: unknown): unknown => {
  if (isSecret(value)) return "[secret]";
  if (Array.isArray(value)) return value.map(masked);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, masked(member)]));
};

/** A copy as a state file holds it: every secret is a word that nothing can be read from. */
export const encrypted = (value: unknown): unknown => {
  if (isSecret(value)) {
    const digest = createHash("sha256").update(JSON.stringify(value.value)).digest("base64");
    return { [mark]: secretMark, ciphertext: `v1:${digest}` };
  }
  if (Array.isArray(value)) return value.map(encrypted);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, encrypted(member)]));
};

/** A copy as a file with its secrets shown holds it. */
export const shown = (value: unknown): unknown => {
  if (isSecret(value)) return { [mark]: secretMark, plaintext: JSON.stringify(withoutMarks(value.value)) };
  if (Array.isArray(value)) return value.map(shown);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shown(member)]));
};

/** The opposite, for a file that was written with its secrets shown. */
export const decrypted = (value: unknown): unknown => {
  if (isObject(value) && value[mark] === secretMark) {
    if (typeof value["plaintext"] === "string") return secret(JSON.parse(value["plaintext"]));
    if ("value" in value) return value;
    throw new Error("this double cannot decrypt: write the file with --show-secrets");
  }
  if (Array.isArray(value)) return value.map(decrypted);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, decrypted(member)]));
};

/** Dotted paths at which two values differ. */
export const changedPaths = (before: unknown, after: unknown, path = ""): readonly string[] => {
  if (isObject(before) && isObject(after) && !isSecret(before) && !isSecret(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => changedPaths(before[key], after[key], path === "" ? key : `${path}.${key}`));
  }
  return equal(withoutMarks(before) as Json, withoutMarks(after) as Json) ? [] : [path];
};
