import { maxFileSize } from "../parse/source.ts";
import type { Item, Run, Scalar } from "./items.ts";
import {
  concatenated,
  count,
  kindOf,
  listItem,
  refuseMissing,
  scalar,
  stringOf,
  textItem,
  wrongType,
} from "./items.ts";
import type { Place } from "./nodes.ts";

/** Whether a value holds: what is missing, null, false, zero or empty does not. */
export const truth = (run: Run, item: Item, place: Place): boolean => {
  switch (item.type) {
    case "missing":
      return false;
    case "scalar":
      return item.value !== null && item.value !== false && item.value !== 0 && item.value !== "";
    case "list":
      return item.items.length > 0;
    case "dict":
      return item.entries.size > 0;
    case "composed":
      return item.pieces.length > 0 && (item.pieces.some(isReference) || stringOf(run, item, place) !== "");
    default:
      return true;
  }
};

const isReference = (piece: { readonly type: string; readonly item?: Item }): boolean =>
  piece.item?.type === "reference";

/** A number, or a boolean as Python counts it. */
export const numeric = (item: Item): number | undefined =>
  item.type === "scalar" && (typeof item.value === "number" || typeof item.value === "boolean")
    ? Number(item.value)
    : undefined;

const isFloat = (item: Item): boolean => item.type === "scalar" && item.float === true;

/** Equality as Python has it: by value, and a text is never a number. */
export const equal = (run: Run, a: Item, b: Item, place: Place): boolean => {
  count(run, place);
  if (a.type === "missing" || b.type === "missing") return a.type === b.type;
  const [left, right] = [numeric(a), numeric(b)];
  if (left !== undefined || right !== undefined) return left === right;
  if (a.type === "list" && b.type === "list") {
    return a.items.length === b.items.length && a.items.every((one, at) => equal(run, one, b.items[at] ?? one, place));
  }
  if (a.type === "dict" && b.type === "dict") {
    return (
      a.entries.size === b.entries.size &&
      [...a.entries].every(([key, one]) => {
        const other = b.entries.get(key);
        return other !== undefined && equal(run, one, other, place);
      })
    );
  }
  const isNull = (item: Item): boolean => item.type === "scalar" && item.value === null;
  if (isNull(a) || isNull(b)) return isNull(a) && isNull(b);
  const text = stringOf(run, a, place);
  return text === undefined ? a === b : text === stringOf(run, b, place);
};

/** Below zero where `a` comes first; numbers, texts and lists have an order. */
export const compare = (run: Run, a: Item, b: Item, place: Place): number => {
  count(run, place);
  const [left, right] = [numeric(a), numeric(b)];
  if (left !== undefined && right !== undefined) return left - right;
  if (a.type === "list" && b.type === "list") {
    for (const [at, one] of a.items.entries()) {
      const other = b.items[at];
      if (other === undefined) return 1;
      if (!equal(run, one, other, place)) return compare(run, one, other, place);
    }
    return a.items.length - b.items.length;
  }
  refuseMissing(a);
  refuseMissing(b);
  const [first, second] = [stringOf(run, a, place), stringOf(run, b, place)];
  if (first === undefined || second === undefined) {
    return wrongType(place, `${kindOf(a)} and ${kindOf(b)} have no order`, "compare numbers, or texts");
  }
  return byCodePoint(first, second);
};

const byCodePoint = (a: string, b: string): number => {
  for (let at = 0; at < a.length && at < b.length; ) {
    const [left = 0, right = 0] = [a.codePointAt(at), b.codePointAt(at)];
    if (left !== right) return left - right;
    at += left > 0xffff ? 2 : 1;
  }
  return a.length - b.length;
};

/** Whether a list, mapping or text has something in it. */
export const contains = (run: Run, one: Item, holder: Item, place: Place): boolean => {
  if (holder.type === "missing") return false;
  if (holder.type === "list") return holder.items.some((item) => equal(run, item, one, place));
  refuseMissing(one);
  const text = stringOf(run, one, place);
  if (holder.type === "dict") return text !== undefined && holder.entries.has(text);
  const whole = stringOf(run, holder, place);
  if (whole !== undefined && text !== undefined) return whole.includes(text);
  return wrongType(place, `${kindOf(one)} cannot be in ${kindOf(holder)}`, "look in a list, a mapping or a text");
};

const repeated = (run: Run, of: Item, times: number, place: Place): Item | undefined => {
  const often = Math.max(0, times);
  if (of.type === "list") {
    if (of.items.length === 0) return of;
    count(run, place, of.items.length * often);
    return listItem(run, place, Array.from({ length: often }, () => of.items).flat());
  }
  const text = stringOf(run, of, place);
  if (text === undefined || text === "") return text === undefined ? undefined : of;
  if (text.length * often > maxFileSize) wrongType(place, "a text becomes larger than 10 MB", "repeat it less");
  return textItem(run, place, text.repeat(often));
};

const calculated = (operator: string, a: number, b: number, float: boolean, place: Place): Item => {
  if (b === 0 && ["/", "//", "%"].includes(operator)) return wrongType(place, "a division by zero", "test it before");
  let value: number;
  let point = float;
  if (operator === "+") value = a + b;
  else if (operator === "-") value = a - b;
  else if (operator === "*") value = a * b;
  else if (operator === "//") value = Math.floor(a / b);
  // What is left has the sign of the divisor, a zero too.
  else if (operator === "%") value = a - b * Math.floor(a / b) || (b < 0 ? -0 : 0);
  else if (operator === "/") {
    value = a / b;
    point = true;
  } else {
    value = a ** b;
    point ||= b < 0;
  }
  if (!Number.isFinite(value) || (!point && !Number.isSafeInteger(value))) {
    return wrongType(place, "the result is too large to be kept exactly", "calculate with smaller numbers");
  }
  return scalar(value === 0 && !point ? 0 : value, point);
};

const arithmetic = (run: Run, operator: string, a: Item, b: Item, place: Place): Item => {
  refuseMissing(a);
  refuseMissing(b);
  const [left, right] = [numeric(a), numeric(b)];
  if (left !== undefined && right !== undefined) {
    return calculated(operator, left, right, isFloat(a) || isFloat(b), place);
  }
  if (operator === "+" && a.type === "list" && b.type === "list") return listItem(run, place, [...a.items, ...b.items]);
  if (operator === "*") {
    const [of, times] = left === undefined ? [a, right] : [b, left];
    const made = times !== undefined && Number.isInteger(times) ? repeated(run, of, times, place) : undefined;
    if (made !== undefined) return made;
  }
  const isText = ({ type, value }: Scalar | { type: string; value?: unknown }): boolean =>
    ["composed", "json", "reference"].includes(type) || (type === "scalar" && typeof value === "string");
  if (operator === "+" && isText(a) && isText(b)) return concatenated(run, [a, b], place);
  const hint = operator === "+" ? "write ~ to make one text of both" : "calculate with numbers";
  return wrongType(place, `"${operator}" cannot be done with ${kindOf(a)} and ${kindOf(b)}`, hint);
};

/** A value of two; the second is made only where it counts. */
export const binary = (run: Run, operator: string, left: Item, right: () => Item, place: Place): Item => {
  switch (operator) {
    case "and":
      return truth(run, left, place) ? right() : left;
    case "or":
      return truth(run, left, place) ? left : right();
    case "==":
      return scalar(equal(run, left, right(), place));
    case "!=":
      return scalar(!equal(run, left, right(), place));
    case "<":
      return scalar(compare(run, left, right(), place) < 0);
    case ">":
      return scalar(compare(run, left, right(), place) > 0);
    case "<=":
      return scalar(compare(run, left, right(), place) <= 0);
    case ">=":
      return scalar(compare(run, left, right(), place) >= 0);
    case "in":
      return scalar(contains(run, left, right(), place));
    case "not in":
      return scalar(!contains(run, left, right(), place));
    case "~":
      return concatenated(run, [left, right()], place);
    default:
      return arithmetic(run, operator, left, right(), place);
  }
};
