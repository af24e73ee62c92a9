import { parseAllDocuments } from "yaml";
import type { Json } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";
import type { FileEdit } from "../manifest/index.ts";
import { editFile } from "../manifest/index.ts";

/** Members to put into a mapping at the top of a file. */
export type Addition = { readonly parent: string; readonly members: { readonly [key: string]: Json } };

const plain = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
/** What YAML would read as something else than text. */
const words = /^(true|false|null|nan|inf|yes|no|on|off|y|n)$/i;

/** A value on one line. */
const flow = (value: Json): string => {
  if (typeof value === "string") return !plain.test(value) || words.test(value) ? JSON.stringify(value) : value;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${flow(key)}: ${flow(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
};

/** The lines that an addition would be, for a person who makes it by hand. */
export const additionLines = ({ parent, members }: Addition): string =>
  [`${parent}:`, ...Object.entries(members).map(([key, value]) => `  ${flow(key)}: ${flow(value)}`)].join("\n");

const contentOf = (text: string): Json | undefined => {
  const [document, ...more] = parseAllDocuments(text, { schema: "core", logLevel: "error" });
  return document === undefined || more.length > 0 ? undefined : (document.toJS() as Json);
};

/**
 * The text of a YAML or JSON file with members added and every byte that was there kept, comments and order included.
 * Undefined where that cannot be done, or would say anything else than what was there and what is added.
 */
export const addMembers = (file: string, text: string, { parent, members }: Addition): string | undefined => {
  const content = contentOf(text);
  if (!isObject(content)) return undefined;
  const before = Object.hasOwn(content, parent) ? content[parent] : undefined;
  if (isObject(before) && Object.keys(members).some((key) => Object.hasOwn(before, key))) return undefined;
  const edits: readonly FileEdit[] =
    before === undefined
      ? [{ op: "set", path: [parent], value: members }]
      : Object.entries(members).map(([key, value]) => ({ op: "set", path: [parent, key], value }));
  const edited = editFile(file, text, edits);
  return "text" in edited ? edited.text : undefined;
};
