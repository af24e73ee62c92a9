import type { Json, Properties } from "../../contract/index.ts";
import type { Scope } from "./condition.ts";
import { columnInstant, type Field, isTemporal, jsonNumber } from "./fields.ts";
import { checkMembers, invalid, objectAt } from "./unsupported.ts";

/** A number over the records of a bucket. */
export type Metric = {
  /** SQL aggregates. */
  readonly expressions: readonly string[];
  /** The answer, of their values; none for no record. */
  answer(values: readonly unknown[]): Properties;
  /** The SQL aggregate to sort buckets by; `part`: of `stats`. */
  sortBy(part: string | undefined): string | undefined;
};

const names = ["avg", "sum", "min", "max", "value_count", "cardinality", "stats"] as const;
type MetricName = (typeof names)[number];

export const isMetric = (name: string): name is MetricName => (names as readonly string[]).includes(name);

export const metricOf = (kind: MetricName, body: Json, place: string, { fields }: Scope): Metric => {
  const given = objectAt(body, place);
  checkMembers(given, place, kind === "cardinality" ? ["field", "precision_threshold"] : ["field"]);
  const name = given["field"];
  if (typeof name !== "string") throw invalid(`${place}.field`, "a field's name");
  const field = fields.find(name);
  const parts = expressions(field);
  const isDate = field?.in === "column" && isTemporal(field.type);
  const value = (one: unknown): Properties => {
    const number = numberOf(one);
    return { value: number, ...(isDate && number !== null ? { value_as_string: isoTime(number) } : {}) };
  };
  if (kind === "stats") {
    return {
      expressions: [parts.count, parts.min, parts.max, parts.sum],
      answer: ([count, min, max, sum]) => {
        const total = numberOf(count) ?? 0;
        const whole = numberOf(sum) ?? 0;
        return {
          count: total,
          min: numberOf(min),
          max: numberOf(max),
          avg: total === 0 ? null : whole / total,
          sum: whole,
        };
      },
      sortBy: (part) =>
        part === "count" || part === "min" || part === "max" || part === "sum" || part === "avg"
          ? parts[part]
          : undefined,
    };
  }
  const expression = parts[kind];
  const isCount = kind === "sum" || kind === "value_count" || kind === "cardinality";
  return {
    expressions: [expression],
    answer: ([one]) => (isCount ? { value: numberOf(one) ?? 0 } : value(one)),
    sortBy: (part) => (part === undefined || part === "value" ? expression : undefined),
  };
};

const numberOf = (value: unknown): number | null => {
  if (value === null || value === undefined) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
};

export const isoTime = (millis: number): string => {
  const date = new Date(millis);
  return Number.isNaN(date.getTime()) ? String(millis) : date.toISOString();
};

type Parts = Readonly<Record<Exclude<MetricName, "stats"> | "count", string>>;

const expressions = (field: Field | undefined): Parts => {
  if (field?.in === "json") {
    const numbers = `list_filter(list_transform(${field.values}, lambda v: ${jsonNumber("v")}), lambda n: n IS NOT NULL)`;
    const texts = `list_transform(${field.values}, lambda v: CAST(v AS VARCHAR))`;
    const count = `sum(len(${numbers}))`;
    const sum = `sum(list_sum(${numbers}))`;
    return {
      count,
      sum,
      avg: `(${sum} / nullif(${count}, 0))`,
      min: `min(list_min(${numbers}))`,
      max: `max(list_max(${numbers}))`,
      value_count: `sum(len(${field.values}))`,
      cardinality: `len(list_distinct(flatten(list(${texts}))))`,
    };
  }
  const number = field === undefined ? "CAST(NULL AS DOUBLE)" : columnNumber(field.value, field.type);
  const value = field === undefined ? "NULL" : field.value;
  return {
    count: `count(${number})`,
    sum: `sum(${number})`,
    avg: `avg(${number})`,
    min: `min(${number})`,
    max: `max(${number})`,
    value_count: `count(${value})`,
    cardinality: `count(DISTINCT ${value})`,
  };
};

/** A column's value as a number, milliseconds for dates; null where it is none. */
export const columnNumber = (value: string, type: Extract<Field, { in: "column" }>["type"]): string => {
  const instant = isTemporal(type) ? columnInstant(value, type) : undefined;
  if (instant !== undefined) return `CAST(epoch_ms(${instant}) AS DOUBLE)`;
  return type === "TIME" ? "CAST(NULL AS DOUBLE)" : `TRY_CAST(${value} AS DOUBLE)`;
};
