import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startService, testCredentials } from "../support/service.ts";
import { type Answer, member, read, type Signing, sign } from "../support/signed.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const snowflake = JSON.stringify({
  config: { name: "s", account: "of nobody", pat_token: "t", warehouse: "w", database: "d" },
});

const send = async (request: Request, clock?: () => number): Promise<Answer> => {
  const { service } = await startService(clock === undefined ? {} : { clock });
  return read(await service.fetch(request));
};
/** A signed request with its headers changed afterwards. */
const altered = async (change: (headers: Headers) => void, method = "GET", path = "/sources", body?: string) => {
  const request = await sign(testCredentials, method, path, body);
  const headers = new Headers(request.headers);
  change(headers);
  return new Request(request.url, { method, headers, body: body ?? null });
};
const rewriteAuthorization = (from: string | RegExp, to: string) => (headers: Headers) => {
  headers.set("authorization", (headers.get("authorization") ?? "").replace(from, to));
};

const expectRefused = (answer: Answer, reason: RegExp): void => {
  expect(answer.status).toBe(401);
  expect(answer.body).toEqual({ error: { type: "unauthorized", reason: expect.stringMatching(reason) }, status: 401 });
  expect(answer.text).not.toContain(testCredentials.secretKey);
};

describe("a signed request is accepted", () => {
  it.each([
    ["with the hash of its body in a header", { "x-amz-content-sha256": sha256(snowflake) }],
    ["without it, as curl sends it", {}],
    ["with an unsigned payload that is declared", { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }],
    ["with further signed headers", { "x-infino-connection-id": "conn-1", "x-amz-security-token": "token" }],
  ])("%s", async (_, headers) => {
    const answer = await send(await sign(testCredentials, "POST", "/source/snowflake", snowflake, headers));
    expect(answer.status).toBe(200);
  });

  it.each([
    ["once", true],
    ["twice", false],
  ])("when its path is encoded %s", async (_, singleEncode) => {
    const answer = await send(await sign({ ...testCredentials, singleEncode }, "GET", "/source/a%20b%2Fc%3A%C3%A9'!"));
    expect(member(answer, "status")).toBe("404");
  });

  it("with all its headers signed, content-type included", async () => {
    const signing: Signing = { ...testCredentials, allHeaders: true };
    expect((await send(await sign(signing, "POST", "/source/snowflake", snowflake))).status).toBe(200);
  });

  it.each(["/sources?b=2&a=1&a=0", "/sources?q=a%20b&r=%2F&s=%C3%A9*'", "/sources?flag", "/sources?=nameless&x=1"])(
    "with the query of %s, sorted and encoded when signed",
    async (path) => {
      expect((await send(await sign(testCredentials, "GET", path))).status).toBe(200);
    },
  );

  it("when the client signs the host without its port", async () => {
    const request = await sign({ ...testCredentials, url: "http://in.process" }, "GET", "/sources");
    const answer = await send(new Request("http://in.process:8080/sources", { headers: request.headers }));
    expect(answer.status).toBe(200);
  });

  it.each([-4.9, 4.9])("when its date is %d minutes away", async (minutes) => {
    const now = Date.UTC(2026, 0, 15, 10, 30);
    const request = await sign({ ...testCredentials, now: now + minutes * 60_000 }, "GET", "/sources");
    expect((await send(request, () => now)).status).toBe(200);
  });
});

describe("a request is refused", () => {
  it("without a signature", async () => {
    expectRefused(await send(new Request("http://in.process/sources")), /not signed/);
  });

  it("without a signature at paths that do not exist, so that nothing is given away", async () => {
    expectRefused(await send(new Request("http://in.process/no/such/path")), /not signed/);
  });

  it("when it is signed in the query instead of the header", async () => {
    const signer = new AwsV4Signer({
      url: "http://in.process/sources",
      accessKeyId: testCredentials.accessKey,
      secretAccessKey: testCredentials.secretKey,
      service: "es",
      region: "us-east-1",
      signQuery: true,
    });
    expectRefused(await send(new Request((await signer.sign()).url)), /not signed/);
  });

  it("with an unknown access key", async () => {
    const answer = await send(await sign({ ...testCredentials, accessKey: "IAK_OTHER" }, "GET", "/sources"));
    expectRefused(answer, /IAK_OTHER.*not known/);
  });

  it("with the wrong secret key", async () => {
    const answer = await send(await sign({ ...testCredentials, secretKey: "other" }, "GET", "/sources"));
    expectRefused(answer, /signature does not match/);
  });

  it("with any other signature", async () => {
    const { service } = await startService();
    const request = await sign(testCredentials, "GET", "/sources");
    const header = request.headers.get("authorization") ?? "";
    const start = header.length - 64;
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 63 }), fc.nat({ max: 14 }), async (place, step) => {
        const digit = Number.parseInt(header.charAt(start + place), 16);
        const other = ((digit + step + 1) % 16).toString(16);
        const authorization = header.slice(0, start + place) + other + header.slice(start + place + 1);
        const headers = new Headers(request.headers);
        headers.set("authorization", authorization);
        expect((await service.fetch(new Request(request.url, { headers }))).status).toBe(401);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ["path", "GET", "http://in.process/metadata"],
    ["query", "GET", "http://in.process/sources?x=1"],
    ["method", "DELETE", "http://in.process/sources"],
    ["host", "GET", "http://elsewhere/sources"],
  ])("when its %s was changed", async (_, method, url) => {
    const request = await sign(testCredentials, "GET", "/sources");
    expectRefused(await send(new Request(url, { method, headers: request.headers })), /signature does not match/);
  });

  it.each([
    [
      "that was hashed in a header",
      { "x-amz-content-sha256": sha256(snowflake) },
      /does not match x-amz-content-sha256/,
    ],
    ["that was hashed without one", {}, /signature does not match/],
  ])("when the body was changed %s", async (_, headers, reason) => {
    const request = await sign(testCredentials, "POST", "/source/snowflake", snowflake, headers);
    const body = snowflake.replace('"w"', '"x"');
    expectRefused(await send(new Request(request.url, { method: "POST", headers: request.headers, body })), reason);
  });

  it("when a form was signed as curl does, with what to do", async () => {
    const headers = { "content-type": "multipart/form-data; boundary=b" };
    const request = await sign(testCredentials, "POST", "/import/file", "", headers);
    const form = new Request(request.url, { method: "POST", headers: request.headers, body: "--b--\r\n" });
    expectRefused(await send(form), /x-amz-content-sha256: UNSIGNED-PAYLOAD/);
  });

  it("when the hash header was swapped together with the body", async () => {
    const body = snowflake.replace('"w"', '"x"');
    const request = await sign(testCredentials, "POST", "/source/snowflake", snowflake, {
      "x-amz-content-sha256": sha256(snowflake),
    });
    const headers = new Headers(request.headers);
    headers.set("x-amz-content-sha256", sha256(body));
    expectRefused(await send(new Request(request.url, { method: "POST", headers, body })), /signature does not match/);
  });

  it("when a signed header was changed", async () => {
    const request = await sign(testCredentials, "GET", "/sources", undefined, { "x-infino-connection-id": "a" });
    request.headers.set("x-infino-connection-id", "b");
    expectRefused(await send(request), /signature does not match/);
  });

  it.each([-5.1, 5.1, 60 * 24 * 400])("when its date is %d minutes away, with the server's time", async (minutes) => {
    const now = Date.UTC(2026, 0, 15, 10, 30);
    const request = await sign({ ...testCredentials, now: now + minutes * 60_000 }, "GET", "/sources");
    expectRefused(await send(request, () => now), /2026-01-15T10:30:00\.000Z/);
  });

  it.each([
    [{ region: "eu-west-1" }, /eu-west-1\/es/],
    [{ service: "s3" }, /us-east-1\/s3/],
  ])("with the scope %j", async (signing, reason) => {
    expectRefused(await send(await sign({ ...testCredentials, ...signing }, "GET", "/sources")), reason);
  });

  it.each<[string, (headers: Headers) => void, RegExp]>([
    ["with another scope terminator", rewriteAuthorization("aws4_request", "aws4"), /us-east-1\/es\/aws4,/],
    ["with another scope date", rewriteAuthorization(/\/\d{8}\//, "/20200101/"), /20200101/],
    ["when the host is not signed", rewriteAuthorization("host;", ""), /host must be signed/],
    ["when the date is not signed", rewriteAuthorization(";x-amz-date", ""), /x-amz-date must be signed/],
    ["when a header is listed as signed twice", rewriteAuthorization("host;", "host;host;"), /twice/],
    ["when a signed header is missing", rewriteAuthorization("host;", "host;x-absent;"), /x-absent/],
    [
      "when the authorization header signs itself",
      rewriteAuthorization("host;", "authorization;host;"),
      /authorization is/,
    ],
    ["without x-amz-date", (headers) => headers.delete("x-amz-date"), /x-amz-date header is missing/],
    ["with two dates", (headers) => headers.append("x-amz-date", headers.get("x-amz-date") ?? ""), /not of the form/],
    ["with an impossible date", (headers) => headers.set("x-amz-date", "20261399T250000Z"), /not of the form/],
    ["with a date in words", (headers) => headers.set("x-amz-date", "yesterday"), /not of the form/],
    [
      "with two authorization headers",
      (headers) => headers.append("authorization", "AWS4-HMAC-SHA256 x"),
      /not of the form/,
    ],
    ["with basic authentication", (headers) => headers.set("authorization", "Basic YTpi"), /not of the form/],
    ["with an empty signature", rewriteAuthorization(/Signature=.*/, "Signature="), /not of the form/],
    ["with a signature in upper case", rewriteAuthorization(/[0-9a-f]{64}$/, "A".repeat(64)), /not of the form/],
    ["with an undeclared hash", (headers) => headers.set("x-amz-content-sha256", "nonsense"), /neither a SHA-256/],
    [
      "with an unsigned payload that the signature does not cover",
      (headers) => headers.set("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
      /must be signed itself/,
    ],
    [
      "with a streamed signature",
      (headers) => headers.set("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
      /neither a SHA-256/,
    ],
  ])("%s", async (_, change, reason) => {
    expectRefused(await send(await altered(change)), reason);
  });

  it("whatever stands in its authorization header, without failing", async () => {
    const { service } = await startService();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary-ascii" }), async (text) => {
        const headers = new Headers({ "x-amz-date": "20260115T103000Z" });
        try {
          headers.set("authorization", text);
        } catch {
          return;
        }
        expect((await service.fetch(new Request("http://in.process/", { headers }))).status).toBe(401);
      }),
      { numRuns: 200 },
    );
  });
});

it("a request that is refused changes nothing", async () => {
  const { service, call } = await startService();
  const request = await sign({ ...testCredentials, secretKey: "other" }, "POST", "/source/snowflake", snowflake);
  expect((await service.fetch(request)).status).toBe(401);
  expect((await call("GET", "/sources/connections")).body).toEqual([]);
});
