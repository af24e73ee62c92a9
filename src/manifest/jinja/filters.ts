import type { Filter } from "./filter-parts.ts";
import { attributeOf, flag, isFloat, itemsOf, numberIn } from "./filter-parts.ts";
import { given, wholeGiven } from "./given.ts";
import type { Item, Run } from "./items.ts";
import {
  innerJson,
  joinable,
  listItem,
  literal,
  refuseMissing,
  scalar,
  stringOf,
  textItem,
  wrongType,
} from "./items.ts";
import { listFilters } from "./list-filters.ts";
import type { Place } from "./nodes.ts";
import { numeric, truth } from "./operators.ts";
import { textFilters } from "./text-filters.ts";

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

const asJson: Filter = (run, item, from, place) => {
  const json = innerJson(run, item, place);
  const wide = wholeGiven(from, 0, "indent", place);
  const written = textItem(
    run,
    place,
    JSON.stringify(json, undefined, wide === undefined ? undefined : Math.min(wide, 10)),
  );
  return {
    type: "json",
    text: stringOf(run, written, place) ?? "",
    of: item.type === "json" && json === item.text ? scalar(json) : item,
  };
};

const otherwise: Filter = (run, item, from, place) => {
  const isThere = item.type !== "missing" && (!flag(run, from, 1, "boolean", place) || truth(run, item, place));
  return isThere ? item : (given(from, 0, "default_value") ?? literal(""));
};

const filters: { readonly [name: string]: Filter } = {
  ...listFilters,
  ...textFilters,
  abs: (_, item, __, place) => scalar(Math.abs(numberIn(item, place)), isFloat(item)),
  default: otherwise,
  float: (run, item, from, place) => {
    const value = numberFrom(run, item, place);
    return value === undefined ? (given(from, 0, "default") ?? scalar(0, true)) : scalar(value, true);
  },
  int: (run, item, from, place) => {
    const value = numberFrom(run, item, place);
    return value === undefined ? (given(from, 0, "default") ?? scalar(0)) : scalar(Math.trunc(value));
  },
  map: mapped,
  round: rounded,
  safe: (_, item) => item,
  tojson: asJson,
};

const aliases: { readonly [name: string]: string } = { d: "default", count: "length" };

export const filterNames = (): readonly string[] => [...Object.keys(filters), ...Object.keys(aliases)];

/** A filter that is known to be there. */
export const filterNamed = (name: string): Filter => {
  const filter = filters[Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name];
  if (filter === undefined) throw new RangeError(`there is no filter ${name}`);
  return filter;
};
