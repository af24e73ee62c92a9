import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { operations } from "../../src/service/operations.ts";
import { startService, testCredentials } from "../support/service.ts";
import { member, read, sign } from "../support/signed.ts";

const path = "/source/opensearch";
const config = { base_url: "http://127.0.0.1:1" };

describe("a body", () => {
  it.each([
    ["that is empty", "", "invalid_json", 400],
    ["that is not JSON", "{", "invalid_json", 400],
    ["that is YAML", "config:\n  base_url: x", "invalid_json", 400],
    ["that is nested too deeply", `{"config":{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`, "invalid_json", 400],
    ["that is a number", "1", "bad_request", 400],
    ["that is null", "null", "bad_request", 400],
    ["that is larger than 4 MB", `{"config":"${"x".repeat(4 * 1024 * 1024)}"}`, "payload_too_large", 413],
  ])("%s is refused", async (_, body, type, status) => {
    const { call } = await startService();
    expect((await call("POST", path, body)).body).toMatchObject({ error: { type }, status });
  });

  it("that is not UTF-8 is refused", async () => {
    const { call } = await startService();
    const body = Uint8Array.from([
      ...new TextEncoder().encode('{"config":{"base_url":"'),
      0xff,
      0xfe,
      0x22,
      0x7d,
      0x7d,
    ]);
    expect((await call("POST", path, body)).body).toMatchObject({ error: { type: "invalid_json" } });
  });

  it("that never ends is cut off", async () => {
    const { service } = await startService();
    const signed = await sign(testCredentials, "POST", path, undefined, { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" });
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const endless = new Request(signed.url, { method: "POST", headers: signed.headers, body, duplex: "half" });
    expect((await service.fetch(endless)).status).toBe(413);
    expect(sent).toBeLessThan(5 * 1024 * 1024);
  });

  it.each(["text/xml", "multipart/form-data; boundary=x", "application/yaml", "application/jsonp"])(
    "of type %s is refused",
    async (type) => {
      const { call } = await startService();
      const answer = await call("POST", path, { config }, { "content-type": type });
      expect(answer.body).toMatchObject({ error: { type: "unsupported_media_type" }, status: 415 });
    },
  );

  it.each([
    "application/json",
    "Application/JSON; charset=utf-8",
    "application/vnd.api+json",
    "application/x-www-form-urlencoded",
  ])("of type %s is taken", async (type) => {
    const { call } = await startService();
    expect((await call("POST", path, { config }, { "content-type": type })).status).toBe(200);
  });

  it("that is compressed is refused", async () => {
    const { call } = await startService();
    const body = new Uint8Array(gzipSync(JSON.stringify({ config })));
    expect((await call("POST", path, body, { "content-encoding": "gzip" })).status).toBe(400);
  });

  it("with prototype keys keeps them as what they are", async () => {
    const { call } = await startService();
    const body = `{"config":{"base_url":"http://127.0.0.1:1","__proto__":{"polluted":1},"constructor":"c","toString":"t"}}`;
    const created = await call("POST", path, body);
    const read = await call("GET", `/source/${member(created, "id")}`);
    expect(read.text).toContain('"__proto__":{"polluted":1}');
    expect(read.body).toMatchObject({ config: { constructor: "c", toString: "t" } });
    const patched = await call("PATCH", `/source/${member(created, "id")}`, `{"config":{"__proto__":{"more":2}}}`);
    expect(patched.text).toContain('"__proto__":{"polluted":1,"more":2}');
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});

describe("a path", () => {
  it.each([
    ["GET", "/source/%2e%2e%2f%2e%2e"],
    ["GET", "/source/__proto__"],
    ["GET", "/source/constructor"],
    ["GET", "/source/%zz"],
    ["DELETE", "/import/jobs/__proto__"],
    ["GET", "/__proto__/metadata"],
    ["GET", "/nothing"],
    ["GET", "/nothing/of/the/kind/at/all"],
    ["DELETE", "/sources/connections"],
    ["POST", "/metadata"],
    ["OPTIONS", "/sources"],
    ["GET", "/sources/"],
    ["GET", "//sources"],
  ])("%s %s that leads nowhere is not found", async (method, path) => {
    const { call } = await startService();
    expect((await call(method, path)).body).toMatchObject({ error: { type: "not_found" }, status: 404 });
  });

  it("that climbs is the path that it climbs to", async () => {
    const { service } = await startService();
    const request = await sign(testCredentials, "GET", "/sources");
    const climbing = new Request("http://in.process/x/../sources", { headers: request.headers });
    expect((await service.fetch(climbing)).status).toBe(200);
  });
});

describe("the operations that are not there", () => {
  const missing = operations.filter((operation) => operation.missing !== undefined);
  it.each(missing.map(({ method, path, missing }) => [method, path, missing] as const))(
    "%s %s answers 501 and names %s",
    async (method, template, what) => {
      const { call } = await startService();
      const answer = await call(method, template.replace(/\{\w+\}/g, "x"), method === "POST" ? {} : undefined);
      expect(answer.status).toBe(501);
      if (method === "HEAD") expect(answer.text).toBe("");
      else {
        expect(answer.body).toEqual({
          error: { type: "not_implemented", reason: expect.stringContaining(what ?? "") },
          status: 501,
        });
      }
    },
  );

  it("answer 401 to those who may not ask", async () => {
    const { service } = await startService();
    expect((await service.fetch(new Request("http://in.process/sql", { method: "POST", body: "{}" }))).status).toBe(
      401,
    );
  });
});

it("a defect is reported, and the answer says nothing about it", async () => {
  const errors: unknown[] = [];
  const { service, call } = await startService({ reportError: (error) => errors.push(error) });
  await service.close();
  const answer = await call("PUT", "/some-dataset");
  expect(answer.body).toMatchObject({ error: { type: "internal_error" }, status: 500 });
  expect(errors).toHaveLength(1);
});

it("every answer is JSON that nothing may cache", async () => {
  const { service, call } = await startService();
  const answers = [
    await call("GET", "/"),
    await call("GET", "/none"),
    await read(await service.fetch(new Request("http://in.process/"))),
  ];
  for (const answer of answers) {
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  }
  expect(answers[0]?.body).toEqual({ status: "healthy", version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
});
