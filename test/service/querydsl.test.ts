import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import { createService, type Service } from "../../src/service/index.ts";
import { testCredentials } from "../support/service.ts";
import { type Answer, type SignedClient, signedClient } from "../support/signed.ts";

/** The hour in which all queries are asked. */
const now = Date.parse("2024-03-10T12:30:00Z");

const records: Readonly<Record<string, unknown>> = {
  a: {
    name: "Wireless Headphones",
    category: "electronics",
    price: 79.99,
    stock: 3,
    open: true,
    at: "2024-03-09T10:00:00Z",
    tags: ["red", "blue"],
    maker: { name: "Acme", city: "Oslo" },
    lines: [
      { sku: "x1", n: 1 },
      { sku: "x2", n: 5 },
    ],
    code: 5,
  },
  b: {
    name: "USB-C Cable (2 m)",
    category: "electronics",
    price: 12.99,
    stock: 10,
    open: true,
    at: "2024-03-10T12:00:00Z",
    tags: "red",
    maker: { name: "Brio" },
    lines: { sku: "x3", n: 7 },
    code: "5",
  },
  c: { name: "Desk lamp, wireless", category: "home", price: 45, stock: 0, open: false, at: "2024-02-28", code: "x" },
  d: { name: "100% wool_rug", category: "home", price: -1.5, tags: [["deep"]], maker: {}, code: true },
  e: { name: "o'Brien's \"quoted\" \\ thing", category: "Électronique", at: "not a date", tags: [], lines: [null] },
};

let service: Service;
let call: SignedClient;

beforeAll(async () => {
  service = await createService({ credentials: testCredentials, clock: () => now });
  call = signedClient({ ...testCredentials, now }, (message) => service.fetch(message));
  const bulk = Object.entries(records).flatMap(([_id, record]) => [{ index: { _id } }, record]);
  const body = `${bulk.map((line) => JSON.stringify(line)).join("\n")}\n`;
  expect((await call("POST", "/things/json", body)).body).toMatchObject({ errors: false });
  const typed = `INSERT INTO typed (_id, day, at, zoned, big, money, clock) VALUES
    ('p', DATE '2024-03-09', TIMESTAMP '2024-03-09 23:59:59.999999', TIMESTAMPTZ '2024-03-10 00:30:00+01:00',
     9007199254740993, 10.25, TIME '10:00:00'),
    ('q', DATE '2024-03-10', TIMESTAMP '2024-03-10 00:00:00', TIMESTAMPTZ '2024-03-10 01:30:00+01:00', 1, 0.1, NULL)`;
  expect((await call("POST", "/sql", { query: typed })).status).toBe(200);
  await call("PUT", "/empty");
});
afterAll(() => service.close());

type Search = {
  readonly hits: {
    readonly total: { readonly value: number; readonly relation: string };
    readonly max_score: number | null;
    readonly hits: readonly { readonly _id: string; readonly _source?: unknown; readonly sort?: unknown }[];
  };
  readonly aggregations?: Readonly<Record<string, unknown>>;
};

const ask = (request: unknown, dataset = "things") => call("POST", `/${dataset}/querydsl`, JSON.stringify(request));

const search = async (request: unknown, dataset = "things"): Promise<Search> => {
  const answer = await ask(request, dataset);
  expect(answer.text).not.toContain('"error"');
  return answer.body as Search;
};

const ids = async (query: unknown, dataset = "things"): Promise<string> =>
  (await search({ query, sort: "_id" }, dataset)).hits.hits.map(({ _id }) => _id).join("");

const reason = (answer: Answer): string =>
  String((answer.body as { readonly error?: { readonly reason?: string } }).error?.reason);

const queries: readonly (readonly [query: Json, ids: string])[] = [
  [{ match_all: {} }, "abcde"],
  [{ match_none: {} }, ""],
  [{ term: { category: "electronics" } }, "ab"],
  [{ term: { "category.keyword": "electronics" } }, "ab"],
  [{ term: { category: { value: "ELECTRONICS", case_insensitive: true, boost: 2 } } }, "ab"],
  [{ term: { category: "electronic" } }, ""],
  [{ term: { price: 12.99 } }, "b"],
  [{ term: { stock: "10" } }, "b"],
  [{ term: { stock: "ten" } }, ""],
  [{ term: { open: true } }, "ab"],
  [{ term: { open: "false" } }, "c"],
  [{ term: { tags: "red" } }, "ab"],
  [{ term: { "tags.keyword": "blue" } }, "a"],
  [{ term: { tags: "deep" } }, "d"],
  [{ term: { "maker.name": "Acme" } }, "a"],
  [{ term: { "maker.name.keyword": "Brio" } }, "b"],
  [{ term: { "lines.sku": "x2" } }, "a"],
  [{ term: { "lines.n": 7 } }, "b"],
  [{ term: { code: 5 } }, "ab"],
  [{ term: { code: true } }, "d"],
  [{ term: { nothing: "x" } }, ""],
  [{ term: { "maker.nothing": "x" } }, ""],
  [{ term: { _id: "a" } }, "a"],
  [{ term: { name: "o'Brien's \"quoted\" \\ thing" } }, "e"],
  [{ terms: { category: ["home", "garden", "Électronique"] } }, "cde"],
  [{ terms: { stock: [0, "3", "none"] } }, "ac"],
  [{ terms: { tags: [] } }, ""],
  [{ range: { price: { gte: 12.99, lt: 79.99 } } }, "bc"],
  [{ range: { price: { gt: 12.99, lte: "79.99" } } }, "ac"],
  [{ range: { price: { from: 12.99, to: 45, include_lower: false } } }, "c"],
  [{ range: { price: {} } }, "abcd"],
  [{ range: { category: { gte: "electronics", lt: "f" } } }, "ab"],
  [{ range: { "lines.n": { gt: 5 } } }, "b"],
  [{ range: { at: { gte: "2024-03-09T12:00:00+02:00", lte: "2024-03-09" } } }, "a"],
  [{ range: { at: { gt: "2024-03-09" } } }, "b"],
  [{ range: { at: { gte: "now-1d/d" } } }, "ab"],
  [{ range: { at: { gte: "now-1h", lte: "now" } } }, "b"],
  [{ range: { at: { lt: "2024-03-01||-1d/d" } } }, "c"],
  [{ range: { at: { gte: "2024-02", lte: "2024-02" } } }, "c"],
  [{ range: { at: { lte: "2024-03-09 11:00:00", time_zone: "+01:00", format: "yyyy-MM-dd HH:mm:ss" } } }, "ac"],
  [{ match: { name: "WIRELESS cable" } }, "abc"],
  [{ match: { name: { query: "wireless lamp", operator: "and" } } }, "c"],
  [{ match: { name: { query: "wireless desk rug", minimum_should_match: 2 } } }, "c"],
  [{ match: { name: "o'brien's" } }, "e"],
  [{ match: { name: "!!" } }, ""],
  [{ match: { category: "électronique" } }, "e"],
  [{ match: { tags: { query: "blue red", operator: "and" } } }, "a"],
  [{ match: { stock: 3 } }, "a"],
  [{ match: { "maker.city": "oslo" } }, "a"],
  [{ match_phrase: { name: "desk lamp wireless" } }, "c"],
  [{ match_phrase: { name: { query: "wireless desk", slop: 0 } } }, ""],
  [{ multi_match: { query: "acme home", fields: ["category^3", "maker.name"] } }, "acd"],
  [{ multi_match: { query: "desk lamp", fields: ["na*"], type: "phrase" } }, "c"],
  [{ exists: { field: "stock" } }, "abc"],
  [{ exists: { field: "tags" } }, "abd"],
  [{ exists: { field: "maker.city" } }, "a"],
  [{ exists: { field: "lines" } }, "ab"],
  [{ exists: { field: "nothing" } }, ""],
  [{ ids: { values: ["a", "e", "zz"] } }, "ae"],
  [{ prefix: { name: "100%" } }, "d"],
  [{ prefix: { "maker.name": { value: "ac", case_insensitive: true } } }, "a"],
  [{ wildcard: { name: "*w?ol_rug" } }, "d"],
  [{ wildcard: { name: "*\\*" } }, ""],
  [{ wildcard: { category: { wildcard: "ELEC*", case_insensitive: true } } }, "ab"],
  [{ wildcard: { "lines.sku": "x?" } }, "ab"],
  [{ bool: {} }, "abcde"],
  [{ bool: { must: { term: { open: true } }, filter: [{ range: { price: { lte: 50 } } }] } }, "b"],
  [{ bool: { must_not: [{ term: { category: "home" } }, { ids: { values: ["e"] } }] } }, "ab"],
  [{ bool: { must_not: { exists: { field: "price" } } } }, "e"],
  [{ bool: { should: [{ term: { open: false } }, { term: { stock: 10 } }] } }, "bc"],
  [{ bool: { must: [{ match_all: {} }], should: [{ term: { open: false } }] } }, "abcde"],
  [
    {
      bool: {
        should: [{ term: { open: true } }, { term: { stock: 3 } }, { term: { category: "home" } }],
        minimum_should_match: 2,
      },
    },
    "a",
  ],
  [{ bool: { should: [{ match_all: {} }, { term: { open: true } }], minimum_should_match: "100%" } }, "ab"],
  [{ bool: { should: [{ match_all: {} }], minimum_should_match: 2 } }, ""],
  [{ bool: { must: [{ bool: { should: [{ ids: { values: ["c"] } }, { ids: { values: ["d"] } }] } }] } }, "cd"],
  [{ constant_score: { filter: { term: { open: false } }, boost: 1 } }, "c"],
];

describe("a query", () => {
  it.each(queries.map(([query, expected]) => [JSON.stringify(query), query, expected] as const))(
    "%s finds its records",
    async (_, query, expected) => {
      expect(await ids(query)).toBe(expected);
    },
  );

  it.each([
    [{ term: { day: "2024-03-09" } }, "p"],
    [{ range: { day: { gt: "2024-03-09" } } }, "q"],
    [{ range: { at: { lte: "2024-03-09" } } }, "p"],
    [{ range: { at: { lt: "2024-03-10||/d" } } }, "p"],
    [{ range: { at: { gte: Date.parse("2024-03-10") } } }, "q"],
    [{ range: { at: { gte: Date.parse("2024-03-10") / 1000, format: "epoch_second" } } }, "q"],
    [{ range: { zoned: { lt: "2024-03-10T00:00:00Z" } } }, "p"],
    [{ range: { at: { gt: "2024-03-09T23:59:59.999998Z", lt: "2024-03-10" } } }, "p"],
    [{ term: { big: "9007199254740993" } }, "p"],
    [{ term: { money: 10.25 } }, "p"],
    [{ exists: { field: "clock" } }, "p"],
  ])("%j over typed columns finds its records", async (query, expected) => {
    expect(await ids(query, "typed")).toBe(expected);
  });

  it("with long lists finds what short ones find", async () => {
    const filler = Array.from({ length: 2_000 }, (_, at) => `no ${at}`);
    const numbers = Array.from({ length: 2_000 }, (_, at) => 1_000_000 + at);
    const long: readonly (readonly [unknown, string, string])[] = [
      [{ ids: { values: [...filler, "a", "c", "it's", "\0", "\ud800"] } }, "ac", "things"],
      [{ terms: { category: [...filler, "home"] } }, "cd", "things"],
      [{ terms: { price: [...numbers, 45, "12.99", -1.5, "9".repeat(30)] } }, "bcd", "things"],
      [{ terms: { code: [...numbers, 5, "x"] } }, "abc", "things"],
      [{ terms: { "lines.n": [...numbers, 7] } }, "b", "things"],
      [{ terms: { open: [...filler, false] } }, "c", "things"],
      [{ terms: { "maker.name": [...filler, "Acme"] } }, "a", "things"],
      [{ terms: { day: [...numbers, "2024-03-09"] } }, "p", "typed"],
      [{ terms: { at: [...numbers, "2024-03-10T00:00:00.000"] } }, "q", "typed"],
      [{ terms: { big: [...numbers, "9007199254740993", 1.5] } }, "p", "typed"],
      [{ terms: { money: [...numbers, 0.1] } }, "q", "typed"],
      [{ bool: { must_not: [{ terms: { code: [...filler, "x"] } }] } }, "abde", "things"],
    ];
    for (const [query, expected, dataset] of long)
      expect([query, await ids(query, dataset)]).toEqual([query, expected]);
    const aggs = { f: { filters: { filters: { x: { terms: { code: [...filler, "x"] } } } } } };
    expect((await search({ aggs, size: 0 })).aggregations).toEqual({ f: { buckets: { x: { doc_count: 1 } } } });
  });

  it("with as many ids as there may be takes no longer than a search does", async () => {
    const insert = "INSERT INTO many SELECT CAST(range AS VARCHAR) AS _id, range AS n FROM range(100000)";
    expect((await call("POST", "/sql", { query: insert })).status).toBe(200);
    const values = Array.from({ length: 65_000 }, (_, at) => `i${at}`);
    const started = performance.now();
    expect((await search({ query: { ids: { values } }, size: 0 }, "many")).hits.total.value).toBe(0);
    const numbers = { terms: { n: values.map((_, at) => at) } };
    expect((await search({ query: numbers, size: 0 }, "many")).hits.total.value).toBe(65_000);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it.each([
    [
      "more lists",
      Array.from({ length: 40 }, () => ({ terms: { code: Array.from({ length: 2_000 }, (_, at) => at) } })),
    ],
    ["more clauses", Array.from({ length: 600 }, () => ({ constant_score: { filter: { match_all: {} } } }))],
    ["more words", [{ match: { name: Array.from({ length: 1_100 }, (_, at) => `w${at}`).join(" ") } }]],
  ])("with %s than can be planned is refused", async (_, should) => {
    const body = JSON.stringify({ query: { bool: { should: ["place"] } } }).replace(
      '["place"]',
      JSON.stringify(should),
    );
    expect((await call("POST", "/things/querydsl", body)).body).toMatchObject({ error: { type: "unsupported_query" } });
  });

  it("of a dataset without records finds none, of one that is not there is 404", async () => {
    const found = await search(
      { query: { term: { a: 1 } }, sort: ["a"], aggs: { a: { terms: { field: "a" } }, b: { avg: { field: "a" } } } },
      "empty",
    );
    expect(found.hits).toEqual({ total: { value: 0, relation: "eq" }, max_score: null, hits: [] });
    expect(found.aggregations).toMatchObject({ a: { buckets: [] }, b: { value: null } });
    expect((await ask({}, "nowhere")).body).toMatchObject({ error: { type: "not_found" }, status: 404 });
  });

  it.each<readonly [unknown, string, string]>([
    [{ query: { fuzzy: { a: "b" } } }, "unsupported_query", "query.fuzzy"],
    [
      { query: { bool: { must: [{ term: { a: 1 } }, { more_like_this: {} }] } } },
      "unsupported_query",
      "query.bool.must[1].more_like_this",
    ],
    [{ query: { match: { name: { query: "x", fuzziness: 1 } } } }, "unsupported_query", "query.match.name.fuzziness"],
    [{ query: { bool: { must: [], adjust: 1 } } }, "unsupported_query", "query.bool.adjust"],
    [{ query: { terms: { a: { index: "b", id: "c", path: "d" } } } }, "unsupported_query", "query.terms.a"],
    [{ query: { match_phrase: { a: { query: "x", slop: 2 } } } }, "unsupported_query", "slop"],
    [{ query: { range: { at: { gte: "1", format: "dd/MM" } } } }, "unsupported_query", "format"],
    [{ query: { range: { at: { gte: "1", time_zone: "Europe/Oslo" } } } }, "unsupported_query", "time_zone"],
    [{ query: { constructor: {} } }, "unsupported_query", "query.constructor"],
    [{ query: { toString: {} } }, "unsupported_query", "query.toString"],
    [{ highlight: {} }, "unsupported_query", "highlight"],
    [{ aggs: { x: { top_hits: {} } } }, "unsupported_query", "aggs.x.top_hits"],
    [{ aggs: { x: { constructor: {} } } }, "unsupported_query", "aggs.x.constructor"],
    [{ aggs: { x: { terms: { field: "a", script: {} } } } }, "unsupported_query", "aggs.x.terms.script"],
    [{ aggs: { x: { filter: { fuzzy: {} } } } }, "unsupported_query", "aggs.x.filter.fuzzy"],
    [
      { aggs: { x: { terms: { field: "a" }, aggs: { y: { percentiles: {} } } } } },
      "unsupported_query",
      "aggs.x.aggs.y.percentiles",
    ],
    [{ sort: [{ price: { order: "asc", nested: {} } }] }, "unsupported_query", "sort[0].price.nested"],
    [{ query: {} }, "bad_request", "query"],
    [{ query: { term: { a: 1, b: 2 } } }, "bad_request", "query.term"],
    [{ query: { term: { a: null } } }, "bad_request", "query.term.a"],
    [{ query: { bool: { must: "x" } } }, "bad_request", "query.bool.must"],
    [{ query: { range: { day: { gte: "2024-13-45" } } } }, "bad_request", "query.range.day.gte"],
    [{ size: 10_001 }, "bad_request", "size"],
    [{ from: -1 }, "bad_request", "from"],
    [{ sort: [{ price: "up" }] }, "bad_request", "sort[0].price.order"],
    [{ _source: 5 }, "bad_request", "_source"],
    [{ aggs: { x: { avg: {} } } }, "bad_request", "aggs.x.avg.field"],
    [[], "bad_request", "body"],
  ])("%j is refused, with the place", async (request, type, place) => {
    const answer = await ask(request, "typed");
    expect(answer.body).toMatchObject({ error: { type }, status: 400 });
    expect(reason(answer)).toContain(place);
  });
});

describe("hits", () => {
  it("carry the source as it was written, and a score", async () => {
    const { hits } = await search({ query: { ids: { values: ["a"] } } });
    expect(hits).toEqual({
      total: { value: 1, relation: "eq" },
      max_score: 1,
      hits: [{ _index: "things", _id: "a", _score: 1, _source: records["a"] }],
    });
    expect(await ask({ size: 0 })).toMatchObject({
      body: { timed_out: false, took: expect.any(Number), _shards: { total: 1, successful: 1, skipped: 0, failed: 0 } },
    });
  });

  it.each<readonly [unknown, string, string]>([
    [["price"], "dbcae", "missing last"],
    [[{ price: "desc" }], "acbde", "missing last"],
    [[{ price: { order: "desc", missing: "_first" } }], "eacbd", "missing first"],
    [[{ category: "asc" }, { price: "desc" }], "abcde", "two fields"],
    ["_doc", "abcde", "order of records"],
    [[{ "lines.n": "asc" }], "abcde", "least of a list"],
    [[{ "lines.n": { order: "desc" } }], "bacde", "largest of a list"],
    [[{ code: "asc" }], "abdce", "numbers before texts"],
    [[{ nothing: { order: "asc", unmapped_type: "long" } }], "abcde", "no such field"],
  ])("are sorted by %j as %s: %s", async (sort, expected) => {
    const { hits } = await search({ sort });
    expect(hits.hits.map(({ _id }) => _id).join("")).toBe(expected);
    expect(hits.max_score).toBeNull();
  });

  it("come in pages that fit together", async () => {
    const pages = [];
    for (const from of [0, 2, 4, 6]) pages.push(await search({ from, size: 2, sort: [{ open: "desc" }] }));
    expect(pages.flatMap(({ hits }) => hits.hits.map(({ _id }) => _id)).join("")).toBe("abcde");
    expect(pages.map(({ hits }) => hits.total.value)).toEqual([5, 5, 5, 5]);
    expect(pages[0]?.hits.hits[0]?.sort).toEqual([true]);
  });

  it.each<readonly [unknown, unknown]>([
    [false, undefined],
    [true, records["a"]],
    ["price", { price: 79.99 }],
    [["price", "lines.sku"], { price: 79.99, lines: [{ sku: "x1" }, { sku: "x2" }] }],
    [["ma*.c*"], { maker: { city: "Oslo" } }],
    [
      { includes: ["maker", "price"], excludes: ["*.city"] },
      { price: 79.99, maker: { name: "Acme" } },
    ],
    [
      { excludes: ["[a-z]*", "n*", "lines", "tags", "a*", "o*", "s*", "p*", "maker", "code"] },
      { category: "electronics" },
    ],
    [["nothing"], {}],
  ])("have what _source %j asks for", async (_source, expected) => {
    const { hits } = await search({ query: { ids: { values: ["a"] } }, _source });
    expect(hits.hits[0]?._source).toEqual(expected);
  });
});

describe("an aggregation", () => {
  const aggregate = async (aggs: unknown, dataset = "things") =>
    (await search({ size: 0, aggs }, dataset)).aggregations;

  it("of numbers counts all records that have the field", async () => {
    const field = "price";
    expect(
      await aggregate({
        avg: { avg: { field } },
        sum: { sum: { field } },
        min: { min: { field } },
        max: { max: { field } },
        count: { value_count: { field } },
        different: { cardinality: { field: "category" } },
        stats: { stats: { field: "lines.n" } },
        tags: { value_count: { field: "tags" } },
        none: { avg: { field: "nothing" } },
      }),
    ).toEqual({
      avg: { value: expect.closeTo(34.12, 5) },
      sum: { value: expect.closeTo(136.48, 5) },
      min: { value: -1.5 },
      max: { value: 79.99 },
      count: { value: 4 },
      different: { value: 3 },
      stats: { count: 3, min: 1, max: 7, avg: expect.closeTo(13 / 3, 9), sum: 13 },
      tags: { value: 4 },
      none: { value: null },
    });
  });

  it("of terms sorts, cuts off and counts the rest", async () => {
    expect(
      await aggregate({
        all: { terms: { field: "category.keyword" } },
        one: { terms: { field: "category", size: 1, order: { _key: "desc" } } },
        costly: {
          terms: { field: "category", order: [{ most: "desc" }] },
          aggs: { most: { max: { field: "price" } } },
        },
        tags: { terms: { field: "tags" } },
        open: { terms: { field: "open" } },
        stock: { terms: { field: "stock", order: { _key: "asc" } } },
        twice: { terms: { field: "category", min_doc_count: 2 } },
      }),
    ).toMatchObject({
      all: {
        doc_count_error_upper_bound: 0,
        sum_other_doc_count: 0,
        buckets: [
          { key: "electronics", doc_count: 2 },
          { key: "home", doc_count: 2 },
          { key: "Électronique", doc_count: 1 },
        ],
      },
      one: { sum_other_doc_count: 4, buckets: [{ key: "Électronique", doc_count: 1 }] },
      costly: {
        buckets: [
          { key: "electronics", most: { value: 79.99 } },
          { key: "home", most: { value: 45 } },
          { key: "Électronique", most: { value: null } },
        ],
      },
      tags: {
        buckets: [
          { key: "red", doc_count: 2 },
          { key: "blue", doc_count: 1 },
          { key: "deep", doc_count: 1 },
        ],
      },
      open: {
        buckets: [
          { key: 1, key_as_string: "true", doc_count: 2 },
          { key: 0, key_as_string: "false", doc_count: 1 },
        ],
      },
      stock: { buckets: [{ key: 0 }, { key: 3 }, { key: 10 }] },
      twice: { buckets: [{ key: "electronics" }, { key: "home" }] },
    });
  });

  it("of dates fills the gaps", async () => {
    const day = (date: string, doc_count: number) => ({ key_as_string: date, key: Date.parse(date), doc_count });
    expect(
      await aggregate({
        days: { date_histogram: { field: "at", calendar_interval: "day", format: "yyyy-MM-dd", min_doc_count: 1 } },
        months: { date_histogram: { field: "at", calendar_interval: "1M", format: "yyyy-MM" } },
        halves: { date_histogram: { field: "at", fixed_interval: "12h", min_doc_count: 1 } },
      }),
    ).toEqual({
      days: { buckets: [day("2024-02-28", 1), day("2024-03-09", 1), day("2024-03-10", 1)] },
      months: { buckets: [day("2024-02", 1), day("2024-03", 2)] },
      halves: {
        buckets: [
          day("2024-02-28T00:00:00.000Z", 1),
          day("2024-03-09T00:00:00.000Z", 1),
          day("2024-03-10T12:00:00.000Z", 1),
        ],
      },
    });
    const filled = await aggregate({ d: { date_histogram: { field: "at", calendar_interval: "week" } } });
    expect(filled?.["d"]).toMatchObject({
      buckets: [
        { key_as_string: "2024-02-26T00:00:00.000Z", doc_count: 1 },
        { key_as_string: "2024-03-04T00:00:00.000Z", doc_count: 2 },
      ],
    });
    expect(await aggregate({ d: { max: { field: "day" } }, t: { terms: { field: "day" } } }, "typed")).toMatchObject({
      d: { value: Date.parse("2024-03-10"), value_as_string: "2024-03-10T00:00:00.000Z" },
      t: { buckets: [day("2024-03-09T00:00:00.000Z", 1), day("2024-03-10T00:00:00.000Z", 1)] },
    });
  });

  it("of ranges, filters and what is missing has every bucket", async () => {
    expect(
      await aggregate({
        h: { histogram: { field: "price", interval: 25 } },
        r: { range: { field: "price", ranges: [{ to: 0 }, { from: 0, to: 50.5 }, { from: 100, key: "dear" }] } },
        f: { filter: { term: { open: true } }, aggs: { n: { value_count: { field: "name" } } } },
        g: { filters: { filters: { home: { term: { category: "home" } }, none: { match_none: {} } } } },
        m: { missing: { field: "price" } },
      }),
    ).toEqual({
      h: {
        buckets: [
          { key: -25, doc_count: 1 },
          { key: 0, doc_count: 1 },
          { key: 25, doc_count: 1 },
          { key: 50, doc_count: 0 },
          { key: 75, doc_count: 1 },
        ],
      },
      r: {
        buckets: [
          { key: "*-0.0", to: 0, doc_count: 1 },
          { key: "0.0-50.5", from: 0, to: 50.5, doc_count: 2 },
          { key: "dear", from: 100, doc_count: 0 },
        ],
      },
      f: { doc_count: 2, n: { value: 2 } },
      g: { buckets: { home: { doc_count: 2 }, none: { doc_count: 0 } } },
      m: { doc_count: 1 },
    });
  });

  it("stands below others, three deep, and below the query", async () => {
    const { aggregations } = await search({
      size: 0,
      query: { exists: { field: "stock" } },
      aggs: {
        c: {
          terms: { field: "category" },
          aggs: {
            price: { avg: { field: "price" } },
            t: {
              terms: { field: "tags" },
              aggs: { o: { terms: { field: "open" }, aggs: { s: { sum: { field: "stock" } } } } },
            },
          },
        },
      },
    });
    const inside = (sum: number, doc_count: number) => ({ o: { buckets: [{ key: 1, doc_count, s: { value: sum } }] } });
    expect(aggregations?.["c"]).toMatchObject({
      buckets: [
        {
          key: "electronics",
          price: { value: expect.closeTo(46.49, 5) },
          t: {
            buckets: [
              { key: "red", doc_count: 2, ...inside(13, 2) },
              { key: "blue", doc_count: 1, ...inside(3, 1) },
            ],
          },
        },
        { key: "home", doc_count: 1, price: { value: 45 }, t: { buckets: [] } },
      ],
    });
  });

  it("that would make too many buckets is refused", async () => {
    const answer = await ask({ aggs: { d: { date_histogram: { field: "at", fixed_interval: "1s" } } } });
    expect(answer.body).toMatchObject({ error: { type: "unsupported_query" } });
  });
});

describe("whatever stands in a query", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "'",
      '"',
      "\\",
      "'; DROP TABLE store.things --",
      '"a"',
      "a'||'b",
      "$1",
      "\0",
      "%",
      "~",
      "/",
      "*",
      "\ud800",
    ),
    fc
      .array(fc.constantFrom("'", '"', "\\", "\0", ".", "name", "maker", "%", "_", ";", "--"), { maxLength: 6 })
      .map((parts) => parts.join("")),
  );
  const name = fc.oneof(
    hostile,
    hostile.map((text) => `maker.${text}`),
    hostile.map((text) => `lines.${text}.keyword`),
    fc.constant("name"),
  );

  it("stays a name or a value", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(name, hostile, async (field, value) => {
        const clauses = [
          { term: { [field]: value } },
          { terms: { [field]: [value, "x"] } },
          { range: { [field]: { gte: value } } },
          { prefix: { [field]: value } },
          { wildcard: { [field]: value } },
          { match: { [field]: value } },
          { match_phrase: { [field]: value } },
          { exists: { field } },
          { ids: { values: [value] } },
        ];
        const request = {
          query: { bool: { should: clauses } },
          sort: [{ [field]: "asc" }],
          _source: [field],
          aggs: { [field]: { terms: { field } }, m: { stats: { field } }, f: { filter: { term: { [field]: value } } } },
        };
        const answer = await ask(request);
        // A field's name may be one that options have.
        if (answer.status !== 200) expect(answer.body).toMatchObject({ error: { type: "bad_request" } });
      }),
      { numRuns: 60 },
    );
    expect(await ids({ match_all: {} })).toBe("abcde");
  });

  it("finds exactly itself", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const value = text.toWellFormed();
        const records = [{ index: { _id: "one" } }, { value, deep: { [value]: [value] } }];
        await call("POST", "/itself/json", `${records.map((line) => JSON.stringify(line)).join("\n")}\n`);
        expect(await ids({ term: { value } }, "itself")).toBe("one");
        expect(await ids({ term: { deep: value } }, "itself")).toBe("");
        expect(await ids({ bool: { must_not: { term: { value } } } }, "itself")).toBe("");
      }),
      { numRuns: 12 },
    );
  });
});

it("a schema tells the fields and their types", async () => {
  const schema = await call("GET", "/typed/_schema");
  expect(schema.body).toMatchObject({
    day: { source: "Logs", infino_type: "ISO8601Date", type: "DATE" },
    zoned: { infino_type: "ISO8601Date", type: "TIMESTAMPTZ" },
    big: { infino_type: "Integer", type: "BIGINT" },
    money: { infino_type: "Float" },
  });
  expect((await call("GET", "/typed/schema")).body).toEqual(schema.body);
  expect((await call("GET", "/things/_schema")).body).toMatchObject({
    name: { infino_type: "String" },
    open: { infino_type: "Boolean" },
    maker: { infino_type: "Object" },
  });
  expect((await call("HEAD", "/things/schema")).status).toBe(200);
  expect((await call("HEAD", "/nowhere/schema")).status).toBe(404);
  expect((await call("GET", "/empty/_schema")).body).toEqual({});
});
