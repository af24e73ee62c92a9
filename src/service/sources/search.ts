import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isObject, type Properties } from "../../contract/index.ts";
import { Problem } from "../problem.ts";
import { boundedLookup } from "./lookup.ts";
import type { SourceDriver, SourceStatus } from "./source-driver.ts";

const longest = 10;
const largestAnswer = 256 * 1024;
const defaultPort = 9200;

/** Elasticsearch and OpenSearch, over their common REST API. */
export const searchDriver: SourceDriver = {
  check: async ({ config, auth }, signal) => {
    const url = endpoint(config);
    if (url === undefined) {
      return { status: "disconnected", reason: "base_url is not an http(s) URL" };
    }
    const seconds = timeout(config);
    const expired = AbortSignal.timeout(seconds * 1000);
    try {
      const answer = await get(url, config, auth, AbortSignal.any([signal, expired]));
      return judge(answer, url.host);
    } catch (error) {
      const why = expired.aborted ? `no answer within ${seconds} s` : explain(error);
      return { status: "disconnected", reason: `${url.protocol}//${url.host}: ${why}` };
    }
  },
  query: () => Promise.reject(notYet()),
  metadata: () => Promise.reject(notYet()),
  // biome-ignore lint/correctness/useYield: it ends before it could.
  read: async function* () {
    throw notYet();
  },
};

const notYet = (): Problem => new Problem("not_implemented", "queries of search sources");

type Answer = { readonly status: number; readonly body: string };

/** One GET; redirects are not followed, since they could carry credentials elsewhere. */
const get = (url: URL, config: Properties, auth: string, signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const request = url.protocol === "https:" ? requestHttps : requestHttp;
    request(url, {
      agent: false,
      headers: { accept: "application/json", ...authorization(config, auth) },
      rejectUnauthorized: config["accept_invalid_certs"] !== true,
      lookup: boundedLookup,
      signal,
    })
      .on("error", reject)
      .on("response", (response) => {
        read(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      })
      .end();
  });

/** The body, cut off where it is larger than any search server's answer. */
const read = async (response: AsyncIterable<Buffer>): Promise<string> => {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response) {
    parts.push(part);
    length += part.length;
    if (length > largestAnswer) break;
  }
  return Buffer.concat(parts).toString("utf8");
};

/** Without a header Node sends the URL's user and password, if it has them. */
const authorization = (config: Properties, auth: string): { authorization?: string } => {
  const value = (name: string): string => String(config[name] ?? "");
  switch (auth) {
    case "basic_auth":
      return { authorization: `Basic ${Buffer.from(`${value("username")}:${value("password")}`).toString("base64")}` };
    case "api_key":
      return { authorization: `ApiKey ${value("api_key")}` };
    case "bearer_token":
      return { authorization: `Bearer ${value("bearer_token")}` };
    default:
      return {};
  }
};

const judge = (answer: Answer, host: string): SourceStatus => {
  if (answer.status === 401 || answer.status === 403) {
    return { status: "error", reason: `${host} refuses the credentials (${answer.status})` };
  }
  if (answer.status < 200 || answer.status > 299) {
    return { status: "disconnected", reason: `${host} answers ${answer.status}` };
  }
  return isJsonObject(answer.body)
    ? { status: "connected" }
    : { status: "disconnected", reason: `${host} answers, but not like a search server` };
};

const address = (config: Properties): string => String(config["base_url"] ?? config["host"] ?? "");

/** `base_url`, or `host` with or without a scheme and a `port`. */
const endpoint = (config: Properties): URL | undefined => {
  const given = address(config);
  const complete = /^[a-z][a-z0-9+.-]*:\/\//i.test(given);
  const url = URL.parse(complete ? given : `http://${given}`);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === "") return undefined;
  const port = config["port"];
  if (typeof port === "number" && url.port === "") url.port = String(port);
  else if (!complete && !/:\d+$/.test(given)) url.port = String(defaultPort);
  return url;
};

const timeout = (config: Properties): number => {
  const given = config["timeout_secs"];
  return typeof given === "number" && given > 0 ? Math.min(given, longest) : longest;
};

const explain = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the host name cannot be resolved";
    case "ABORT_ERR":
      return "not tried to the end";
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

const isJsonObject = (body: string): boolean => {
  try {
    return isObject(JSON.parse(body));
  } catch {
    return false;
  }
};
