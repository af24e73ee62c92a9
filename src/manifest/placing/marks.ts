import { hasReference } from "../../contract/index.ts";
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
