import type { Json, Properties } from "../../contract/index.ts";
import { rawDigits } from "../data/exact-json.ts";
import type { Column } from "../data/types.ts";

/** The value of a field: of that name, of a column that differs in case only, or along a path with dots. */
export const fieldReader = (
  name: string,
  columns: readonly Column[] | undefined,
): ((properties: Properties) => Json | undefined) => {
  const alike = columns?.filter((column) => column.name.toLowerCase() === name.toLowerCase()) ?? [];
  const exact = alike.some((column) => column.name === name);
  const known = exact || alike.length !== 1 ? name : (alike[0]?.name ?? name);
  const path = name.split(".");
  return (properties) => {
    if (Object.hasOwn(properties, known)) return properties[known];
    return path.length === 1 ? undefined : valueAt(properties, path);
  };
};

const valueAt = (properties: Properties, path: readonly string[]): Json | undefined => {
  let value: Json | undefined = properties;
  for (const step of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, step)) {
      return undefined;
    }
    value = (value as Properties)[step];
  }
  return value;
};

/**
 * The `_id` of a record: the values of its key as text, several joined by `:`; `:` and `\` in one of several are written
 * with a `\` before them, so that different keys never give the same `_id`. Undefined: a part is missing or no scalar.
 */
export const recordId = (parts: readonly (Json | undefined)[]): string | undefined => {
  const texts: string[] = [];
  for (const part of parts) {
    const value = part === undefined ? undefined : (rawDigits(part) ?? part);
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
    texts.push(String(value));
  }
  const [only = ""] = texts;
  if (texts.length === 1) return only === "" ? undefined : only;
  return texts.map((text) => text.replace(/[\\:]/g, "\\$&")).join(":");
};
