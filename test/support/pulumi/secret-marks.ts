import { isObject } from "../../../src/contract/index.ts";

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

/** Marks again what was marked in the inputs, key by key. */
export const withMarksOf = (inputs: unknown, outputs: unknown): unknown => {
  if (isSecret(inputs)) return secret(outputs);
  if (!isObject(inputs) || !isObject(outputs)) return outputs;
  return Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, withMarksOf(inputs[key], value)]));
};

/** A copy in which every secret is only the word. */
export const masked = (value: unknown): unknown => {
  if (isSecret(value)) return "[secret]";
  if (Array.isArray(value)) return value.map(masked);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, masked(member)]));
};
