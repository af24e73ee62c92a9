import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { onTestFinished } from "vitest";

export type SearchServer = {
  readonly url: string;
  /** Requests with credentials that it did not accept answer 401; default: it accepts all. */
  accepts: (authorization: string) => boolean;
};

/** A server that answers `GET /` as a search server does, after `wait` milliseconds; closed when the test ends. */
export const startSearchServer = async (wait = 0): Promise<SearchServer> => {
  const server = createServer((request, response) => {
    void delay(wait).then(() => {
      const isAccepted = search.accepts(request.headers.authorization ?? "");
      response.writeHead(isAccepted ? 200 : 401, { "content-type": "application/json" });
      response.end(JSON.stringify(isAccepted ? { cluster_name: "tiny", version: { number: "9.0.0" } } : {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const search: SearchServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accepts: () => true,
  };
  return search;
};
