import { canonicalJson, equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";

/** What becomes of an item: without `to` it is taken out, without `from` put in. */
export type Step = { readonly from?: number; readonly to?: number; readonly isSame: boolean };

const together = 1.1;
const alone = together / 2;
const mostPairs = 250_000;

const sameEnds = (before: string, after: string): number => {
  const longest = Math.min(before.length, after.length);
  let start = 0;
  while (start < longest && before[start] === after[start]) start++;
  let end = 0;
  while (end < longest - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return start + end;
};

/** From 0 to 1: how much of one value stands in another. */
export const similarity = (before: Json, after: Json, depth = 3): number => {
  if (equal(before, after)) return 1;
  if (typeof before === "string" && typeof after === "string") {
    return (0.9 * sameEnds(before, after)) / Math.max(before.length, after.length, 1);
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    if (depth === 0) return 0.1;
    let sum = 0;
    let end = 0;
    const shorter = Math.min(before.length, after.length);
    let start = 0;
    while (start < shorter && equal(before[start], after[start])) start++;
    while (end < shorter - start && equal(before.at(-1 - end), after.at(-1 - end))) end++;
    for (let index = start; index < shorter - end && index < start + 20; index++) {
      sum += similarity(before[index] ?? null, after[index] ?? null, depth - 1);
    }
    return 0.1 + (0.85 * (start + end + sum)) / length;
  }
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    if (depth === 0) return 0.1;
    let sum = 0;
    for (const key of keys) {
      const [left, right] = [before[key], after[key]];
      if (left !== undefined && right !== undefined) sum += similarity(left, right, depth - 1);
    }
    return 0.1 + (0.85 * sum) / keys.size;
  }
  return typeof before === typeof after && !isObject(before) && !isObject(after) ? 0.05 : 0;
};

const cost = (before: Json, after: Json): number => {
  const same = similarity(before, after);
  return same === 1 ? 0 : 0.1 + 0.9 * (1 - same);
};

/** What it costs to see one list become the other in this way. */
export const costOf = (steps: readonly Step[], before: readonly Json[], after: readonly Json[]): number =>
  steps.reduce(
    (sum, { from, to }) =>
      sum + (from === undefined || to === undefined ? alone : cost(before[from] ?? null, after[to] ?? null)),
    0,
  );

const inner = (before: readonly Json[], after: readonly Json[], start: number, end: number): Step[] => {
  const rows = before.length - start - end;
  const columns = after.length - start - end;
  const steps: Step[] = [];
  const step = (row: number, column: number): Step => {
    const [from, to] = [row + start, column + start];
    return { from, to, isSame: equal(before[from], after[to]) };
  };
  if (rows * columns > mostPairs) {
    for (let index = 0; index < Math.max(rows, columns); index++) {
      if (index >= rows) steps.push({ to: index + start, isSame: false });
      else if (index >= columns) steps.push({ from: index + start, isSame: false });
      else steps.push(step(index, index));
    }
    return steps;
  }
  const left = before.slice(start, start + rows);
  const right = after.slice(start, start + columns);
  const close = rows * columns <= 2_500;
  const [leftTexts, rightTexts] = [left.map(canonicalJson), right.map(canonicalJson)];
  const [leftSet, rightSet] = [new Set(leftTexts), new Set(rightTexts)];
  const pairCost = (row: number, column: number): number => {
    const [before = "", after = ""] = [leftTexts[row], rightTexts[column]];
    if (before === after) return 0;
    // Both stand elsewhere as they are: they were moved.
    if (rightSet.has(before) && leftSet.has(after)) return together;
    return close ? cost(left[row] ?? null, right[column] ?? null) : 0.9;
  };
  const width = columns + 1;
  const costs = new Float64Array((rows + 1) * width);
  const pairs = new Float64Array(rows * columns);
  const at = (row: number, column: number): number => costs[row * width + column] ?? 0;
  for (let row = rows; row >= 0; row--) {
    for (let column = columns; column >= 0; column--) {
      if (row === rows || column === columns) {
        costs[row * width + column] = (rows - row + columns - column) * alone;
        continue;
      }
      const pair = pairCost(row, column);
      pairs[row * columns + column] = pair;
      costs[row * width + column] = Math.min(
        pair + at(row + 1, column + 1),
        alone + at(row + 1, column),
        alone + at(row, column + 1),
      );
    }
  }
  let row = 0;
  let column = 0;
  const near = 1e-9;
  while (row < rows || column < columns) {
    const here = at(row, column);
    if (row < rows && column < columns) {
      const paired = (pairs[row * columns + column] ?? 0) + at(row + 1, column + 1);
      if (paired <= here + near && (pairs[row * columns + column] ?? 0) < together) {
        steps.push(step(row++, column++));
        continue;
      }
    }
    if (row < rows && alone + at(row + 1, column) <= here + near) steps.push({ from: start + row++, isSame: false });
    else steps.push({ to: start + column++, isSame: false });
  }
  return steps;
};

/** How one list became another: items that stayed, changed, went and came, in the order of both. */
export const alignLists = (before: readonly Json[], after: readonly Json[]): readonly Step[] => {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && equal(before[start], after[start])) start++;
  let end = 0;
  while (end < shorter - start && equal(before.at(-1 - end), after.at(-1 - end))) end++;
  const steps: Step[] = [];
  for (let index = 0; index < start; index++) steps.push({ from: index, to: index, isSame: true });
  steps.push(...inner(before, after, start, end));
  for (let index = end; index > 0; index--) {
    steps.push({ from: before.length - index, to: after.length - index, isSame: true });
  }
  return steps;
};
