import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { builtinCatalog, type ConnectorType } from "../../src/catalog/index.ts";
import { scaffold } from "../../src/cli/scaffold/scaffold.ts";
import { openProject, type Project } from "../../src/deploy/index.ts";
import { createService } from "../../src/service/index.ts";
import { temporaryFolder } from "./service.ts";

const credentials = { accessKey: "IAK_TEST", secretKey: "the-secret-key-of-tests" };
const infino = {
  INFINO_ENDPOINT: "http://127.0.0.1:1",
  INFINO_ACCESS_KEY: credentials.accessKey,
  INFINO_SECRET_KEY: credentials.secretKey,
};

export const connectorType = (id: string): ConnectorType => {
  const type = builtinCatalog().get(id);
  if (type === undefined) throw new Error(`${id} is not in the catalog`);
  return type;
};

export type StarterFacts = {
  /** The value of every secret that the files name. */
  readonly secret?: string;
  readonly set?: Readonly<Record<string, string | number>>;
  /** What a person changes in the files before the first run. */
  readonly edit?: (text: string) => string;
};

/** What `init` writes, opened against a service in process; all of it goes when the test ends. */
export const openStarter = async (id: string, auth: string, facts: StarterFacts = {}): Promise<Project> => {
  const { secret = "planted", set = {}, edit = (text) => text } = facts;
  const type = connectorType(id);
  const connection = type.connections.find((candidate) => candidate.type === auth);
  const folder = temporaryFolder();
  for (const { path, text } of await scaffold(type, connection)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), edit(text));
  }
  const service = await createService({ credentials });
  onTestFinished(() => service.close());
  const secrets = connection?.fields.filter((field) => field.secret === true) ?? [];
  const project = await openProject(folder, {
    env: {
      ...infino,
      ...Object.fromEntries(secrets.map(({ name }) => [`EXAMPLE_${id}_${name}`.toUpperCase(), secret])),
    },
    set,
    fetch: (request) => service.fetch(request),
  });
  onTestFinished(() => project[Symbol.asyncDispose]());
  return project;
};
