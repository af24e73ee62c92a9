import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { onTestFinished } from "vitest";

type Search = {
  readonly size: number;
  readonly sort?: readonly [{ readonly _seq_no: "asc" | "desc" }];
  readonly aggs?: unknown;
  readonly search_after?: readonly [number];
};

/** A search server with one index of one shard, which is read in the order of sequence numbers. */
export type ImportServer = {
  readonly url: string;
  /** Ids of its records; the place of each is its sequence number. */
  ids: readonly string[];
  /** The sequence numbers after which pages were asked for; -1 is the first page. */
  readonly asked: number[];
  /** Pages after this number are not answered until it is moved on. */
  holdAfter: number;
  /** Ends when a page is held. */
  readonly held: Promise<void>;
};

/** Closed when the test ends. */
export const startImportServer = async (ids: readonly string[]): Promise<ImportServer> => {
  const held = Promise.withResolvers<void>();
  const answer = async (request: IncomingMessage): Promise<object | undefined> => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const [index = "", action] = url.pathname.slice(1).split("/");
    if (index === "") return { cluster_name: "tiny", version: { number: "9.0.0" } };
    if (action === "_settings") return { [index]: { settings: { index: { uuid: "uuid-1" } } } };
    const search = (await json(request)) as Search;
    const shards = { total: 1, failed: 0 };
    if (search.aggs !== undefined) {
      const buckets = [{ key: index, doc_count: server.ids.length }];
      return { timed_out: false, _shards: shards, hits: { hits: [] }, aggregations: { indices: { buckets } } };
    }
    if (!url.searchParams.get("preference")?.startsWith("_shards:0")) {
      return { timed_out: false, _shards: { ...shards, total: 0 }, hits: { hits: [] } };
    }
    if (search.sort?.[0]._seq_no === "desc") {
      const last = server.ids.length - 1;
      const hits = server.ids.slice(-1).map((_id) => ({ _index: index, _id, sort: [last] }));
      return { timed_out: false, _shards: shards, hits: { hits } };
    }
    const after = search.search_after?.[0] ?? -1;
    server.asked.push(after);
    if (after > server.holdAfter) {
      held.resolve();
      return undefined;
    }
    const hits = server.ids.slice(after + 1, after + 1 + search.size).map((_id, place) => {
      const sequence = after + 1 + place;
      return { _index: index, _id, _source: { number: sequence }, sort: [sequence] };
    });
    return { timed_out: false, _shards: shards, hits: { hits } };
  };
  const http = createServer(async (request, response) => {
    const body = await answer(request);
    if (body !== undefined) response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    http.close();
    http.closeAllConnections();
  });
  const { port } = http.address() as AddressInfo;
  const server: ImportServer = {
    url: `http://127.0.0.1:${port}`,
    ids,
    asked: [],
    holdAfter: Number.POSITIVE_INFINITY,
    held: held.promise,
  };
  return server;
};
