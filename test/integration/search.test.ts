import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { searchDriver } from "../../src/service/sources/search.ts";
import type { ReadBatch, ReadRequest } from "../../src/service/sources/source-driver.ts";
import { type AuthProxy, selfSigned, startAuthProxy } from "../support/auth-proxy.ts";
import { startService } from "../support/service.ts";
import { member } from "../support/signed.ts";
import { skip } from "../support/skip.ts";
import { loadIndex, putRecords, toServer } from "./load-index.ts";

const never = new AbortController().signal;
const many = 100_000;
const few = 2_000;
const sumTo = (count: number): number => (count * (count - 1)) / 2;
const basic = `Basic ${Buffer.from("reader:s3cret pass").toString("base64")}`;

const proxyBefore = async (url: string, options: Parameters<typeof startAuthProxy>[1] = {}): Promise<AuthProxy> => {
  const proxy = await startAuthProxy(url, options);
  onTestFinished(() => proxy.close());
  return proxy;
};

const readAll = async (
  base_url: string,
  request: Partial<ReadRequest>,
  each: (batch: ReadBatch, number: number) => Promise<void> | void = () => undefined,
): Promise<readonly ReadBatch[]> => {
  const batches: ReadBatch[] = [];
  const complete = { resumable: true, batchRows: 300, batchBytes: 1024 * 1024, ...request };
  const connection = { source: "opensearch", auth: "none", config: { base_url } };
  for await (const batch of searchDriver.read(connection, complete, never)) {
    batches.push(batch);
    await each(batch, batches.length);
  }
  return batches;
};
const idsOf = (batches: readonly ReadBatch[]): readonly string[] =>
  batches.flatMap(({ rows }) => rows.map((row) => row._id ?? ""));
const ids = (count: number, from = 0): readonly string[] => Array.from({ length: count }, (_, n) => `r${n + from}`);

for (const source of ["opensearch", "elasticsearch"] as const) {
  const server = inject(source);
  if ("missing" in server) {
    skip(`reading from ${source}`, server.missing);
    continue;
  }
  const { url } = server;

  describe(server.answered.split(" at ")[0] ?? source, () => {
    beforeAll(async () => {
      const mappings = { n: { type: "long" }, name: { type: "keyword" } };
      await loadIndex({ url, index: "few", records: few, shards: 2, mappings });
      await loadIndex({
        url,
        index: "many",
        records: many,
        shards: 2,
        record: (n) => ({ n, name: `customer ${n}`, text: "lorem ipsum dolor sit amet ".repeat(12), tags: ["a", "b"] }),
      });
    });

    describe("a connection is tried", () => {
      const fields = (config: Properties) => config;
      it.each([
        ["basic_auth", basic, fields({ username: "reader", password: "s3cret pass" }), fields({ password: "wrong" })],
        ["api_key", "ApiKey a2V5OnNlY3JldA==", fields({ api_key: "a2V5OnNlY3JldA==" }), fields({ api_key: "other" })],
        ["bearer_token", "Bearer tok.en", fields({ bearer_token: "tok.en" }), fields({ bearer_token: "other" })],
      ])("with %s, right and wrong", async (auth, authorization, right, wrong) => {
        const { url: base_url } = await proxyBefore(url, { authorization });
        const check = (config: Properties) => searchDriver.check({ source, auth, config }, never);
        expect(await check({ base_url, ...right })).toEqual({ status: "connected" });
        const refused = await check({ base_url, ...right, ...wrong });
        expect(refused).toMatchObject({ status: "error" });
        expect(JSON.stringify(refused)).not.toContain("wrong");
      });

      it("without credentials, which a server that wants them refuses", async () => {
        const check = (base_url: string) => searchDriver.check({ source, auth: "none", config: { base_url } }, never);
        expect(await check(url)).toEqual({ status: "connected" });
        expect(await check((await proxyBefore(url, { authorization: basic })).url)).toMatchObject({ status: "error" });
        expect(await check("http://127.0.0.1:1")).toMatchObject({ status: "disconnected" });
      });

      it("over TLS with a certificate that nobody vouches for only where that is accepted", async (context) => {
        const certificate = selfSigned();
        if (certificate === undefined) return context.skip("openssl is not installed");
        const { url: base_url } = await proxyBefore(url, { certificate });
        const config = { base_url, accept_invalid_certs: true };
        const check = (given: Properties) => searchDriver.check({ source, auth: "none", config: given }, never);
        const query = (given: Properties) =>
          searchDriver.query({ source, auth: "none", config: given }, "few", "{}", { rows: 10, bytes: 100_000 }, never);
        expect(await check(config)).toEqual({ status: "connected" });
        expect(await query(config)).toMatchObject({ timed_out: false });
        expect(await check({ base_url })).toMatchObject({ status: "disconnected" });
        await expect(query({ base_url })).rejects.toMatchObject({ type: "source_unreachable" });
      });
    });

    describe("over the API", () => {
      const connect = async () => {
        const { url: base_url } = await proxyBefore(url, { authorization: basic });
        const { call } = await startService();
        const config = { name: "s", base_url, username: "reader", password: "s3cret pass" };
        const id = member(await call("POST", `/source/${source}`, { config }), "id");
        const header = { "x-infino-connection-id": id };
        const query = (dataset: string, text: unknown) =>
          call("POST", `/source/${id}/${dataset}/dsl`, { query: text }, header);
        return { call, id, header, query };
      };

      it("a query gets the server's own answer", async () => {
        const { call, id, header, query } = await connect();
        const text = JSON.stringify({ query: { term: { n: 7 } }, aggs: { most: { max: { field: "n" } } } });
        const found = { hits: { hits: [{ _id: "r7", _source: { n: 7 } }] }, aggregations: { most: { value: 7 } } };
        expect(await query("few", text)).toMatchObject({ status: 200, body: found });
        expect(await query("few", JSON.parse(text))).toMatchObject({ status: 200, body: found });
        const none = await query("few", JSON.stringify({ query: { term: { n: -1 } } }));
        expect(none).toMatchObject({ status: 200, body: { hits: { hits: [] } } });
        expect((await call("GET", `/source/${id}/few/metadata`, undefined, header)).body).toMatchObject({
          mappings: { properties: { n: { type: "long" }, name: { type: "keyword" } } },
          settings: { index: { number_of_shards: "2" } },
          aliases: {},
        });
      });

      it.each([
        ["what it cannot parse", "few", '{"query": {"no_such_query": {}}}', 400, "source_error", "no_such_query"],
        ["what is no JSON", "few", "SELECT 1", 400, "bad_request", "JSON"],
        ["an index that is not there", "Missing", "{}", 404, "source_not_found", "Missing"],
        ["what is no name", "_cluster", "{}", 400, "bad_request", "_cluster"],
        ["more records than are given", "few", '{"size": 10001}', 413, "result_too_large", "10000"],
      ])("it is told of %s", async (_, dataset, text, status, type, told) => {
        const { query } = await connect();
        const answer = await query(dataset, text);
        // Only index names in lower case are names at all.
        const expected = dataset === "Missing" && answer.status === 400 ? ["source_error", 400] : [type, status];
        expect([(answer.body as { error: { type: string } }).error.type, answer.status]).toEqual(expected);
        expect(answer.text).toContain(told);
      });

      it("metadata of an alias are those of all its indices", async () => {
        await loadIndex({ url, index: "meta-1", records: 1, mappings: { a: { type: "long" } } });
        await loadIndex({ url, index: "meta-2", records: 1, mappings: { b: { type: "keyword" } } });
        await toServer("PUT", `${url}/meta-1,meta-2/_alias/meta`);
        const { call, id, header } = await connect();
        expect((await call("GET", `/source/${id}/meta/metadata`, undefined, header)).body).toMatchObject({
          mappings: { properties: { a: { type: "long" }, b: { type: "keyword" } } },
          settings: { index: { number_of_shards: "1" } },
          aliases: { meta: {} },
          indices: ["meta-1", "meta-2"],
        });
        expect(await call("GET", `/source/${id}/none-*/metadata`, undefined, header)).toMatchObject({ status: 404 });
      });
    });

    describe("records are read", () => {
      it("100,000 of them, in bounded memory", async () => {
        const run = async (index: string) => {
          const script = fileURLToPath(new URL("../support/read-process.ts", import.meta.url));
          const { stdout } = await promisify(execFile)(process.execPath, [script, url, index]);
          return JSON.parse(stdout) as { rows: number; sum: number; largest: number; kilobytes: number };
        };
        const [small, large] = [await run("few"), await run("many")];
        process.stderr.write(
          `${source}: ${small.kilobytes} kB for ${few}, ${large.kilobytes} kB for ${many} records\n`,
        );
        expect(large).toMatchObject({ rows: many, sum: sumTo(many) });
        expect(large.largest).toBeLessThanOrEqual(5_000);
        // The records themselves take several times that, and two pages are there at once.
        expect(large.kilobytes - small.kilobytes).toBeLessThan(150_000);
      });

      it("each once, and from every cursor on without asking again for what came before", async () => {
        const proxy = await proxyBefore(url);
        const all = await readAll(proxy.url, { dataset: "few" });
        expect([...idsOf(all)].sort()).toEqual([...ids(few)].sort());
        expect(all.length).toBeGreaterThan(5);
        for (const [place, { cursor }] of all.entries()) {
          proxy.requests.length = 0;
          const rest = await readAll(proxy.url, { dataset: "few", ...(cursor === undefined ? {} : { after: cursor }) });
          expect(idsOf(rest)).toEqual(idsOf(all.slice(place + 1)));
          const { shard, sequence } = cursor as { shard: number; sequence: number };
          const asked = proxy.requests.filter(({ path }) => path.includes(`_shards%3A${shard}`));
          expect(asked.length).toBeGreaterThan(0);
          for (const { body } of asked) expect(JSON.parse(body).search_after[0]).toBeGreaterThanOrEqual(sequence);
          for (let before = 0; before < shard; before++) {
            expect(proxy.requests.filter(({ path }) => path.includes(`_shards%3A${before}`))).toEqual([]);
          }
        }
      });

      it("though others are changed, added and deleted meanwhile", async () => {
        const index = "moving";
        await loadIndex({ url, index, records: few, shards: 2 });
        const batches = await readAll(url, { dataset: index }, async (_, number) => {
          if (number > 3) return;
          const changed = ids(40, number * 400).map((id) => [id, { n: -number }] as const);
          await putRecords({ url, index }, [...changed, [`new${number}`, { n: 1 }]]);
          await toServer("DELETE", `${url}/${index}/_doc/r${1_999 - number}?refresh=true`);
        });
        const found = new Map(
          batches.flatMap(({ rows }) => rows.map((row) => [row._id, row.properties["n"]] as const)),
        );
        const gone = new Set([1, 2, 3].map((number) => `r${1_999 - number}`));
        expect(ids(few).filter((id) => !found.has(id) && !gone.has(id))).toEqual([]);
        for (const number of [1, 2, 3]) for (const id of ids(40, number * 400)) expect(found.get(id)).toBe(-number);
        // What comes a second time is announced, and nothing else of what was there before.
        const seen = new Set<string>();
        for (const batch of batches) {
          const repeated = idsOf([batch]).filter((id) => seen.has(id));
          if (repeated.length > 0) expect(batch.mayRepeat).toBe(true);
          for (const id of idsOf([batch])) seen.add(id);
        }
        expect(batches[0]?.mayRepeat).toBe(false);
        expect(batches.some(({ mayRepeat }) => mayRepeat)).toBe(true);
      });

      it("not on from a cursor of another index of that name", async () => {
        await loadIndex({ url, index: "again", records: 10 });
        const [first] = await readAll(url, { dataset: "again", batchRows: 5 });
        const after = first?.cursor ?? null;
        await loadIndex({ url, index: "again", records: 10 });
        await expect(readAll(url, { dataset: "again", after })).rejects.toMatchObject({ type: "bad_request" });
      });

      it("of all indices that a pattern or an alias names, as its filter and the query say", async () => {
        for (const index of ["part-a", "part-b"]) {
          await loadIndex({
            url,
            index,
            records: 50,
            shards: index === "part-a" ? 2 : 1,
            mappings: { n: { type: "long" } },
            record: (n) => ({ n, from: index, inner: { kept: n, left: 1 } }),
          });
        }
        const filter = { range: { n: { gte: 40 } } };
        await toServer("POST", `${url}/_aliases`, { actions: [{ add: { index: "part-*", alias: "last", filter } }] });
        const query = JSON.stringify({ query: { range: { n: { lt: 45 } } }, _source: ["from", "inner.kept"] });
        const records = (await readAll(url, { dataset: "last", query, batchRows: 3 })).flatMap(({ rows }) => rows);
        const expected = ["part-a", "part-b"].flatMap((from) =>
          [40, 41, 42, 43, 44].map((kept) => ({ _id: `r${kept}`, properties: { from, inner: { kept } } })),
        );
        expect(records).toHaveLength(10);
        expect(records).toEqual(expect.arrayContaining(expected));
        const every = await readAll(url, { dataset: "part-*", batchRows: 7 });
        expect(idsOf(every)).toHaveLength(100);
      });

      it("with all digits of their numbers", async () => {
        const wide = '{"index": {"_id": "w"}}\n{"n": 9007199254740993, "list": [1, -9007199254740995], "x": 0.1}\n';
        await loadIndex({ url, index: "wide", records: 0, mappings: { n: { type: "long" } } }).catch(() => undefined);
        await toServer("POST", `${url}/wide/_bulk?refresh=true`, wide);
        const query = '{"query": {"term": {"n": 9007199254740993}}}';
        const [batch] = await readAll(url, { dataset: "wide", query });
        expect(JSON.stringify(batch?.rows)).toContain('"n":9007199254740993,"list":[1,-9007199254740995],"x":0.1');
        const [byKey] = await readAll(url, { dataset: "wide", key: ["n"] });
        expect(byKey?.cursor).toEqual({ key: ["n"], last: ["9007199254740993"] });
        const connection = { source, auth: "none", config: { base_url: url } };
        const answer = await searchDriver.query(connection, "wide", query, { rows: 10, bytes: 10_000 }, never);
        expect(JSON.stringify(answer)).toContain("9007199254740993");
      });

      it("all of them, no more at once than the query's size", async () => {
        const query = JSON.stringify({ size: 150, sort: [{ n: "desc" }] });
        const batches = await readAll(url, { dataset: "few", query });
        expect([...idsOf(batches)].sort()).toEqual([...ids(few)].sort());
        expect(Math.max(...batches.map(({ rows }) => rows.length))).toBe(150);
        expect(batches.every(({ cursor }) => cursor !== undefined)).toBe(true);
      });

      it("as they were at one moment where the reading need not be resumed", async () => {
        const proxy = await proxyBefore(url);
        const batches = await readAll(proxy.url, { dataset: "few", resumable: false });
        expect([...idsOf(batches)].sort()).toEqual([...ids(few)].sort());
        expect(proxy.requests.at(-1)).toMatchObject({ method: "DELETE", path: "/_search/scroll", status: 200 });
      });

      it("without those that fit no query, and not from an index that is not there", async () => {
        expect(await readAll(url, { dataset: "few", query: '{"query": {"term": {"n": -1}}}' })).toEqual([]);
        await expect(readAll(url, { dataset: "missing" })).rejects.toMatchObject({ type: "source_not_found" });
        await expect(readAll(url, { dataset: "missing-*" })).rejects.toMatchObject({ type: "source_not_found" });
        const wrong = readAll(url, { dataset: "few", query: '{"query": {"no_such_query": {}}}' });
        await expect(wrong).rejects.toMatchObject({
          type: "source_error",
          message: expect.stringContaining("no_such"),
        });
        const totals = readAll(url, { dataset: "few", query: '{"aggs": {"a": {"max": {"field": "n"}}}}' });
        await expect(totals).rejects.toMatchObject({ type: "bad_request", message: expect.stringContaining("aggs") });
      });
    });

    describe("records are read by a key of the job", () => {
      const mappings = { n: { type: "long" }, code: { type: "text", fields: { keyword: { type: "keyword" } } } };
      const index = "keyed";
      const load = (change: (n: number) => object = () => ({})) =>
        loadIndex({
          url,
          index,
          records: 100,
          shards: 2,
          mappings,
          record: (n) => ({ n, code: `c${n}`, ...change(n) }),
        });

      it("in its order, and on from every cursor", async () => {
        await load();
        const all = await readAll(url, { dataset: index, key: ["n"], batchRows: 30 });
        expect(idsOf(all)).toEqual(ids(100));
        for (const [place, { cursor }] of all.entries()) {
          const rest = await readAll(url, { dataset: index, key: ["n"], batchRows: 30, after: cursor ?? null });
          expect(idsOf(rest)).toEqual(idsOf(all.slice(place + 1)));
        }
        const byText = await readAll(url, { dataset: index, key: ["code", "n"], batchRows: 30 });
        expect(idsOf(byText)).toHaveLength(100);
      });

      it("and named where one has none, or two have the same", async () => {
        await load((n) => (n === 60 ? { n: undefined } : {}));
        const missing = readAll(url, { dataset: index, key: ["n"] });
        await expect(missing).rejects.toMatchObject({ type: "source_error", message: expect.stringContaining("r60") });
        // Wherever the two stand in a page.
        await load((n) => ({ n: n === 61 ? 60 : n }));
        for (const batchRows of [2, 3, 4, 5, 30]) {
          const twice = readAll(url, { dataset: index, key: ["n"], batchRows });
          await expect(twice).rejects.toMatchObject({ type: "source_error", message: expect.stringMatching(/r6[01]/) });
        }
        const unknown = readAll(url, { dataset: index, key: ["nothing"] });
        await expect(unknown).rejects.toMatchObject({ type: "source_error" });
      });
    });
  });
}
