import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ServeOptions, type Server, serve } from "../../src/service/index.ts";
import { startService, temporaryFolder, testCredentials } from "../support/service.ts";
import { sign, signedClient } from "../support/signed.ts";

const start = async (options: ServeOptions = {}): Promise<Server> => {
  const server = await serve({ credentials: testCredentials, ...options });
  onTestFinished(() => server.close());
  return server;
};

const curlProblem = (): string | undefined => {
  try {
    return execFileSync("curl", ["--help", "all"], { encoding: "utf8" }).includes("--aws-sigv4")
      ? undefined
      : "this curl has no --aws-sigv4";
  } catch {
    return "curl is not installed";
  }
};

describe("curl --aws-sigv4", () => {
  const problem = curlProblem();
  const curl = async (
    server: Server,
    path: string,
    args: readonly string[] = [],
    secret = testCredentials.secretKey,
  ) => {
    const { stdout } = await promisify(execFile)("curl", [
      "--silent",
      "--show-error",
      "--write-out",
      "\n%{http_code}",
      "--aws-sigv4",
      "aws:amz:us-east-1:es",
      "--user",
      `${testCredentials.accessKey}:${secret}`,
      ...args,
      `${server.url}${path}`,
    ]);
    const end = stdout.lastIndexOf("\n");
    return { status: Number(stdout.slice(end + 1)), body: JSON.parse(stdout.slice(0, end)) as unknown };
  };
  const json = ["--header", "content-type: application/json"];

  it("lists sources; creates, reads, updates and deletes a connection", async (context) => {
    if (problem !== undefined) context.skip(problem);
    const server = await start();
    expect(await curl(server, "/")).toMatchObject({ status: 200, body: { status: "healthy" } });
    expect(await curl(server, "/sources")).toMatchObject({ status: 200, body: expect.any(Array) });
    const config = { name: "c", base_url: "http://127.0.0.1:1", username: "u", password: "planted" };
    for (const headers of [json, []]) {
      const created = await curl(server, "/source/elasticsearch", [...headers, "--data", JSON.stringify({ config })]);
      expect(created.status).toBe(200);
      const id = (created.body as { connection_id: string }).connection_id;
      expect(await curl(server, `/source/${id}`)).toMatchObject({ status: 200, body: { config: { name: "c" } } });
      const patch = [...headers, "--request", "PATCH", "--data", '{"config":{"timeout_secs":5}}'];
      expect(await curl(server, `/source/${id}`, patch)).toMatchObject({ body: { config: { timeout_secs: 5 } } });
      expect(await curl(server, `/source/${id}`, ["--request", "DELETE"])).toMatchObject({ status: 200 });
      expect(await curl(server, `/source/${id}`)).toMatchObject({ status: 404 });
    }
  });

  it("manages datasets and import jobs", async (context) => {
    if (problem !== undefined) context.skip(problem);
    const server = await start();
    expect(await curl(server, "/my-set", ["--request", "PUT"])).toMatchObject({ status: 200 });
    expect(await curl(server, "/metadata?a=1&b=2")).toMatchObject({ body: [{ index: "my-set" }] });
    expect(await curl(server, "/my%20set", ["--request", "PUT"])).toMatchObject({ status: 400 });
    const job = JSON.stringify({ source_id: "none", target_dataset: "my-set" });
    expect(await curl(server, "/import/snowflake", [...json, "--request", "PUT", "--data", job])).toMatchObject({
      status: 400,
      body: { error: { type: "unknown_connection" } },
    });
  });

  it("uploads a file, and asks for its records in a GET", async (context) => {
    if (problem !== undefined) context.skip(problem);
    const server = await start();
    const file = "file=a,b\n1,2\n;filename=few.csv";
    const unsigned = ["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"];
    const upload = ["--form", "index_name=my-set", "--form", file, ...unsigned];
    expect(await curl(server, "/import/file", upload)).toMatchObject({ status: 200 });
    const query = [...json, "--request", "GET", "--data", '{"query":{"match_all":{}}}'];
    const found = await curl(server, "/my-set/querydsl", query);
    expect(found).toMatchObject({ status: 200, body: { hits: { hits: [{ _source: { a: 1, b: 2 } }] } } });
  });

  it("is refused with a wrong secret key", async (context) => {
    if (problem !== undefined) context.skip(problem);
    const server = await start();
    expect(await curl(server, "/sources", [], "wrong")).toMatchObject({ status: 401 });
    expect(await curl(server, "/sources", ["--header", "x-amz-date: 20200101T000000Z"])).toMatchObject({ status: 401 });
  });
});

describe("the server", () => {
  it("listens on 127.0.0.1 on a port that it picks", async () => {
    const server = await start({ port: 0 });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(server.port).toBeGreaterThan(0);
    expect((await signedClient({ ...server.credentials, url: server.url })("GET", "/")).status).toBe(200);
    expect((await fetch(server.url)).status).toBe(401);
  });

  it("says when its port is taken", async () => {
    const { port } = await start();
    await expect(serve({ credentials: testCredentials, port })).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(String(port)),
    });
  });

  it("answers a body that is too large, announced or not, and goes on", async () => {
    const server = await start();
    const call = signedClient({ ...server.credentials, url: server.url });
    expect((await call("POST", "/source/opensearch", "x".repeat(5 * 1024 * 1024))).status).toBe(413);
    expect((await call("GET", "/sources")).status).toBe(200);
  });

  it("answers a body that stops early, and goes on", async () => {
    const server = await start();
    const socket = connect(server.port, "127.0.0.1");
    socket.write("POST /source/x HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\nabc");
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.destroy();
    expect((await signedClient({ ...server.credentials, url: server.url })("GET", "/sources")).status).toBe(200);
  });

  it("closes while connections are kept alive and a request hangs", async () => {
    const server = await serve({ credentials: testCredentials });
    const idle = connect(server.port, "127.0.0.1");
    idle.write("GET / HTTP/1.1\r\nhost: h\r\n\r\n");
    await once(idle, "data");
    const hanging = connect(server.port, "127.0.0.1");
    await once(hanging, "connect");
    const signing = { ...testCredentials, url: server.url };
    const { headers } = await sign(signing, "POST", "/source/x", undefined, {
      "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    });
    const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    hanging.write(
      `POST /source/x HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\n${lines}content-length: 100\r\n\r\nabc`,
    );
    for (const socket of [idle, hanging]) socket.on("error", () => {});
    const ended = [idle, hanging].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    const started = performance.now();
    await server.close();
    await Promise.all(ended);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

it("names a package that its connections lack, once, with the command that installs it", async () => {
  const dataDir = temporaryFolder();
  const { service, call } = await startService({ dataDir });
  expect(service.notices).toEqual([]);
  const warehouse = { account: "of nobody", pat_token: "planted-secret-value", warehouse: "w", database: "d" };
  for (const name of ["one", "two"]) await call("POST", "/source/snowflake", { config: { name, ...warehouse } });
  await call("POST", "/source/opensearch", { config: { name: "three", base_url: "http://127.0.0.1:1" } });
  await service.close();
  const hooks = `import { registerHooks } from "node:module";
    registerHooks({ resolve: (name, context, next) => next(name === "snowflake-sdk" ? "absent-sdk" : name, context) });`;
  const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
  const args = ["--import", `data:text/javascript,${encodeURIComponent(hooks)}`, main, "serve", "--data", dataDir];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stderr.on("data", (text) => {
    said += String(text);
  });
  const closed = once(child, "close");
  await Promise.race([once(child.stdout, "data"), closed]);
  child.kill("SIGTERM");
  expect((await closed)[0]).toBe(0);
  expect(said.split("\n").filter((line) => line.includes("npm i"))).toEqual([
    "connections to snowflake need a package that is not installed: npm i snowflake-sdk, then start serve again",
  ]);
}, 60_000);
