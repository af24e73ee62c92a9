import { hasReference } from "../../contract/index.ts";
import { parseJson } from "../parse/parse-json.ts";
import { parseYaml } from "../parse/parse-yaml.ts";
import type { Source } from "../parse/source.ts";
import type { Member, Tree } from "../parse/tree.ts";
import type { Dialect } from "../parse/variable-marks.ts";
import { parseVariables } from "../parse/variable-marks.ts";

/** True for a text with variables, or with references where they count. */
export const hasMarks = (raw: string, dialect: Dialect): boolean =>
  parseVariables(raw, dialect).some(
    (chunk) => chunk.type !== "text" || (dialect === "own" && hasReference(chunk.text)),
  );

/** True where a part of a template holds variables. */
export const marksBelow = (tree: Tree, dialect: Dialect): boolean => {
  if (tree.type === "scalar") return typeof tree.value === "string" && hasMarks(tree.value, dialect);
  if (tree.type === "list") return tree.items.some((item) => marksBelow(item, dialect));
  return tree.members.some(({ key, value }) => hasMarks(key, dialect) || marksBelow(value, dialect));
};

/** True where a scalar stands in the file as it is: its slice gives its value. */
export const standsAsWritten = (source: Source, { value, start, end }: Extract<Tree, { type: "scalar" }>): boolean => {
  const slice = source.text.slice(start, end);
  const isJson = /\.json(?:\.hbs)?$/.test(source.file);
  const { trees, problems } = isJson ? jsonTrees(slice) : parseYaml(slice);
  if (problems.length > 0) return false;
  const [tree] = trees;
  if (tree === undefined) return value === null && /^(?:~|null|Null|NULL)$/.test(slice);
  return (
    trees.length === 1 &&
    tree.type === "scalar" &&
    tree.value === value &&
    tree.start === 0 &&
    tree.end === slice.length
  );
};

const jsonTrees = (slice: string): ReturnType<typeof parseYaml> => {
  const { tree, problems } = parseJson(slice);
  return { trees: tree === undefined ? [] : [tree], problems };
};

/** A use of a variable in a template. */
export type MarkedPlace = {
  readonly name: string;
  readonly tree: Tree;
  readonly member: Member | undefined;
  readonly raw: string;
};

const known = new WeakMap<Tree, readonly MarkedPlace[]>();

/** Where variables stand in a part of a template: scalars, and keys (with their member). */
export const markedPlaces = (tree: Tree, dialect: Dialect): readonly MarkedPlace[] => {
  const before = known.get(tree);
  if (before !== undefined) return before;
  const places: MarkedPlace[] = [];
  const look = (raw: string, node: Tree, member: Member | undefined): void => {
    const names = new Set(
      parseVariables(raw, dialect).flatMap((chunk) => (chunk.type === "variable" ? [chunk.name] : [])),
    );
    for (const name of names) places.push({ name, tree: node, member, raw });
  };
  const visit = (node: Tree): void => {
    if (node.type === "scalar") {
      if (typeof node.value === "string") look(node.value, node, undefined);
    } else if (node.type === "list") node.items.forEach(visit);
    else {
      for (const member of node.members) {
        look(member.key, member.value, member);
        visit(member.value);
      }
    }
  };
  visit(tree);
  known.set(tree, places);
  return places;
};
