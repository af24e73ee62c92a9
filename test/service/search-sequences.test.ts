import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPageRoom } from "../../src/service/sources/search/page-room.ts";
import { searchDriver } from "../../src/service/sources/search.ts";

type Search = {
  readonly size: number;
  readonly sort?: readonly [{ readonly _seq_no: "asc" | "desc" }];
  readonly aggs?: unknown;
  readonly search_after?: readonly [number];
  readonly query?: { readonly bool?: { readonly filter: readonly Filter[]; readonly must?: unknown } };
};
type Filter = { readonly range?: { readonly _seq_no: { readonly gt: number; readonly lte: number } } };

/** A server with one index of one shard, whose records have these sequence numbers; the records' sizes differ. */
const startServer = async (sequences: readonly number[], announces = true) => {
  const asked: { readonly after: number; readonly lte: number | undefined; readonly must: unknown }[] = [];
  const hit = (sequence: number) => ({
    _id: `r${sequence}`,
    _source: { n: sequence, text: "x".repeat((sequence * 7919) % 3000) },
    sort: [sequence],
  });
  const http = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const answer = (value: object) => {
      const text = JSON.stringify(value);
      response.setHeader("content-type", "application/json");
      if (announces) response.setHeader("content-length", Buffer.byteLength(text));
      response.end(text);
    };
    if (url.pathname.endsWith("/_settings")) return answer({ idx: { settings: { index: { uuid: "u" } } } });
    const search = (await json(request)) as Search;
    const _shards = { total: 1, failed: 0 };
    if (search.aggs !== undefined) {
      const buckets = [{ key: "idx", doc_count: sequences.length }];
      return answer({ timed_out: false, _shards, hits: { hits: [] }, aggregations: { indices: { buckets } } });
    }
    if (!url.searchParams.get("preference")?.startsWith("_shards:0")) {
      return answer({ timed_out: false, _shards: { total: 0, failed: 0 }, hits: { hits: [] } });
    }
    if (search.sort?.[0]._seq_no === "desc") {
      return answer({ timed_out: false, _shards, hits: { hits: sequences.slice(-1).map(hit) } });
    }
    const range = search.query?.bool?.filter.find((filter) => filter.range)?.range?._seq_no;
    const after = Math.max(search.search_after?.[0] ?? -1, range?.gt ?? -1);
    asked.push({ after, lte: range?.lte, must: search.query?.bool?.must });
    const found = sequences.filter((sequence) => sequence > after && sequence <= (range?.lte ?? sequence));
    answer({ timed_out: false, _shards, hits: { hits: found.slice(0, search.size).map(hit) } });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    config: { base_url: `http://127.0.0.1:${port}` },
    asked,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
};

const request = { dataset: "idx", resumable: true, batchRows: 500, batchBytes: 4 * 1024 * 1024 };
const connection = (config: { readonly base_url: string }) => ({ source: "opensearch", auth: "none", config }) as const;
const never = new AbortController().signal;

/** The records in the order in which they came, as the lines of text that the database gets. */
const linesOf = async (config: { readonly base_url: string }, query?: string) => {
  const found: { readonly _id: string; readonly _source: { readonly n: number; readonly text: string } }[] = [];
  const asText = { ...request, asText: true, ...(query === undefined ? {} : { query }) };
  const batches = searchDriver.read(connection(config), asText, never)[Symbol.asyncIterator]();
  // As an import does: the next page is fetched while one is written, which takes longer.
  for (let next = batches.next(); ; ) {
    const { done, value } = await next;
    if (done === true) return found;
    next = batches.next();
    next.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 3));
    const { text } = value;
    if (text === undefined) throw new Error("not as text");
    const lines = Buffer.from(text.lines).toString("utf8").trimEnd().split("\n");
    found.push(...lines.map((line) => JSON.parse(line)));
    text.release?.();
  }
};

describe("reading by sequence numbers", () => {
  it("asks for ranges, so that the server need not look at all later records for each page", async () => {
    const sequences = Array.from({ length: 3_000 }, (_, n) => n);
    await using server = await startServer(sequences);
    expect((await linesOf(server.config)).map(({ _source }) => _source.n)).toEqual(sequences);
    expect(server.asked.slice(0, 3)).toMatchObject([{ lte: 199 }, { lte: 699 }, { lte: 1199 }]);
    // The last one has no end: what was changed meanwhile has later numbers.
    expect(server.asked.at(-1)?.lte).toBeUndefined();
    expect(server.asked.length).toBeLessThan(10);
  });

  it("needs few pages more where most records were deleted, however their numbers are spread", async () => {
    const near = Array.from({ length: 1_000 }, (_, n) => n * 3);
    const far = Array.from({ length: 1_000 }, (_, n) => 10_000_000 + n);
    const rare = Array.from({ length: 1_000 }, (_, n) => 20_000_000 + n * 997);
    const sequences = [...near, ...far, ...rare];
    await using server = await startServer(sequences);
    expect((await linesOf(server.config)).map(({ _source }) => _source.n)).toEqual(sequences);
    expect(server.asked.length).toBeLessThan(25);
  });

  it("keeps the job's own query beside the range", async () => {
    await using server = await startServer(Array.from({ length: 900 }, (_, n) => n));
    await linesOf(server.config, '{"query": {"term": {"a": 1}}}');
    expect(server.asked[0]?.must).toEqual([{ term: { a: 1 } }]);
  });

  it("finds every record once, with what it holds, whatever the gaps", { timeout: 60_000 }, async () => {
    const gaps = fc.array(fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 5_000 })), {
      maxLength: 2_500,
      size: "max",
    });
    await fc.assert(
      fc.asyncProperty(gaps, fc.boolean(), async (steps, announces) => {
        let sequence = -1;
        const sequences = steps.map((step) => (sequence += step));
        await using server = await startServer(sequences, announces);
        const found = await linesOf(server.config);
        expect(found.map(({ _id }) => _id)).toEqual(sequences.map((n) => `r${n}`));
        for (const { _source } of found) expect(_source.text.length).toBe((_source.n * 7919) % 3000);
      }),
      { numRuns: 25 },
    );
  });
});

describe("the room for pages", () => {
  it("is not given twice, and is used again once it was given back", () => {
    const room = createPageRoom();
    const [first, second] = [room.take(1_000), room.take(1_000)];
    expect(first.buffer).not.toBe(second.buffer);
    room.give(first.subarray(0, 10));
    room.give(first);
    const third = room.take(900);
    expect(third.buffer).toBe(first.buffer);
    expect(room.take(900).buffer).not.toBe(first.buffer);
  });

  it("keeps three pages at most, and none that is very large", () => {
    const room = createPageRoom();
    const pages = Array.from({ length: 5 }, () => room.take(1_000));
    for (const page of pages) room.give(page);
    const again = new Set(Array.from({ length: 5 }, () => room.take(1_000).buffer));
    expect(pages.filter(({ buffer }) => again.has(buffer))).toHaveLength(3);
    const huge = room.take(40 * 1024 * 1024);
    room.give(huge);
    expect(room.take(1_000).buffer).not.toBe(huge.buffer);
  });
});
