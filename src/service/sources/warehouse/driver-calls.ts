import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Problem } from "../../problem.ts";

/** What a foreign driver does over the network on behalf of one request, so that it has an end. */
export type DriverCalls = {
  /**
   * Rejects with `source_timeout` after `milliseconds`, with `source_unreachable` where a redirect would carry credentials
   * to another host, and when it was ended; what `work` still does is then ended.
   */
  run<Result>(work: () => Promise<Result>, milliseconds: number): Promise<Result>;
  /** Aborts when they were ended: nothing is sent any more. */
  readonly signal: AbortSignal;
  /** Ends the requests that run, and every one that the driver still tries: its retries cannot be cancelled otherwise. */
  end(): void;
};

type Sender = {
  readonly over: AbortSignal;
  readonly running: Set<ClientRequest>;
  readonly end: (reason?: Problem) => void;
};

const senders = new AsyncLocalStorage<Sender>();
let listening = false;

/** Requests are told apart by the asynchronous context that they are made in; retries keep it. */
const listen = (): void => {
  if (listening) return;
  listening = true;
  subscribe("http.client.request.created", (message) => {
    const sender = senders.getStore();
    if (sender === undefined) return;
    const { request } = message as { readonly request: ClientRequest };
    if (sender.over.aborted) request.destroy(endedError());
    else {
      sender.running.add(request);
      request.once("close", () => sender.running.delete(request));
      // Before the driver hears of it, and follows.
      request.prependOnceListener("response", (response) => {
        const host = leadsTo(request, response);
        if (host === undefined) return;
        const reason = `${request.host} answers ${response.statusCode}, and redirects to ${host} are not followed`;
        sender.end(new Problem("source_unreachable", reason));
      });
    }
  });
};

/** Another host to which credentials would go: those of a header, or of the body, as when Snowflake is logged in to. */
const leadsTo = (request: ClientRequest, { statusCode = 0, headers }: IncomingMessage): string | undefined => {
  const isSafe = request.method === "GET" && !request.hasHeader("authorization");
  if (statusCode < 300 || statusCode > 399 || headers.location === undefined || isSafe) return undefined;
  const from = `${request.protocol}//${request.getHeader("host") ?? request.host}`;
  const target = URL.parse(headers.location, from);
  return target === null || target.origin === URL.parse(from)?.origin ? undefined : target.host;
};

/** The code that HTTP clients do not repeat a request after. */
const endedError = (): Error => Object.assign(new Error("no longer wanted"), { code: "ERR_CANCELED" });

/** `signal` ends them too. */
export const startDriverCalls = (signal?: AbortSignal): DriverCalls => {
  listen();
  const over = new AbortController();
  const end = (reason?: Problem): void => {
    over.abort(reason);
    for (const request of sender.running) request.destroy(endedError());
    signal?.removeEventListener("abort", stop);
  };
  const stop = (): void => end();
  const sender: Sender = { over: over.signal, running: new Set(), end };
  if (signal?.aborted === true) stop();
  else signal?.addEventListener("abort", stop);
  return {
    signal: over.signal,
    end: stop,
    run: async (work, milliseconds) => {
      signal?.throwIfAborted();
      const { promise: late, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => {
        end();
        reject(new Problem("source_timeout", `no answer within ${milliseconds / 1000} s`));
      }, milliseconds);
      const abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort);
      const refuse = () => {
        if (over.signal.reason instanceof Problem) reject(over.signal.reason);
      };
      over.signal.addEventListener("abort", refuse);
      const working = senders.run(sender, work);
      working.catch(() => undefined);
      try {
        return await Promise.race([working, late]);
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        over.signal.removeEventListener("abort", refuse);
      }
    },
  };
};
