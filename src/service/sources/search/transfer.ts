import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { boundedLookup } from "../lookup.ts";
import type { SourceConnection } from "../source-driver.ts";
import { authorization } from "./endpoint.ts";

export type Transfer = {
  readonly method: "GET" | "POST" | "DELETE";
  /** JSON. */
  readonly body?: string;
  /** Bytes of the answer that are taken. */
  readonly most: number;
};

export type Answer = {
  readonly status: number;
  readonly body: Buffer;
  /** True: the answer is larger, and was not read to its end. */
  readonly isCut: boolean;
  /** Seconds, as the server asks for. */
  readonly retryAfter?: number;
};

/** Sends requests over one connection that is kept open. */
export type Line = {
  /** Redirects are not followed, since they could carry credentials elsewhere. */
  send(url: URL, transfer: Transfer, signal: AbortSignal): Promise<Answer>;
  close(): void;
};

export const openLine = ({ config, auth }: SourceConnection): Line => {
  const options = { keepAlive: true, maxSockets: 1, rejectUnauthorized: config["accept_invalid_certs"] !== true };
  let agents: { readonly http: HttpAgent; readonly https: HttpsAgent } | undefined;
  const send = async (url: URL, transfer: Transfer, signal: AbortSignal, isRepeat = false): Promise<Answer> => {
    agents ??= { http: new HttpAgent(options), https: new HttpsAgent(options) };
    const isSecure = url.protocol === "https:";
    const sent = (isSecure ? requestHttps : requestHttp)(url, {
      agent: isSecure ? agents.https : agents.http,
      method: transfer.method,
      headers: {
        accept: "application/json",
        ...(transfer.body === undefined
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(transfer.body) }),
        ...authorization(config, auth),
      },
      lookup: boundedLookup,
      signal,
    });
    try {
      return await exchange(sent, transfer);
    } catch (error) {
      // A server may close a connection that was idle just when it is used again.
      const isStale = sent.reusedSocket && (error as NodeJS.ErrnoException).code === "ECONNRESET";
      if (!isStale || isRepeat || signal.aborted) throw error;
      return send(url, transfer, signal, true);
    }
  };
  return {
    send,
    close: () => {
      agents?.http.destroy();
      agents?.https.destroy();
    },
  };
};

const exchange = (sent: ClientRequest, { body, most }: Transfer): Promise<Answer> =>
  new Promise((resolve, reject) => {
    sent.on("error", reject);
    sent.on("response", (response) => {
      read(response, most).then(resolve, reject);
    });
    sent.end(body);
  });

const read = async (response: IncomingMessage, most: number): Promise<Answer> => {
  const parts: Buffer[] = [];
  let length = 0;
  let isCut = false;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    isCut = length > most;
    if (isCut) break;
    parts.push(part);
  }
  const after = Number(response.headers["retry-after"]);
  return {
    status: response.statusCode ?? 0,
    body: Buffer.concat(parts),
    isCut,
    ...(after > 0 ? { retryAfter: after } : {}),
  };
};
