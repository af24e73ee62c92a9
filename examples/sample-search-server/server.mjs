// A sample for the quickstart and the demo, no search engine: it answers `GET /` and simple searches over records.json
// the way Elasticsearch and OpenSearch do, to clients that send one of the API keys or users that its environment lists.
import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const list = (name) => (process.env[name] ?? "").split(",").filter((part) => part !== "");
const accepted = [
  ...list("SAMPLE_SEARCH_API_KEYS").map((key) => `ApiKey ${key}`),
  ...list("SAMPLE_SEARCH_USERS").map((pair) => `Basic ${Buffer.from(pair).toString("base64")}`),
];
const records = JSON.parse(await readFile(new URL("records.json", import.meta.url), "utf8"));

const digest = (text) => createHash("sha256").update(text).digest();
const isAllowed = (header = "") => accepted.some((one) => timingSafeEqual(digest(one), digest(header)));

class Problem extends Error {
  constructor(status, type, reason) {
    super(reason);
    this.answer = { status, body: { error: { type, reason }, status } };
  }
}

const noIndex = (index) => new Problem(404, "index_not_found_exception", `no such index [${index}]`);

const matches = (query) => {
  const [[name, value] = [], ...others] = Object.entries(query);
  if (others.length === 0 && name === "match_all") return () => true;
  if (others.length === 0 && name === "term") {
    return (record) => Object.entries(value).every(([field, wanted]) => record[field] === (wanted?.value ?? wanted));
  }
  throw new Problem(400, "parsing_exception", "this sample knows the queries match_all and term");
};

/** Options that change nothing for so few records. */
const ignored = ["track_total_hits", "explain"];

const search = (index, shard, { query = { match_all: {} }, sort = [], size = 10, from = 0, aggs, ...others }) => {
  const { search_after: after, ...more } = others;
  const unknown = Object.keys(more).find((name) => !ignored.includes(name));
  if (unknown !== undefined) throw new Problem(400, "parsing_exception", `this sample does not know ${unknown}`);
  // An index has one shard.
  const _shards = { total: shard === 0 ? 1 : 0, successful: shard === 0 ? 1 : 0, skipped: 0, failed: 0 };
  const found = (shard === 0 ? records[index] : []).filter(matches(query));
  const total = { value: found.length, relation: "eq" };
  if (aggs !== undefined) {
    if (aggs.indices?.terms?.field !== "_index") {
      throw new Problem(400, "parsing_exception", "this sample knows one aggregation, the names of indices");
    }
    const aggregations = { indices: { buckets: found.length === 0 ? [] : [{ key: index, doc_count: found.length }] } };
    return { timed_out: false, _shards, hits: { total, hits: [] }, aggregations };
  }
  if (sort.length === 1 && sort[0]._seq_no !== undefined) {
    const hits = found
      .map((record) => ({ _index: index, _id: record.id, _source: record, sort: [records[index].indexOf(record)] }))
      .filter((hit) => hit.sort[0] > (after?.[0] ?? -1))
      .slice(0, size);
    return { timed_out: false, _shards, hits: { total, hits } };
  }
  for (const [field, order] of sort.flatMap((by) => Object.entries(by)).reverse()) {
    const sign = (order.order ?? order) === "desc" ? -1 : 1;
    found.sort((a, b) => sign * String(a[field]).localeCompare(String(b[field])));
  }
  const hits = found.slice(from, from + size).map((record) => ({ _index: index, _id: record.id, _source: record }));
  return { timed_out: false, _shards, hits: { total, hits } };
};

const answer = async (request) => {
  if (!isAllowed(request.headers.authorization)) {
    throw new Problem(401, "security_exception", "missing or wrong credentials");
  }
  const { pathname: path, searchParams } = new URL(request.url, "http://localhost");
  if (path === "/" && ["GET", "HEAD"].includes(request.method)) {
    return { name: "sample", cluster_name: "sample-search-server", version: { number: "8.0.0" }, tagline: "A sample" };
  }
  const described = /^\/([^/]+)(\/_mapping|\/_settings|\/_alias)?$/.exec(path)?.[1];
  if (described !== undefined && request.method === "GET") {
    if (!Object.hasOwn(records, described)) throw noIndex(described);
    const names = [...new Set(records[described].flatMap((record) => Object.keys(record)))];
    const properties = Object.fromEntries(names.map((name) => [name, { type: "keyword" }]));
    return { [described]: { aliases: {}, mappings: { properties }, settings: { index: { uuid: described } } } };
  }
  const index = /^\/([^/]+)\/_search$/.exec(path)?.[1];
  if (index === undefined || !["GET", "POST"].includes(request.method)) {
    throw new Problem(501, "not_implemented", "this sample answers GET /, GET INDEX and INDEX/_search");
  }
  if (!Object.hasOwn(records, index)) throw noIndex(index);
  let body = "";
  for await (const part of request.setEncoding("utf8")) body += part;
  try {
    const shard = Number(/^_shards:(\d+)/.exec(searchParams.get("preference") ?? "")?.[1] ?? 0);
    return search(index, shard, body === "" ? {} : JSON.parse(body));
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(400, "parsing_exception", "the body is no search");
  }
};

const server = createServer(async (request, response) => {
  const { status, body } = await answer(request).then(
    (body) => ({ status: 200, body }),
    (error) => error.answer ?? { status: 500, body: { error: { type: "internal", reason: "internal" }, status: 500 } },
  );
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
});

server.listen(Number(process.env.SAMPLE_SEARCH_PORT ?? 9200), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => server.close().closeAllConnections());
