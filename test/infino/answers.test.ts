import { describe, expect, it } from "vitest";
import { failure, never, rig } from "./client-under-test.ts";
import { answer, type Behaviour, problem, startServer } from "./scripted-server.ts";

const client = (server: { readonly endpoint: string }) => rig(server.endpoint).client;

describe("answers", () => {
  it("takes a 404 for an object that is not there", async () => {
    await using server = await startServer(problem(404, "not_found", "no such thing"));
    const infino = client(server);
    expect(await infino.getConnection("c1", never)).toBeUndefined();
    expect(await infino.getDataset("d", never)).toBeUndefined();
    expect(await infino.deleteConnection("c1", never)).toBe(false);
    expect(await infino.deleteDataset("d", never)).toBe(false);
    expect(await infino.deleteImportJob("j1", never)).toBe(false);
    expect(infino.requests()).toBe(5);
  });

  it.each<[string, Behaviour]>([
    ["a page", answer(404, "<html>no route</html>", { "content-type": "text/html" })],
    ["a gateway's JSON", answer(404, { message: "Not Found" })],
  ])("does not take %s with status 404 for the API's word", async (_, behaviour) => {
    await using server = await startServer(behaviour);
    expect((await failure(client(server).getConnection("c1", never))).details).toMatchObject({ status: 404 });
    expect((await failure(client(server).deleteDataset("d", never))).details).toMatchObject({ status: 404 });
  });

  it("takes a 404 for a failure where something has to be there", async () => {
    await using server = await startServer(problem(404, "not_found", "no such thing"));
    expect((await failure(client(server).listConnections(never))).code).toBe("target-problem");
    expect((await failure(client(server).updateConnection("c1", {}, never))).code).toBe("target-problem");
    expect((await failure(client(server).getSourceMetadata("c1", "d", never))).code).toBe("target-problem");
  });

  it("takes a 409 on creating a dataset for success, and says so", async () => {
    await using server = await startServer(
      answer(409, { acknowledged: true, index: "d" }),
      answer(200, { acknowledged: true }),
    );
    const infino = client(server);
    expect(await infino.createDataset("d", never)).toMatchObject({ acknowledged: true, index: "d", existed: true });
    expect(await infino.createDataset("d", never)).not.toHaveProperty("existed");
  });

  it("takes empty answers to updates and deletes", async () => {
    await using server = await startServer((response) => response.writeHead(204).end());
    await client(server).updateConnection("c1", { a: 1 }, never);
    expect(await client(server).deleteConnection("c1", never)).toBe(true);
  });

  it("takes both names of a new connection's id", async () => {
    await using server = await startServer(
      answer(200, { connection_id: "c1" }),
      answer(200, { id: "c2", type: "file" }),
    );
    const infino = client(server);
    expect((await infino.createConnection("file", { name: "n" }, never)).connection_id).toBe("c1");
    expect((await infino.createConnection("file", { name: "n" }, never)).connection_id).toBe("c2");
  });

  it("takes both names of a source", async () => {
    await using server = await startServer(answer(200, [{ id: "file" }, { type: "snowflake", name: "Snowflake" }]));
    const sources = await client(server).listSources(never);
    expect(sources.map(({ id, type, name }) => [id, type, name])).toEqual([
      ["file", "file", "file"],
      ["snowflake", "snowflake", "Snowflake"],
    ]);
  });

  const wrong: [string, unknown][] = [
    ["garbage", "{"],
    ["a page", "<html></html>"],
    ["a mapping instead of a list", { items: [] }],
    ["nothing", ""],
    ["null", null],
    ["a list of texts", ["c1"]],
    [
      "an item without its id",
      [
        { id: "c1", type: "file", status: "connected" },
        { type: "file", status: "connected" },
      ],
    ],
    ["an item with a wrong config", [{ id: "c1", type: "file", status: "connected", config: [] }]],
  ];
  it.each(wrong)("refuses %s as a list of connections", async (_, body) => {
    await using server = await startServer(answer(200, body));
    const infino = client(server);
    expect((await failure(infino.listConnections(never))).code).toBe("invalid-response");
    expect(infino.requests()).toBe(1);
  });

  it.each([{}, [], { acknowledged: true }, "garbage", ""])(
    "does not know what became of a create that is answered with %j",
    async (body) => {
      await using server = await startServer(answer(200, body));
      const { code, details } = await failure(client(server).createConnection("file", { name: "n" }, never));
      expect(code).toBe("invalid-response");
      expect(details).toMatchObject({ outcome: "unknown", status: 200, attempts: 1 });
    },
  );

  it("refuses a delete that is not acknowledged", async () => {
    await using server = await startServer(answer(200, { acknowledged: false }));
    expect((await failure(client(server).deleteDataset("d", never))).code).toBe("invalid-response");
  });

  it("refuses an answer that is longer than the operation allows", async () => {
    const chunk = Buffer.alloc(1024 * 1024, 0x20);
    await using server = await startServer(
      (response) => {
        response.writeHead(200, { "content-length": String(17 * chunk.length) });
        response.end();
      },
      (response) => {
        response.writeHead(200);
        for (let count = 0; count < 17; count++) response.write(chunk);
        response.end("{}");
      },
    );
    const infino = client(server);
    for (const _ of [1, 2]) {
      expect((await failure(infino.getConnection("c1", never))).code).toBe("invalid-response");
    }
    expect(infino.requests()).toBe(2);
  });

  it("follows no redirect with a signed request", async () => {
    await using other = await startServer(answer(200, []));
    await using server = await startServer((response) =>
      response.writeHead(307, { location: `${other.endpoint}/sources` }).end(),
    );
    const { code, details } = await failure(client(server).listSources(never));
    expect([code, details?.["status"]]).toEqual(["target-problem", 307]);
    expect(other.received).toHaveLength(0);
  });

  it.each(["", "ftp://x", "api.example.com", "https://user:pw@x", "https://x?y=1", "https://x#y"])(
    "refuses the endpoint %j",
    async (endpoint) => {
      expect(() => rig(endpoint)).toThrow(expect.objectContaining({ code: "usage" }));
    },
  );

  it.each(["", "two words", "line\nbreak", "ä"])("refuses the key %j without quoting it", (key) => {
    const attempt = () => rig("http://x", { secretKey: key });
    expect(attempt).toThrow(expect.objectContaining({ code: "usage" }));
    if (key !== "") expect(attempt).not.toThrow(key);
  });
});

describe("many calls at once", () => {
  it("all succeed, and warn of nothing", async () => {
    const warnings: string[] = [];
    const warn = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", warn);
    await using server = await startServer(answer(200, { id: "c1", type: "file", status: "connected" }));
    const infino = client(server);
    const { signal } = new AbortController();
    const calls = Array.from({ length: 2000 }, (_, index) => infino.getConnection(`c${index}`, signal));
    expect((await Promise.all(calls)).every((connection) => connection?.id === "c1")).toBe(true);
    expect(infino.requests()).toBe(2000);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", warn);
    expect(warnings).toEqual([]);
  });
});

it("loses no digit of what a query finds", async () => {
  await using server = await startServer(
    answer(200, '{"hits":[{"id":9007199254740993,"n":1.5,"big":1e300,"small":-7}]}'),
  );
  expect(await client(server).querySource("c1", "d", "{}", never)).toEqual({
    hits: [{ id: "9007199254740993", n: 1.5, big: 1e300, small: -7 }],
  });
});

it("quotes of a failed query what the server says of it", async () => {
  await using server = await startServer(problem(400, "source_error", "no column nme in SELECT nme FROM people"));
  const { message } = await failure(client(server).querySource("c1", "d", "SELECT nme FROM people", never));
  expect(message).toContain("SELECT nme FROM people");
});
