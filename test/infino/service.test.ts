import { describe, expect, it } from "vitest";
import { createClient, type InfinoClient } from "../../src/infino/index.ts";
import { createService, serve } from "../../src/service/index.ts";
import { accessKey, failure, never, secretKey } from "./client-under-test.ts";

const planted = "planted-api-key-0";
const config = { name: "acme-t001-crm", base_url: "http://127.0.0.1:1", api_key: planted };

const connections = async (client: InfinoClient): Promise<string> => {
  const { connection_id: id } = await client.createConnection("elasticsearch", config, never);
  expect(await client.listConnections(never)).toMatchObject([{ id, type: "elasticsearch" }]);
  await client.updateConnection(id, { timeout_secs: 60 }, never);
  const live = await client.getConnection(id, never);
  expect(live?.config).toMatchObject({ name: "acme-t001-crm", base_url: "http://127.0.0.1:1", timeout_secs: 60 });
  expect(JSON.stringify(live)).not.toContain(planted);
  expect(await client.getConnection("no-such-id", never)).toBeUndefined();
  return id;
};

const datasets = async (client: InfinoClient): Promise<void> => {
  expect(await client.createDataset("acme-t001.contacts", never)).toMatchObject({ acknowledged: true });
  expect(await client.createDataset("acme-t001.contacts", never)).toMatchObject({ acknowledged: true });
  expect(await client.listDatasets(never)).toMatchObject([{ index: "acme-t001.contacts" }]);
  expect(await client.getDataset("acme-t001.contacts", never)).toMatchObject({ index: "acme-t001.contacts" });
  expect(await client.getDataset("acme-t001.gone", never)).toBeUndefined();
  expect(await client.deleteDataset("acme-t001.contacts", never)).toBe(true);
  expect(await client.deleteDataset("acme-t001.contacts", never)).toBe(false);
};

const importJobs = async (client: InfinoClient, connection: string): Promise<void> => {
  const shown = { source_id: connection, target_dataset: "acme-t001", schedule: "0 0 * * *" };
  const asked = { ...shown, source_dataset: "contacts", query: "{}" };
  const { job_id } = await client.createImportJob("elasticsearch", asked, never);
  expect(await client.listImportJobs(never)).toMatchObject([{ job_id, ...shown }]);
  expect(await client.deleteImportJob(job_id, never)).toBe(true);
  expect(await client.deleteImportJob(job_id, never)).toBe(false);
};

const everyOperation = async (client: InfinoClient): Promise<void> => {
  expect((await client.listSources(never)).map(({ id }) => id)).toContain("snowflake");
  const connection = await connections(client);
  await datasets(client);
  await importJobs(client, connection);
  // Nothing listens where the connection points to.
  expect((await failure(client.querySource(connection, "contacts", "{}", never))).code).toBe("target-problem");
  expect((await failure(client.getSourceMetadata(connection, "contacts", never))).code).toBe("target-problem");
  expect(await client.deleteConnection(connection, never)).toBe(true);
  expect(await client.deleteConnection(connection, never)).toBe(false);
  expect(await client.listConnections(never)).toEqual([]);
};

describe("the client against the local service", () => {
  const options = { credentials: { accessKey, secretKey }, statusWait: 50 };

  it("does every operation in process", async () => {
    const service = await createService(options);
    const client = createClient({
      endpoint: "http://service.local",
      accessKey,
      secretKey,
      fetch: service.fetch,
      retries: 0,
    });
    await everyOperation(client);
    await service.close();
  });

  it("does every operation over HTTP", async () => {
    const server = await serve(options);
    await everyOperation(createClient({ endpoint: server.url, accessKey, secretKey, retries: 0 }));
    await server.close();
  });

  it("is refused with other credentials, or a clock that is far off", async () => {
    const service = await createService(options);
    const base = { endpoint: "http://service.local", accessKey, secretKey, fetch: service.fetch };
    const clients = [
      createClient({ ...base, secretKey: "another-secret-key" }),
      createClient({ ...base, accessKey: "ANOTHERACCESSKEY" }),
      createClient({ ...base, clock: () => Date.now() - 3_600_000 }),
    ];
    for (const client of clients) {
      expect((await failure(client.listConnections(never))).code).toBe("unauthorized");
      expect(client.requests()).toBe(1);
    }
    await service.close();
  });

  it("is told what is wrong with a connection, without its secret", async () => {
    const service = await createService(options);
    const client = createClient({ endpoint: "http://service.local", accessKey, secretKey, fetch: service.fetch });
    const error = await failure(client.createConnection("elasticsearch", { name: "n", api_key: planted }, never));
    expect(error.code).toBe("target-problem");
    expect(error.details).toMatchObject({ outcome: "refused", status: 400, attempts: 1 });
    expect(JSON.stringify([error.message, error.details])).not.toContain(planted);
    await service.close();
  });
});
