import type { Json } from "../../contract/index.ts";
import type { Clause, Scope } from "./condition.ts";
import { allOf, anyOf } from "./sql-text.ts";
import { checkMembers, invalid, objectAt, unsupported } from "./unsupported.ts";

/** As many as Elasticsearch takes. */
const mostClauses = 1024;

export const boolClause: Clause = (body, place, scope) => {
  const given = objectAt(body, place);
  checkMembers(given, place, ["must", "filter", "should", "must_not", "minimum_should_match", "boost"]);
  const of = (name: string) => conditions(given[name], `${place}.${name}`, scope);
  const required = [...of("must"), ...of("filter")];
  const should = of("should");
  const excluded = of("must_not").map((condition) => `(NOT ${condition})`);
  const fallback = required.length > 0 ? 0 : 1;
  const least = minimum(given["minimum_should_match"], should.length, fallback, `${place}.minimum_should_match`);
  return allOf([...required, ...excluded, ...(should.length === 0 ? [] : [atLeast(least, should)])]);
};

const conditions = (given: Json | undefined, place: string, scope: Scope): readonly string[] => {
  if (given === undefined) return [];
  if (!Array.isArray(given)) return [scope.clause(given, place)];
  if (given.length > mostClauses) throw unsupported(place, `has more than ${mostClauses} clauses`);
  return given.map((query, at) => scope.clause(query, `${place}[${at}]`));
};

/** A number (negative: so many may be missing) or a percentage, as Elasticsearch counts them. */
export const minimum = (given: Json | undefined, count: number, fallback: number, place: string): number => {
  if (given === undefined) return Math.min(fallback, count);
  const match = /^(-?\d{1,6})(%?)$/.exec(String(given).trim());
  if (match === null || (typeof given !== "string" && typeof given !== "number")) {
    throw invalid(place, `a number or a percentage, not ${JSON.stringify(given)}`);
  }
  const number = Number(match[1]);
  const wanted = match[2] === "%" ? Math.trunc((count * number) / 100) : number;
  return Math.max(0, wanted < 0 ? count + wanted : wanted);
};

export const atLeast = (least: number, conditions: readonly string[]): string => {
  if (least <= 0) return "TRUE";
  if (least > conditions.length) return "FALSE";
  if (least === 1) return anyOf(conditions);
  if (least === conditions.length) return allOf(conditions);
  return `(list_sum([${conditions.map((condition) => `CAST(${condition} AS INTEGER)`).join(", ")}]) >= ${least})`;
};
