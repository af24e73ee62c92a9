import type { Json, Properties } from "../../contract/index.ts";
import type { ColumnType } from "../data/types.ts";
import type { Clause } from "./condition.ts";
import { type DateOptions, isDateText, parseDate, parseOffset } from "./date-math.ts";
import { anyValue, columnInstant, isNumeric, isTemporal, jsonInstant, jsonNumber } from "./fields.ts";
import { allOf, anyOf, numberLiteral, textLiteral } from "./sql-text.ts";
import { checkMembers, invalid, objectAt, onlyMember, scalarText, unsupported } from "./unsupported.ts";

type Operator = "gt" | "gte" | "lt" | "lte";
type Bound = { readonly operator: Operator; readonly value: string | number | boolean; readonly place: string };

const symbols: Readonly<Record<Operator, string>> = { gt: ">", gte: ">=", lt: "<", lte: "<=" };

/** Formats that the notations which are always understood cover. */
const isoFormats = new Set([
  "strict_date_optional_time",
  "strict_date_optional_time_nanos",
  "date_optional_time",
  "strict_date_time",
  "date_time",
  "strict_date",
  "date",
  "epoch_millis",
  "yyyy",
  "yyyy-MM",
  "yyyy-MM-dd",
  "yyyy-MM-dd HH:mm",
  "yyyy-MM-dd HH:mm:ss",
  "yyyy-MM-dd'T'HH:mm:ss",
]);

export const rangeClause: Clause = (body, place, { fields, now }) => {
  const [name, given] = onlyMember(body, place, "the field");
  const at = `${place}.${name}`;
  const range = objectAt(given, at);
  checkMembers(range, at, [
    ...Object.keys(symbols),
    "from",
    "to",
    "include_lower",
    "include_upper",
    "format",
    "time_zone",
    "boost",
  ]);
  const bounds = boundsOf(range, at);
  const dates = dateOptions(range, at, now);
  const field = fields.find(name);
  if (field === undefined) return "FALSE";
  if (bounds.length === 0) {
    return anyValue(
      field,
      (column) => `${column} IS NOT NULL`,
      () => "TRUE",
    );
  }
  return anyValue(
    field,
    (column, type) => columnRange(column, type, bounds, dates),
    (item) => jsonRange(item, bounds, dates),
  );
};

const boundsOf = (range: Properties, at: string): readonly Bound[] => {
  const bound = (operator: Operator, value: Json | undefined, member: string): readonly Bound[] => {
    if (value === undefined || value === null) return [];
    if (scalarText(value) === undefined) throw invalid(`${at}.${member}`, "text or a number");
    return [{ operator, value: value as string | number | boolean, place: `${at}.${member}` }];
  };
  return [
    ...(Object.keys(symbols) as Operator[]).flatMap((operator) => bound(operator, range[operator], operator)),
    ...bound(range["include_lower"] === false ? "gt" : "gte", range["from"], "from"),
    ...bound(range["include_upper"] === false ? "lt" : "lte", range["to"], "to"),
  ];
};

const dateOptions = (range: Properties, at: string, now: number): DateOptions => {
  const formats = String(range["format"] ?? "strict_date_optional_time").split("||");
  for (const format of formats) {
    if (!isoFormats.has(format) && format !== "epoch_second")
      throw unsupported(`${at}.format`, `${format} is not supported`);
  }
  const zone = String(range["time_zone"] ?? "UTC");
  const offset = parseOffset(zone);
  if (offset === undefined) throw unsupported(`${at}.time_zone`, `${zone} is not supported: write it as +01:00`);
  return { now, offset, isSeconds: formats.includes("epoch_second") };
};

const columnRange = (column: string, type: ColumnType, bounds: readonly Bound[], dates: DateOptions): string => {
  if (isNumeric(type)) return numberRange(column, bounds);
  if (isTemporal(type)) return dateRange(columnInstant(column, type) ?? column, bounds, dates);
  if (type === "BOOLEAN") return textRange(`CAST(${column} AS VARCHAR)`, bounds);
  if (type !== "VARCHAR") return textRange(`CAST(${column} AS VARCHAR)`, bounds);
  return bounds.every(({ value }) => isDateText(value))
    ? dateRange(columnInstant(column, type) ?? column, bounds, dates)
    : textRange(column, bounds);
};

const jsonRange = (item: string, bounds: readonly Bound[], dates: DateOptions): string => {
  if (bounds.every(({ value }) => isDateText(value))) return dateRange(jsonInstant(item), bounds, dates);
  const text = `(json_type(${item}) = 'VARCHAR' AND ${textRange(`(${item} ->> '$')`, bounds)})`;
  const numbers = numberRange(jsonNumber(item), bounds);
  return bounds.every(({ value }) => typeof value === "number") ? numbers : anyOf([numbers, text]);
};

const numberRange = (value: string, bounds: readonly Bound[]): string =>
  allOf(
    bounds.map((bound) => {
      const number = numberLiteral(bound.value);
      return number === undefined ? "FALSE" : `${value} ${symbols[bound.operator]} ${number}`;
    }),
  );

const textRange = (value: string, bounds: readonly Bound[]): string =>
  allOf(bounds.map((bound) => `${value} ${symbols[bound.operator]} ${textLiteral(String(bound.value))}`));

/** Of a span (`2024-01`, `now/d`) `gte` and `lt` mean its start, `gt` and `lte` its end. */
const dateRange = (instant: string, bounds: readonly Bound[], dates: DateOptions): string =>
  allOf(
    bounds.map(({ operator, value, place }) => {
      const span = typeof value === "boolean" ? undefined : parseDate(value, dates);
      if (span === undefined) throw invalid(place, `a date, not ${JSON.stringify(value)}`);
      const isEnd = span.end !== undefined && (operator === "gt" || operator === "lte");
      const symbol = isEnd ? (operator === "gt" ? ">=" : "<") : symbols[operator];
      return `${instant} ${symbol} make_timestamp(CAST(${isEnd ? span.end : span.start} AS BIGINT))`;
    }),
  );
