import type { Json } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";

/** What stands in JSON otherwise than in the text, if nothing but ASCII is to be written. */
const special = /["\\\u0000-\u001f\u007f-\uffff]/;
const beyond = /[\u007f-\uffff]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

const quoted = (text: string): string =>
  special.test(text) ? JSON.stringify(text).replace(beyond, escaped) : `"${text}"`;

/** Templates have their members in some order; most mappings are short, and in order already. */
const sortedKeys = (value: object): readonly string[] => {
  const keys = Object.keys(value);
  for (let index = 1; index < keys.length; index++) {
    if ((keys[index - 1] ?? "") > (keys[index] ?? "")) return keys.sort();
  }
  return keys;
};

const write = (value: Json, lineFeed: string): string => {
  if (typeof value === "string") return quoted(value);
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0.0" : String(value);
  const inner = `${lineFeed}  `;
  let text = "";
  let separator = inner;
  if (isObject(value)) {
    const keys = sortedKeys(value);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] ?? "";
      text += `${separator}${quoted(key)}: ${write(value[key] ?? null, inner)}`;
      separator = `,${inner}`;
    }
    return text === "" ? "{}" : `{${text}${lineFeed}}`;
  }
  for (let index = 0; index < value.length; index++) {
    text += separator + write(value[index] ?? null, inner);
    separator = `,${inner}`;
  }
  return text === "" ? "[]" : `[${text}${lineFeed}]`;
};

/**
 * A file of an expansion as Sesam's client writes it: sorted keys, two spaces, ASCII with escapes, no line feed at the end.
 * The same bytes where a file holds no fractions.
 */
export const sesamText = (content: Json): string => write(content, "\n");
