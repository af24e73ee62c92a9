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

const matches = (query) => {
  const [[name, value] = [], ...others] = Object.entries(query);
  if (others.length === 0 && name === "match_all") return () => true;
  if (others.length === 0 && name === "term") {
    return (record) => Object.entries(value).every(([field, wanted]) => record[field] === (wanted?.value ?? wanted));
  }
  throw new Problem(400, "parsing_exception", "this sample knows the queries match_all and term");
};

const search = (index, { query = { match_all: {} }, sort = [], size = 10, from = 0, ...others }) => {
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw new Problem(400, "parsing_exception", `this sample does not know ${unknown}`);
  const found = records[index].filter(matches(query));
  for (const [field, order] of sort.flatMap((by) => Object.entries(by)).reverse()) {
    const sign = (order.order ?? order) === "desc" ? -1 : 1;
    found.sort((a, b) => sign * String(a[field]).localeCompare(String(b[field])));
  }
  const hits = found.slice(from, from + size).map((record) => ({ _index: index, _id: record.id, _source: record }));
  return { timed_out: false, hits: { total: { value: found.length, relation: "eq" }, hits } };
};

const answer = async (request) => {
  if (!isAllowed(request.headers.authorization)) {
    throw new Problem(401, "security_exception", "missing or wrong credentials");
  }
  const path = new URL(request.url, "http://localhost").pathname;
  if (path === "/" && ["GET", "HEAD"].includes(request.method)) {
    return { name: "sample", cluster_name: "sample-search-server", version: { number: "8.0.0" }, tagline: "A sample" };
  }
  const index = /^\/([^/]+)\/_search$/.exec(path)?.[1];
  if (index === undefined || !["GET", "POST"].includes(request.method)) {
    throw new Problem(501, "not_implemented", "this sample answers GET / and INDEX/_search");
  }
  if (!Object.hasOwn(records, index)) throw new Problem(404, "index_not_found_exception", `no such index [${index}]`);
  let body = "";
  for await (const part of request.setEncoding("utf8")) body += part;
  try {
    return search(index, body === "" ? {} : JSON.parse(body));
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
