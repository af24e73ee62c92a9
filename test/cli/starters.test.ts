import { expect, onTestFinished, test } from "vitest";
import { startAuthProxy } from "../support/auth-proxy.ts";
import { startImportServer } from "../support/import-server.ts";
import { connectorType, openStarter } from "../support/starter.ts";

const search = ["elasticsearch", "opensearch"].flatMap((id) =>
  connectorType(id).connections.map((connection) => [id, connection.type, connection] as const),
);

const authorizations: Readonly<Record<string, (username: string) => string | undefined>> = {
  basic_auth: (username) => `Basic ${Buffer.from(`${username}:planted`).toString("base64")}`,
  api_key: () => "ApiKey planted",
  bearer_token: () => "Bearer planted",
  none: () => undefined,
};

test.each(search)(
  "the starter of %s with %s imports an index page by page, and has nothing to do then",
  async (id, auth, { fields }) => {
    const index = await startImportServer(Array.from({ length: 500 }, (_, number) => `r${number}`));
    const username = fields.find(({ name }) => name === "username")?.placeholder ?? "";
    const authorization = authorizations[auth]?.(username);
    const proxy = await startAuthProxy(index.url, authorization === undefined ? {} : { authorization });
    onTestFinished(() => proxy.close());
    const project = await openStarter(id, auth, { set: { base_url: proxy.url, page_size: 150 } });
    const report = await project.apply(await project.plan(), { wait: { timeout: 30_000 } });
    expect(report).toMatchObject({ summary: { insert: 3, failed: 0 }, waited: { healthy: 2, unhealthy: 0 } });
    expect(index.asked).toEqual(expect.arrayContaining([-1, 149, 299, 449]));
    const dataset = await project.datasetMetadata(`acme-example-${id}-document-collect`);
    expect(dataset).toMatchObject({ metadata: { docs_count: 500 } });
    expect((await project.plan()).changes).toEqual([]);
  },
);

test("the starter of files uploads one, and has nothing to do then", async () => {
  const project = await openStarter("file", "none");
  const report = await project.apply(await project.plan());
  expect(report).toMatchObject({ summary: { insert: 2, failed: 0 } });
  expect(await project.datasetMetadata("acme-example-file-regions")).toMatchObject({ metadata: { docs_count: 3 } });
  expect((await project.plan()).changes).toEqual([]);
});
