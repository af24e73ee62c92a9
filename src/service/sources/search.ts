import { isObject } from "../../contract/index.ts";
import { endpoint, timeout } from "./search/endpoint.ts";
import { explainFailure } from "./search/explain.ts";
import { metadata } from "./search/metadata.ts";
import { query } from "./search/query.ts";
import { read } from "./search/read.ts";
import { type Answer, openLine } from "./search/transfer.ts";
import type { SourceDriver, SourceStatus } from "./source-driver.ts";

/** Seconds that an attempt takes at most, whatever the connection says. */
const longest = 10;
/** Bytes that a search server says of itself at most. */
const largestAnswer = 256 * 1024;

/** Elasticsearch and OpenSearch, over their common REST API. */
export const searchDriver: SourceDriver = {
  check: async (connection, signal) => {
    const url = endpoint(connection.config);
    if (url === undefined) {
      return { status: "disconnected", reason: "base_url is not an http(s) URL" };
    }
    const seconds = timeout(connection.config, longest);
    const expired = AbortSignal.timeout(seconds * 1000);
    const line = openLine(connection);
    try {
      const transfer = { method: "GET", most: largestAnswer } as const;
      return judge(await line.send(url, transfer, AbortSignal.any([signal, expired])), url.host);
    } catch (error) {
      const why = expired.aborted ? `no answer within ${seconds} s` : explainFailure(error);
      return { status: "disconnected", reason: `${url.protocol}//${url.host}: ${why}` };
    } finally {
      line.close();
    }
  },
  query,
  metadata,
  read,
};

const judge = (answer: Answer, host: string): SourceStatus => {
  if (answer.status === 401 || answer.status === 403) {
    return { status: "error", reason: `${host} refuses the credentials (${answer.status})` };
  }
  if (answer.status < 200 || answer.status > 299) {
    return { status: "disconnected", reason: `${host} answers ${answer.status}` };
  }
  return !answer.isCut && isJsonObject(answer.body.toString("utf8"))
    ? { status: "connected" }
    : { status: "disconnected", reason: `${host} answers, but not like a search server` };
};

const isJsonObject = (body: string): boolean => {
  try {
    return isObject(JSON.parse(body));
  } catch {
    return false;
  }
};
