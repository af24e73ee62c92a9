import type { Filter } from "./filter-parts.ts";
import { attributeOf, flag, isFloat, itemsOf, numberIn } from "./filter-parts.ts";
import { given, textGiven, wholeGiven } from "./given.ts";
import type { Given, Item, Run } from "./items.ts";
import {
  concatenated,
  count,
  joinable,
  jsonOf,
  kindOf,
  listItem,
  literal,
  refuseMissing,
  scalar,
  stringOf,
  textItem,
  wrongType,
} from "./items.ts";
import { pairs } from "./methods.ts";
import type { Place } from "./nodes.ts";
import { compare, truth } from "./operators.ts";
import { testNamed, testNames } from "./tests.ts";

const no: Given = { positional: [], named: new Map() };

/** What an item is sorted, counted or told apart by. */
const keyFor = (run: Run, from: Given, at: number, place: Place, folds: boolean): ((item: Item) => Item) => {
  const path = given(from, at, "attribute");
  const name =
    path === undefined || (path.type === "scalar" && path.value === null) ? undefined : joinable(run, path, place);
  return (item) => {
    const value = name === undefined ? item : attributeOf(run, item, name, place);
    refuseMissing(value);
    if (!folds) return value;
    const text = value.type === "scalar" || value.type === "composed" ? stringOf(run, value, place) : undefined;
    return text === undefined ? value : scalar(text.toLowerCase());
  };
};

const sorted = (run: Run, items: readonly Item[], key: (item: Item) => Item, reverse: boolean, place: Place): Item => {
  const keyed = items.map((item) => ({ item, key: key(item) }));
  keyed.sort((a, b) => (reverse ? compare(run, b.key, a.key, place) : compare(run, a.key, b.key, place)));
  return listItem(
    run,
    place,
    keyed.map(({ item }) => item),
  );
};

const most =
  (sign: 1 | -1): Filter =>
  (run, item, from, place) => {
    const items = itemsOf(run, item, place);
    const key = keyFor(run, from, 1, place, !flag(run, from, 0, "case_sensitive", place));
    const [first] = items;
    if (first === undefined) return wrongType(place, "an empty list has no largest and no smallest", "test it before");
    return items.reduce((best, one) => (sign * compare(run, key(one), key(best), place) > 0 ? one : best), first);
  };

const end =
  (at: 0 | -1): Filter =>
  (run, item, _, place) =>
    itemsOf(run, item, place).at(at) ?? {
      type: "missing",
      place,
      message: "the list is empty",
      hint: "test it before",
    };

/** `select`, `reject`, and the same by an attribute. */
const selected =
  (keeps: boolean, byAttribute: boolean): Filter =>
  (run, item, from, place) => {
    const path = byAttribute ? from.positional[0] : undefined;
    const [test, ...values] = byAttribute ? from.positional.slice(1) : from.positional;
    const name = test === undefined ? undefined : joinable(run, test, place);
    if (name !== undefined && !testNames().includes(name)) wrongType(place, `there is no test "${name}"`, "name one");
    const attribute = path === undefined ? undefined : joinable(run, path, place);
    const holds = (one: Item): boolean => {
      const value = attribute === undefined ? one : attributeOf(run, one, attribute, place);
      count(run, place);
      if (name === undefined) return truth(run, value, place);
      return testNamed(name)(run, value, { positional: values, named: from.named }, place);
    };
    return listItem(
      run,
      place,
      itemsOf(run, item, place).filter((one) => holds(one) === keeps),
    );
  };

const joined: Filter = (run, item, from, place) => {
  const separator = given(from, 0, "d") ?? literal("");
  const key = keyFor(run, from, 1, place, false);
  const items = itemsOf(run, item, place).map(key);
  return concatenated(
    run,
    items.flatMap((one, at) => (at === 0 ? [one] : [separator, one])),
    place,
  );
};

const unique: Filter = (run, item, from, place) => {
  const key = keyFor(run, from, 1, place, !flag(run, from, 0, "case_sensitive", place));
  const kept: { readonly item: Item; readonly key: Item }[] = [];
  const seen = new Set<string>();
  for (const one of itemsOf(run, item, place)) {
    const by = key(one);
    const known = by.type === "scalar" ? `${typeof by.value}:${by.value}` : JSON.stringify(jsonOf(run, by, place));
    count(run, place);
    if (seen.has(known)) continue;
    seen.add(known);
    kept.push({ item: one, key: by });
  }
  return listItem(
    run,
    place,
    kept.map((one) => one.item),
  );
};

const size: Filter = (run, item, _, place) => {
  if (item.type === "dict") return scalar(item.entries.size);
  return scalar(itemsOf(run, item, place).length);
};

const sum: Filter = (run, item, from, place) => {
  const key = keyFor(run, from, 0, place, false);
  const items = itemsOf(run, item, place).map(key);
  const start = given(from, 1, "start");
  const all = start === undefined ? items : [start, ...items];
  return scalar(
    all.reduce((total, one) => total + numberIn(one, place), 0),
    all.some(isFloat),
  );
};

const batched: Filter = (run, item, from, place) => {
  const by = wholeGiven(from, 0, "linecount", place) ?? 0;
  if (by < 1) wrongType(place, "batch needs a size above zero", "write batch(3)");
  const fill = given(from, 1, "fill_with");
  const items = itemsOf(run, item, place);
  const batches: Item[] = [];
  for (let at = 0; at < items.length; at += by) {
    const part = items.slice(at, at + by);
    count(run, place, by);
    if (fill !== undefined) while (part.length < by) part.push(fill);
    batches.push(listItem(run, place, part));
  }
  return listItem(run, place, batches);
};

/** Filters of lists and mappings, but for `map`, which knows them all. */
export const listFilters: { readonly [name: string]: Filter } = {
  attr: (run, item, from, place) => attributeOf(run, item, textGiven(run, from, 0, "name", place) ?? "", place),
  batch: batched,
  dictsort: (run, item, from, place) => {
    if (item.type !== "dict") return wrongType(place, `a mapping is needed here, not ${kindOf(item)}`, "give it one");
    const at = textGiven(run, from, 1, "by", place) === "value" ? 1 : 0;
    const folds = !flag(run, from, 0, "case_sensitive", place);
    const fold = keyFor(run, no, 0, place, folds);
    const list = itemsOf(run, pairs(run, place, item.entries), place);
    const key = (pair: Item): Item => fold((pair.type === "list" ? pair.items[at] : undefined) ?? pair);
    return sorted(run, list, key, flag(run, from, 2, "reverse", place), place);
  },
  first: end(0),
  items: (run, item, _, place) => {
    if (item.type === "dict") return pairs(run, place, item.entries);
    return wrongType(place, `a mapping is needed here, not ${kindOf(item)}`, "give it one");
  },
  join: joined,
  last: end(-1),
  length: size,
  list: (run, item, _, place) => listItem(run, place, itemsOf(run, item, place)),
  max: most(1),
  min: most(-1),
  reject: selected(false, false),
  rejectattr: selected(false, true),
  reverse: (run, item, _, place) => {
    const items = [...itemsOf(run, item, place)].reverse();
    if (item.type === "list" || item.type === "dict") return listItem(run, place, items);
    return textItem(run, place, items.map((one) => joinable(run, one, place)).join(""));
  },
  select: selected(true, false),
  selectattr: selected(true, true),
  sort: (run, item, from, place) => {
    const key = keyFor(run, from, 2, place, !flag(run, from, 1, "case_sensitive", place));
    return sorted(run, itemsOf(run, item, place), key, flag(run, from, 0, "reverse", place), place);
  },
  sum,
  unique,
};
