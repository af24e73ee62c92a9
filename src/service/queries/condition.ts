import type { Json } from "../../contract/index.ts";
import type { Column } from "../data/types.ts";
import { boolClause } from "./bool-clause.ts";
import { createFields, type Fields } from "./fields.ts";
import { rangeClause } from "./range-clause.ts";
import { existsClause, idsClause, prefixClause, termClause, termsClause, wildcardClause } from "./term-clauses.ts";
import { matchClause, matchPhraseClause, multiMatchClause } from "./text-clauses.ts";
import { checkMembers, objectAt, onlyMember, unsupported } from "./unsupported.ts";

export type Scope = {
  readonly fields: Fields;
  /** Milliseconds since the epoch; what `now` is. */
  readonly now: number;
  /** The condition of a clause below. */
  clause(query: Json | undefined, place: string): string;
  /** Whether so many values of one clause are too many to stand in the SQL one by one. */
  areMany(count: number, place: string): boolean;
};

/** Clauses in one request, with those in others, as many as Elasticsearch takes. */
const mostClauses = 1024;
/** Values that may stand in the SQL one by one: each record is compared with all of them. */
const mostLiterals = 1024;
/** Clauses with more of them, each a join. */
const mostLists = 32;

/** One sort of query clause: its SQL condition, which is never null. */
export type Clause = (body: Json, place: string, scope: Scope) => string;

const clauses: Readonly<Record<string, Clause>> = {
  match_all: (body, place) => {
    checkMembers(objectAt(body, place), place, ["boost"]);
    return "TRUE";
  },
  match_none: (body, place) => {
    checkMembers(objectAt(body, place), place, []);
    return "FALSE";
  },
  term: termClause,
  terms: termsClause,
  range: rangeClause,
  exists: existsClause,
  ids: idsClause,
  prefix: prefixClause,
  wildcard: wildcardClause,
  match: matchClause,
  match_phrase: matchPhraseClause,
  multi_match: multiMatchClause,
  bool: boolClause,
  constant_score: (body, place, scope) => {
    const given = objectAt(body, place);
    checkMembers(given, place, ["filter", "boost"]);
    return scope.clause(given["filter"], `${place}.filter`);
  },
};

/**
 * The SQL condition of a QueryDSL query (what stands below `query`) over the columns of a dataset: good for the WHERE of
 * a SELECT or a DELETE, never null, all values quoted. `now`: milliseconds since the epoch. Without columns the dataset
 * has no table, and nothing to be asked. Throws `Problem`: `unsupported_query`, which names the clause and its place, or
 * `bad_request`.
 */
export const conditionOf = (query: Json, columns: readonly Column[], now: number): string =>
  createScope(columns, now).clause(query, "query");

export const createScope = (columns: readonly Column[], now: number): Scope => {
  let clauseCount = 0;
  let literals = 0;
  let lists = 0;
  const scope: Scope = {
    fields: createFields(columns),
    now,
    areMany: (count, place) => {
      if (literals + count <= mostLiterals) {
        literals += count;
        return false;
      }
      lists += 1;
      if (lists <= mostLists) return true;
      throw unsupported(place, `is one of more than ${mostLists} clauses behind the first ${mostLiterals} values`);
    },
    clause: (query, place) => {
      clauseCount += 1;
      if (clauseCount > mostClauses) throw unsupported(place, `is one of more than ${mostClauses} clauses`);
      const [name, body] = onlyMember(query, place, "the clause");
      const clause = Object.hasOwn(clauses, name) ? clauses[name] : undefined;
      if (clause === undefined) {
        throw unsupported(`${place}.${name}`, `is not supported; what is: ${Object.keys(clauses).sort().join(", ")}`);
      }
      return clause(body, `${place}.${name}`, scope);
    },
  };
  return scope;
};
