import type { Given, Item, Run } from "./items.ts";
import { kindOf, refuseMissing, stringOf, wrongType } from "./items.ts";
import type { Place } from "./nodes.ts";
import { compare, contains, equal, numeric } from "./operators.ts";

type Test = (run: Run, item: Item, given: Given, place: Place) => boolean;

const first = ({ positional: [value] }: Given, place: Place): Item =>
  value ?? wrongType(place, "the test needs a value to test with", "write x is divisibleby(3)");

const numberOf = (item: Item, place: Place): number => {
  refuseMissing(item);
  return numeric(item) ?? wrongType(place, `the test needs a number, not ${kindOf(item)}`, "give it one");
};

const isText = (item: Item): boolean =>
  ["composed", "json", "reference"].includes(item.type) || (item.type === "scalar" && typeof item.value === "string");

const modulo = (value: number, by: number): number => value - by * Math.floor(value / by);

const isBoolean = (item: Item, value?: boolean): boolean =>
  item.type === "scalar" && typeof item.value === "boolean" && (value === undefined || item.value === value);

const compared =
  (holds: (order: number) => boolean): Test =>
  (run, item, given, place) =>
    holds(compare(run, item, first(given, place), place));

const tests: { readonly [name: string]: Test } = {
  defined: (_, item) => item.type !== "missing",
  undefined: (_, item) => item.type === "missing",
  none: (_, item) => item.type === "scalar" && item.value === null,
  boolean: (_, item) => isBoolean(item),
  true: (_, item) => isBoolean(item, true),
  false: (_, item) => isBoolean(item, false),
  string: (_, item) => isText(item),
  number: (_, item) => numeric(item) !== undefined,
  integer: (_, item) => item.type === "scalar" && typeof item.value === "number" && item.float !== true,
  float: (_, item) => item.type === "scalar" && item.float === true,
  mapping: (_, item) => item.type === "dict",
  sequence: (_, item) => item.type === "list" || item.type === "dict" || isText(item),
  iterable: (_, item) => item.type === "list" || item.type === "dict" || isText(item),
  callable: (_, item) => item.type === "callable",
  odd: (_, item, __, place) => modulo(numberOf(item, place), 2) === 1,
  even: (_, item, __, place) => modulo(numberOf(item, place), 2) === 0,
  divisibleby: (_, item, given, place) => {
    const by = numberOf(first(given, place), place);
    if (by === 0) return wrongType(place, "nothing can be divided by zero", "give it another number");
    return modulo(numberOf(item, place), by) === 0;
  },
  lower: (run, item, _, place) => cased(run, item, place, (text) => text.toLowerCase()),
  upper: (run, item, _, place) => cased(run, item, place, (text) => text.toUpperCase()),
  eq: (run, item, given, place) => equal(run, item, first(given, place), place),
  sameas: (run, item, given, place) => {
    const other = first(given, place);
    return isBoolean(item) === isBoolean(other) && equal(run, item, other, place);
  },
  ne: (run, item, given, place) => !equal(run, item, first(given, place), place),
  lt: compared((order) => order < 0),
  le: compared((order) => order <= 0),
  gt: compared((order) => order > 0),
  ge: compared((order) => order >= 0),
  in: (run, item, given, place) => contains(run, item, first(given, place), place),
};

const aliases: { readonly [name: string]: string } = {
  "==": "eq",
  "!=": "ne",
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
  equalto: "eq",
  lessthan: "lt",
  greaterthan: "gt",
};

/** As Python sees it: a text without letters has no case. */
const cased = (run: Run, item: Item, place: Place, change: (text: string) => string): boolean => {
  refuseMissing(item);
  const text = stringOf(run, item, place) ?? "";
  return change(text) === text && text.toLowerCase() !== text.toUpperCase();
};

export const testNames = (): readonly string[] => [...Object.keys(tests), ...Object.keys(aliases)];

/** A test that is known to be there. */
export const testNamed = (name: string): Test => {
  const test = tests[Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name];
  if (test === undefined) throw new RangeError(`there is no test ${name}`);
  return test;
};
