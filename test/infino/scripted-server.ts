import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Received = {
  readonly method: string;
  /** As it came over the wire. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

export type Behaviour = (response: ServerResponse, received: Received) => void;

/** Answers with JSON. */
export const answer =
  (status: number, body: unknown, headers: Record<string, string> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

export const problem = (status: number, type: string, reason: string, headers?: Record<string, string>): Behaviour =>
  answer(status, { error: { type, reason }, status }, headers);

/** Promises more than it sends and hangs up. */
export const cut: Behaviour = (response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
  response.write('{"connection_id":"c1"', () => response.socket?.destroy());
};

/** Hangs up without a word. */
export const hangUp: Behaviour = (response) => {
  response.socket?.destroy();
};

/** Never answers. */
export const silent: Behaviour = () => {};

/** Sends headers and a part of the body, then nothing more. */
export const stall: Behaviour = (response) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.write("[");
};

export type ScriptedServer = AsyncDisposable & {
  readonly endpoint: string;
  readonly received: readonly Received[];
};

/** A real HTTP server on a free port: request n meets behaviour n, the last one stays. */
export const startServer = async (...behaviours: readonly Behaviour[]): Promise<ScriptedServer> => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      const one = { method, path, headers, body: Buffer.concat(chunks).toString("utf8") };
      received.push(one);
      const behaviour = behaviours[Math.min(received.length, behaviours.length) - 1];
      if (behaviour === undefined) throw new Error("no behaviour");
      behaviour(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4096, resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
