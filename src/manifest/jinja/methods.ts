import type { Given, Item, Run } from "./items.ts";
import { count, joinable, kindOf, listItem, refuseMissing, scalar, stringOf, textItem, wrongType } from "./items.ts";
import type { Place } from "./nodes.ts";
import { capitalized, replaced, split, stripped, titled } from "./texts.ts";

type OfText = (run: Run, text: string, given: Given, place: Place) => Item;
type OfDict = (run: Run, of: Extract<Item, { type: "dict" }>, given: Given, place: Place) => Item;

/** A value that a call got at a position or by a name. */
export const given = ({ positional, named }: Given, at: number, name: string): Item | undefined =>
  positional[at] ?? named.get(name);

const nothing = (item: Item | undefined): boolean =>
  item === undefined || (item.type === "scalar" && item.value === null);

export const textGiven = (run: Run, from: Given, at: number, name: string, place: Place): string | undefined => {
  const item = given(from, at, name);
  if (item === undefined || nothing(item)) return undefined;
  refuseMissing(item);
  return (
    stringOf(run, item, place) ?? wrongType(place, `a text is needed here, not ${kindOf(item)}`, "put it in quotes")
  );
};

export const wholeGiven = (from: Given, at: number, name: string, place: Place): number | undefined => {
  const item = given(from, at, name);
  if (item === undefined || nothing(item)) return undefined;
  refuseMissing(item);
  if (item.type === "scalar" && typeof item.value === "number" && Number.isInteger(item.value)) return item.value;
  return wrongType(place, `a whole number is needed here, not ${kindOf(item)}`, "give it one");
};

const needed = <T>(value: T | undefined, place: Place): T =>
  value ?? wrongType(place, "a value is missing between the brackets", "give it one");

/** Any of the texts that a call got: one, or a list of them. */
const anyOf = (run: Run, from: Given, place: Place, is: (text: string) => boolean): Item => {
  const [first] = from.positional;
  const items = first?.type === "list" ? first.items : [needed(first, place)];
  return scalar(items.some((item) => is(needed(stringOf(run, item, place), place))));
};

const ofText: { readonly [name: string]: OfText } = {
  upper: (run, text, _, place) => textItem(run, place, text.toUpperCase()),
  lower: (run, text, _, place) => textItem(run, place, text.toLowerCase()),
  title: (run, text, _, place) => textItem(run, place, titled(text)),
  capitalize: (run, text, _, place) => textItem(run, place, capitalized(text)),
  strip: (run, text, from, place) => textItem(run, place, stripped(text, "both", textGiven(run, from, 0, "", place))),
  lstrip: (run, text, from, place) => textItem(run, place, stripped(text, "start", textGiven(run, from, 0, "", place))),
  rstrip: (run, text, from, place) => textItem(run, place, stripped(text, "end", textGiven(run, from, 0, "", place))),
  startswith: (run, text, from, place) => anyOf(run, from, place, (one) => text.startsWith(one)),
  endswith: (run, text, from, place) => anyOf(run, from, place, (one) => text.endsWith(one)),
  split: (run, text, from, place) => {
    const parts = split(text, textGiven(run, from, 0, "sep", place), wholeGiven(from, 1, "maxsplit", place));
    if (parts === undefined) return wrongType(place, "a text cannot be split at an empty text", "split it at another");
    return listItem(
      run,
      place,
      parts.map((part) => scalar(part)),
    );
  },
  replace: (run, text, from, place) => {
    const [old, by] = [0, 1].map((at) => needed(textGiven(run, from, at, "", place), place));
    return textItem(run, place, replaced(run, place, text, old ?? "", by ?? "", wholeGiven(from, 2, "count", place)));
  },
  join: (run, text, { positional: [items] }, place) => {
    if (items?.type !== "list") return wrongType(place, "join needs a list", "write ', '.join(list)");
    return textItem(run, place, items.items.map((item) => joinable(run, item, place)).join(text));
  },
  count: (run, text, from, place) => scalar(text.split(needed(textGiven(run, from, 0, "", place), place)).length - 1),
  find: (run, text, from, place) => scalar(text.indexOf(needed(textGiven(run, from, 0, "", place), place))),
  isdigit: (_, text) => scalar(/^\p{Nd}+$/u.test(text)),
  isalpha: (_, text) => scalar(/^\p{L}+$/u.test(text)),
  isupper: (_, text) => scalar(text === text.toUpperCase() && text !== text.toLowerCase()),
  islower: (_, text) => scalar(text === text.toLowerCase() && text !== text.toUpperCase()),
  removeprefix: (run, text, from, place) => {
    const prefix = needed(textGiven(run, from, 0, "", place), place);
    return textItem(run, place, text.startsWith(prefix) ? text.slice(prefix.length) : text);
  },
  removesuffix: (run, text, from, place) => {
    const suffix = needed(textGiven(run, from, 0, "", place), place);
    return textItem(run, place, suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text);
  },
};

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
  const method = isText ? own(ofText, name) : undefined;
  if (method === undefined) return undefined;
  return callable((from, place) => {
    const text = stringOf(run, of, place) ?? "";
    count(run, place, text.length >> 4);
    return method(run, text, from, place);
  });
};
