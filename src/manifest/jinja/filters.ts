import { maxFileSize } from "../parse/source.ts";
import type { Given, Item, Run } from "./items.ts";
import {
  charactersOf,
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
import { given, pairs, textGiven, wholeGiven } from "./methods.ts";
import type { Place } from "./nodes.ts";
import { compare, numeric, truth } from "./operators.ts";
import { testNamed, testNames } from "./tests.ts";
import { capitalized, replaced, stripped, titledWords } from "./texts.ts";

type Filter = (run: Run, item: Item, from: Given, place: Place) => Item;

const no: Given = { positional: [], named: new Map() };

const itemsOf = (run: Run, item: Item, place: Place): readonly Item[] => {
  refuseMissing(item);
  if (item.type === "list") return item.items;
  if (item.type === "dict") return [...item.entries.keys()].map((key) => scalar(key));
  const text = stringOf(run, item, place);
  if (text === undefined) return wrongType(place, `a list is needed here, not ${kindOf(item)}`, "give it a list");
  return charactersOf(run, text, place).map((one) => scalar(one));
};

const numberIn = (item: Item, place: Place): number => {
  refuseMissing(item);
  return numeric(item) ?? wrongType(place, `a number is needed here, not ${kindOf(item)}`, "give it a number");
};

const isFloat = (item: Item): boolean => item.type === "scalar" && item.float === true;
const flag = (run: Run, from: Given, at: number, name: string, place: Place): boolean => {
  const item = given(from, at, name);
  return item !== undefined && truth(run, item, place);
};

/** `a.b.0` of an item, or what else an attribute names. */
const attributeOf = (run: Run, item: Item, path: string, place: Place): Item => {
  let found = item;
  for (const key of path.split(".")) {
    refuseMissing(found);
    const next: Item | undefined =
      found.type === "dict" || found.type === "namespace"
        ? found.entries.get(key)
        : found.type === "list" && /^\d+$/.test(key)
          ? found.items[Number(key)]
          : undefined;
    count(run, place);
    found = next ?? {
      type: "missing",
      place,
      message: `there is no "${key}" below ${kindOf(found)}`,
      hint: "give it one",
    };
  }
  return found;
};

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

const mapped: Filter = (run, item, from, place) => {
  const attribute = from.named.get("attribute");
  const items = itemsOf(run, item, place);
  if (attribute !== undefined) {
    const path = joinable(run, attribute, place);
    const otherwise = from.named.get("default");
    return listItem(
      run,
      place,
      items.map((one) => {
        const value = attributeOf(run, one, path, place);
        return value.type === "missing" ? (otherwise ?? value) : value;
      }),
    );
  }
  const [name, ...rest] = from.positional;
  const filter = name === undefined ? undefined : joinable(run, name, place);
  if (filter === undefined || !filterNames().includes(filter)) {
    return wrongType(place, "map needs an attribute or a filter", "write map(attribute='name') or map('upper')");
  }
  const each = filterNamed(filter);
  return listItem(
    run,
    place,
    items.map((one) => each(run, one, { positional: rest, named: from.named }, place)),
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

const text =
  (change: (text: string, run: Run, from: Given, place: Place) => string, work = 6): Filter =>
  (run, item, from, place) => {
    const before = joinable(run, item, place);
    count(run, place, before.length >> work);
    return textItem(run, place, change(before, run, from, place));
  };

const numberFrom = (run: Run, item: Item, place: Place): number | undefined => {
  const known = numeric(item);
  if (known !== undefined) return known;
  refuseMissing(item);
  const written = item.type === "list" || item.type === "dict" ? undefined : stringOf(run, item, place)?.trim();
  return written !== undefined && written.length < 400 && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(written)
    ? Number(written)
    : undefined;
};

const rounded: Filter = (_, item, from, place) => {
  const value = numberIn(item, place);
  const digits = wholeGiven(from, 0, "precision", place) ?? 0;
  const method = given(from, 1, "method");
  const way = method?.type === "composed" && method.pieces[0]?.type === "literal" ? method.pieces[0].text : "common";
  if (Math.abs(digits) > 15) wrongType(place, `${digits} digits cannot be kept`, "round to fewer");
  const by = 10 ** digits;
  if (way === "ceil") return scalar(Math.ceil(value * by) / by, true);
  if (way === "floor") return scalar(Math.floor(value * by) / by, true);
  if (digits < 0) return scalar(halfToEven(value * by) / by, true);
  return scalar(Math.abs(value) >= 1e21 ? value : decimals(value, digits), true);
};

const halfToEven = (value: number): number => {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + Math.abs(floor % 2) : Math.round(value);
};

/** As Python rounds: to the nearest, and what lies exactly in the middle to the even one. */
const decimals = (value: number, digits: number): number => {
  const exact = Math.abs(value).toFixed(60);
  const end = exact.length - 60 + digits;
  const isHalf = /^50*$/.test(exact.slice(end));
  if (!isHalf) return Number(value.toFixed(digits));
  const lower = exact.slice(0, end).replace(/\.$/, "");
  const step = 10 ** -digits;
  const isEven = Number(lower.at(-1)) % 2 === 0;
  return Math.sign(value) * (isEven ? Number(lower) : Number((Number(lower) + step).toFixed(digits)));
};

const indented = (before: string, run: Run, from: Given, place: Place): string => {
  const width = given(from, 0, "width");
  const wide = width?.type === "scalar" ? (wholeGiven(from, 0, "width", place) ?? 4) : 4;
  const isText = width !== undefined && width.type !== "scalar";
  const by = isText ? joinable(run, width, place) : " ".repeat(Math.min(Math.max(wide, 0), 1000));
  const lines = before.split("\n");
  count(run, place, lines.length);
  if (before.length + lines.length * by.length > maxFileSize)
    wrongType(place, "a text becomes larger than 10 MB", "make less of it");
  const [first, blank] = [flag(run, from, 1, "first", place), flag(run, from, 2, "blank", place)];
  return lines.map((line, at) => ((at === 0 && !first) || (line === "" && !blank) ? line : by + line)).join("\n");
};

const asJson: Filter = (run, item, from, place) => {
  const json = jsonOf(run, item, place);
  const wide = wholeGiven(from, 0, "indent", place);
  const written = textItem(
    run,
    place,
    JSON.stringify(json, undefined, wide === undefined ? undefined : Math.min(wide, 10)),
  );
  return { type: "json", text: stringOf(run, written, place) ?? "", of: item };
};

const size: Filter = (run, item, _, place) => {
  if (item.type === "dict") return scalar(item.entries.size);
  return scalar(itemsOf(run, item, place).length);
};

const otherwise: Filter = (run, item, from, place) => {
  const isThere = item.type !== "missing" && (!flag(run, from, 1, "boolean", place) || truth(run, item, place));
  return isThere ? item : (given(from, 0, "default_value") ?? literal(""));
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

/** What a block of the template made keeps being a part of it: only its white space changes. */
const holdsText = (item: Item): boolean =>
  item.type === "composed" && item.pieces.some((piece) => piece.type === "text");

const trimmedBlock = (item: Item): Item | undefined => {
  if (item.type !== "composed" || !holdsText(item)) return undefined;
  const last = item.pieces.length - 1;
  const pieces = item.pieces.map((piece, at) => {
    if (piece.type !== "text") return piece;
    const start = at === 0 ? piece.text.length - piece.text.trimStart().length : 0;
    const end = at === last ? piece.text.trimEnd().length : piece.text.length;
    const text = piece.text.slice(start, Math.max(start, end));
    return { ...piece, text, start: piece.start + start, end: piece.start + start + text.length };
  });
  return { type: "composed", pieces };
};

const trimmed = text((before, run, from, place) => stripped(before, "both", textGiven(run, from, 0, "chars", place)));

/** For an address; slashes stay. */
const encoded = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replaceAll("%2F", "/")
    .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

const filters: { readonly [name: string]: Filter } = {
  abs: (_, item, __, place) => scalar(Math.abs(numberIn(item, place)), isFloat(item)),
  attr: (run, item, from, place) => attributeOf(run, item, textGiven(run, from, 0, "name", place) ?? "", place),
  batch: batched,
  capitalize: text(capitalized),
  default: otherwise,
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
  float: (run, item, from, place) => {
    const value = numberFrom(run, item, place);
    return value === undefined ? (given(from, 0, "default") ?? scalar(0, true)) : scalar(value, true);
  },
  indent: (run, item, from, place) => (holdsText(item) ? item : text(indented)(run, item, from, place)),
  int: (run, item, from, place) => {
    const value = numberFrom(run, item, place);
    return value === undefined ? (given(from, 0, "default") ?? scalar(0)) : scalar(Math.trunc(value));
  },
  items: (run, item, _, place) => {
    if (item.type === "dict") return pairs(run, place, item.entries);
    return wrongType(place, `a mapping is needed here, not ${kindOf(item)}`, "give it one");
  },
  join: joined,
  last: end(-1),
  length: size,
  list: (run, item, _, place) => listItem(run, place, itemsOf(run, item, place)),
  lower: text((before) => before.toLowerCase()),
  map: mapped,
  max: most(1),
  min: most(-1),
  reject: selected(false, false),
  rejectattr: selected(false, true),
  replace: text((before, run, from, place) => {
    const [old, by] = [textGiven(run, from, 0, "old", place), textGiven(run, from, 1, "new", place)];
    if (old === undefined || by === undefined)
      return wrongType(place, "replace needs two texts", "write replace('a', 'b')");
    return replaced(run, place, before, old, by, wholeGiven(from, 2, "count", place));
  }),
  reverse: (run, item, _, place) => {
    const items = [...itemsOf(run, item, place)].reverse();
    if (item.type === "list" || item.type === "dict") return listItem(run, place, items);
    return textItem(run, place, items.map((one) => joinable(run, one, place)).join(""));
  },
  round: rounded,
  safe: (_, item) => item,
  select: selected(true, false),
  selectattr: selected(true, true),
  sort: (run, item, from, place) => {
    const key = keyFor(run, from, 2, place, !flag(run, from, 1, "case_sensitive", place));
    return sorted(run, itemsOf(run, item, place), key, flag(run, from, 0, "reverse", place), place);
  },
  string: (run, item, _, place) =>
    item.type === "composed" || item.type === "reference" ? item : textItem(run, place, joinable(run, item, place)),
  sum,
  title: text(titledWords, 2),
  tojson: asJson,
  trim: (run, item, from, place) => trimmedBlock(item) ?? trimmed(run, item, from, place),
  unique,
  upper: text((before) => before.toUpperCase()),
  urlencode: text(encoded, 2),
  wordcount: (run, item, _, place) => {
    const text = joinable(run, item, place);
    count(run, place, text.length >> 2);
    return scalar(text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0);
  },
};

const aliases: { readonly [name: string]: string } = { d: "default", count: "length" };

export const filterNames = (): readonly string[] => [...Object.keys(filters), ...Object.keys(aliases)];

/** A filter that is known to be there. */
export const filterNamed = (name: string): Filter => {
  const filter = filters[Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name];
  if (filter === undefined) throw new RangeError(`there is no filter ${name}`);
  return filter;
};
