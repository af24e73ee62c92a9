import { isObject, type Json } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";

const longestReason = 500;

/** Why a request failed, without what was sent. */
export const explainFailure = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the host name cannot be resolved";
    case "ABORT_ERR":
      return "not tried to the end";
    case "ECONNRESET":
    case "EPIPE":
      return `the connection was cut (${code})`;
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
      return `the port does not speak TLS (${code}); check whether base_url begins with http:// or https://`;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "CERT_HAS_EXPIRED":
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `the TLS certificate is not accepted (${code}); accept_invalid_certs takes it`;
    default:
      return code ?? "the request failed";
  }
};

/** What an answer with an error status means; `host` is where it came from, `clean` takes secrets out of a text. */
export const refusal = (host: string, status: number, body: string, clean: (text: string) => string): Problem => {
  const said = nativeReason(body, clean);
  const because = said === undefined ? "" : `: ${said.text}`;
  if (status === 401 || status === 403) {
    return new Problem("source_refused", `${host} refuses the credentials (${status})${because}`);
  }
  if (said?.type === "index_not_found_exception") return new Problem("source_not_found", `${host}${because}`);
  if (status >= 300 && status < 400) {
    return new Problem("source_unreachable", `${host} answers ${status}, and redirects are not followed`);
  }
  if (status === 408 || status === 504) return new Problem("source_timeout", `${host} answers ${status}${because}`);
  if (status === 429 || status === 502 || status === 503) {
    return new Problem("source_unreachable", `${host} answers ${status}${because}`);
  }
  return new Problem("source_error", `${host} answers ${status}${because}`);
};

/** The type and reason of the first cause that a search server gives. */
const nativeReason = (
  body: string,
  clean: (text: string) => string,
): { readonly type?: string; readonly text: string } | undefined => {
  // Before it is cut, so that no part of a secret is left.
  const short = (text: string): string => shortened(clean(text));
  const error = member(parsed(body), "error");
  if (typeof error === "string") return { text: short(error) };
  const causes = member(error, "root_cause");
  const cause = Array.isArray(causes) && causes.length > 0 ? causes[0] : error;
  const [type, reason] = [member(cause, "type"), member(cause, "reason")];
  if (typeof type !== "string") return undefined;
  // What went wrong may be said one level below: "failed to create query" and the like.
  const below = member(member(error, "caused_by"), "reason");
  const texts = [reason, below].filter((text): text is string => typeof text === "string" && text !== "");
  return { type, text: short([type, ...new Set(texts)].join(": ")) };
};

const parsed = (body: string): Json | undefined => {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
};

const member = (value: Json | undefined, name: string): Json | undefined =>
  value !== undefined && isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;

const shortened = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > longestReason ? `${line.slice(0, longestReason)}…` : line;
};
