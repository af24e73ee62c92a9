import type { Json } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";
import { DeployerError, type ErrorCode } from "../errors.ts";
import type { Attempt } from "./attempt.ts";
import type { Operation } from "./operations.ts";
import { redact } from "./redact.ts";
import type { WriteOutcome } from "./types.ts";

/** What a problem is about. */
export type Context = {
  readonly operation: Operation;
  /** Without credentials. */
  readonly endpoint: string;
  readonly body: Json | undefined;
  readonly credentials: readonly string[];
  readonly attempts: number;
  /** Of all attempts together: one unknown makes it unknown. */
  readonly outcome: WriteOutcome;
  /** Milliseconds. */
  readonly deadline: number;
};

type Said = { readonly type?: string; readonly reason?: string };

/** What an error answer says, without what the request told the server. */
const said = (body: string, context: Context): Said => {
  let error: Json | undefined;
  try {
    const value = JSON.parse(body) as Json;
    error = isObject(value) ? value["error"] : undefined;
  } catch {
    return {};
  }
  const clean = (value: Json | undefined): string | undefined =>
    typeof value === "string" && value !== "" ? redact(value, context.body, context.credentials) : undefined;
  const type = isObject(error) ? clean(error["type"]) : undefined;
  const reason = isObject(error) ? clean(error["reason"]) : clean(error);
  return { ...(type === undefined ? {} : { type }), ...(reason === undefined ? {} : { reason }) };
};

/** What a person calls it. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused (ECONNREFUSED)",
  ENOTFOUND: "its host name cannot be resolved (ENOTFOUND)",
  EAI_AGAIN: "its host name cannot be resolved (EAI_AGAIN)",
};

const times = (attempts: number): string => (attempts > 1 ? ` (${attempts} attempts)` : "");

const problem = (
  code: ErrorCode,
  what: string,
  context: Context,
  facts: Readonly<Record<string, unknown>>,
  hint?: string,
): DeployerError => {
  const { operation, attempts, outcome } = context;
  return new DeployerError(code, `${operation.name}: ${what}${times(attempts)}`, {
    hint,
    details: { operation: operation.name, attempts, ...facts, ...(operation.writes ? { outcome } : {}) },
  });
};

/** What to do, by the type of an error that the local service gives. */
const hints: Readonly<Record<string, string>> = {
  source_refused: "check the user, password or key of the connection, and what its user may read; then apply again",
  source_unreachable: "check the connection's address, and that the source runs and can be reached from the target",
  source_timeout: "ask for less, or raise the connection's timeout_secs",
  source_not_found:
    "look at the name of the index or table (or the column), and its case: the source knows no such one",
  query_failed: "look at the statement; the columns are shown by: connector-deployer metadata DATASET",
};

const ofAnswer = (status: number, headers: Headers, body: string, context: Context): DeployerError => {
  const { type, reason } = said(body, context);
  const facts = { status, ...(type === undefined ? {} : { type }), ...(reason === undefined ? {} : { reason }) };
  const quoted = `${type === undefined ? "" : ` ${type}`}${reason === undefined ? "" : `: ${reason}`}`;
  if (status === 401) {
    return problem(
      "unauthorized",
      `${context.endpoint} refused the credentials: 401${quoted}`,
      context,
      facts,
      "check the target's access_key and secret_key, and this machine's clock",
    );
  }
  if (status === 403) {
    return problem(
      "forbidden",
      `${context.endpoint} does not allow it: 403${quoted}`,
      context,
      facts,
      "give the access key's user this permission",
    );
  }
  if (status >= 300 && status < 400) {
    const to = headers.has("location") ? " to another address" : "";
    return problem(
      "target-problem",
      `${context.endpoint} redirects${to}: ${status}`,
      context,
      facts,
      "set the target's endpoint to the final address",
    );
  }
  const hint = status === 429 ? "the target limits requests: lower --parallelism" : hints[type ?? ""];
  return problem("target-problem", `${context.endpoint} answered ${status}${quoted}`, context, facts, hint);
};

/** The typed error of a call whose last attempt failed. Holds no credential and nothing of the request's body. */
export const problemOf = (attempt: Attempt, context: Context): DeployerError => {
  const { endpoint } = context;
  switch (attempt.type) {
    case "answer":
      return ofAnswer(attempt.status, attempt.headers, attempt.body, context);
    case "too-long":
      return problem("invalid-response", `the answer of ${endpoint} is longer than ${attempt.limit} bytes`, context, {
        status: attempt.status,
      });
    case "lost": {
      const facts = { reason: attempt.reason, ...(attempt.status === undefined ? {} : { status: attempt.status }) };
      if (attempt.status !== undefined) {
        return problem("unreachable", `the answer of ${endpoint} broke off: ${attempt.reason}`, context, facts);
      }
      const isPlain = endpoint.startsWith("http:");
      const hint = attempt.permanent
        ? `check the endpoint's ${isPlain ? "port" : "certificate"}`
        : !attempt.sent
          ? "check the target's endpoint and that it runs"
          : isPlain
            ? "does it speak TLS? then its address begins with https://"
            : undefined;
      return problem(
        "unreachable",
        `${endpoint} cannot be reached: ${words[attempt.reason] ?? attempt.reason}`,
        context,
        facts,
        hint,
      );
    }
    case "timeout":
      return problem(
        "timeout",
        `${endpoint} did not answer within ${attempt.after} ms`,
        context,
        attempt.status === undefined ? {} : { status: attempt.status },
      );
    case "cancelled":
      return problem("cancelled", "interrupted", context, {});
    default:
      return attempt satisfies never;
  }
};

/** The total deadline passed, or would pass, before the next attempt. */
export const deadlineProblem = (context: Context): DeployerError =>
  problem(
    "timeout",
    `${context.endpoint} did not answer within the ${context.deadline} ms that a call may take`,
    context,
    {},
  );

/** A success whose content is not what the API describes. */
export const mismatchProblem = (what: string, status: number, context: Context): DeployerError =>
  problem(
    "invalid-response",
    `the answer of ${context.endpoint} is not what its API describes: ${what}`,
    context,
    { status },
    "check that the target's endpoint is the API's base address",
  );
