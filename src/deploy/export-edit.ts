import type { Pair, YAMLMap } from "yaml";
import { isMap, isNode, isScalar, parseAllDocuments } from "yaml";
import { equal } from "../canonical.ts";
import type { Json } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";

/** Members to put into a mapping at the top of a file. */
export type Addition = { readonly parent: string; readonly members: { readonly [key: string]: Json } };

const plain = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
/** What YAML would read as something else than text. */
const words = /^(true|false|null|nan|inf|yes|no|on|off|y|n)$/i;

/** A value on one line, in the style of the file. */
const flow = (value: Json, isJson: boolean): string => {
  if (typeof value === "string")
    return isJson || !plain.test(value) || words.test(value) ? JSON.stringify(value) : value;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${flow(key, isJson)}: ${flow(member, isJson)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
};

/** The lines that an addition would be, for a person who makes it by hand. */
export const additionLines = ({ parent, members }: Addition): string =>
  [`${parent}:`, ...Object.entries(members).map(([key, value]) => `  ${flow(key, false)}: ${flow(value, false)}`)].join(
    "\n",
  );

const contentOf = (text: string): Json | undefined => {
  const [document, ...more] = parseAllDocuments(text, { schema: "core", logLevel: "error" });
  if (document === undefined || more.length > 0 || document.errors.length > 0) return undefined;
  return document.toJS() as Json;
};

const merged = (content: Json, { parent, members }: Addition): Json | undefined => {
  if (!isObject(content)) return undefined;
  const before = Object.hasOwn(content, parent) ? content[parent] : {};
  if (!isObject(before)) return undefined;
  if (Object.keys(members).some((key) => Object.hasOwn(before, key))) return undefined;
  return { ...content, [parent]: { ...before, ...members } };
};

const insert = (text: string, offset: number, added: string): string =>
  text.slice(0, offset) + added + text.slice(offset);

const endOf = ({ key, value }: Pair<unknown, unknown>): number =>
  (isNode(value) ? value.range?.[1] : undefined) ?? (isNode(key) ? key.range?.[1] : undefined) ?? 0;

/** Into a mapping within braces: right behind the first one, where no comma or comment can be in the way. */
const intoFlow = (
  text: string,
  map: YAMLMap,
  entries: readonly (readonly [string, Json])[],
  isJson: boolean,
): string => {
  const added = entries.map(([key, value]) => `${flow(key, isJson)}: ${flow(value, isJson)}`).join(", ");
  const open = map.range?.[0] ?? 0;
  return insert(text, open + 1, map.items.length === 0 ? ` ${added} ` : ` ${added},`);
};

/** After the last member of a mapping with a line for each. */
const intoBlock = (text: string, map: YAMLMap, lines: readonly string[]): string | undefined => {
  const last = map.items.at(-1);
  const first = map.items[0];
  if (last === undefined || first === undefined || !isNode(first.key)) return undefined;
  const feed = text.includes("\r\n") ? "\r\n" : "\n";
  const start = first.key.range?.[0] ?? 0;
  const indent = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  if (indent.trim() !== "" && indent !== "\ufeff") return undefined;
  const end = endOf(last);
  const lineEnd = text[end - 1] === "\n" ? end - 1 : text.indexOf("\n", end);
  const block = lines.map((line) => `${indent.replace("\ufeff", "")}${line}${feed}`).join("");
  return lineEnd === -1 ? `${text}${feed}${block}` : insert(text, lineEnd + 1, block);
};

const edited = (text: string, addition: Addition, isJson: boolean): string | undefined => {
  const { parent, members } = addition;
  const [document] = parseAllDocuments(text, { schema: "core", logLevel: "error" });
  const top: unknown = document?.contents;
  if (!isMap(top)) return undefined;
  const pair = top.items.find(({ key }) => isScalar(key) && key.value === parent);
  const entries = Object.entries(members);
  if (pair === undefined) {
    if (top.flow === true) return intoFlow(text, top, [[parent, members]], isJson);
    const lines = entries.map(([key, value]) => `  ${flow(key, false)}: ${flow(value, false)}`);
    return intoBlock(text, top, [`${parent}:`, ...lines]);
  }
  const { value } = pair;
  if (!isMap(value)) return undefined;
  if (value.flow === true) return intoFlow(text, value, entries, isJson);
  return intoBlock(
    text,
    value,
    entries.map(([key, member]) => `${flow(key, false)}: ${flow(member, false)}`),
  );
};

/**
 * The text of a YAML or JSON file with members added and every byte that was there kept, comments and order included.
 * Undefined where that cannot be done, or would say anything else than what was there and what is added.
 */
export const addMembers = (text: string, addition: Addition, isJson: boolean): string | undefined => {
  const before = contentOf(text);
  const wanted = before === undefined ? undefined : merged(before, addition);
  const after = wanted === undefined ? undefined : edited(text, addition, isJson);
  if (after === undefined || wanted === undefined) return undefined;
  const read = contentOf(after);
  return read !== undefined && equal(read, wanted) ? after : undefined;
};
