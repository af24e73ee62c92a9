import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { searchDriver } from "../../src/service/sources/search.ts";
import type { ReadBatch, ReadRequest } from "../../src/service/sources/source-driver.ts";
import { startService } from "../support/service.ts";
import { member } from "../support/signed.ts";

const never = new AbortController().signal;
type Asked = { readonly path: string; readonly body: Properties };

/** A server that answers what it likes. */
const startServer = async (answer: (asked: Asked, response: ServerResponse, request: IncomingMessage) => unknown) => {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const one = { path: request.url ?? "", body: body === "" ? {} : (JSON.parse(body) as Properties) };
    asked.push(one);
    answer(one, response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
};

const say = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
};
const refuse = (response: ServerResponse, status: number, type: string): void =>
  say(response, { error: { root_cause: [{ type, reason: "because" }], type, reason: "because" }, status }, status);

const limits = { rows: 100, bytes: 1_000 };
const query = (config: Properties, words = "{}", signal = never, most = limits) =>
  searchDriver.query({ source: "opensearch", auth: "none", config }, "idx", words, most, signal);

const read = async (config: Properties, request: Partial<ReadRequest> = {}, signal = never) => {
  const complete = { dataset: "idx", resumable: true, batchRows: 3, batchBytes: 10_000, ...request };
  const batches: ReadBatch[] = [];
  for await (const batch of searchDriver.read({ source: "opensearch", auth: "none", config }, complete, signal)) {
    batches.push(batch);
  }
  return batches.flatMap(({ rows }) => rows.map((row) => row._id));
};

const shards = { total: 1, successful: 1, failed: 0 };
const aHit = (sequence: number, source: Properties = {}) => ({
  _id: `r${sequence}`,
  _source: source,
  sort: [sequence],
});
/** Answers as a server with one index of one shard does, that holds `count` records. */
const tiny =
  (count: number, page: (asked: Asked, response: ServerResponse) => boolean = () => false) =>
  (asked: Asked, response: ServerResponse) => {
    const { body, path } = asked;
    if (path.includes("_settings")) return say(response, { idx: { settings: { index: { uuid: "u" } } } });
    if (body["aggs"] !== undefined) {
      return say(response, {
        _shards: shards,
        hits: { hits: [] },
        aggregations: { indices: { buckets: [{ key: "idx" }] } },
      });
    }
    if (page(asked, response)) return;
    if (!path.includes("_shards%3A0")) return say(response, { _shards: { total: 0, failed: 0 }, hits: { hits: [] } });
    const [after = -1] = (body["search_after"] ?? []) as readonly number[];
    const hits = Array.from({ length: count }, (_, n) => aHit(n)).slice(after + 1, after + 1 + Number(body["size"]));
    say(response, { timed_out: false, _shards: shards, hits: { hits } });
  };
const all = (count: number) => Array.from({ length: count }, (_, n) => `r${n}`);

describe("a search source that is queried", () => {
  it.each([
    [
      "cuts its answer",
      (response: ServerResponse) =>
        response.writeHead(200, { "content-length": 100 }).write("{", () => response.destroy()),
      "source_unreachable",
    ],
    [
      "answers more than is taken",
      (response: ServerResponse) => say(response, { a: "x".repeat(2_000) }),
      "result_too_large",
    ],
    ["answers a page", (response: ServerResponse) => response.end("<html></html>"), "source_unreachable"],
    ["answers a list", (response: ServerResponse) => response.end("[]"), "source_unreachable"],
    [
      "redirects",
      (response: ServerResponse) => response.writeHead(307, { location: "http://127.0.0.1:1/" }).end(),
      "source_unreachable",
    ],
    ["is slow", () => undefined, "source_timeout"],
    ["refuses", (response: ServerResponse) => refuse(response, 403, "security_exception"), "source_refused"],
    [
      "does not know the index",
      (response: ServerResponse) => refuse(response, 404, "index_not_found_exception"),
      "source_not_found",
    ],
    ["does not understand", (response: ServerResponse) => refuse(response, 400, "parsing_exception"), "source_error"],
    ["fails without a word", (response: ServerResponse) => response.writeHead(500).end(), "source_error"],
    [
      "has too much to do",
      (response: ServerResponse) => refuse(response, 429, "rejected_execution_exception"),
      "source_unreachable",
    ],
  ] as const)("and %s", async (_, answer, type) => {
    const { base_url, asked } = await startServer((_asked, response) => void answer(response));
    await expect(query({ base_url, timeout_secs: 0.2 })).rejects.toMatchObject({ type });
    expect(asked).toHaveLength(1);
  });

  it("says where https was asked of a port that does not speak it", async () => {
    const { base_url } = await startServer((_asked, response) => say(response, {}));
    await expect(query({ base_url: base_url.replace("http:", "https:") })).rejects.toMatchObject({
      type: "source_unreachable",
      message: expect.stringContaining("http:// or https://"),
    });
  });

  it("says why, with the server's own type and reason", async () => {
    const { base_url } = await startServer((_, response) => refuse(response, 400, "parsing_exception"));
    await expect(query({ base_url })).rejects.toThrow(/parsing_exception: because/);
  });

  it.each(["", ".", "..", "_bulk", "a b", "a#b", 'a"', "a\u0000"])("is never asked for %j", async (dataset) => {
    const { base_url, asked } = await startServer((_, response) => say(response, {}));
    const connection = { source: "opensearch", auth: "none", config: { base_url } };
    await expect(searchDriver.query(connection, dataset, "{}", limits, never)).rejects.toMatchObject({
      type: "bad_request",
    });
    await expect(searchDriver.metadata(connection, dataset, never)).rejects.toMatchObject({ type: "bad_request" });
    expect(asked).toEqual([]);
  });

  it("gets names as they are, below the path of its address", async () => {
    const { base_url, asked } = await startServer((_, response) => say(response, {}));
    const connection = { source: "opensearch", auth: "none", config: { base_url: `${base_url}/search/` } };
    for (const dataset of ["Upper", "a*,b", "../x", "<logs-{now/d}>", "a?b"]) {
      await searchDriver.query(connection, dataset, "{}", limits, never);
    }
    expect(asked.map(({ path }) => path)).toEqual([
      "/search/Upper/_search",
      "/search/a*%2Cb/_search",
      "/search/..%2Fx/_search",
      "/search/%3Clogs-%7Bnow%2Fd%7D%3E/_search",
      "/search/a%3Fb/_search",
    ]);
  });

  it("is let go of when nobody waits any more", async () => {
    const closed = Promise.withResolvers<void>();
    const { base_url } = await startServer((_, response) => response.on("close", closed.resolve));
    const gone = new AbortController();
    const answer = query({ base_url }, "{}", gone.signal);
    setTimeout(() => gone.abort(new Error("gone")), 50);
    await expect(answer).rejects.toThrow("gone");
    await closed.promise;
  });
});

describe("a search source that is read", () => {
  it("gives every record once, page after page", async () => {
    const { base_url, asked } = await startServer(tiny(8));
    expect(await read({ base_url })).toEqual(all(8));
    const pages = asked.filter(({ body }) => JSON.stringify(body).includes('"asc"'));
    expect(pages.map(({ body }) => body["search_after"])).toEqual([undefined, [2], [5]]);
  });

  it("is asked again while it is busy, a bounded number of times", async () => {
    let busy = 2;
    const { base_url } = await startServer(
      tiny(4, (_, response) => {
        if (busy-- <= 0) return false;
        refuse(response, busy === 0 ? 503 : 429, "rejected_execution_exception");
        return true;
      }),
    );
    expect(await read({ base_url })).toEqual(all(4));
    const { base_url: always, asked } = await startServer((_, response) => refuse(response, 429, "busy"));
    await expect(read({ base_url: always })).rejects.toMatchObject({ type: "source_unreachable" });
    expect(asked).toHaveLength(5);
  });

  it("gives smaller pages where its records are large", async () => {
    const wide = "x".repeat(400_000);
    const { base_url } = await startServer(
      tiny(6, ({ body, path }, response) => {
        if (!path.includes("_shards%3A0")) return false;
        const [after = -1] = (body["search_after"] ?? []) as readonly number[];
        const hits = all(6).map((_, n) => aHit(n, { wide }));
        say(response, { _shards: shards, hits: { hits: hits.slice(after + 1, after + 1 + Number(body["size"])) } });
        return true;
      }),
    );
    expect(await read({ base_url })).toEqual(all(6));
  });

  it.each([
    ["the same page for ever", undefined, 0],
    ["more records than it says it has", { value: 8, relation: "eq" }, 1],
  ])("is given up where a scroll gives %s", async (_, total, step) => {
    let pages = 0;
    const { base_url } = await startServer(({ path, body }, response) => {
      if (body["aggs"] !== undefined) return refuse(response, 400, "illegal_argument_exception");
      if (path === "/_search/scroll" && pages > 50) return say(response, { _shards: shards, hits: { hits: [] } });
      const hits = [0, 1, 2].map((n) => aHit(step * pages * 3 + n));
      pages++;
      return say(response, {
        _scroll_id: "s",
        _shards: shards,
        hits: { hits, ...(total === undefined ? {} : { total }) },
      });
    });
    await expect(read({ base_url })).rejects.toMatchObject({ type: "source_error" });
  });

  it("is scrolled through where it does not sort by sequence numbers", async () => {
    const scrolled: string[] = [];
    const { base_url, asked } = await startServer(({ path, body }, response) => {
      if (path.includes("_settings")) return refuse(response, 403, "security_exception");
      if (body["aggs"] !== undefined) return tiny(0)({ path, body }, response);
      if (path.includes("preference")) return refuse(response, 400, "illegal_argument_exception");
      if (path === "/_search/scroll" && scrolled.length > 2)
        return say(response, { _shards: shards, hits: { hits: [] } });
      scrolled.push(path);
      const hits = [0, 1, 2].map((n) => aHit(scrolled.length * 3 + n));
      return say(response, { _scroll_id: "s", _shards: shards, hits: { hits } });
    });
    expect(await read({ base_url })).toEqual(["r6", "r7", "r8", "r9", "r10", "r11"]);
    expect(asked.at(-1)).toEqual({ path: "/_search/scroll", body: { scroll_id: "s" } });
  });

  it.each([
    ["goes round in circles", { _shards: shards, hits: { hits: [0, 0, 0].map((n) => aHit(n)) } }, "source_error"],
    ["leaves out shards", { _shards: { total: 2, failed: 1 }, hits: { hits: [] } }, "source_unreachable"],
    ["does not finish in time", { timed_out: true, _shards: shards, hits: { hits: [] } }, "source_timeout"],
    ["has records without a name", { _shards: shards, hits: { hits: [{ _source: {} }] } }, "source_unreachable"],
    ["does not keep records", { _shards: shards, hits: { hits: [{ _id: "r", sort: [1] }] } }, "source_error"],
    ["answers anything", { ok: true }, "source_unreachable"],
  ])("and fails where it %s", async (_, answer, type) => {
    let pages = 0;
    const { base_url } = await startServer(
      tiny(9, (_asked, response) => {
        if (pages++ === 0) return false;
        say(response, answer);
        return true;
      }),
    );
    await expect(read({ base_url })).rejects.toMatchObject({ type });
  });

  it("needs to be told of which index", async () => {
    const connection = { source: "opensearch", auth: "none", config: { base_url: "http://127.0.0.1:1" } };
    const request = { resumable: true, batchRows: 1, batchBytes: 1 };
    const reading = searchDriver.read(connection, request, never)[Symbol.asyncIterator]();
    await expect(reading.next()).rejects.toMatchObject({ type: "bad_request" });
  });

  it("is not asked for more than was taken, and let go of at the end", async () => {
    const { base_url, asked } = await startServer(tiny(100));
    const connection = { source: "opensearch", auth: "none", config: { base_url } };
    const request = { dataset: "idx", resumable: true, batchRows: 3, batchBytes: 10_000 };
    for await (const _batch of searchDriver.read(connection, request, never)) break;
    expect(asked.filter(({ body }) => JSON.stringify(body).includes('"asc"'))).toHaveLength(1);
  });
});

describe("a query over the API", () => {
  const connect = async (config: Properties) => {
    const { call } = await startService({ statusWait: 0 });
    const id = member(await call("POST", "/source/opensearch", { config: { name: "s", ...config } }), "id");
    const header = { "x-infino-connection-id": id };
    return { call, id, header, path: `/source/${id}/idx/dsl` };
  };

  it("names its connection in a header as well", async () => {
    const { base_url, asked } = await startServer((_, response) => say(response, { hits: {} }));
    const { call, header, path, id } = await connect({ base_url });
    const body = { query: '{"size": 1}' };
    const mismatch = { status: 400, body: { error: { type: "connection_mismatch" } } };
    expect(await call("POST", path, body)).toMatchObject(mismatch);
    expect(await call("POST", path, body, { "x-infino-connection-id": "other" })).toMatchObject(mismatch);
    expect(await call("GET", path.replace("/dsl", "/metadata"))).toMatchObject(mismatch);
    const unknown = { "x-infino-connection-id": "conn-0" };
    expect(await call("POST", path.replace(id, "conn-0"), body, unknown)).toMatchObject({ status: 404 });
    expect(asked.filter((one) => one.path.includes("idx"))).toEqual([]);
    expect(await call("POST", path, body, header)).toMatchObject({ status: 200, body: { hits: {} } });
  });

  it("is text, or an object, or the body itself", async () => {
    const { base_url, asked } = await startServer((_, response) => say(response, {}));
    const { call, header, path } = await connect({ base_url });
    const search = { query: { term: { a: 1 } }, size: 2 };
    for (const body of [{ query: JSON.stringify(search) }, { query: search }, search]) {
      expect(await call("POST", path, body, header)).toMatchObject({ status: 200 });
      expect(asked.at(-1)).toEqual({ path: "/idx/_search", body: search });
    }
    await call("POST", path, { query: { term: { a: 1 } } }, header);
    expect(asked.at(-1)?.body).toEqual({ query: { term: { a: 1 } } });
    for (const body of [{}, { query: "" }, { query: 1 }, { query: null }, { sql: "x" }]) {
      expect(await call("POST", path, body, header)).toMatchObject({ body: { error: { type: "missing_fields" } } });
    }
  });

  it("never tells a secret that a source repeats", async () => {
    const { base_url } = await startServer((_, response, request) => {
      const reason = `unknown user of ${request.headers.authorization}`;
      say(response, { error: { type: "security_exception", reason }, status: 401 }, 401);
    });
    const { call, header, path } = await connect({ base_url, bearer_token: "planted-token" });
    const answer = await call("POST", path, { query: "{}" }, header);
    expect(answer).toMatchObject({ body: { error: { type: "source_refused" } } });
    expect(answer.text).toContain("unknown user of Bearer ***");
  });

  it.each([
    ["as base64 with its user", { username: "user", password: "planted?~" }, ""],
    ["as base64 with the user of its address", {}, "user:planted%3F%7E@"],
    ["where the reason is cut", { username: "user", password: "planted?~" }, ""],
  ])("never tells a password %s", async (where, config, login) => {
    const { base_url } = await startServer((_, response, request) => {
      const sent = request.headers.authorization ?? "";
      const forms = [sent, sent.replace(/=+$/, ""), atob(sent.slice(6)), encodeURIComponent("planted?~")].join(" ");
      const reason = where.endsWith("cut") ? `${"x".repeat(475)}planted?~` : `unknown user of ${forms}`;
      say(response, { error: { type: "security_exception", reason }, status: 401 }, 401);
    });
    const { call, header, path } = await connect({ base_url: base_url.replace("//", `//${login}`), ...config });
    const { text: said } = await call("POST", path, { query: "{}" }, header);
    expect(said).toContain("***");
    expect(said).not.toMatch(/dXNlcj|plant|fg==/);
  });
});
