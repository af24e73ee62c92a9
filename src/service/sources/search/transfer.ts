import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { collectYoung } from "../../collect-young.ts";
import { boundedLookup } from "../lookup.ts";
import type { SourceConnection } from "../source-driver.ts";
import { authorization } from "./endpoint.ts";
import type { PageRoom } from "./page-room.ts";

export type Transfer = {
  readonly method: "GET" | "POST" | "DELETE";
  /** JSON. */
  readonly body?: string;
  /** Bytes of the answer that are taken. */
  readonly most: number;
  /** Where the answer is put. */
  readonly room?: PageRoom;
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

const exchange = (sent: ClientRequest, { body, most, room }: Transfer): Promise<Answer> =>
  new Promise((resolve, reject) => {
    sent.on("error", reject);
    sent.on("response", (response) => {
      read(response, most, room).then(resolve, reject);
    });
    sent.end(body);
  });

/** Bytes of an answer whose pieces, of which each has memory of its own, are worth freeing at once. */
const large = 1024 * 1024;
/** Bytes of an answer whose length is not known before. */
const usual = 64 * 1024;

const read = async (response: IncomingMessage, most: number, room: PageRoom | undefined): Promise<Answer> => {
  const take = room?.take ?? Buffer.allocUnsafeSlow;
  const announced = Number(response.headers["content-length"] ?? usual);
  let page = take(Math.min(announced > 0 ? announced : usual, most));
  let length = 0;
  let isCut = false;
  for await (const part of response as AsyncIterable<Buffer>) {
    const end = length + part.length;
    isCut = end > most;
    if (isCut) break;
    if (end > page.length) {
      const larger = take(Math.max(end, 2 * page.length));
      page.copy(larger, 0, 0, length);
      room?.give(page);
      page = larger;
    }
    page.set(part, length);
    length = end;
  }
  if (room !== undefined && length > large) collectYoung();
  const after = Number(response.headers["retry-after"]);
  return {
    status: response.statusCode ?? 0,
    body: page.subarray(0, length),
    isCut,
    ...(after > 0 ? { retryAfter: after } : {}),
  };
};
