import { isObject, type Json } from "../../contract/index.ts";
import type { ColumnType } from "../data/types.ts";
import type { Clause } from "./condition.ts";
import { parseDate, type Span } from "./date-math.ts";
import { anyValue, columnInstant, type Field, isNumeric, isTemporal, jsonNumber, jsonScalar } from "./fields.ts";
import { anyOf, numberLiteral, numberText, rowsWith, textLiteral } from "./sql-text.ts";
import { checkMembers, invalid, objectAt, onlyMember, scalarText, unsupported } from "./unsupported.ts";

/** As many as Elasticsearch takes. */
const mostTerms = 65_536;
/** Months, days and other spans of time among them: each is compared with every record. */
const mostSpans = 1024;

type Equality = { readonly ignoreCase?: boolean; readonly now: number };

export const termClause: Clause = (body, place, { fields, now }) => {
  const [name, given] = onlyMember(body, place, "the field");
  const { value, ignoreCase } = simpleValue(given, `${place}.${name}`);
  const field = fields.find(name);
  if (field === undefined) return "FALSE";
  const options = { now, ignoreCase };
  return anyValue(
    field,
    (column, type) => columnEquals(column, type, [value], options),
    (item) => jsonEquals(item, [value], options),
  );
};

export const termsClause: Clause = (body, place, scope) => {
  const { fields, now } = scope;
  const { boost: _, ...rest } = objectAt(body, place);
  const [name, given] = onlyMember(rest, place, "the field");
  if (isObject(given)) throw unsupported(`${place}.${name}`, "is a terms lookup, which is not supported");
  if (!Array.isArray(given)) throw invalid(`${place}.${name}`, "a list");
  const values = checkedScalars(given, `${place}.${name}`);
  const field = fields.find(name);
  if (field === undefined || values.length === 0) return "FALSE";
  if (scope.areMany(values.length, place)) return anyOfMany(field, values, now, `${place}.${name}`);
  return anyValue(
    field,
    (column, type) => columnEquals(column, type, values, { now }),
    (item) => jsonEquals(item, values, { now }),
  );
};

/** Whether a column's value is one of `values`. */
export const columnEquals = (
  column: string,
  type: ColumnType,
  values: readonly Json[],
  { now, ignoreCase = false }: Equality,
): string => {
  if (isNumeric(type)) {
    const numbers = values.flatMap((value) => numberLiteral(value) ?? []);
    return numbers.length === 0 ? "FALSE" : `${column} IN (${numbers.join(", ")})`;
  }
  if (isTemporal(type)) {
    const instant = columnInstant(column, type) ?? column;
    const spans = values.flatMap((value) =>
      typeof value === "string" || typeof value === "number" ? (parseDate(value, { now }) ?? []) : [],
    );
    return anyOf(spans.map((span) => within(instant, span)));
  }
  if (type === "BOOLEAN") {
    const booleans = values.map(String).filter((value) => value === "true" || value === "false");
    return booleans.length === 0 ? "FALSE" : `${column} IN (${booleans.join(", ")})`;
  }
  return textEquals(type === "VARCHAR" ? column : `CAST(${column} AS VARCHAR)`, values, ignoreCase);
};

export const jsonEquals = (item: string, values: readonly Json[], { ignoreCase = false }: Equality): string => {
  const numbers = values.flatMap((value) => numberLiteral(value) ?? []);
  const text = textEquals(jsonScalar(item), values, ignoreCase);
  return numbers.length === 0 ? text : `(${text} OR ${jsonNumber(item)} IN (${numbers.join(", ")}))`;
};

const textEquals = (text: string, values: readonly Json[], ignoreCase: boolean): string => {
  const literals = values.map((value) => textLiteral(String(value)));
  return ignoreCase
    ? `lower(${text}) IN (${literals.map((literal) => `lower(${literal})`).join(", ")})`
    : `${text} IN (${literals.join(", ")})`;
};

type Scalars = readonly (string | number | boolean)[];

/** As `columnEquals` and `jsonEquals`, by joins: what a record has is looked up among the values. */
const anyOfMany = (field: Field, values: Scalars, now: number, place: string): string => {
  const texts = values.map(String);
  if (field.in === "json") {
    const found = anyOf([`${jsonScalar("v")} IN ${rowsWith(texts, "VARCHAR")}`, ...numberIn(jsonNumber("v"), values)]);
    return `coalesce(EXISTS (SELECT 1 FROM (SELECT unnest(${field.values}) AS v) WHERE ${found}), FALSE)`;
  }
  const { value, type } = field;
  if (isNumeric(type)) return `coalesce(${anyOf(numberIn(value, values))}, FALSE)`;
  if (isTemporal(type)) return `coalesce(${momentIn(columnInstant(value, type) ?? value, values, now, place)}, FALSE)`;
  return `coalesce(${type === "VARCHAR" ? value : `CAST(${value} AS VARCHAR)`} IN ${rowsWith(texts, "VARCHAR")}, FALSE)`;
};

const numberIn = (value: string, given: Scalars): readonly string[] => {
  const kinds = new Map<string, string[]>();
  for (const one of given) {
    const number = numberText(one);
    if (number === undefined) continue;
    const texts = kinds.get(number.type);
    if (texts === undefined) kinds.set(number.type, [number.text]);
    else texts.push(number.text);
  }
  return Array.from(kinds, ([type, texts]) => `${value} IN ${rowsWith(texts, type)}`);
};

const momentIn = (instant: string, values: Scalars, now: number, place: string): string => {
  const spans = values.flatMap((value) => (typeof value === "boolean" ? [] : (parseDate(value, { now }) ?? [])));
  const long = spans.filter(({ end }) => end !== undefined);
  if (long.length > mostSpans) throw unsupported(place, `has more than ${mostSpans} spans of time`);
  const moments = spans.filter(({ end }) => end === undefined).map(({ start }) => String(start));
  return anyOf([
    ...long.map((span) => within(instant, span)),
    ...(moments.length === 0 ? [] : [`epoch_us(${instant}) IN ${rowsWith(moments, "BIGINT")}`]),
  ]);
};

const moment = (micros: bigint): string => `make_timestamp(CAST(${micros} AS BIGINT))`;

const within = (instant: string, { start, end }: Span): string =>
  end === undefined
    ? `${instant} = ${moment(start)}`
    : `(${instant} >= ${moment(start)} AND ${instant} < ${moment(end)})`;

export const existsClause: Clause = (body, place, { fields }) => {
  const given = objectAt(body, place);
  checkMembers(given, place, ["field", "boost"]);
  const name = given["field"];
  if (typeof name !== "string") throw invalid(`${place}.field`, "a field's name");
  const field = fields.find(name);
  if (field === undefined) return "FALSE";
  return anyValue(
    field,
    (column) => `${column} IS NOT NULL`,
    () => "TRUE",
  );
};

export const idsClause: Clause = (body, place, scope) => {
  const given = objectAt(body, place);
  checkMembers(given, place, ["values", "boost"]);
  const ids = given["values"];
  if (!Array.isArray(ids)) throw invalid(`${place}.values`, "a list");
  const values = checkedScalars(ids, `${place}.values`);
  if (values.length === 0) return "FALSE";
  if (scope.areMany(values.length, place))
    return `coalesce("_id" IN ${rowsWith(values.map(String), "VARCHAR")}, FALSE)`;
  return `coalesce(${columnEquals('"_id"', "VARCHAR", values, { now: scope.now })}, FALSE)`;
};

export const prefixClause: Clause = (body, place, { fields }) => {
  const [name, given] = onlyMember(body, place, "the field");
  const { value, ignoreCase } = simpleValue(given, `${place}.${name}`);
  return textTest(fields.find(name), (text) =>
    ignoreCase
      ? `starts_with(lower(${text}), lower(${textLiteral(String(value))}))`
      : `starts_with(${text}, ${textLiteral(String(value))})`,
  );
};

export const wildcardClause: Clause = (body, place, { fields }) => {
  const [name, given] = onlyMember(body, place, "the field");
  const { value, ignoreCase } = simpleValue(given, `${place}.${name}`, "wildcard");
  const operator = ignoreCase ? "ILIKE" : "LIKE";
  return textTest(
    fields.find(name),
    (text) => `${text} ${operator} ${textLiteral(likePattern(String(value)))} ESCAPE '\\'`,
  );
};

/** `*` and `?` are wild, a backslash takes the next character as it is. */
const likePattern = (pattern: string): string =>
  pattern.replace(/\\([\s\S])|[*?%_\\]/g, (found, escaped: string | undefined) => {
    if (escaped !== undefined) return /[%_\\]/.test(escaped) ? `\\${escaped}` : escaped;
    if (found === "*") return "%";
    return found === "?" ? "_" : `\\${found}`;
  });

const textTest = (field: Parameters<typeof anyValue>[0] | undefined, test: (text: string) => string): string => {
  if (field === undefined) return "FALSE";
  return anyValue(
    field,
    (column, type) => (type === "VARCHAR" ? test(column) : "FALSE"),
    (item) => `(json_type(${item}) = 'VARCHAR' AND ${test(`(${item} ->> '$')`)})`,
  );
};

/** A value, or an object with it in `value` (or `alias`). */
const simpleValue = (
  given: Json,
  place: string,
  alias = "value",
): { readonly value: string | number | boolean; readonly ignoreCase: boolean } => {
  if (!isObject(given)) return { value: checkedScalar(given, place), ignoreCase: false };
  checkMembers(given, place, ["value", alias, "case_insensitive", "boost", "rewrite"]);
  const inner = given["value"] ?? given[alias];
  if (inner === undefined) throw invalid(place, "a value, or an object with `value`");
  return {
    value: checkedScalar(inner, `${place}.value`),
    ignoreCase: given["case_insensitive"] === true || given["case_insensitive"] === "true",
  };
};

const checkedScalars = (given: readonly Json[], place: string): readonly (string | number | boolean)[] => {
  if (given.length > mostTerms) throw unsupported(place, `has more than ${mostTerms} values`);
  return given.map((value, at) => checkedScalar(value, `${place}[${at}]`));
};

const checkedScalar = (value: Json, place: string): string | number | boolean => {
  if (scalarText(value) === undefined) throw invalid(place, `text, a number or a boolean`);
  return value as string | number | boolean;
};
