import { isObject, type Json, type Properties } from "../../contract/index.ts";
import { minimum } from "./bool-clause.ts";
import type { Clause, Scope } from "./condition.ts";
import { anyValue, type Field, jsonScalar } from "./fields.ts";
import { anyOf, textLiteral } from "./sql-text.ts";
import { columnEquals } from "./term-clauses.ts";
import { checkMembers, invalid, objectAt, onlyMember, scalarText, unsupported } from "./unsupported.ts";

/** Words as Elasticsearch's standard analyzer finds them, near enough: letters, digits, `_`, with `'` or `.` inside. */
const word = "[\\p{L}\\p{M}\\p{N}_]+(?:['’.][\\p{L}\\p{M}\\p{N}_]+)*";

/** Each record is compared with all of them. */
const mostWords = 1024;

const wordsIn = (text: string): readonly string[] => text.toLowerCase().match(new RegExp(word, "gu")) ?? [];

const sqlWords = (text: string): string => `regexp_extract_all(lower(${text}), ${textLiteral(word)})`;

type Match = {
  readonly text: string;
  readonly operator: "and" | "or";
  readonly least: Json | undefined;
  readonly place: string;
};

export const matchClause: Clause = (body, place, scope) => {
  const [name, given] = onlyMember(body, place, "the field");
  const at = `${place}.${name}`;
  const options = isObject(given) ? given : { query: given };
  checkMembers(options, at, ["query", "operator", "minimum_should_match", "boost", "lenient"]);
  return matched(scope.fields.find(name), matchOf(options, at), scope);
};

export const matchPhraseClause: Clause = (body, place, scope) => {
  const [name, given] = onlyMember(body, place, "the field");
  const at = `${place}.${name}`;
  const options = isObject(given) ? given : { query: given };
  checkMembers(options, at, ["query", "slop", "boost"]);
  if (options["slop"] !== undefined && options["slop"] !== 0) throw unsupported(`${at}.slop`);
  return phrase(scope.fields.find(name), queryText(options, at), scope);
};

export const multiMatchClause: Clause = (body, place, scope) => {
  const options = objectAt(body, place);
  checkMembers(options, place, [
    "query",
    "fields",
    "type",
    "operator",
    "minimum_should_match",
    "boost",
    "lenient",
    "tie_breaker",
  ]);
  const type = options["type"] ?? "best_fields";
  if (type !== "best_fields" && type !== "most_fields" && type !== "phrase")
    throw unsupported(`${place}.type`, `${JSON.stringify(type)} is not supported`);
  const patterns = options["fields"] ?? ["*"];
  if (!Array.isArray(patterns) || !patterns.every((one) => typeof one === "string")) {
    throw invalid(`${place}.fields`, "a list of fields");
  }
  const names = patterns.flatMap((pattern) => namesLike(pattern.replace(/\^[\d.]+$/, ""), scope));
  const match = matchOf(options, place);
  return anyOf(
    names.map((name) => {
      const field = scope.fields.find(name);
      return type === "phrase" ? phrase(field, match.text, scope) : matched(field, match, scope);
    }),
  );
};

const namesLike = (pattern: string, { fields }: Scope): readonly string[] => {
  if (!pattern.includes("*")) return [pattern];
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${parts.join("[\\s\\S]*")}$`);
  return fields.names.filter((name) => expression.test(name));
};

const queryText = (options: Properties, at: string): string => {
  const text = scalarText(options["query"]);
  if (text === undefined) throw invalid(`${at}.query`, "text, a number or a boolean");
  if (wordsIn(text).length > mostWords) throw unsupported(`${at}.query`, `has more than ${mostWords} words`);
  return text;
};

const matchOf = (options: Properties, at: string): Match => {
  const operator = String(options["operator"] ?? "or").toLowerCase();
  if (operator !== "and" && operator !== "or") throw invalid(`${at}.operator`, `"and" or "or"`);
  return {
    text: queryText(options, at),
    operator,
    least: options["minimum_should_match"],
    place: `${at}.minimum_should_match`,
  };
};

const matched = (field: Field | undefined, { text, operator, least, place }: Match, { now }: Scope): string => {
  const words = [...new Set(wordsIn(text))];
  const needed = minimum(least, words.length, operator === "and" ? words.length : 1, place);
  if (field === undefined || words.length === 0) return "FALSE";
  const wanted = `[${words.map(textLiteral).join(", ")}]`;
  const test = (found: string): string => {
    if (needed <= 1) return `list_has_any(${found}, ${wanted})`;
    if (needed === words.length) return `list_has_all(${found}, ${wanted})`;
    return `len(list_intersect(${found}, ${wanted})) >= ${needed}`;
  };
  if (field.in === "json") {
    const texts = `list_transform(${field.values}, lambda v: ${jsonScalar("v")})`;
    return `coalesce(${test(sqlWords(`array_to_string(${texts}, ' ')`))}, FALSE)`;
  }
  return anyValue(
    field,
    (column, type) => (type === "VARCHAR" ? test(sqlWords(column)) : columnEquals(column, type, [text], { now })),
    () => "FALSE",
  );
};

const phrase = (field: Field | undefined, text: string, { now }: Scope): string => {
  const words = wordsIn(text);
  if (field === undefined || words.length === 0) return "FALSE";
  const wanted = textLiteral(` ${words.join(" ")} `);
  const test = (value: string) => `contains(' ' || array_to_string(${sqlWords(value)}, ' ') || ' ', ${wanted})`;
  return anyValue(
    field,
    (column, type) => (type === "VARCHAR" ? test(column) : columnEquals(column, type, [text], { now })),
    (item) => test(jsonScalar(item)),
  );
};
