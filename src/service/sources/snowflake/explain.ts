import { Problem } from "../../problem.ts";
import type { SourceConnection } from "../source-driver.ts";

/** What the driver tells of an error, of which only this is used. */
type DriverError = {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly response?: { readonly statusCode?: unknown };
  readonly cause?: { readonly code?: unknown };
};

/** An error of the driver in the service's words. */
export const explainSnowflake = (error: unknown, { config }: SourceConnection): Problem => {
  const { name, code, message, response, cause } = (error ?? {}) as DriverError;
  const account = String(config["account"] ?? "");
  switch (name) {
    case "OperationFailedError":
      if (code === undefined) return new Problem("source_unreachable", `${account} answers, but not like Snowflake`);
      return answered(String(code), String(message));
    case "NetworkError":
      return new Problem("source_unreachable", `${account} cannot be reached${hint(cause?.code)}`);
    case "RequestFailedError":
    case "LargeResultSetError":
      return new Problem("source_unreachable", `${account} answers ${String(response?.statusCode ?? "with an error")}`);
    case "UnexpectedContentError":
      return new Problem("source_unreachable", `${account} answers, but not like Snowflake`);
    default:
      return new Problem("source_error", `the Snowflake driver failed: ${String(message ?? name)}`);
  }
};

/** Snowflake said no: it begins codes of sessions and credentials with 39. */
const answered = (code: string, message: string): Problem => {
  const said = message.includes(code) ? message : `${code}: ${message}`;
  if (/^39\d{4}$/.test(code)) return new Problem("source_refused", `Snowflake refuses the connection: ${said}`);
  // 002003: a table, schema or database that does not exist, or is not for this role. 002043 the same, for DDL.
  if (code === "002003" || code === "002043") return new Problem("source_not_found", said);
  return new Problem("source_error", said);
};

const hint = (code: unknown): string => {
  switch (code) {
    case undefined:
      return "";
    case "ECONNREFUSED":
      return ": connection refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return ": the host name cannot be resolved";
    default:
      return ` (${String(code)})`;
  }
};
