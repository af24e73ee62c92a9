import { once } from "node:events";
import { createServer, request as send } from "node:http";
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
  stop(): Promise<void>;
};

export const startFront = async (service: string): Promise<Front> => {
  const requests: string[] = [];
  const bodies: string[] = [];
  const lost = new Map<string, number>();
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const method = incoming.method ?? "";
    requests.push(`${method} ${incoming.url}`);
    if (method !== "GET") bodies.push(body.toString("utf8"));
    // The signature covers the host that the client asked for, so the headers stay as they are.
    const passed = send(new URL(incoming.url ?? "", service), { method, headers: incoming.headers }, (answer) => {
      const left = lost.get(method) ?? 0;
      if (left > 0) {
        lost.set(method, left - 1);
        answer.resume().once("end", () => outgoing.destroy());
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
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
