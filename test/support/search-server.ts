import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { onTestFinished } from "vitest";

type Records = Readonly<Record<string, readonly { readonly [field: string]: unknown }[]>>;

export type SearchServer = {
  readonly url: string;
  /** Requests with credentials that it did not accept answer 401; default: it accepts all. */
  accepts: (authorization: string) => boolean;
};

const problem = (status: number, type: string, reason: string) => ({
  status,
  body: { error: { type, reason }, status },
});

const answer = async (request: IncomingMessage, records: Records) => {
  const [index = "", action] = new URL(request.url ?? "/", "http://localhost").pathname.slice(1).split("/");
  if (index === "") return { status: 200, body: { cluster_name: "tiny", version: { number: "9.0.0" } } };
  const found = records[index];
  if (found === undefined) return problem(404, "index_not_found_exception", `no such index [${index}]`);
  const properties = Object.fromEntries(Object.keys(found[0] ?? {}).map((field) => [field, { type: "keyword" }]));
  if (action === undefined) {
    return { status: 200, body: { [index]: { mappings: { properties }, settings: {}, aliases: { latest: {} } } } };
  }
  const search = (await json(request)) as { readonly size?: number; readonly aggs?: unknown; readonly query?: object };
  const [clause] = Object.keys(search.query ?? { match_all: {} });
  if (search.aggs !== undefined || clause !== "match_all") {
    return problem(400, "parsing_exception", `unknown query [${clause}]`);
  }
  const hits = found
    .slice(0, search.size ?? 10)
    .map((_source, number) => ({ _index: index, _id: `${number}`, _source }));
  const total = { value: found.length, relation: "eq" };
  return { status: 200, body: { timed_out: false, _shards: { total: 1, failed: 0 }, hits: { total, hits } } };
};

/**
 * A server that answers as a search server does: `GET /`, `GET /INDEX` and `match_all` over a few records. `wait`:
 * milliseconds before each answer. Closed when the test ends.
 */
export const startSearchServer = async (wait = 0, records: Records = {}): Promise<SearchServer> => {
  const server = createServer(async (request, response) => {
    await delay(wait);
    const isAccepted = search.accepts(request.headers.authorization ?? "");
    const { status, body } = isAccepted
      ? await answer(request, records)
      : problem(401, "security_exception", "missing or wrong credentials");
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const search: SearchServer = { url: `http://127.0.0.1:${port}`, accepts: () => true };
  return search;
};
