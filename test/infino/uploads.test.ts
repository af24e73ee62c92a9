import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { FileUpload } from "../../src/infino/index.ts";
import { failure, never, rig, secretKey } from "./client-under-test.ts";
import { answer, type Behaviour, cut, hangUp, problem, startServer } from "./scripted-server.ts";

const upload = (more: Partial<FileUpload> = {}): FileUpload => ({
  dataset: "regions",
  file: new Blob(["code,name\nno,Norway\n"]),
  name: "regions.csv",
  format: "csv",
  isAsync: false,
  ...more,
});

const run = (status: string, more: object = {}): Behaviour =>
  answer(200, { connector_id: "file", run_id: "r1", status, stats: null, errors: [], ...more });

const counted = (docs_count: unknown): Behaviour => answer(200, { index: "regions", docs_count });

describe("an upload", () => {
  it("is a form with the file last, and a signature that does not cover it", async () => {
    await using server = await startServer(run("completed"));
    const { client } = rig(server.endpoint);
    await client.uploadFile(upload({ batchSize: 500, isAsync: true }), never);
    const [received] = server.received;
    expect(received?.path).toBe("/import/file?async=true");
    expect(received?.headers["x-amz-content-sha256"]).toBe("UNSIGNED-PAYLOAD");
    expect(received?.headers.authorization).toContain("SignedHeaders=host;x-amz-content-sha256;x-amz-date,");
    expect(received?.headers["content-length"]).toBe(String(received?.body.length));
    const names = [...(received?.body ?? "").matchAll(/ name="(\w+)"/g)].map(([, name]) => name);
    expect(names).toEqual(["index_name", "format", "batch_size", "file"]);
    expect(received?.body).toContain('filename="regions.csv"');
    expect(received?.body).toContain("code,name\nno,Norway\n");
  });

  const failures: Readonly<Record<string, readonly [Behaviour, string]>> = {
    "a 429": [problem(429, "busy", "slow down"), "refused"],
    "a 500": [problem(500, "broken", "sorry"), "unknown"],
    "a 503": [problem(503, "broken", "sorry"), "unknown"],
    "an answer that is cut": [cut, "unknown"],
    "a lost connection": [hangUp, "unknown"],
    "an answer that is something else": [answer(200, { ok: true }), "unknown"],
    "a 501": [problem(501, "not_implemented", "no uploads here"), "refused"],
  };

  it.each(Object.entries(failures))("is not sent again by itself after %s", async (_, [behaviour, outcome]) => {
    await using server = await startServer(behaviour, run("completed"));
    const error = await failure(rig(server.endpoint).client.uploadFile(upload(), never));
    expect(server.received).toHaveLength(1);
    expect(error.details).toMatchObject({ operation: "upload file", outcome });
  });

  it("is not sent again where nobody listens", async () => {
    const server = await startServer(run("completed"));
    await server[Symbol.asyncDispose]();
    const error = await failure(rig(server.endpoint).client.uploadFile(upload(), never));
    expect(error.details).toMatchObject({ attempts: 1, outcome: "refused" });
  });

  it("says what the target could not take, without its credentials", async () => {
    const stats = { documents_failed: 2, errors: [`row 7\u0007 ${secretKey}`, "disk full"] };
    await using server = await startServer(run("failed", { error_message: "disk full", stats }));
    expect(await rig(server.endpoint).client.uploadFile(upload(), never)).toEqual({
      run_id: "r1",
      status: "failed",
      errors: ["disk full", "row 7 [redacted]"].map((text) =>
        expect.stringMatching(new RegExp(`^${text.slice(0, 5)}`)),
      ),
      documents_failed: 2,
    });
  });

  it("needs a client that opens files to open one", async () => {
    const { client } = rig("http://127.0.0.1:9");
    await expect(client.openFile("data/x.csv")).rejects.toMatchObject({ code: "not-supported" });
  });
});

describe("the job of an upload", () => {
  it("is followed until it has ended", async () => {
    await using server = await startServer(run("submitted"), run("running"), problem(503, "x", "y"), run("completed"));
    const { client, slept } = rig(server.endpoint);
    expect(await client.followRun("r1", never)).toMatchObject({ status: "completed" });
    expect(server.received.map(({ path }) => path)).toEqual(Array(4).fill("/_connectors/jobs/r1"));
    expect(slept.length).toBeGreaterThanOrEqual(2);
  });

  it("may show up late, but not later than everything else", async () => {
    await using server = await startServer(problem(404, "not_found", "no job"), run("completed"));
    expect(await rig(server.endpoint).client.followRun("r1", never)).toMatchObject({ status: "completed" });
    await using forgetful = await startServer(problem(404, "not_found", "no job"));
    const { client, now } = rig(forgetful.endpoint, { settle: 2_000 });
    const before = now();
    expect((await failure(client.followRun("r1", never))).code).toBe("target-problem");
    expect(now() - before).toBeLessThan(5_000);
  });

  it("that never ends is given up in the end", async () => {
    await using server = await startServer(run("running"));
    const error = await failure(rig(server.endpoint, { uploadTimeout: 60_000 }).client.followRun("r1", never));
    expect(error.code).toBe("timeout");
  });

  it("is not followed after the call is cancelled", async () => {
    await using server = await startServer(run("running"));
    const abort = new AbortController();
    const { client } = rig(server.endpoint, { sleep: async () => abort.abort() });
    expect((await failure(client.followRun("r1", abort.signal))).code).toBe("cancelled");
    expect(server.received).toHaveLength(1);
  });
});

describe("deleting records", () => {
  it("asks for all of them, is signed whole, and is repeated", async () => {
    await using server = await startServer(problem(503, "x", "y"), answer(200, { deleted: 3, failures: [] }));
    await rig(server.endpoint).client.deleteRecords("regions", never);
    const [, received] = server.received;
    expect(received).toMatchObject({ method: "PATCH", path: "/regions", body: '{"query":{"match_all":{}}}' });
    expect(received?.headers["x-amz-content-sha256"]).toBe(
      createHash("sha256")
        .update(received?.body ?? "")
        .digest("hex"),
    );
  });

  it("has nothing to do where there is no dataset", async () => {
    await using server = await startServer(problem(404, "not_found", "no dataset"));
    await expect(rig(server.endpoint).client.deleteRecords("regions", never)).resolves.toBeUndefined();
  });

  it.each([{ failures: [{}] }, { timed_out: true }])("fails where some stay: %j", async (more) => {
    await using server = await startServer(answer(200, { deleted: 1, failures: [], ...more }));
    const error = await failure(rig(server.endpoint).client.deleteRecords("regions", never));
    expect(error).toMatchObject({ code: "target-problem", details: { outcome: "unknown" } });
  });
});

describe("counting records", () => {
  it("takes the dataset's own count, and none for no dataset", async () => {
    await using server = await startServer(counted(7), problem(404, "not_found", "no dataset"));
    const { client } = rig(server.endpoint);
    expect(await client.countRecords("regions", never)).toBe(7);
    expect(await client.countRecords("regions", never)).toBe(0);
  });

  it.each([undefined, "7", -1, 1.5, null])("takes no %j for a count", async (count) => {
    await using server = await startServer(counted(count));
    expect((await failure(rig(server.endpoint).client.countRecords("regions", never))).code).toBe("invalid-response");
  });

  it("waits for the count that is expected, for as long as the target may lag", async () => {
    await using server = await startServer(counted(0), counted(2), counted(3));
    expect(await rig(server.endpoint).client.waitForRecords("regions", 3, never)).toBe(3);
    await using short = await startServer(counted(2));
    const { client, now } = rig(short.endpoint, { settle: 4_000 });
    const before = now();
    expect(await client.waitForRecords("regions", 3, never)).toBe(2);
    expect(now() - before).toBe(4_000);
  });
});
