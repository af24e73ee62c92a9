import { isObject, type Json, type Properties } from "../../contract/index.ts";
import { instantKeys, isDateField, numberKeys, shownKey, valueKeys } from "./bucket-keys.ts";
import type { Scope } from "./condition.ts";
import { dateFormat } from "./date-format.ts";
import { type CalendarUnit, nextInstant } from "./date-math.ts";
import type { Metric } from "./metrics.ts";
import { parsedJson } from "./sql-value.ts";
import { checkMembers, invalid, objectAt, unsupported, wholeNumber } from "./unsupported.ts";

/** A bucket as a query found it; `key` is SQL's text of the key, absent where the bucket is empty. */
export type Found = { readonly key?: string; readonly count: number };

/** How records fall into buckets. */
export type Buckets = {
  /** SQL of the list of the keys that a record falls under. */
  readonly keys: string;
  /** Terms of ORDER BY over `k` (the key), `n` (records) and `m0`, `m1`, …: what `measures` gives. */
  readonly order: readonly string[];
  /** SQL aggregates that `order` needs. */
  readonly measures: readonly string[];
  /** Most buckets below one bucket; undefined: all. */
  readonly most?: number;
  readonly least: number;
  /** Buckets as they are answered, those included that have no record. */
  complete(found: readonly Found[]): readonly Found[];
  /** What is shown of the bucket at a place. */
  shown(found: Found, at: number): Properties;
  /** The answer; `others`: records in buckets that are left out. */
  answer(buckets: readonly Properties[], others: number): Properties;
};

/** As many as one answer has. */
export const mostBuckets = 10_000;

export type BucketsOf = (body: Json, place: string, scope: Scope, metrics: ReadonlyMap<string, Metric>) => Buckets;

const listed = (buckets: readonly Properties[]): Properties => ({ buckets: [...buckets] });

const fieldOf = (given: Properties, place: string): string => {
  const name = given["field"];
  if (typeof name !== "string") throw invalid(`${place}.field`, "a field's name");
  return name;
};

const terms: BucketsOf = (body, place, { fields }, metrics) => {
  const given = objectAt(body, place);
  checkMembers(given, place, [
    "field",
    "size",
    "shard_size",
    "order",
    "min_doc_count",
    "show_term_doc_count_error",
    "format",
  ]);
  const field = fields.find(fieldOf(given, place));
  const { order, measures } = termsOrder(given["order"], `${place}.order`, metrics);
  const asDate = isDateField(field)
    ? dateFormat(String(given["format"] ?? "date_optional_time"), `${place}.format`)
    : undefined;
  return {
    keys: field === undefined ? "CAST([] AS VARCHAR[])" : valueKeys(field),
    order,
    measures,
    most: wholeNumber(given["size"], `${place}.size`, 1, mostBuckets) ?? 10,
    least: wholeNumber(given["min_doc_count"], `${place}.min_doc_count`, 1, 1e9) ?? 1,
    complete: (found) => found,
    shown: ({ key = "null" }) => shownKey(parsedJson(key), asDate),
    answer: (buckets, others) => ({
      doc_count_error_upper_bound: 0,
      sum_other_doc_count: others,
      buckets: [...buckets],
    }),
  };
};

/** Keys are JSON text: numbers sort as numbers, before texts. */
const keyOrder = (direction: string): readonly string[] => [
  `TRY_CAST(CASE WHEN NOT starts_with(k, '"') THEN k END AS DOUBLE) ${direction} NULLS LAST`,
  `k ${direction}`,
];

const termsOrder = (
  given: Json | undefined,
  place: string,
  metrics: ReadonlyMap<string, Metric>,
): { readonly order: readonly string[]; readonly measures: readonly string[] } => {
  const list = given === undefined ? [{ _count: "desc" }] : Array.isArray(given) ? given : [given];
  const measures: string[] = [];
  const order = list.flatMap((one) =>
    Object.entries(objectAt(one, place)).flatMap(([name, value]) => {
      const direction = String(value).toUpperCase();
      if (direction !== "ASC" && direction !== "DESC") throw invalid(`${place}.${name}`, `"asc" or "desc"`);
      if (name === "_count") return [`n ${direction}`];
      if (name === "_key" || name === "_term") return keyOrder(direction);
      const [metric = "", part] = name.split(".");
      const measure = metrics.get(metric)?.sortBy(part);
      if (measure === undefined) throw unsupported(`${place}.${name}`, "is not _count, _key or a metric beside it");
      measures.push(measure);
      return [`m${measures.length - 1} ${direction} NULLS LAST`];
    }),
  );
  return { order: [...order, ...keyOrder("ASC")], measures };
};

/** Buckets of numbers, with those between them that are empty unless `least` asks for records. */
const steps = (
  given: Properties,
  place: string,
  keys: string,
  next: (key: number) => number,
  shown: (key: number) => Properties,
): Buckets => {
  const least = wholeNumber(given["min_doc_count"], `${place}.min_doc_count`, 0, 1e9) ?? 0;
  return {
    keys,
    order: ["k ASC"],
    measures: [],
    least,
    complete: (found) => {
      if (least > 0) return found;
      const all: Found[] = [];
      for (const one of found) {
        const to = Number(one.key);
        const before = all.at(-1);
        if (before !== undefined) {
          for (let key = next(Number(before.key)); key < to - 1e-9 * Math.abs(to); key = next(key)) {
            if (all.length >= mostBuckets) throw tooMany(place);
            all.push({ key: String(key), count: 0 });
          }
        }
        all.push(one);
      }
      return all;
    },
    shown: ({ key }) => shown(Number(key)),
    answer: listed,
  };
};

export const tooMany = (place: string) => unsupported(place, `makes more than ${mostBuckets} buckets`);

const histogram: BucketsOf = (body, place, { fields }) => {
  const given = objectAt(body, place);
  checkMembers(given, place, ["field", "interval", "offset", "min_doc_count"]);
  const field = fields.find(fieldOf(given, place));
  const interval = given["interval"];
  const offset = given["offset"] ?? 0;
  if (typeof interval !== "number" || !(interval > 0)) throw invalid(`${place}.interval`, "a number above 0");
  if (typeof offset !== "number") throw invalid(`${place}.offset`, "a number");
  const by = `CAST('${interval}' AS DOUBLE)`;
  const from = `CAST('${offset}' AS DOUBLE)`;
  const keys =
    field === undefined
      ? "CAST([] AS DOUBLE[])"
      : numberKeys(field, (number) => `(floor((${number} - ${from}) / ${by}) * ${by} + ${from})`);
  const next = (key: number) => (Math.round((key - offset) / interval) + 1) * interval + offset;
  return steps(given, place, keys, next, (key) => ({ key }));
};

const calendar: Readonly<Record<string, CalendarUnit>> = {
  minute: "minute",
  "1m": "minute",
  hour: "hour",
  "1h": "hour",
  day: "day",
  "1d": "day",
  week: "week",
  "1w": "week",
  month: "month",
  "1M": "month",
  quarter: "quarter",
  "1q": "quarter",
  year: "year",
  "1y": "year",
};

const fixedUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const dateHistogram: BucketsOf = (body, place, { fields }) => {
  const given = objectAt(body, place);
  checkMembers(given, place, [
    "field",
    "calendar_interval",
    "fixed_interval",
    "interval",
    "min_doc_count",
    "format",
    "time_zone",
  ]);
  if (!/^(utc|z|\+00:00)$/i.test(String(given["time_zone"] ?? "UTC")))
    throw unsupported(`${place}.time_zone`, "can be UTC alone");
  const field = fields.find(fieldOf(given, place));
  const text = String(given["calendar_interval"] ?? given["fixed_interval"] ?? given["interval"] ?? "");
  const unit = given["fixed_interval"] === undefined ? calendar[text] : undefined;
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  const millis = Number(match?.[1] ?? 0) * (fixedUnits[match?.[2] ?? ""] ?? 0);
  if (unit === undefined && (given["calendar_interval"] !== undefined || millis === 0)) {
    throw invalid(
      place,
      `an object with a calendar_interval (day, 1M, …) or a fixed_interval (30m, …), not ${JSON.stringify(text)}`,
    );
  }
  const round = (instant: string) =>
    unit === undefined
      ? `CAST(floor(epoch_ms(${instant}) / ${millis}.0) AS BIGINT) * ${millis}`
      : `epoch_ms(CAST(date_trunc('${unit}', ${instant}) AS TIMESTAMP))`;
  const format = dateFormat(String(given["format"] ?? "date_optional_time"), `${place}.format`);
  const keys = field === undefined ? "CAST([] AS BIGINT[])" : instantKeys(field, round);
  const next = (key: number) => (unit === undefined ? key + millis : nextInstant(key, unit));
  return steps(given, place, keys, next, (key) => ({ key_as_string: format(key), key }));
};

/** Buckets that conditions make; all are answered. */
const choices = (
  conditions: readonly string[],
  shown: (at: number) => Properties,
  answer: Buckets["answer"],
): Buckets => ({
  keys: `list_filter([${conditions.map((condition, at) => `CASE WHEN ${condition} THEN ${at} END`).join(", ")}], lambda k: k IS NOT NULL)`,
  order: ["k ASC"],
  measures: [],
  least: 0,
  complete: (found) => {
    const counts = new Map(found.map((one) => [one.key, one]));
    return conditions.map((_, at) => counts.get(String(at)) ?? { count: 0 });
  },
  shown: (_, at) => shown(at),
  answer,
});

const only: Buckets["answer"] = ([bucket]) => bucket ?? {};

const range: BucketsOf = (body, place, scope) => {
  const given = objectAt(body, place);
  checkMembers(given, place, ["field", "ranges"]);
  const name = fieldOf(given, place);
  const ranges = given["ranges"];
  if (!Array.isArray(ranges) || ranges.length === 0) throw invalid(`${place}.ranges`, "a list of ranges");
  const bounds = ranges.map((one, at) => {
    const bound = objectAt(one, `${place}.ranges[${at}]`);
    checkMembers(bound, `${place}.ranges[${at}]`, ["from", "to", "key"]);
    for (const end of ["from", "to"]) {
      const value = bound[end] ?? null;
      if (value !== null && typeof value !== "number") throw invalid(`${place}.ranges[${at}].${end}`, "a number");
    }
    return bound;
  });
  const conditions = bounds.map(({ from = null, to = null }) =>
    scope.clause({ range: { [name]: { gte: from, lt: to } } }, place),
  );
  const double = (value: Json | undefined) =>
    typeof value === "number" ? (Number.isInteger(value) ? value.toFixed(1) : String(value)) : "*";
  return choices(
    conditions,
    (at) => {
      const { key, from, to } = bounds[at] ?? {};
      return {
        key: typeof key === "string" ? key : `${double(from)}-${double(to)}`,
        ...(typeof from === "number" ? { from } : {}),
        ...(typeof to === "number" ? { to } : {}),
      };
    },
    listed,
  );
};

const filter: BucketsOf = (body, place, scope) => choices([scope.clause(body, place)], () => ({}), only);

const filters: BucketsOf = (body, place, scope) => {
  const given = objectAt(body, place);
  checkMembers(given, place, ["filters"]);
  const named = given["filters"];
  if (named === undefined || !isObject(named)) throw invalid(`${place}.filters`, "an object of named queries");
  const names = Object.keys(named);
  const conditions = names.map((name) => scope.clause(named[name], `${place}.filters.${name}`));
  return choices(
    conditions,
    () => ({}),
    (buckets) => ({ buckets: Object.fromEntries(names.map((name, at) => [name, buckets[at] ?? {}])) }),
  );
};

const missing: BucketsOf = (body, place, scope) => {
  const given = objectAt(body, place);
  checkMembers(given, place, ["field"]);
  const condition = scope.clause({ exists: { field: fieldOf(given, place) } }, place);
  return choices([`(NOT ${condition})`], () => ({}), only);
};

export const bucketKinds: Readonly<Record<string, BucketsOf>> = {
  terms,
  histogram,
  date_histogram: dateHistogram,
  range,
  filter,
  filters,
  missing,
};
