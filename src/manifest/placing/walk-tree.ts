import { equal } from "../../canonical.ts";
import { isObject, isSealed } from "../../contract/index.ts";
import type { Location } from "../../diagnostic.ts";
import type { Tree } from "../parse/tree.ts";
import { jsonOf, placeOf } from "../parse/tree.ts";
import { agreeAround, mayHold } from "./around.ts";
import { standsAsWritten } from "./as-written.ts";
import { agreeOnValue } from "./candidates.ts";
import { marksBelow } from "./marks.ts";
import { isWritten } from "./obstacles.ts";
import { partsOf, wholeMark } from "./texts.ts";
import type { Walk, WalkInto } from "./walk.ts";
import { canTakeParts, changeIn, logic, refuseValue, same, unchanged, wishOf } from "./walk.ts";
import { walkList } from "./walk-list.ts";
import { walkMap } from "./walk-map.ts";
import type { Diff, Leaf, Side } from "./work.ts";
import { newPoint, place, refuse } from "./work.ts";

/** Walks through a part of a template with what each instance had there and has now. */
export const walkTree: WalkInto = (walk, node, sides, member, isLoose = false) => {
  if (sides.every(({ from, to }) => equal(from, to))) return sides.map(({ to }) => same(to));
  const location = placeOf(walk.source, member === undefined ? { tree: node } : { tree: node, member }, "value");
  const around = placeAround(walk, node, sides, location);
  if (around !== undefined) return [...around];
  if (node.type === "scalar") return walkScalar(walk, node, sides, location, isLoose);
  const fits = (side: Side): boolean => {
    if (isSealed(side.to)) return false;
    return node.type === "list"
      ? Array.isArray(side.to) && Array.isArray(side.from) && side.from.length === node.items.length
      : isObject(side.to) && isObject(side.from);
  };
  const fitting = sides.filter(fits);
  if (fitting.length === sides.length) {
    return node.type === "list" ? walkList(walk, node, sides, location) : walkMap(walk, node, sides, location);
  }
  const diffs = new Map<Side, Diff>();
  const others = sides.filter((side) => !fits(side));
  if (fitting.length > 0) {
    const all = [...fitting, ...others.map(unchanged)];
    const inner = node.type === "list" ? walkList(walk, node, all, location) : walkMap(walk, node, all, location);
    for (const [index, side] of fitting.entries()) diffs.set(side, inner[index] ?? same(side.from));
  }
  replaceTree(walk, node, others, fitting.length === 0, location, diffs);
  return sides.map((side) => diffs.get(side) ?? same(side.from));
};

/** True for a text that is a variable which a file gives its value: that may become anything. */
const isValue = (walk: Walk, node: Tree, { view }: Side): boolean => {
  if (node.type !== "scalar" || typeof node.value !== "string") return false;
  const parts = partsOf(node.value, view.instance.scope, walk.style.dialect);
  const whole = parts && wholeMark(parts);
  return parts === undefined || (whole !== undefined && isWritten(whole.value, view.instance));
};

/** What stands in something larger now keeps its variables, where all have it so. */
const placeAround = (
  walk: Walk,
  node: Tree,
  sides: readonly Side[],
  location: Location,
): readonly Diff[] | undefined => {
  if (!canTakeParts(walk) || !sides.every(({ from, to }) => mayHold(to, from))) return undefined;
  if (!marksBelow(node, walk.style.dialect) || sides.some((side) => isValue(walk, node, side))) return undefined;
  const wishes = sides.map((side) => wishOf(walk, side, side.to));
  const raw = agreeAround(walk, node, wishes);
  if (raw === undefined) return undefined;
  const points = sides.map(({ view, path, from, to }) => newPoint(walk.work, view.instance, path, { from, to }));
  const { start, end } = node;
  place(walk.work, points, changeIn(walk, location, { op: "value", start, end, from: jsonOf(node), to: raw }));
  return points.map((point): Diff => ({ type: "point", point }));
};

/** A list or mapping that became something else as a whole. */
const replaceTree = (
  walk: Walk,
  node: Tree,
  sides: readonly Side[],
  isAgreed: boolean,
  location: Location,
  diffs: Map<Side, Diff>,
): void => {
  const points = sides.map((side) => {
    const point = newPoint(walk.work, side.view.instance, side.path, { from: side.from, to: side.to });
    diffs.set(side, { type: "point", point });
    return point;
  });
  const [first] = sides;
  if (first === undefined) return;
  if (walk.rendered) refuse(points, "template-logic", logic, location);
  else if (marksBelow(node, walk.style.dialect)) {
    const message = "it held variables, and a literal never takes the place of one; edit the template";
    refuse(points, "mixed", message, location);
  } else {
    const raw = isAgreed
      ? agreeOnValue(
          sides.map((side) => wishOf(walk, side, side.to)),
          walk.style,
        )
      : undefined;
    if (raw === undefined)
      for (const [index, side] of sides.entries())
        refuseValue(walk, side, side.to, points.slice(index, index + 1), location, "the same here");
    else
      place(
        walk.work,
        points,
        changeIn(walk, location, { op: "value", start: node.start, end: node.end, from: jsonOf(node), to: raw }),
      );
  }
};

const walkScalar = (
  walk: Walk,
  node: Extract<Tree, { type: "scalar" }>,
  sides: readonly Side[],
  location: Location,
  isLoose: boolean,
): Diff[] => {
  const { work, source, rendered } = walk;
  const key = `${source.file} ${node.start} ${node.end}`;
  const known = work.leaves.get(key);
  const isLiteral = known?.isLiteral ?? (!rendered || standsAsWritten(source, node));
  const leaf: Leaf = known ?? { source, node, location, rendered, isLiteral, entries: [], raw: undefined };
  work.leaves.set(key, leaf);
  return sides.map((side): Diff => {
    const { view, path, from, to } = side;
    const isEdited = !equal(from, to);
    const point = isEdited ? newPoint(work, view.instance, path, { from, to }) : undefined;
    leaf.entries.push({ side, instance: view.instance, point, isLoose });
    view.scalars.set(node, [...(view.scalars.get(node) ?? []), side]);
    return point === undefined ? same(to) : { type: "point", point };
  });
};
