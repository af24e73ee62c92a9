import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { builtinCatalog, type ConnectionType, type ConnectorType } from "../../src/catalog/index.ts";
import { scaffold } from "../../src/cli/scaffold/scaffold.ts";
import { openProject } from "../../src/deploy/index.ts";
import { createService } from "../../src/service/index.ts";
import { startAuthProxy } from "../support/auth-proxy.ts";
import { startImportServer } from "../support/import-server.ts";
import { temporaryFolder } from "./support.ts";

const credentials = { accessKey: "IAK_TEST", secretKey: "the-secret-key-of-tests" };
const infino = {
  INFINO_ENDPOINT: "http://127.0.0.1:1",
  INFINO_ACCESS_KEY: credentials.accessKey,
  INFINO_SECRET_KEY: credentials.secretKey,
};

const typeOf = (id: string): ConnectorType => {
  const type = builtinCatalog().get(id);
  if (type === undefined) throw new Error(`${id} is not in the catalog`);
  return type;
};

/** What `init` writes, opened against a service in process; all of it goes when the test ends. */
const starter = async (
  type: ConnectorType,
  connection: ConnectionType | undefined,
  facts: { readonly env?: Readonly<Record<string, string>>; readonly set?: Readonly<Record<string, string | number>> },
) => {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  for (const { path, text } of await scaffold(type, connection)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  }
  const service = await createService({ credentials });
  onTestFinished(() => service.close());
  const project = await openProject(folder.path, {
    env: { ...infino, ...facts.env },
    set: facts.set ?? {},
    fetch: (request) => service.fetch(request),
  });
  onTestFinished(() => project[Symbol.asyncDispose]());
  return project;
};

const search = ["elasticsearch", "opensearch"].flatMap((id) =>
  typeOf(id).connections.map((connection) => [id, connection.type, connection] as const),
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
    const secrets = fields.filter(({ secret }) => secret === true);
    const env = Object.fromEntries(secrets.map(({ name }) => [`EXAMPLE_${id}_${name}`.toUpperCase(), "planted"]));
    const connection = typeOf(id).connections.find(({ type }) => type === auth);
    const project = await starter(typeOf(id), connection, { env, set: { base_url: proxy.url, page_size: 150 } });
    const report = await project.apply(await project.plan(), { wait: { timeout: 30_000 } });
    expect(report).toMatchObject({ summary: { insert: 3, failed: 0 }, waited: { healthy: 2, unhealthy: 0 } });
    expect(index.asked.slice(0, 4)).toEqual([-1, 149, 299, 449]);
    const dataset = await project.datasetMetadata(`acme-example-${id}-document-collect`);
    expect(dataset).toMatchObject({ metadata: { docs_count: 500 } });
    expect((await project.plan()).changes).toEqual([]);
  },
);

test("the starter of files uploads one, and has nothing to do then", async () => {
  const project = await starter(typeOf("file"), undefined, {});
  const report = await project.apply(await project.plan());
  expect(report).toMatchObject({ summary: { insert: 2, failed: 0 } });
  expect(await project.datasetMetadata("acme-example-file-regions")).toMatchObject({ metadata: { docs_count: 3 } });
  expect((await project.plan()).changes).toEqual([]);
});
