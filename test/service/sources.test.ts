import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { createHealth } from "../../src/service/sources/health.ts";
import { searchDriver } from "../../src/service/sources/search.ts";
import { startService, temporaryFolder } from "../support/service.ts";
import { member } from "../support/signed.ts";

const info = JSON.stringify({ cluster_name: "c", version: { number: "9.0.0" } });
const answerInfo: RequestListener = (_, response) => response.end(info);

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    if ("closeAllConnections" in server && typeof server.closeAllConnections === "function")
      server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
};
const listenHttp = async (listener: RequestListener) => `http://127.0.0.1:${await listen(createServer(listener))}`;
const probe = (config: Properties, auth = "none") =>
  searchDriver.check({ source: "elasticsearch", auth, config }, new AbortController().signal);

describe("a search server is tried", () => {
  it.each([
    ["none", {}, undefined],
    ["basic_auth", { username: "u", password: "p:ä" }, `Basic ${Buffer.from("u:p:ä").toString("base64")}`],
    ["api_key", { api_key: "a2V5" }, "ApiKey a2V5"],
    ["bearer_token", { bearer_token: "tok" }, "Bearer tok"],
  ])("with %s", async (auth, config, expected) => {
    let header: string | undefined = "nothing came";
    const base_url = await listenHttp((request, response) => {
      header = request.headers.authorization;
      response.end(info);
    });
    expect(await probe({ base_url, ...config }, auth)).toEqual({ status: "connected" });
    expect(header).toBe(expected);
  });

  it("with the user and password in its URL, which no reason repeats", async () => {
    const base_url = await listenHttp((request, response) => {
      response.writeHead(request.headers.authorization === `Basic ${btoa("u:planted")}` ? 200 : 401).end(info);
    });
    expect(await probe({ base_url: base_url.replace("//", "//u:planted@") })).toEqual({ status: "connected" });
    const refused = await probe({ base_url: base_url.replace("//", "//x:planted@") });
    expect(refused.status).toBe("error");
    const unreachable = await probe({ base_url: "http://u:planted@127.0.0.1:1" });
    expect(JSON.stringify([refused, unreachable])).not.toContain("planted");
  });

  it("by host and port as well as by base_url", async () => {
    const port = await listen(createServer(answerInfo));
    expect(await probe({ host: "127.0.0.1", port })).toEqual({ status: "connected" });
    expect(await probe({ host: `127.0.0.1:${port}` })).toEqual({ status: "connected" });
    expect(await probe({ host: `http://localhost:${port}` })).toEqual({ status: "connected" });
  });

  it.each([
    [401, "error", /refuses the credentials/],
    [403, "error", /refuses the credentials/],
    [404, "disconnected", /answers 404/],
    [503, "disconnected", /answers 503/],
    [302, "disconnected", /answers 302/],
  ])("and an answer %d means %s", async (code, status, reason) => {
    const base_url = await listenHttp((_, response) => {
      response.writeHead(code, { location: "http://127.0.0.1:1/" }).end(info);
    });
    expect(await probe({ base_url })).toEqual({ status, reason: expect.stringMatching(reason) });
  });

  it.each([
    ["a page", "<html></html>"],
    ["a list", "[]"],
    ["nothing", ""],
    ["more than any search server says", `{"a":"${"x".repeat(1_000_000)}"}`],
  ])("and %s is not the answer of a search server", async (_, body) => {
    const base_url = await listenHttp((_, response) => response.end(body));
    expect(await probe({ base_url })).toMatchObject({
      status: "disconnected",
      reason: expect.stringContaining("not like a search server"),
    });
  });

  it.each([
    [{ base_url: "http://127.0.0.1:1" }, /refused/],
    [{ base_url: "http://no-such-host.invalid:9200" }, /cannot be resolved/],
    [{ base_url: "ftp://127.0.0.1" }, /not an http/],
    [{ base_url: "http://" }, /not an http/],
    [{ base_url: "http://127.0.0.1:99999" }, /not an http/],
    [{}, /not an http/],
  ])("and %j cannot be reached", async (config, reason) => {
    expect(await probe(config)).toEqual({ status: "disconnected", reason: expect.stringMatching(reason) });
  });

  it("for no longer than timeout_secs", async () => {
    const base_url = await listenHttp(() => {});
    expect(await probe({ base_url, timeout_secs: 0.05 })).toMatchObject({
      reason: expect.stringMatching(/no answer within 0.05 s/),
    });
  });

  it("with credentials that no header can hold, without failing", async () => {
    const base_url = await listenHttp(answerInfo);
    expect(await probe({ base_url, api_key: "a\r\nb: c" }, "api_key")).toMatchObject({ status: "disconnected" });
  });

  it("with an invalid certificate only where that is accepted", async (context) => {
    const folder = temporaryFolder();
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=127.0.0.1", "-days", "2", "-nodes"];
    try {
      execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-keyout", key, "-out", cert, ...subject], {
        stdio: "ignore",
      });
    } catch {
      context.skip("openssl is not installed, so there is no certificate to try");
    }
    const tls = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, answerInfo);
    const base_url = `https://127.0.0.1:${await listen(tls)}`;
    expect(await probe({ base_url, accept_invalid_certs: true })).toEqual({ status: "connected" });
    expect(await probe({ base_url })).toEqual({
      status: "disconnected",
      reason: expect.stringMatching(/certificate is not accepted/),
    });
  });
});

describe("a connection's status", () => {
  it("is the real one right after it was made, and after it was changed", async () => {
    const good = await listenHttp(answerInfo);
    const { call } = await startService();
    const id = member(await call("POST", "/source/opensearch", { config: { base_url: good } }), "id");
    expect((await call("GET", `/source/${id}`)).body).toMatchObject({ status: "connected" });
    expect((await call("GET", `/source/${id}`)).text).not.toContain("reason");
    await call("PATCH", `/source/${id}`, { config: { base_url: "http://127.0.0.1:1" } });
    expect((await call("GET", `/source/${id}`)).body).toMatchObject({
      status: "disconnected",
      reason: expect.stringContaining("refused"),
    });
    await call("PATCH", `/source/${id}`, { config: { base_url: good } });
    expect((await call("GET", "/sources/connections")).body).toMatchObject([{ status: "connected" }]);
  });

  it("does not keep anybody waiting for a source that is silent", async () => {
    const base_url = await listenHttp(() => {});
    const { call } = await startService({ statusWait: 20 });
    const id = member(await call("POST", "/source/opensearch", { config: { base_url } }), "id");
    expect((await call("GET", `/source/${id}`)).body).toMatchObject({
      status: "disconnected",
      reason: "not tried yet",
    });
  });

  it("is waited for once while one attempt is under way, however often it is read", async () => {
    const base_url = await listenHttp(() => {});
    let now = 0;
    const health = createHealth({ clock: () => now });
    const connection = { id: "c", version: "1", source: "opensearch", auth: "none", config: { base_url } };
    await health.fresh(connection, 10);
    now = 60_000;
    expect(await health.fresh(connection, 60_000)).toMatchObject({ reason: "not tried yet" });
    await health.refresh([connection], 60_000);
    health.close();
  });

  it("of thousands is found out a few at a time, and not before the list is answered", async () => {
    const waiting: (() => void)[] = [];
    let most = 0;
    const base_url = await listenHttp((_, response) => {
      waiting.push(() => response.end(info));
      most = Math.max(most, waiting.length);
    });
    const health = createHealth({ parallel: 8 });
    const connections = Array.from({ length: 300 }, (_, n) => ({
      id: `c${n}`,
      version: "1",
      source: "opensearch",
      auth: "none",
      config: { base_url },
    }));
    await health.refresh(connections, 0);
    expect(connections.map((connection) => health.known(connection).status)).not.toContain("connected");
    let answered = 0;
    while (answered < connections.length) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const answer of waiting.splice(0)) {
        answer();
        answered++;
      }
    }
    await health.refresh(connections, 5_000);
    expect(new Set(connections.map((connection) => health.known(connection).status))).toEqual(new Set(["connected"]));
    expect(most).toBeLessThanOrEqual(8);
    health.close();
  });

  it("is remembered for a while, so that reading often does not try often", async () => {
    let requests = 0;
    const base_url = await listenHttp((_, response) => {
      requests++;
      response.end(info);
    });
    let now = 0;
    const health = createHealth({ ttl: 1_000, clock: () => now });
    const connection = { id: "c", version: "1", source: "opensearch", auth: "none", config: { base_url } };
    await Promise.all([health.fresh(connection, 5_000), health.fresh(connection, 5_000)]);
    await health.fresh(connection, 5_000);
    await health.refresh([connection], 5_000);
    expect(requests).toBe(1);
    now = 1_000;
    await health.refresh([connection, connection], 5_000);
    expect(requests).toBe(2);
    await health.fresh({ ...connection, version: "2" }, 5_000);
    expect(requests).toBe(3);
    health.close();
  });
});

it("a service that is started again tells of connections what is so, not that they were not tried", async () => {
  // Slower than a list waits for what it has known before.
  const base_url = await listenHttp((_, response) => void setTimeout(() => response.end(info), 450));
  const dataDir = temporaryFolder();
  const first = await startService({ dataDir });
  await first.call("POST", "/source/elasticsearch", { config: { name: "c", base_url } });
  await first.service.close();
  const again = await startService({ dataDir });
  expect((await again.call("GET", "/sources/connections")).body).toMatchObject([{ status: "connected" }]);
});
