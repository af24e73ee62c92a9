import { describe, expect, it } from "vitest";
import { startService, temporaryFolder } from "../support/service.ts";
import type { SignedClient } from "../support/signed.ts";

const ndjson = { "content-type": "application/x-ndjson" };

const bulk = (call: SignedClient, dataset: string, lines: readonly unknown[]) =>
  call(
    "POST",
    `/${dataset}/json`,
    new TextEncoder().encode(
      `${lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n")}\n`,
    ),
    ndjson,
  );

const sourceOf = async (call: SignedClient, dataset: string, id: string) =>
  ((await call("GET", `/${dataset}/doc/${id}`)).body as { readonly _source?: unknown })._source;

const countOf = async (call: SignedClient, dataset: string) =>
  ((await call("GET", `/${dataset}/metadata`)).body as { readonly docs_count: number }).docs_count;

describe("a bulk request", () => {
  it("creates the dataset, takes records and shows them by id", async () => {
    const { call } = await startService();
    const answer = await bulk(call, "products", [
      "",
      { index: { _id: "1" } },
      { name: "Product 1", price: 29.99, tags: ["a", "b"], none: null, at: "2024-01-01T10:00:00Z" },
      { create: { _id: "2", _index: "products" } },
      { name: "Product 2", nested: { deep: [1, { x: null }] } },
      { index: {} },
      {},
    ]);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      took: expect.any(Number),
      errors: false,
      items: [
        { index: { _index: "products", _id: "1", result: "created", status: 201 } },
        { create: { _index: "products", _id: "2", result: "created", status: 201 } },
        { index: { _index: "products", _id: expect.stringMatching(/^.{20}$/), result: "created", status: 201 } },
      ],
    });
    expect((await call("GET", "/products/doc/1")).body).toEqual({
      _index: "products",
      _id: "1",
      _version: 1,
      _seq_no: 0,
      _primary_term: 1,
      found: true,
      _source: { name: "Product 1", price: 29.99, tags: ["a", "b"], at: "2024-01-01T10:00:00Z" },
    });
    expect(await sourceOf(call, "products", "2")).toEqual({ name: "Product 2", nested: { deep: [1, { x: null }] } });
    expect((await call("GET", "/products/metadata")).body).toMatchObject({
      docs_count: 3,
      store_size: expect.stringMatching(/^[1-9]\d+b$/),
    });
    expect((await call("GET", "/metadata")).body).toMatchObject([{ index: "products", docs_count: 3 }]);
  });

  it("does each action after the one before, and tells what became of it", async () => {
    const { call } = await startService();
    const answer = await bulk(call, "a", [
      { index: { _id: "1" } },
      { v: 1, o: { a: 1, b: { c: 1 } } },
      { index: { _id: "1" } },
      { v: 2, o: { a: 1, b: { c: 1 } } },
      { create: { _id: "1" } },
      { v: 3 },
      { update: { _id: "1" } },
      { doc: { w: 4, v: null, o: { b: { d: 2 } } } },
      { update: { _id: "2" } },
      { doc: { v: 5 } },
      { update: { _id: "2" } },
      { doc: { v: 5 }, doc_as_upsert: true },
      { update: { _id: "3" } },
      { doc: { v: 6 }, upsert: { v: 7 } },
      { delete: { _id: "3" } },
      { delete: { _id: "3" } },
      { update: { _id: "1" } },
      { script: "ctx._source.v = 1" },
      { delete: {} },
      { index: { _id: "4" } },
      "{broken",
      { index: { _id: "5", _index: "other" } },
      {},
      { index: { _id: "" } },
      {},
      { index: { _id: 6 } },
      { v: 8 },
    ]);
    const { errors, items } = answer.body as {
      errors: boolean;
      items: Record<string, { status: number; result?: string; error?: { type: string } }>[];
    };
    expect(errors).toBe(true);
    expect(
      items.map((item) =>
        Object.entries(item).flatMap(([kind, { status, result, error }]) => [kind, status, result ?? error?.type]),
      ),
    ).toEqual([
      ["index", 201, "created"],
      ["index", 200, "updated"],
      ["create", 409, "version_conflict"],
      ["update", 200, "updated"],
      ["update", 404, "document_missing"],
      ["update", 201, "created"],
      ["update", 201, "created"],
      ["delete", 200, "deleted"],
      ["delete", 404, "not_found"],
      ["update", 400, "unsupported_script"],
      ["delete", 400, "invalid_document"],
      ["index", 400, "invalid_document"],
      ["index", 400, "invalid_document"],
      ["index", 400, "invalid_document"],
      ["index", 201, "created"],
    ]);
    expect(await sourceOf(call, "a", "1")).toEqual({ o: { a: 1, b: { c: 1, d: 2 } }, w: 4 });
    expect(await sourceOf(call, "a", "2")).toEqual({ v: 5 });
    expect(await sourceOf(call, "a", "6")).toEqual({ v: 8 });
    expect(await countOf(call, "a")).toBe(3);
    await bulk(call, "a", [{ delete: { _id: "6" } }, { update: { _id: "1" } }, { doc: { w: "5" } }]);
    expect(await sourceOf(call, "a", "1")).toEqual({ o: { a: 1, b: { c: 1, d: 2 } }, w: "5" });
    expect((await call("GET", "/a/doc/6")).body).toMatchObject({ error: { type: "not_found" }, status: 404 });
  });

  it.each([
    ["no JSON", ["{broken", {}]],
    ["a document without an action", [{ name: "x" }]],
    ["an unknown action", [{ upsert: { _id: "1" } }, {}]],
    ["two actions in one line", [{ index: {}, create: {} }, {}]],
    ["an action without its document", [{ index: { _id: "1" } }, { a: 1 }, { index: { _id: "2" } }]],
    ["bytes that are not UTF-8", ['{"index": {}}', "\udcff"]],
  ])("that holds %s changes nothing", async (what, lines) => {
    const { call } = await startService();
    const body = Buffer.from(
      `${lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n")}\n`,
    );
    const bytes = what.startsWith("bytes") ? Buffer.concat([body, Buffer.from([0xff, 0x0a])]) : body;
    const answer = await call("POST", "/a/json", new Uint8Array(bytes), ndjson);
    expect(answer.body).toMatchObject({ error: { type: "bad_request" }, status: 400 });
    expect((await call("GET", "/metadata")).body).toEqual([]);
  });

  it("keeps all digits, of an update's other properties too", async () => {
    const { call } = await startService();
    await bulk(call, "a", [
      '{"index": {"_id": "1"}}',
      '{"id": 9223372036854775807, "deep": {"n": 12345678901234567890}}',
    ]);
    await bulk(call, "a", [{ update: { _id: "1" } }, { doc: { x: 1 } }]);
    const { text } = await call("GET", "/a/doc/1");
    expect(text).toContain('{"id":9223372036854775807,"deep":{"n":12345678901234567890},"x":1}');
  });

  it("may hold ids and names of any kind", async () => {
    const { call } = await startService();
    const ids = ["a/b", "a b?c#d", "é😀", "__proto__", "'; DROP TABLE a; --", '"', "%41", "..", "1"];
    await bulk(
      call,
      "a",
      ids.flatMap((id) => [
        { index: { _id: id } },
        `{"__proto__": ${JSON.stringify(id)}, "Name": 1, "name": 2, "_id": 3}`,
      ]),
    );
    for (const id of ids.filter((one) => one !== "..")) {
      const answer = await call("GET", `/a/doc/${encodeURIComponent(id)}`);
      expect(answer.text, id).toContain(`"_source":{"__proto__":${JSON.stringify(id)},"Name":1,"name":2,"_id":3}`);
    }
    expect(await countOf(call, "a")).toBe(ids.length);
  });

  it("has no more actions than can be answered soon", async () => {
    const { call } = await startService();
    const long = await bulk(call, "many", ['{"index":{}}', `{"a":"${"x".repeat(16 * 1024 * 1024)}"}`]);
    expect(long).toMatchObject({ status: 413, body: { error: { type: "payload_too_large" } } });
    const answer = await bulk(call, "many", Array<string>(100_001).fill('{"delete":{"_id":"1"}}'));
    expect(answer).toMatchObject({ status: 413, body: { error: { type: "payload_too_large" } } });
    expect((await call("GET", "/many/metadata")).status).toBe(404);
  });

  it("outlives the service", async () => {
    const dataDir = temporaryFolder();
    const first = await startService({ dataDir });
    await bulk(first.call, "a", [{ index: { _id: "1" } }, { v: 1 }]);
    await first.service.close();
    const { call } = await startService({ dataDir });
    expect(await sourceOf(call, "a", "1")).toEqual({ v: 1 });
  });

  it("does not take names that a dataset cannot have", async () => {
    const { call } = await startService();
    expect((await bulk(call, "Upper", [{ index: {} }, {}])).body).toMatchObject({ error: { type: "invalid_name" } });
  });
});

describe("a record", () => {
  it("that is not there, or of a dataset that is not there, is not found", async () => {
    const { call } = await startService();
    await call("PUT", "/a");
    for (const path of ["/a/doc/1", "/b/doc/1"]) {
      expect((await call("GET", path)).body).toMatchObject({ error: { type: "not_found" }, status: 404 });
    }
  });
});

describe("deleting records", () => {
  const deleteBy = (call: SignedClient, dataset: string, body: unknown) => call("PATCH", `/${dataset}`, body);

  it("takes away those that a query finds", async () => {
    const { call } = await startService();
    await bulk(
      call,
      "a",
      ["1", "2", "3"].flatMap((id) => [{ index: { _id: id } }, { status: id === "3" ? "deleted" : "open" }]),
    );
    expect((await deleteBy(call, "a", { query: { match: { status: "deleted" } } })).body).toEqual({
      took: expect.any(Number),
      timed_out: false,
      total: 1,
      deleted: 1,
      failures: [],
    });
    expect((await deleteBy(call, "a", { query: { ids: { values: ["1", "9"] } } })).body).toMatchObject({ deleted: 1 });
    expect(await countOf(call, "a")).toBe(1);
    expect((await deleteBy(call, "a", { query: { match_all: {} } })).body).toMatchObject({ deleted: 1 });
    expect((await deleteBy(call, "a", { query: { match_all: {} } })).body).toMatchObject({ deleted: 0 });
    expect(await countOf(call, "a")).toBe(0);
  });

  it("is refused where it is not plain what goes", async () => {
    const { call } = await startService();
    await call("PUT", "/a");
    expect((await deleteBy(call, "a", {})).body).toMatchObject({ error: { type: "bad_request" } });
    expect((await deleteBy(call, "a", { query: { magic: {} } })).body).toMatchObject({
      error: { type: "unsupported_query" },
    });
    expect((await deleteBy(call, "a", { query: { match_all: {} }, max_docs: 1 })).body).toMatchObject({ status: 400 });
    expect((await deleteBy(call, "b", { query: { match_all: {} } })).body).toMatchObject({ status: 404 });
  });

  it("and the dataset takes away everything", async () => {
    const { call } = await startService();
    await bulk(call, "a", [{ index: { _id: "1" } }, { v: 1 }]);
    expect((await call("DELETE", "/a")).body).toEqual({ acknowledged: true });
    expect((await call("GET", "/metadata")).body).toEqual([]);
    await call("PUT", "/a");
    expect(await countOf(call, "a")).toBe(0);
    expect((await call("GET", "/a/doc/1")).status).toBe(404);
  });
});
