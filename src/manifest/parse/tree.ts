import type { Json } from "../../contract/index.ts";
import type { Location } from "../../diagnostic.ts";
import { placeAt } from "./place.ts";
import type { Source } from "./source.ts";

/** A parsed value that knows where it stands: offsets into the file's text. */
export type Tree =
  | {
      readonly type: "scalar";
      readonly value: null | boolean | number | string;
      readonly start: number;
      readonly end: number;
    }
  | { readonly type: "list"; readonly items: readonly Tree[]; readonly start: number; readonly end: number }
  | { readonly type: "map"; readonly members: readonly Member[]; readonly start: number; readonly end: number };

export type Member = {
  readonly key: string;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: Tree;
};

export type TreeMap = Extract<Tree, { type: "map" }>;

/** Deeper files are refused: nothing that people write nests like this, and the call stack is finite. */
export const maxDepth = 200;

/** Keys that would change what a value is: JavaScript's prototype, and the mark of a sealed secret. */
export const reservedKeys: ReadonlySet<string> = new Set(["__proto__", "$secret"]);

export const jsonOf = (tree: Tree): Json => {
  if (tree.type === "scalar") return tree.value;
  if (tree.type === "list") return tree.items.map(jsonOf);
  const value: Record<string, Json> = {};
  for (const member of tree.members) value[member.key] = jsonOf(member.value);
  return value;
};

/** The member that a path's last segment names, or the item without a key; undefined where there is none. */
export const findIn = (tree: Tree, path: readonly string[]): { tree: Tree; member?: Member } | undefined => {
  let found: { tree: Tree; member?: Member } = { tree };
  for (const segment of path) {
    const current: Tree = found.tree;
    if (current.type === "list") {
      const item = current.items[Number(segment)];
      if (item === undefined) return undefined;
      found = { tree: item };
    } else if (current.type === "map") {
      const member = current.members.find((one) => one.key === segment);
      if (member === undefined) return undefined;
      found = { tree: member.value, member };
    } else return undefined;
  }
  return found;
};

/** The place of what `findIn` found: its key, or its value; a list or mapping stands where its key does. */
export const placeOf = (source: Source, found: { tree: Tree; member?: Member }, part: "key" | "value"): Location => {
  const { tree, member } = found;
  if (member !== undefined && (part === "key" || tree.type !== "scalar" || tree.end === tree.start)) {
    return placeAt(source, member.keyStart, member.keyEnd);
  }
  return tree.type === "scalar" ? placeAt(source, tree.start, tree.end) : placeAt(source, tree.start, tree.start + 1);
};
