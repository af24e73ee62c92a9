import type { Json } from "../../../contract/index.ts";
import type { SourceSqlWire } from "../../../infino/index.ts";
import { Problem } from "../../problem.ts";
import { secretRemover } from "../secret-forms.ts";
import type { SourceConnection, SourceDriver, SourceLimits, SourceStatus } from "../source-driver.ts";
import { type DriverCalls, startDriverCalls } from "./driver-calls.ts";
import { sizeOfRow } from "./json-values.ts";
import { readRecords } from "./read-records.ts";
import { bareQuery, statementType } from "./statement.ts";
import type { Warehouse, WarehouseResult, WarehouseSession } from "./warehouse.ts";

/** Seconds, where the connection has no `timeout_secs`. A status is never waited for longer. */
const checkSeconds = 10;
const querySeconds = 60;
const logoutSeconds = 2;

/** Talks to a warehouse that speaks SQL. */
export const sqlDriver = (warehouse: Warehouse): SourceDriver => {
  const withSession = async <Result>(
    connection: SourceConnection,
    seconds: number,
    signal: AbortSignal,
    work: (session: WarehouseSession) => Promise<Result>,
  ): Promise<Result> => {
    const calls = startDriverCalls(signal);
    let session: WarehouseSession | undefined;
    try {
      return await calls.run(async () => {
        session = await warehouse.open(connection, calls.signal);
        return await work(session);
      }, seconds * 1000);
    } catch (error) {
      throw problemOf(warehouse, connection, error, signal);
    } finally {
      await logout(session, calls);
    }
  };

  return {
    check: async (connection, signal) => {
      try {
        const seconds = Math.min(timeout(connection, checkSeconds), checkSeconds);
        await withSession(connection, seconds, signal, (session) => session.probe());
        return { status: "connected" };
      } catch (error) {
        return statusOf(error);
      }
    },
    query: (connection, dataset, query, limits, signal) =>
      withSession(connection, timeout(connection, querySeconds), signal, async (session): Promise<Json> => {
        const started = performance.now();
        const sql = bareQuery(query) || `SELECT * FROM ${session.table(dataset)}`;
        const result = await session.run(sql, { values: [], pageRows: Math.min(limits.rows + 1, 10_000) });
        const rows = await collect(result, limits);
        const answer: SourceSqlWire = {
          execution_time: Math.round(performance.now() - started),
          statement_type: result.statement ?? statementType(sql),
          affected_rows: result.affected,
          error_message: null,
          columns: result.columns.map(({ name, declared }) => ({ display_name: name, data_type: declared })),
          rows,
        };
        return answer;
      }),
    metadata: (connection, dataset, signal) =>
      withSession(connection, timeout(connection, querySeconds), signal, (session) => session.metadata(dataset)),
    read: async function* (connection, request, signal) {
      const calls = startDriverCalls(signal);
      const session: { current?: WarehouseSession } = {};
      try {
        yield* readRecords(warehouse, connection, request, calls, session);
      } catch (error) {
        throw problemOf(warehouse, connection, error, signal);
      } finally {
        await logout(session.current, calls);
      }
    },
  };
};

/** Logs out in a time of its own. Nobody waits for that where the calls were ended. */
const logout = async (session: WarehouseSession | undefined, calls: DriverCalls): Promise<void> => {
  const ended = calls.signal.aborted;
  calls.end();
  if (session === undefined) return;
  const leaving = startDriverCalls();
  const left = leaving
    .run(() => session.close(), logoutSeconds * 1000)
    .catch(() => undefined)
    .finally(leaving.end);
  if (!ended) await left;
};

const collect = async ({ rows }: WarehouseResult, limits: SourceLimits): Promise<readonly (readonly Json[])[]> => {
  const collected: (readonly Json[])[] = [];
  let bytes = 0;
  for (let next = await rows.next(); next.done !== true; next = await rows.next()) {
    for (const row of next.value) {
      collected.push(row);
      bytes += sizeOfRow(row);
    }
    if (collected.length > limits.rows) {
      throw new Problem(
        "result_too_large",
        `the query gives more than ${limits.rows} rows; use LIMIT, or an import job`,
      );
    }
    if (bytes > limits.bytes) {
      throw new Problem("result_too_large", `the query gives more than ${limits.bytes} bytes; ask for less at once`);
    }
  }
  return collected;
};

/** The caller's own reason where it gave up; else what the driver's error means, without the error. */
const problemOf = (
  warehouse: Warehouse,
  connection: SourceConnection,
  error: unknown,
  signal: AbortSignal,
): unknown => {
  if (signal.aborted) return signal.reason;
  return error instanceof Problem ? error : withoutSecrets(warehouse.explain(error, connection), connection);
};

const withoutSecrets = ({ type, message }: Problem, { config }: SourceConnection): Problem =>
  new Problem(type, secretRemover(config, ["password", "pat_token"])(message));

const statusOf = (error: unknown): SourceStatus => {
  if (!(error instanceof Problem)) return { status: "disconnected", reason: "not tried to the end" };
  // A package that is missing stays so until the service is started again.
  const untried = error.type === "not_implemented" ? { untried: true as const } : {};
  return { status: error.type === "source_refused" ? "error" : "disconnected", reason: error.message, ...untried };
};

const timeout = ({ config }: SourceConnection, standard: number): number => {
  const given = config["timeout_secs"];
  return typeof given === "number" && given > 0 ? given : standard;
};
