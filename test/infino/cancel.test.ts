import { describe, expect, it } from "vitest";
import { failure, rig } from "./client-under-test.ts";
import { answer, type Behaviour, problem, silent, stall, startServer } from "./scripted-server.ts";

const started = async (received: readonly unknown[]): Promise<void> => {
  while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe("cancelling", () => {
  it("sends nothing when it comes first", async () => {
    await using server = await startServer(answer(200, []));
    const { client } = rig(server.endpoint);
    const { code, details } = await failure(client.createDataset("d", AbortSignal.abort()));
    expect(code).toBe("cancelled");
    expect(details).toMatchObject({ outcome: "refused", attempts: 0 });
    expect(server.received).toHaveLength(0);
  });

  it.each<[string, Behaviour]>([
    ["while the target thinks", silent],
    ["while the answer is read", stall],
  ])("ends the call %s, with an unknown outcome for a write", async (_, behaviour) => {
    await using server = await startServer(behaviour);
    const { client } = rig(server.endpoint);
    const controller = new AbortController();
    const call = failure(client.createConnection("file", { name: "n" }, controller.signal));
    await started(server.received);
    controller.abort();
    const { code, details } = await call;
    expect(code).toBe("cancelled");
    expect(details).toMatchObject({ outcome: "unknown", attempts: 1 });
    expect(server.received).toHaveLength(1);
  });

  it("ends the call while it sleeps", async () => {
    await using server = await startServer(problem(503, "busy", "later", { "retry-after": "60" }));
    const { client } = rig(server.endpoint, {
      sleep: (_, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    });
    const controller = new AbortController();
    const call = failure(client.listConnections(controller.signal));
    await started(server.received);
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort();
    expect((await call).code).toBe("cancelled");
    expect(server.received).toHaveLength(1);
  });

  it("ends the call with the client's own sleep, at once", async () => {
    await using server = await startServer(problem(503, "busy", "later", { "retry-after": "60" }));
    const { createClient } = await import("../../src/infino/index.ts");
    const client = createClient({ endpoint: server.endpoint, accessKey: "a", secretKey: "b" });
    const controller = new AbortController();
    const call = failure(client.listConnections(controller.signal));
    await started(server.received);
    const before = Date.now();
    controller.abort();
    expect((await call).code).toBe("cancelled");
    expect(Date.now() - before).toBeLessThan(5000);
  });

  it("ends a call whose fetch knows no signals", async () => {
    const { client } = rig("http://localhost", { fetch: () => new Promise(() => {}) });
    const controller = new AbortController();
    const call = failure(client.listSources(controller.signal));
    setTimeout(() => controller.abort(), 10);
    expect((await call).code).toBe("cancelled");
  });

  it("ends a slow answer at the attempt's timeout, whose outcome is unknown", async () => {
    await using server = await startServer(stall);
    const { client } = rig(server.endpoint, { requestTimeout: 50 });
    const { code, details } = await failure(client.createDataset("d", new AbortController().signal));
    expect(code).toBe("timeout");
    expect(details).toMatchObject({ outcome: "unknown", status: 200, attempts: 1 });
  });
});
