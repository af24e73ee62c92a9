import { Problem, type ProblemType } from "../../problem.ts";
import type { SourceConnection } from "../source-driver.ts";

/** What the client tells of an error, of which only this is used: the rest holds the access token. */
type ClientError = {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly { readonly reason?: unknown; readonly message?: unknown }[];
};

const types: { readonly [reason: string]: ProblemType } = {
  notFound: "source_not_found",
  authError: "source_refused",
  accessDenied: "source_refused",
  forbidden: "source_refused",
  invalid: "source_error",
  invalidQuery: "source_error",
  backendError: "source_unreachable",
  internalError: "source_unreachable",
  stopped: "source_error",
};

/** An error of the client in the service's words. */
export const explainBigquery = (error: unknown, { config }: SourceConnection): Problem => {
  const { code, message, errors } = (error ?? {}) as ClientError;
  const [first] = errors ?? [];
  const said = String(first?.message ?? message ?? "BigQuery does not say why");
  const known = types[String(first?.reason)] ?? byStatus(code);
  if (known === "source_refused") return new Problem(known, `BigQuery refuses the service account: ${said}`);
  if (known !== undefined) return new Problem(known, said);
  if (first !== undefined) return new Problem("source_error", said);
  const host = URL.parse(String(config["api_endpoint"] ?? ""))?.host ?? "bigquery.googleapis.com";
  if (typeof code === "string") return new Problem("source_unreachable", `${host} cannot be reached (${code})`);
  return new Problem("source_error", `the BigQuery client failed: ${said}`);
};

const byStatus = (code: unknown): ProblemType | undefined => {
  if (typeof code !== "number") return undefined;
  if (code === 401 || code === 403) return "source_refused";
  if (code === 404) return "source_not_found";
  return code >= 500 ? "source_unreachable" : "source_error";
};
