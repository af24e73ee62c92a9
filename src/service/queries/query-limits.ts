import type { DuckDBConnection } from "@duckdb/node-api";
import { Problem } from "../problem.ts";
import type { State } from "../state.ts";

/** Rows that one answer holds. */
export const mostRows = 10_000;
/** Characters of one answer's rows. */
export const mostCharacters = 16 * 1024 * 1024;
/** Rows that are counted beyond those that are answered. */
export const mostCounted = 1_000_000;
/** Characters of SQL text. */
export const longestSql = 200_000;
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

/** Reads from the datasets within the limits; DuckDB's errors become `query_failed`. */
export const readWithin = <Result>(
  state: State,
  signal: AbortSignal,
  work: (connection: DuckDBConnection) => Promise<Result>,
): Promise<Result> =>
  withinTime(state, signal, (both) =>
    state.data.read(async (connection) => {
      try {
        return await work(connection);
      } catch (error) {
        throw queryProblem(error);
      }
    }, both),
  );

const errorPattern = /^[A-Z][\w -]* [Ee]rror: /;

/** An error of DuckDB as `query_failed`, without paths of this machine; anything else as it is. */
export const queryProblem = (error: unknown): unknown => {
  if (error instanceof Problem || !(error instanceof Error) || !errorPattern.test(error.message)) return error;
  const [message = ""] = error.message.split("\n\nLINE ");
  const reason = message.replace(/(?:\/[^\s"'/:,]+){2,}/g, "(a path)").slice(0, 1000);
  return new Problem("query_failed", reason.trim(), { cause: error });
};
