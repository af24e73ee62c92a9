import type { Json } from "../../contract/index.ts";
import { reservedKeys } from "./tree.ts";

/** Says that a text is more than the quick way understands. */
class TooMuch extends Error {}
const tooMuch = new TooMuch();

const giveUp = (): never => {
  throw tooMuch;
};

// Anything that YAML or JavaScript treats in a way of its own: control characters, tabs, carriage returns, surrogates.
const unusual = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff\ufeff]/;
const blank = /^ *(?:#.*)?$/;
const entry = /^( *)([A-Za-z0-9_][A-Za-z0-9_.-]*|"[^"\\]*"|'[^']*'):(?: +(.*))?$/;
const flowKey = /([A-Za-z0-9_][A-Za-z0-9_.-]*|"[^"\\]*"|'[^']*'): +/y;
const quoted = /"[^"\\]*"|'[^']*'/y;
const plain = /(?:[A-Za-z0-9_./$<+]|-(?=[A-Za-z0-9_.]))[^\n]*/y;
const flowPlain = /(?:[A-Za-z0-9_./$<+]|-(?=[A-Za-z0-9_.]))[^\n,[\]{}]*/y;
const endOfPlain = /:(?=[\s,[\]{}]|$)| #|$/;
const safeInteger = /^(?:0|-?[1-9][0-9]{0,14})$/;
const safeDecimal = /^-?(?:0|[1-9][0-9]{0,9})\.[0-9]{1,6}$/;
const otherNumber =
  /^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

const words: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ...["true", "True", "TRUE"].map((word): [string, boolean] => [word, true]),
  ...["false", "False", "FALSE"].map((word): [string, boolean] => [word, false]),
  ...["null", "Null", "NULL"].map((word): [string, null] => [word, null]),
]);

const scalar = (text: string): Json => {
  const word = words.get(text);
  if (word !== undefined) return word;
  if (safeInteger.test(text) || (safeDecimal.test(text) && Number(text) !== 0)) return Number(text);
  return otherNumber.test(text) ? giveUp() : text;
};

const unquoted = (key: string): string => (key.startsWith('"') || key.startsWith("'") ? key.slice(1, -1) : key);

const put = (record: Record<string, Json>, key: string, value: Json): void => {
  if (Object.hasOwn(record, key) || reservedKeys.has(key)) giveUp();
  record[key] = value;
};

/** What stands behind a key, or in a list between brackets, on one line. */
const inline = (line: string): Json => {
  let at = 0;
  const skip = (): void => {
    while (line[at] === " ") at++;
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match === null) return undefined;
    at += match[0].length;
    return match[0];
  };
  const value = (flow: boolean): Json => {
    if (line[at] === "{") return mapping();
    if (line[at] === "[") return list();
    const start = at;
    const text = take(quoted);
    if (text !== undefined) return line[at] === text[0] ? giveUp() : text.slice(1, -1);
    const rest = take(flow ? flowPlain : plain) ?? giveUp();
    const end = rest.search(endOfPlain);
    if (rest[end] === ":") giveUp();
    at = start + end;
    return scalar(rest.slice(0, end).replace(/ +$/, ""));
  };
  const mapping = (): Json => {
    const record: Record<string, Json> = {};
    at++;
    skip();
    while (line[at] !== "}") {
      const key = take(flowKey) ?? giveUp();
      put(record, unquoted(key.slice(0, key.lastIndexOf(":"))), value(true));
      separator("}");
    }
    at++;
    return record;
  };
  const list = (): Json => {
    const items: Json[] = [];
    at++;
    skip();
    while (line[at] !== "]") {
      items.push(value(true));
      separator("]");
    }
    at++;
    return items;
  };
  const separator = (end: string): void => {
    skip();
    if (line[at] === end) return;
    if (line[at] !== ",") giveUp();
    at++;
    skip();
    if (line[at] === end) giveUp();
  };
  const result = value(false);
  if (!/^ *$|^ +#/.test(line.slice(at))) giveUp();
  return result;
};

/**
 * The value of a plain YAML document: mappings by indentation, and on one line scalars, flow mappings and flow lists.
 * Undefined for everything else, valid or not; then `parseYaml` decides. It takes a tenth of the time, and is worth its
 * lines for thousands of tenant files that are written this way.
 */
export const quickYaml = (text: string): Json | undefined => {
  if (unusual.test(text)) return undefined;
  const lines = text.split("\n");
  let at = lines[0] === "---" ? 1 : 0;
  const next = (): number => {
    while (at < lines.length && blank.test(lines[at] ?? "")) at++;
    const line = lines[at];
    return line === undefined ? -1 : line.search(/[^ ]/);
  };
  const block = (indent: number, depth: number): Json => {
    if (depth > 50) giveUp();
    const record: Record<string, Json> = {};
    for (let found = indent; found === indent; found = next()) {
      const [, , key = "", rest = ""] = entry.exec(lines[at] ?? "") ?? giveUp();
      at++;
      const empty = blank.test(rest);
      const below = next();
      if (empty) put(record, unquoted(key), below > indent ? block(below, depth + 1) : null);
      else if (below > indent) giveUp();
      else put(record, unquoted(key), inline(rest));
    }
    if (next() > indent) giveUp();
    return record;
  };
  try {
    if (next() !== 0) return undefined;
    const value = block(0, 0);
    return next() === -1 ? value : undefined;
  } catch (error) {
    if (error === tooMuch) return undefined;
    throw error;
  }
};
