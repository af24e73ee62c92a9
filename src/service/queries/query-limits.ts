import type { DuckDBConnection } from "@duckdb/node-api";
import { Problem, problemOf } from "../problem.ts";
import type { State } from "../state.ts";

/** Rows that one answer holds. */
export const mostRows = 10_000;
/** Characters of one answer's rows. */
export const mostCharacters = 16 * 1024 * 1024;
/** Rows that are counted beyond those that are answered. */
export const mostCounted = 1_000_000;
/** Characters of SQL text. */
export const longestSql = 200_000;
/** ANDs and ORs in SQL text: planning takes long for many, and cannot be interrupted. */
export const mostConditions = 1_000;
/** Expressions that one SELECT lists, groups or sorts by, for the same reason. */
export const mostExpressions = 2_000;
/** Levels of brackets in SQL text. */
export const deepestSql = 100;

/** Does `work` until it is done, takes too long (`query_timeout`) or the client is gone. */
export const withinTime = async <Result>(
  state: State,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> => {
  const expiry = new AbortController();
  const problem = new Problem("query_timeout", `the query took longer than ${state.queryTimeout} ms and was stopped`);
  const timer = setTimeout(() => expiry.abort(problem), state.queryTimeout);
  try {
    return await work(AbortSignal.any([signal, expiry.signal]));
  } catch (error) {
    if (expiry.signal.aborted) throw problem;
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

/** Milliseconds that the answer to an aborted query waits for DuckDB: some of its steps cannot be interrupted. */
const grace = 1_000;

const notLongAfter = async <Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => {
      timer = setTimeout(() => reject(signal.reason), grace);
    });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Reads from the datasets within the limits; DuckDB's errors become `query_failed`. */
export const readWithin = <Result>(
  state: State,
  signal: AbortSignal,
  work: (connection: DuckDBConnection) => Promise<Result>,
): Promise<Result> =>
  withinTime(state, signal, (both) =>
    notLongAfter(
      both,
      state.data.read(async (connection) => {
        try {
          return await work(connection);
        } catch (error) {
          throw queryProblem(error);
        }
      }, both),
    ),
  );

export const tooDeep = (): Problem =>
  new Problem("result_too_large", "the answer is nested too deeply to be written as JSON: select less of it");

const errorPattern = /^[A-Z][\w -]* [Ee]rror: /;

/** What one answer holds of nested values is bounded by the stack. */
export const isTooDeep = (error: unknown): boolean => error instanceof RangeError && /call stack/.test(error.message);

/** An error of DuckDB as `query_failed`, without paths of this machine; anything else as it is. */
export const queryProblem = (error: unknown): unknown => {
  if (isTooDeep(error)) return tooDeep();
  const problem = problemOf(error);
  if (problem !== undefined) return problem;
  if (!(error instanceof Error) || !errorPattern.test(error.message)) return error;
  const [message = ""] = error.message.split("\n\nLINE ");
  const reason = message.replace(/(?:\/[^\s"'/:,]+){2,}/g, "(a path)").slice(0, 1000);
  return new Problem("query_failed", reason.trim(), { cause: error });
};
