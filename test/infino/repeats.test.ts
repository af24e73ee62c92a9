import { describe, expect, it } from "vitest";
import type { InfinoClient } from "../../src/infino/index.ts";
import { backoff, retryAfter } from "../../src/infino/repeat.ts";
import { failure, never, rig, start } from "./client-under-test.ts";
import { answer, type Behaviour, cut, hangUp, problem, silent, startServer } from "./scripted-server.ts";

const error = (status: number, headers?: Record<string, string>): Behaviour =>
  problem(status, "some_error", "some reason", headers);

/** Every operation with an answer that it takes. */
const calls: Record<
  string,
  { repeat: boolean; write: boolean; call(client: InfinoClient): Promise<unknown>; ok: unknown }
> = {
  listSources: { repeat: true, write: false, call: (client) => client.listSources(never), ok: [] },
  listConnections: { repeat: true, write: false, call: (client) => client.listConnections(never), ok: [] },
  getConnection: {
    repeat: true,
    write: false,
    call: (client) => client.getConnection("c1", never),
    ok: { id: "c1", type: "file", status: "connected" },
  },
  createConnection: {
    repeat: false,
    write: true,
    call: (client) => client.createConnection("file", { name: "n" }, never),
    ok: { connection_id: "c1" },
  },
  updateConnection: {
    repeat: true,
    write: true,
    call: (client) => client.updateConnection("c1", { port: 1 }, never),
    ok: {},
  },
  deleteConnection: {
    repeat: true,
    write: true,
    call: (client) => client.deleteConnection("c1", never),
    ok: { acknowledged: true },
  },
  listDatasets: { repeat: true, write: false, call: (client) => client.listDatasets(never), ok: [] },
  getDataset: { repeat: true, write: false, call: (client) => client.getDataset("d", never), ok: { index: "d" } },
  createDataset: {
    repeat: false,
    write: true,
    call: (client) => client.createDataset("d", never),
    ok: { acknowledged: true },
  },
  deleteDataset: {
    repeat: true,
    write: true,
    call: (client) => client.deleteDataset("d", never),
    ok: { acknowledged: true },
  },
  listImportJobs: { repeat: true, write: false, call: (client) => client.listImportJobs(never), ok: [] },
  createImportJob: {
    repeat: false,
    write: true,
    call: (client) => client.createImportJob("file", { source_id: "c1", target_dataset: "d" }, never),
    ok: { job_id: "j1" },
  },
  deleteImportJob: {
    repeat: true,
    write: true,
    call: (client) => client.deleteImportJob("j1", never),
    ok: { acknowledged: true },
  },
  getSourceMetadata: {
    repeat: true,
    write: false,
    call: (client) => client.getSourceMetadata("c1", "d", never),
    ok: {},
  },
  deleteRecords: {
    repeat: true,
    write: true,
    call: (client) => client.deleteRecords("d", never),
    ok: { deleted: 1, failures: [] },
  },
  countRecords: {
    repeat: true,
    write: false,
    call: (client) => client.countRecords("d", never),
    ok: { index: "d", docs_count: 1 },
  },
  querySql: { repeat: false, write: true, call: (client) => client.querySql("SELECT 1; DROP x", never), ok: {} },
  selectSql: { repeat: true, write: false, call: (client) => client.querySql("select 1;", never), ok: { rows: [] } },
  queryDataset: { repeat: true, write: false, call: (client) => client.queryDataset("d", {}, never), ok: {} },
  getDatasetSchema: { repeat: true, write: false, call: (client) => client.getDatasetSchema("d", never), ok: {} },
  querySource: { repeat: false, write: true, call: (client) => client.querySource("c1", "d", "q", never), ok: {} },
};
const named = Object.entries(calls);

describe("repeats", () => {
  it.each(named)("%s is sent once when it succeeds", async (_, { call, ok }) => {
    await using server = await startServer(answer(200, ok));
    const { client } = rig(server.endpoint);
    await call(client);
    expect(client.requests()).toBe(1);
    expect(server.received).toHaveLength(1);
  });

  const unknown: [string, Behaviour][] = [
    ["a 500", error(500)],
    ["a 502", error(502)],
    ["a 503 with Retry-After", error(503, { "retry-after": "1" })],
    ["a 504", error(504)],
    ["a 408", error(408)],
    ["a cut body", cut],
    ["a lost connection", hangUp],
  ];
  describe.each(unknown)("after %s", (_, behaviour) => {
    it.each(named.filter(([, { repeat }]) => repeat))("%s is repeated", async (_, { call, ok }) => {
      await using server = await startServer(behaviour, answer(200, ok));
      const { client } = rig(server.endpoint);
      await call(client);
      expect(server.received).toHaveLength(2);
    });

    it.each(named.filter(([, { repeat }]) => !repeat))("%s is never sent twice", async (_, { call, ok }) => {
      await using server = await startServer(behaviour, answer(200, ok));
      const { client } = rig(server.endpoint);
      const { details } = await failure(call(client));
      expect(details).toMatchObject({ outcome: "unknown", attempts: 1 });
      expect(server.received).toHaveLength(1);
    });
  });

  it.each(named.filter(([, { repeat }]) => !repeat))("%s is never sent twice after a timeout", async (_, { call }) => {
    await using server = await startServer(silent);
    const { client } = rig(server.endpoint, { requestTimeout: 50, uploadTimeout: 50 });
    const { code, details } = await failure(call(client));
    expect([code, details?.["outcome"]]).toEqual(["timeout", "unknown"]);
    expect(server.received).toHaveLength(1);
  });

  it.each(named)("%s is repeated after a 429, which says that nothing was done", async (_, { call, ok }) => {
    await using server = await startServer(error(429, { "retry-after": "2" }), answer(200, ok));
    const { client, slept } = rig(server.endpoint);
    await call(client);
    expect(server.received).toHaveLength(2);
    expect(slept).toEqual([2000]);
  });

  it.each(named)(
    "%s is repeated while nobody listens, which proves that nothing was sent",
    async (_, { call, write }) => {
      await using closed = await startServer(silent);
      const { endpoint } = closed;
      await closed[Symbol.asyncDispose]();
      const { client } = rig(endpoint, { retries: 2 });
      const { code, details } = await failure(call(client));
      expect(code).toBe("unreachable");
      expect(details).toMatchObject({ attempts: 3, reason: "ECONNREFUSED" });
      expect(details?.["outcome"]).toBe(write ? "refused" : undefined);
      expect(client.requests()).toBe(3);
    },
  );

  it.each([400, 401, 403, 405, 409, 413, 422, 501])(
    "nothing is repeated after a %i, which is a refusal",
    async (status) => {
      for (const [name, { call, write }] of named) {
        if (name === "createDataset" && status === 409) continue;
        await using server = await startServer(error(status));
        const { code, details } = await failure(call(rig(server.endpoint).client));
        const expected = { 401: "unauthorized", 403: "forbidden" }[status] ?? "target-problem";
        expect([name, code, details?.["status"], details?.["outcome"]]).toEqual([
          name,
          expected,
          status,
          write ? "refused" : undefined,
        ]);
        expect(server.received).toHaveLength(1);
      }
    },
  );

  it("ends after the given number of repeats, with the last failure", async () => {
    await using server = await startServer(error(500));
    const { client } = rig(server.endpoint, { retries: 3 });
    const { code, details } = await failure(client.listConnections(never));
    expect(code).toBe("target-problem");
    expect(details).toEqual({
      operation: "list connections",
      attempts: 4,
      status: 500,
      type: "some_error",
      reason: "some reason",
    });
    expect(server.received).toHaveLength(4);
  });

  it("keeps an unknown outcome when a later attempt is refused", async () => {
    await using server = await startServer(error(502), error(404));
    const { details } = await failure(rig(server.endpoint).client.updateConnection("c1", { a: 1 }, never));
    expect(details).toMatchObject({ status: 404, outcome: "unknown", attempts: 2 });
  });
});

describe("waiting", () => {
  it("is a full jitter below a limit that doubles up to ten seconds", () => {
    const limits = [1, 2, 3, 4, 5, 6, 7, 8, 60].map((attempts) => backoff(attempts, () => 1));
    expect(limits).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
    expect(backoff(5, () => 0)).toBe(0);
    expect(backoff(3, () => 0.25)).toBe(200);
  });

  it("reads Retry-After as seconds and as an HTTP date, and nothing into other texts", () => {
    const read = (text: string) => retryAfter(new Headers({ "retry-after": text }), start);
    expect(read("0")).toBe(0);
    expect(read("12")).toBe(12_000);
    expect(read(new Date(start + 90_000).toUTCString())).toBe(90_000);
    expect(read(new Date(start - 90_000).toUTCString())).toBe(0);
    expect(read("soon")).toBeUndefined();
    expect(retryAfter(new Headers(), start)).toBeUndefined();
  });

  it("follows an HTTP date", async () => {
    await using server = await startServer(
      error(503, { "retry-after": new Date(start + 7000).toUTCString() }),
      answer(200, []),
    );
    const { client, slept } = rig(server.endpoint);
    await client.listSources(never);
    expect(slept).toEqual([7000]);
  });

  it("does not wait past the deadline, and says what the target said last", async () => {
    await using server = await startServer(error(429, { "retry-after": "3600" }));
    const { client, slept } = rig(server.endpoint, { deadline: 10_000 });
    const { code, details } = await failure(client.listSources(never));
    expect(code).toBe("target-problem");
    expect(details).toMatchObject({ status: 429, attempts: 1 });
    expect(slept).toEqual([]);
  });

  it("keeps all repeats within one deadline", async () => {
    await using server = await startServer(error(503, { "retry-after": "4" }));
    const { client, slept, now } = rig(server.endpoint, { deadline: 10_000, retries: 100 });
    const { details } = await failure(client.listSources(never));
    expect(slept).toEqual([4000, 4000]);
    expect(details?.["attempts"]).toBe(3);
    expect(now() - start).toBeLessThan(10_000);
  });

  it("gives an attempt no more time than the deadline leaves", async () => {
    await using server = await startServer(silent);
    const { client } = rig(server.endpoint, { requestTimeout: 60_000, deadline: 60, clock: Date.now });
    const before = Date.now();
    const { code } = await failure(client.listSources(never));
    expect(code).toBe("timeout");
    expect(Date.now() - before).toBeLessThan(5000);
  });

  it("makes every call of a client wait when the target limits requests", async () => {
    let now = start;
    const wakeUps: (() => void)[] = [];
    await using server = await startServer(error(429, { "retry-after": "5" }), answer(200, []));
    const { client } = rig(server.endpoint, {
      clock: () => now,
      sleep: (ms) =>
        new Promise((resolve) => {
          wakeUps.push(() => {
            now = Math.max(now, start + ms);
            resolve();
          });
        }),
    });
    const first = client.listSources(never);
    while (wakeUps.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const others = [client.listConnections(never), client.createDataset("d", never).catch(() => undefined)];
    while (wakeUps.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(server.received).toHaveLength(1);
    for (const wakeUp of wakeUps) wakeUp();
    await Promise.all([first, ...others]);
    expect(server.received).toHaveLength(4);
    expect(now - start).toBe(5000);
  });

  it("ends soon with a sleep that does not move the clock", async () => {
    await using server = await startServer(error(429, { "retry-after": "1" }));
    const { client } = rig(server.endpoint, { sleep: async () => {} });
    expect((await failure(client.listSources(never))).details?.["attempts"]).toBe(5);
  });
});
