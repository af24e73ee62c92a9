import { setTimeout as pause } from "node:timers/promises";
import { isObject, type Properties } from "../../../contract/index.ts";
import { parseExact } from "../../data/exact-json.ts";
import { Problem } from "../../problem.ts";
import { secretRemover } from "../secret-forms.ts";
import type { SourceConnection } from "../source-driver.ts";
import { below, endpoint, timeout } from "./endpoint.ts";
import { explainFailure, refusal } from "./explain.ts";
import { type Answer, openLine, type Transfer } from "./transfer.ts";

/** Seconds that a request may take at most, whatever its connection says. */
const longest = 600;
/** How often a server that is busy is asked again, and the first pause before that in milliseconds, doubled each time. */
const repeats = 4;
const firstPause = 200;
const longestPause = 10_000;

/** A search server, for some requests. What goes wrong is a `Problem`. */
export type SearchServer = {
  /** `result_too_large` for an answer of more bytes than `most`. With `patient` a busy server is asked again. */
  ask(path: string, transfer: Transfer & { readonly patient?: boolean }, signal: AbortSignal): Promise<Asked>;
  close(): void;
};

export type Asked = {
  readonly bytes: Buffer;
  /** Parsed when it is first looked at; throws `source_unreachable` where it is no JSON object. */
  readonly value: Properties;
};

/** Throws `source_unreachable` where the connection names no server. */
export const openServer = (connection: SourceConnection): SearchServer => {
  const base = endpoint(connection.config);
  if (base === undefined) throw new Problem("source_unreachable", "base_url is not an http(s) URL");
  const line = openLine(connection);
  const seconds = timeout(connection.config, longest);
  const once = async (path: string, transfer: Transfer, signal: AbortSignal): Promise<Answer> => {
    signal.throwIfAborted();
    const expired = AbortSignal.timeout(seconds * 1000);
    try {
      return await line.send(below(base, path), transfer, AbortSignal.any([signal, expired]));
    } catch (error) {
      signal.throwIfAborted();
      if (expired.aborted) throw new Problem("source_timeout", `${base.host}: no answer within ${seconds} s`);
      throw new Problem("source_unreachable", `${base.host}: ${explainFailure(error)}`);
    }
  };
  return {
    ask: async (path, transfer, signal) => {
      let answer = await once(path, transfer, signal);
      for (let tries = 0; transfer.patient === true && isBusy(answer) && tries < repeats; tries++) {
        const wanted = (answer.retryAfter ?? 0) * 1000;
        await pause(Math.min(Math.max(wanted, firstPause * 2 ** tries), longestPause), undefined, { signal });
        answer = await once(path, transfer, signal);
      }
      if (answer.status < 200 || answer.status > 299) {
        const clean = secretRemover(connection.config, ["password", "api_key", "bearer_token"]);
        throw refusal(base.host, answer.status, answer.body.toString("utf8"), clean);
      }
      if (answer.isCut) {
        throw new Problem("result_too_large", `the answer of ${base.host} has more than ${transfer.most} bytes`);
      }
      const { body } = answer;
      let value: Properties | undefined;
      return {
        bytes: body,
        get value() {
          value ??= parse(body.toString("utf8"), base.host);
          return value;
        },
      };
    },
    close: () => line.close(),
  };
};

const isBusy = ({ status }: Answer): boolean => status === 429 || status === 503;

/** A whole number that a double may not hold. */
const wide = /[:[,\s]-?\d{16,}[,\]}\s]/;

const parse = (body: string, host: string): Properties => {
  let value: unknown;
  try {
    value = wide.test(body) ? parseExact(body) : JSON.parse(body);
  } catch {
    // Said below.
  }
  if (isObject(value)) return value;
  throw new Problem("source_unreachable", `${host} answers, but not like a search server`);
};
