import { equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import { joinPath } from "../../contract/index.ts";
import type { Location } from "../../diagnostic.ts";
import type { Tree } from "../parse/tree.ts";
import { jsonOf, placeOf } from "../parse/tree.ts";
import type { Step } from "./align-lists.ts";
import { alignLists, costOf, similarity } from "./align-lists.ts";
import { agreeAround } from "./around.ts";
import type { Wish } from "./candidates.ts";
import { agreeOnValue } from "./candidates.ts";
import { evaluate } from "./evaluate.ts";
import { marksBelow } from "./marks.ts";
import type { Walk } from "./walk.ts";
import { canTakeParts, changeIn, forget, logic, refuseValue, same, shared, wishOf } from "./walk.ts";
import type { Diff, Side } from "./work.ts";
import { newPoint, place, refuse } from "./work.ts";

type ListSide = {
  readonly side: Side;
  readonly from: readonly Json[];
  readonly to: readonly Json[];
  readonly steps: readonly Step[];
};

const mostCandidates = 8;
const none: Step = { isSame: true };

/** One way to see what became of the list, if it is as good as any for each of them. */
const unified = (all: readonly ListSide[]): readonly ListSide[] => {
  const candidates = new Map(
    all.map((one) => [JSON.stringify(one.steps.map(({ from, to }) => [from ?? -1, to ?? -1])), one.steps]),
  );
  if (candidates.size === 1) return all;
  const costs = all.map(({ steps, from, to }) => costOf(steps, from, to));
  for (const steps of [...candidates.values()].slice(0, mostCandidates)) {
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

const unclear =
  "an item with a variable went, and one beside it became another: it is not certain which one went; edit one after the other";

/**
 * Steps of which it is not certain whether an item with a variable went and a literal changed, or the literal went and the
 * variable has another value.
 */
const doubtfulSteps = (one: ListSide, loose: ReadonlySet<Step>, marked: ReadonlySet<number>): ReadonlySet<Step> => {
  const went = [...loose].filter(({ from, to }) => to === undefined && from !== undefined && marked.has(from));
  if (went.length === 0) return new Set();
  const changed = [...loose].filter(({ from, to, isSame }) => {
    if (from === undefined || to === undefined || isSame || marked.has(from)) return false;
    return similarity(one.from[from] ?? null, one.to[to] ?? null) < 0.5;
  });
  return new Set(changed.length === 0 ? [] : [...went, ...changed]);
};

/** Walks through a list: items that stayed, went and came. */
export const walkList = (
  walk: Walk,
  node: Extract<Tree, { type: "list" }>,
  sides: readonly Side[],
  location: Location,
): Diff[] => {
  const all = unified(
    sides.map((side): ListSide => {
      const [from, to] = [Array.isArray(side.from) ? side.from : [], Array.isArray(side.to) ? side.to : []];
      return { side, from, to, steps: alignLists(from, to) };
    }),
  );
  const places = all.map(({ steps }) => new Map(steps.map(({ from }, place) => [from, place])));
  const loose = all.map(({ steps }) => looseSteps(steps));
  const diffs = new Map<Step, Diff>();
  const marked = loose.some(({ size }) => size > 0)
    ? new Set(node.items.flatMap((item, index) => (marksBelow(item, walk.style.dialect) ? [index] : [])))
    : new Set<number>();
  const doubtful = all.map((one, number) => doubtfulSteps(one, loose[number] ?? new Set(), marked));
  for (const [index, item] of node.items.entries()) {
    const steps = all.flatMap((one, number) => {
      const step = one.steps[places[number]?.get(index) ?? -1];
      return step === undefined ? [] : [{ one, step, isLoose: loose[number]?.has(step) ?? false }];
    });
    if (doubtful.some((set, number) => set.has(all[number]?.steps[places[number]?.get(index) ?? -1] ?? none))) {
      const points = steps.map(({ one, step }) => {
        const { view, path } = one.side;
        const to = step.to === undefined ? {} : { to: one.to[step.to] ?? null };
        const point = newPoint(walk.work, view.instance, joinPath(path, index), {
          from: one.from[index] ?? null,
          ...to,
        });
        diffs.set(step, { type: "point", point });
        return point;
      });
      refuse(points, "mixed", unclear, placeOf(walk.source, { tree: item }, "value"));
      continue;
    }
    const kept = steps.filter(({ step }) => step.to !== undefined);
    const removed = steps.filter(({ step }) => step.to === undefined);
    const isTakenOut = kept.length === 0 && canTakeParts(walk);
    const inner = isTakenOut
      ? []
      : walk.into(
          walk,
          item,
          [...kept, ...removed].map(({ one, step }) => {
            const { view, path } = one.side;
            const from = one.from[index] ?? null;
            return {
              view,
              path: joinPath(path, index),
              from,
              to: step.to === undefined ? from : (one.to[step.to] ?? null),
            };
          }),
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
      if (isTakenOut) forget(view, item);
      return point;
    });
    if (walk.rendered) refuse(points, "template-logic", logic, at);
    else if (!isTakenOut && canTakeParts(walk)) refuse(points, "template-shared", shared("this item taken out"), at);
    else place(walk.work, points, changeIn(walk, at, { op: "remove-item", start: node.start, index }));
  }
  for (let index = 0; index <= node.items.length; index++) {
    const ends = places.map((steps, number) => steps.get(index) ?? all[number]?.steps.length ?? 0);
    addItems(walk, node, all, ends, index, diffs, location);
  }
  return all.map(({ steps }): Diff => ({ type: "list", items: steps.map((step) => diffs.get(step) ?? same(null)) }));
};

/** What came right before a step, in order. */
const addedBefore = ({ steps }: ListSide, end: number): readonly Step[] => {
  let start = end;
  while (start > 0 && steps[start - 1]?.from === undefined) start--;
  return steps.slice(start, end);
};

const addItems = (
  walk: Walk,
  node: Extract<Tree, { type: "list" }>,
  all: readonly ListSide[],
  ends: readonly number[],
  index: number,
  diffs: Map<Step, Diff>,
  location: Location,
): void => {
  const stretches = all.map((one, number) => addedBefore(one, ends[number] ?? 0));
  const [first] = stretches;
  const isAgreed = !walk.rendered && stretches.every((steps) => steps.length === first?.length);
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

/** An item that went elsewhere in the same list, or into another item, keeps its variables. */
const moved = (
  walk: Walk,
  node: Extract<Tree, { type: "list" }>,
  all: readonly ListSide[],
  wishes: readonly Wish<Json>[],
): Json | undefined => {
  const gone = (all[0]?.steps ?? []).flatMap(({ from, to }) => {
    const item = to === undefined && from !== undefined ? node.items[from] : undefined;
    return item === undefined ? [] : [item];
  });
  const whole = gone.map(jsonOf).find((raw) => {
    return wishes.every(({ scope, want }) => equal(evaluate(raw, scope, walk.style.dialect), want));
  });
  if (whole !== undefined) return whole;
  // One that went as a whole may hold what another one was.
  for (const item of gone) {
    const around = marksBelow(item, walk.style.dialect) ? agreeAround(walk, item, wishes) : undefined;
    if (around !== undefined) return around;
  }
  return undefined;
};
