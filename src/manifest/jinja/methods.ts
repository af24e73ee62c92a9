import { given, needed, textGiven } from "./given.ts";
import type { Given, Item, Run } from "./items.ts";
import { count, kindOf, listItem, scalar, stringOf, wrongType } from "./items.ts";
import type { Place } from "./nodes.ts";
import { textMethods } from "./text-methods.ts";

type OfDict = (run: Run, of: Extract<Item, { type: "dict" }>, given: Given, place: Place) => Item;

export const pairs = (run: Run, place: Place, entries: Iterable<readonly [string, Item]>): Item =>
  listItem(
    run,
    place,
    [...entries].map(([key, value]) => ({ type: "list", items: [scalar(key), value] })),
  );

const ofDict: { readonly [name: string]: OfDict } = {
  get: (run, { entries }, from, place) => {
    const key = needed(textGiven(run, from, 0, "key", place), place);
    return entries.get(key) ?? given(from, 1, "default") ?? scalar(null);
  },
  items: (run, { entries }, _, place) => pairs(run, place, entries),
  keys: (run, { entries }, _, place) =>
    listItem(
      run,
      place,
      [...entries.keys()].map((key) => scalar(key)),
    ),
  values: (run, { entries }, _, place) => listItem(run, place, [...entries.values()]),
};

const ofList: readonly string[] = ["append", "extend", "insert", "pop", "remove", "sort", "reverse", "clear", "update"];

const own = <T>(record: { readonly [name: string]: T }, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

/** A method of a value; undefined where it has none of the name. */
export const methodOf = (run: Run, of: Item, name: string): Item | undefined => {
  const callable = (call: (from: Given, place: Place) => Item): Item => ({ type: "callable", name, call });
  if (
    of.type === "list" ||
    (of.type === "dict" && ["update", "pop", "clear"].includes(name) && !of.entries.has(name))
  ) {
    if (!ofList.includes(name)) return undefined;
    return callable((_, place) => {
      const hint = "make a new one: {{% set all = all + [x] %}}, in a loop with namespace()";
      return wrongType(place, `${name}() would change ${kindOf(of)}, which nothing can`, hint);
    });
  }
  if (of.type === "dict") {
    const method = own(ofDict, name);
    return method && callable((from, place) => method(run, of, from, place));
  }
  const isText =
    ["composed", "json", "reference"].includes(of.type) || (of.type === "scalar" && typeof of.value === "string");
  const method = isText ? own(textMethods, name) : undefined;
  if (method === undefined) return undefined;
  return callable((from, place) => {
    const text = stringOf(run, of, place) ?? "";
    count(run, place, text.length >> 4);
    return method(run, text, from, place);
  });
};
