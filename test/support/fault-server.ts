import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ConnectionLost } from "./faults.ts";

export type FaultServer = AsyncDisposable & {
  readonly url: string;
  /** What answers; `gone` aborts with the connection, as `request.signal` may not where nobody keeps the request. It may reject with `ConnectionLost`, and so may a body that it gives. */
  answer: (request: Request, gone: AbortSignal) => Promise<Response>;
};

/** A port of its own whose requests abort with their connection, and whose connections break where an answer does. */
export const faultServer = async (): Promise<FaultServer> => {
  const server = createServer((incoming, outgoing) => {
    const controller = new AbortController();
    outgoing.on("close", () => {
      if (!outgoing.writableFinished) controller.abort();
    });
    const run = async (): Promise<void> => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
      const headers = new Headers();
      for (const [name, value] of Object.entries(incoming.headers))
        if (typeof value === "string") headers.set(name, value);
      const request = new Request(`http://${incoming.headers.host ?? ""}${incoming.url ?? ""}`, {
        method: incoming.method ?? "GET",
        headers,
        body: chunks.length === 0 ? null : Buffer.concat(chunks),
      });
      const response = await made.answer(request, controller.signal);
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      for await (const chunk of response.body ?? []) if (!outgoing.destroyed) outgoing.write(chunk);
      outgoing.end();
    };
    run().catch((error: unknown) => {
      if (!(error instanceof ConnectionLost) && !controller.signal.aborted) process.exitCode = 1;
      incoming.socket.destroy();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const made: FaultServer = {
    url: `http://127.0.0.1:${port}`,
    answer: async () => new Response(null, { status: 503 }),
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await ended;
    },
  };
  return made;
};
