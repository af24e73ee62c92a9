import type { Json } from "./json.ts";
import { isObject } from "./json.ts";

/** Every text in a value. */
export const textsIn = (value: Json | undefined): readonly string[] =>
  typeof value === "string"
    ? [value]
    : Array.isArray(value)
      ? value.flatMap(textsIn)
      : isObject(value)
        ? Object.values(value).flatMap(textsIn)
        : [];
