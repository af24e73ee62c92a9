import { once } from "node:events";
import { createServer, type IncomingMessage, request as send } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands before a service, passes everything through and writes down what came. */
export type Front = {
  readonly url: string;
  /** `METHOD /path` of each request, in order. */
  readonly requests: string[];
  /** Bodies of the requests that wrote something, in order. */
  readonly bodies: string[];
  /** The next requests of this method reach the service, but their answers are lost. */
  lose(method: string, times?: number): void;
  /** The next requests that begin so, such as `GET /source/`, are answered with this status and never reach the service. */
  refuse(request: string, status: number, times?: number): void;
  /** From now on answers say what this makes of them; without it they stay as they are. */
  rewrite(by?: (body: string) => string): void;
  stop(): Promise<void>;
};

const buffered = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

export const startFront = async (service: string): Promise<Front> => {
  const requests: string[] = [];
  const bodies: string[] = [];
  const lost = new Map<string, number>();
  const refused: { readonly request: string; readonly status: number; left: number }[] = [];
  let rewriting: ((body: string) => string) | undefined;
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffered(incoming);
    const method = incoming.method ?? "";
    requests.push(`${method} ${incoming.url}`);
    if (method !== "GET") bodies.push(body.toString("utf8"));
    const refusal = refused.find(({ request, left }) => left > 0 && `${method} ${incoming.url}`.startsWith(request));
    if (refusal !== undefined) {
      refusal.left--;
      outgoing.writeHead(refusal.status).end();
      return;
    }
    // The signature covers the host that the client asked for, so the headers stay as they are.
    const passed = send(new URL(incoming.url ?? "", service), { method, headers: incoming.headers }, (answer) => {
      const left = lost.get(method) ?? 0;
      if (left > 0) {
        lost.set(method, left - 1);
        answer.resume().once("end", () => outgoing.destroy());
        return;
      }
      if (rewriting !== undefined) {
        const by = rewriting;
        const { "content-length": _, "transfer-encoding": __, ...headers } = answer.headers;
        buffered(answer).then((text) =>
          outgoing.writeHead(answer.statusCode ?? 500, headers).end(by(text.toString("utf8"))),
        );
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    passed.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    bodies,
    lose: (method, times = 1) => {
      lost.set(method, times);
    },
    refuse: (request, status, times = 1) => {
      for (const earlier of refused) if (earlier.request === request) earlier.left = 0;
      refused.push({ request, status, left: times });
    },
    rewrite: (by) => {
      rewriting = by;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
