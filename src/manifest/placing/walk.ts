import { equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import { isObject, isSealed, joinPath } from "../../contract/index.ts";
import type { Location } from "../../diagnostic.ts";
import type { Source } from "../parse/source.ts";
import type { Member, Tree } from "../parse/tree.ts";
import { jsonOf, placeOf } from "../parse/tree.ts";
import type { Step } from "./align-lists.ts";
import { alignLists, costOf, similarity } from "./align-lists.ts";
import type { Style, Wish } from "./candidates.ts";
import { agreeOnMember, agreeOnValue, waysToWriteKey } from "./candidates.ts";
import { evaluate, evaluateKey } from "./evaluate.ts";
import { hasMarks, marksBelow, standsAsWritten } from "./marks.ts";
import { otherRuns, partsOf, writeText } from "./texts.ts";
import type { Change, Diff, DiffMember, Leaf, Point, Side, Work } from "./work.ts";
import { newPoint, place, refuse } from "./work.ts";

/** A template as all who share it are walked through it. */
export type Walk = {
  readonly work: Work;
  readonly source: Source;
  readonly rendered: boolean;
  readonly style: Style;
};

const shared = (what: string): string =>
  `others that share the template do not have ${what}; edit all of them alike, or give this one a template of its own`;

const logic = "a template language makes it; edit the template";

const wishOf = <T>({ work: { names }, style }: Walk, { view }: Side, want: T): Wish<T> => {
  const { instance } = view;
  const scope = names.extended(instance, instance.scope);
  const must = names.must(instance, instance.scope, style.dialect === "sesam");
  return { scope, must, may: names.may(instance, instance.scope), want };
};

const changeIn = ({ source, rendered }: Walk, location: Location, ...edits: Change["edits"]): Change => ({
  source,
  into: "template",
  location,
  edits,
  rendered,
});

const isContainer = (value: Json): boolean => typeof value === "object" && value !== null;

/** What stands in the way of new values, for each of them; undefined where only the others do. */
const obstacle = (
  walk: Walk,
  side: Side,
  value: Json,
): { reason: "secret" | "not-expressible"; message: string } | undefined => {
  if (isSealed(value)) return { reason: "secret", message: "it is a secret; change its source" };
  if (agreeOnValue([wishOf(walk, side, value)], walk.style) !== undefined) return undefined;
  const message =
    "it holds what a template would read as a variable, a block or a reserved key, and this cannot be escaped here";
  return { reason: "not-expressible", message };
};

const refuseValue = (
  walk: Walk,
  side: Side,
  value: Json,
  points: readonly Point[],
  location: Location,
  what: string,
): void => {
  const found = obstacle(walk, side, value);
  refuse(points, found?.reason ?? "template-shared", found?.message ?? shared(what), location);
};

const same = (value: Json): Diff => ({ type: "same", value });

const forget = (view: Side["view"], tree: Tree, member?: Member): void => {
  if (member !== undefined) view.gone.add(member);
  view.gone.add(tree);
};

/** Walks through a part of a template with what each instance had there and has now. */
export const walkTree = (walk: Walk, node: Tree, sides: readonly Side[], member?: Member, isLoose = false): Diff[] => {
  if (sides.every(({ from, to }) => equal(from, to))) return sides.map(({ to }) => same(to));
  const location = placeOf(walk.source, member === undefined ? { tree: node } : { tree: node, member }, "value");
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
  if (fitting.length > 0) {
    const inner =
      node.type === "list"
        ? walkList(walk, node, fitting, location, true)
        : walkMap(walk, node, fitting, location, true);
    for (const [index, side] of fitting.entries()) diffs.set(side, inner[index] ?? same(side.from));
  }
  const others = sides.filter((side) => !fits(side));
  replaceTree(walk, node, others, fitting.length === 0, location, diffs);
  return sides.map((side) => diffs.get(side) ?? same(side.from));
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

type MapSide = {
  readonly side: Side;
  readonly from: { readonly [key: string]: Json };
  readonly to: { readonly [key: string]: Json };
  /** Names of the template's members. */
  readonly keys: readonly (string | undefined)[];
  /** Members that nothing of the template gives, and that were not there. */
  readonly added: Set<string>;
  readonly members: DiffMember[];
};

const mapSide = (walk: Walk, node: Extract<Tree, { type: "map" }>, side: Side): MapSide => {
  const { view, path } = side;
  const [from, to] = [isObject(side.from) ? side.from : {}, isObject(side.to) ? side.to : {}];
  const keys = node.members.map((member) => {
    const key = evaluateKey(member.key, view.instance.scope, walk.style.dialect);
    return key !== undefined && Object.hasOwn(from, key) && !view.generated.has(joinPath(path, key)) ? key : undefined;
  });
  const members: DiffMember[] = [];
  for (const key of Object.keys(from)) {
    if (keys.includes(key)) continue;
    // Not the template's: the expansion added it.
    const value = from[key] ?? null;
    const now = Object.hasOwn(to, key) ? to[key] : undefined;
    if (now !== undefined && equal(value, now)) members.push({ key, diff: same(value) });
    else {
      const point = newPoint(walk.work, view.instance, joinPath(path, key), {
        from: value,
        ...(now !== undefined && { to: now }),
      });
      refuse([point], "generated", "the expansion adds it by itself; it stands in no template");
      members.push({ key, diff: { type: "point", point } });
    }
  }
  const added = new Set(Object.keys(to).filter((key) => !Object.hasOwn(from, key)));
  return { side, from, to, keys, added, members };
};

/** Keys that went and keys that came with the same value, or much of it, are one key with another name. */
const renamesOf = (walk: Walk, node: Extract<Tree, { type: "map" }>, one: MapSide): Map<number, string> => {
  const { from, to, keys, side } = one;
  const renames = new Map<number, string>();
  const open = new Set(one.added);
  const missing = keys.flatMap((key, index) => (key !== undefined && !Object.hasOwn(to, key) ? [{ key, index }] : []));
  if (missing.length === 0 || open.size === 0) return renames;
  const match = (fits: (entry: { key: string; index: number }, key: string) => boolean): void => {
    for (const entry of missing) {
      if (renames.has(entry.index)) continue;
      const found = [...open].find((key) => fits(entry, key));
      if (found === undefined) continue;
      renames.set(entry.index, found);
      open.delete(found);
    }
  };
  match(({ key }, other) => equal(from[key], to[other]));
  match(({ index }, other) => {
    const raw = node.members[index]?.key ?? "";
    const parts = partsOf(raw, side.view.instance.scope, walk.style.dialect);
    return parts !== undefined && parts.marks.length > 0 && otherRuns(parts, other) !== undefined;
  });
  match(({ key }, other) => {
    const [before, after] = [from[key] ?? null, to[other] ?? null];
    return isContainer(before) && isContainer(after) && similarity(before, after) >= 0.5;
  });
  return renames;
};

const walkMap = (
  walk: Walk,
  node: Extract<Tree, { type: "map" }>,
  sides: readonly Side[],
  location: Location,
  isDivided = false,
): Diff[] => {
  const all = sides.map((side) => mapSide(walk, node, side));
  const renames = all.map((one) => renamesOf(walk, node, one));
  for (const [index, member] of node.members.entries()) {
    const present = all.flatMap((one, number) => {
      const key = one.keys[index];
      return key === undefined ? [] : [{ one, key, renamed: renames[number]?.get(index) }];
    });
    const kept = present.filter(({ one, key, renamed }) => renamed !== undefined || Object.hasOwn(one.to, key));
    const removed = present.filter((entry) => !kept.includes(entry));
    removeMember(walk, member, removed, kept.length === 0 && !isDivided);
    const points = renameMember(walk, member, kept, removed.length === 0 && !isDivided);
    const inner = walkTree(
      walk,
      member.value,
      kept.map(({ one, key, renamed }) => ({
        view: one.side.view,
        path: joinPath(one.side.path, renamed ?? key),
        from: one.from[key] ?? null,
        to: one.to[renamed ?? key] ?? null,
      })),
      member,
    );
    for (const [number, { one, key, renamed }] of kept.entries()) {
      const diff = inner[number] ?? same(one.from[key] ?? null);
      const own = points.get(one);
      one.members.push(
        renamed === undefined || own === undefined
          ? { key, diff }
          : { key, renamed: { to: renamed, points: own }, diff },
      );
      if (renamed !== undefined) one.added.delete(renamed);
    }
  }
  addMembers(walk, node, all, location, isDivided);
  return all.map(({ members }): Diff => ({ type: "map", members }));
};

type Present = { readonly one: MapSide; readonly key: string; readonly renamed: string | undefined };

const removeMember = (walk: Walk, member: Member, removed: readonly Present[], isAgreed: boolean): void => {
  if (removed.length === 0) return;
  const location = placeOf(walk.source, { tree: member.value, member }, "key");
  const points = removed.map(({ one, key }) => {
    const { view, path } = one.side;
    const point = newPoint(walk.work, view.instance, joinPath(path, key), { from: one.from[key] ?? null });
    one.members.push({ key, diff: { type: "point", point } });
    forget(view, member.value, member);
    return point;
  });
  if (walk.rendered) refuse(points, "template-logic", logic, location);
  else if (!isAgreed) refuse(points, "template-shared", shared("this taken out"), location);
  else
    place(
      walk.work,
      points,
      changeIn(walk, location, { op: "remove-member", start: member.keyStart, key: member.key }),
    );
};

/** Points of each mapping in which the member has another name: one for the old name, one for the new. */
const renameMember = (
  walk: Walk,
  member: Member,
  kept: readonly Present[],
  isWhole: boolean,
): Map<MapSide, readonly Point[]> => {
  const found = new Map<MapSide, readonly Point[]>();
  const renamed = kept.flatMap(({ one, key, renamed }) => (renamed === undefined ? [] : [{ one, key, to: renamed }]));
  if (renamed.length === 0) return found;
  const location = placeOf(walk.source, { tree: member.value, member }, "key");
  const points = renamed.flatMap(({ one, key, to }) => {
    const { view, path } = one.side;
    const value = one.from[key] ?? null;
    const own = [
      newPoint(walk.work, view.instance, joinPath(path, key), { from: value }),
      newPoint(walk.work, view.instance, joinPath(path, to), { to: value }),
    ];
    view.keys.set(member, { from: key, to });
    walk.work.keyEdits.push({ instance: view.instance, member, to, points: own });
    found.set(one, own);
    return own;
  });
  if (walk.rendered) {
    refuse(points, "template-logic", logic, location);
    return found;
  }
  const raw = isWhole ? agreeOnKey(walk, member, kept) : undefined;
  if (raw !== undefined) {
    place(
      walk.work,
      points,
      changeIn(walk, location, { op: "key", start: member.keyStart, end: member.keyEnd, from: member.key, to: raw }),
    );
  } else if (
    hasMarks(member.key, walk.style.dialect) &&
    !renamed.some(({ one, to }) => canBeKey(walk, member, one.side, to))
  ) {
    refuse(
      points,
      "mixed",
      "the key holds a variable, and a literal never takes the place of one; edit the template",
      location,
    );
  } else refuse(points, "template-shared", shared("this name"), location);
  return found;
};

const canBeKey = (walk: Walk, member: Member, { view }: Side, to: string): boolean => {
  const parts = partsOf(member.key, view.instance.scope, walk.style.dialect);
  return parts !== undefined && otherRuns(parts, to) !== undefined;
};

const agreeOnKey = (walk: Walk, member: Member, kept: readonly Present[]): string | undefined => {
  const { dialect } = walk.style;
  const wanted = kept.map(({ one, key, renamed }) => wishOf(walk, one.side, renamed ?? key));
  for (const { one, renamed } of kept) {
    if (renamed === undefined) continue;
    const parts = partsOf(member.key, one.side.view.instance.scope, dialect);
    if (parts === undefined) continue;
    const runs = parts.marks.length === 0 ? [renamed] : otherRuns(parts, renamed);
    if (runs === undefined) continue;
    const plain = writeText(
      parts,
      runs.map((run) => [run]),
      walk.style.like,
    );
    const ways =
      parts.marks.length === 0 ? [...waysToWriteKey(renamed, wishOf(walk, one.side, renamed), walk.style)] : [plain];
    for (const raw of ways) {
      if (raw !== undefined && wanted.every(({ scope, want }) => evaluateKey(raw, scope, dialect) === want)) return raw;
    }
  }
  return undefined;
};

const addMembers = (
  walk: Walk,
  node: Extract<Tree, { type: "map" }>,
  all: readonly MapSide[],
  location: Location,
  isDivided: boolean,
): void => {
  for (const one of all) {
    for (const key of one.added) {
      const open = all.map(({ added, to, side }) =>
        wishOf(
          walk,
          side,
          Object.fromEntries([...added].flatMap((name): [string, Json][] => [[name, to[name] ?? null]])),
        ),
      );
      const order = [one, ...all.filter((other) => other !== one)];
      const wishes = order.flatMap((other) => open[all.indexOf(other)] ?? []);
      const found = walk.rendered || isDivided ? undefined : agreeOnMember(key, wishes, walk.style);
      const takers = found === undefined ? [one] : order;
      const names = found === undefined ? [key] : found.keys;
      const points = takers.flatMap((other, index) => {
        const name = names[index] ?? key;
        const { view, path } = other.side;
        const point = newPoint(walk.work, view.instance, joinPath(path, name), { to: other.to[name] ?? null });
        other.members.push({ key: name, diff: { type: "point", point } });
        other.added.delete(name);
        return [point];
      });
      if (found !== undefined) {
        place(
          walk.work,
          points,
          changeIn(walk, location, { op: "add-member", start: node.start, key: found.key, value: found.value }),
        );
      } else if (walk.rendered) refuse(points, "template-logic", logic, location);
      else refuseValue(walk, one.side, { [key]: one.to[key] ?? null }, points, location, "it");
    }
  }
};

type ListSide = {
  readonly side: Side;
  readonly from: readonly Json[];
  readonly to: readonly Json[];
  readonly steps: readonly Step[];
};

/** One way to see what became of the list, if it is as good as any for each of them. */
const unified = (all: readonly ListSide[]): readonly ListSide[] => {
  const candidates = new Map(
    all.map((one) => [JSON.stringify(one.steps.map(({ from, to }) => [from ?? -1, to ?? -1])), one.steps]),
  );
  if (candidates.size === 1) return all;
  const costs = all.map(({ steps, from, to }) => costOf(steps, from, to));
  for (const steps of candidates.values()) {
    const length = steps.filter(({ to }) => to !== undefined).length;
    const fits = all.every(
      ({ from, to }, index) => to.length === length && costOf(steps, from, to) <= (costs[index] ?? 0) + 1e-9,
    );
    if (!fits) continue;
    return all.map((one) => ({
      ...one,
      steps: steps.map((step) => ({
        ...step,
        isSame: step.from !== undefined && step.to !== undefined && equal(one.from[step.from], one.to[step.to]),
      })),
    }));
  }
  return all;
};

/** Steps between two items that stayed, some of which came or went: which became which is not certain. */
const looseSteps = (steps: readonly Step[]): ReadonlySet<Step> => {
  const loose = new Set<Step>();
  let stretch: Step[] = [];
  const close = (): void => {
    const came = stretch.some(({ from, to }) => from === undefined || to === undefined);
    if (came) for (const step of stretch) loose.add(step);
    stretch = [];
  };
  for (const step of steps) {
    if (step.isSame) close();
    else stretch.push(step);
  }
  close();
  return loose;
};

const walkList = (
  walk: Walk,
  node: Extract<Tree, { type: "list" }>,
  sides: readonly Side[],
  location: Location,
  isDivided = false,
): Diff[] => {
  const all = unified(
    sides.map((side): ListSide => {
      const [from, to] = [Array.isArray(side.from) ? side.from : [], Array.isArray(side.to) ? side.to : []];
      return { side, from, to, steps: alignLists(from, to) };
    }),
  );
  const loose = all.map(({ steps }) => looseSteps(steps));
  const diffs = new Map<Step, Diff>();
  for (const [index, item] of node.items.entries()) {
    const steps = all.flatMap((one, number) => {
      const step = one.steps.find(({ from }) => from === index);
      return step === undefined ? [] : [{ one, step, isLoose: loose[number]?.has(step) ?? false }];
    });
    const kept = steps.filter(({ step }) => step.to !== undefined);
    const removed = steps.filter(({ step }) => step.to === undefined);
    const inner = walkTree(
      walk,
      item,
      kept.map(({ one, step }) => ({
        view: one.side.view,
        path: joinPath(one.side.path, index),
        from: one.from[index] ?? null,
        to: one.to[step.to ?? 0] ?? null,
      })),
      undefined,
      kept.some(({ isLoose }) => isLoose),
    );
    for (const [number, { step }] of kept.entries()) diffs.set(step, inner[number] ?? same(null));
    if (removed.length === 0) continue;
    const at = placeOf(walk.source, { tree: item }, "value");
    const points = removed.map(({ one, step }) => {
      const { view, path } = one.side;
      const point = newPoint(walk.work, view.instance, joinPath(path, index), { from: one.from[index] ?? null });
      diffs.set(step, { type: "point", point });
      forget(view, item);
      return point;
    });
    if (walk.rendered) refuse(points, "template-logic", logic, at);
    else if (kept.length > 0 || isDivided) refuse(points, "template-shared", shared("this item taken out"), at);
    else place(walk.work, points, changeIn(walk, at, { op: "remove-item", start: node.start, index }));
  }
  for (let index = 0; index <= node.items.length; index++) addItems(walk, node, all, index, diffs, location, isDivided);
  return all.map(({ steps }): Diff => ({ type: "list", items: steps.map((step) => diffs.get(step) ?? same(null)) }));
};

/** What each has before the template's item of this index, in order. */
const addedBefore = ({ steps }: ListSide, index: number, length: number): readonly Step[] => {
  const end = index === length ? steps.length : steps.findIndex(({ from }) => from === index);
  let start = end;
  while (start > 0 && steps[start - 1]?.from === undefined) start--;
  return steps.slice(start, end);
};

const addItems = (
  walk: Walk,
  node: Extract<Tree, { type: "list" }>,
  all: readonly ListSide[],
  index: number,
  diffs: Map<Step, Diff>,
  location: Location,
  isDivided: boolean,
): void => {
  const stretches = all.map((one) => addedBefore(one, index, node.items.length));
  const [first] = stretches;
  const isAgreed = !isDivided && !walk.rendered && stretches.every((steps) => steps.length === first?.length);
  const longest = Math.max(...stretches.map((steps) => steps.length));
  for (let number = 0; number < longest; number++) {
    const here = all.flatMap((one, at) => {
      const step = stretches[at]?.[number];
      return step === undefined ? [] : [{ one, step, value: one.to[step.to ?? 0] ?? null }];
    });
    const points = here.map(({ one, step, value }) => {
      const { view, path } = one.side;
      const point = newPoint(walk.work, view.instance, joinPath(path, step.to ?? 0), { to: value });
      diffs.set(step, { type: "point", point });
      return point;
    });
    if (walk.rendered) refuse(points, "template-logic", logic, location);
    else {
      const wishes = here.map(({ one, value }) => wishOf(walk, one.side, value));
      const raw = isAgreed ? (moved(walk, node, all, wishes) ?? agreeOnValue(wishes, walk.style)) : undefined;
      if (raw !== undefined)
        place(walk.work, points, changeIn(walk, location, { op: "add-item", start: node.start, index, value: raw }));
      else
        for (const [at, { one, value }] of here.entries())
          refuseValue(walk, one.side, value, points.slice(at, at + 1), location, "this item");
    }
  }
};

/** An item that went elsewhere in the same list keeps its variables. */
const moved = (
  walk: Walk,
  node: Extract<Tree, { type: "list" }>,
  all: readonly ListSide[],
  wishes: readonly Wish<Json>[],
): Json | undefined => {
  const gone = (all[0]?.steps ?? []).flatMap(({ from, to }) => (to === undefined && from !== undefined ? [from] : []));
  for (const index of gone) {
    const item = node.items[index];
    if (item === undefined) continue;
    const raw = jsonOf(item);
    if (wishes.every(({ scope, want }) => equal(evaluate(raw, scope, walk.style.dialect), want))) return raw;
  }
  return undefined;
};
