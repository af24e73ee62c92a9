import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { OpenOptions, Project } from "../../src/deploy/index.ts";
import { openProject } from "../../src/deploy/index.ts";
import type { Service } from "../../src/service/index.ts";
import { createService } from "../../src/service/index.ts";

export type Files = Readonly<Record<string, string>>;

export const project = `
vendor: acme
targets:
  default:
    type: infino
    endpoint: $ENV(INFINO_ENDPOINT)
    access_key: $ENV(INFINO_ACCESS_KEY)
    secret_key: $SECRET(infino_secret_key)
    settle: 5ms
    verify: 200ms
connectors:
  crm: { path: connectors/crm, auth: { api_base_url: http://127.0.0.1:9 } }
secrets:
  infino_secret_key: { env: INFINO_SECRET_KEY }
  crm_api_key: { env: CRM_KEY }
tenants: tenants/*.yaml
`;

export const manifest = `
auth: api_key
additional_parameters: { base_url: {}, timeout: { default: 30 } }
system-template: templates/system.yaml
datatypes:
  contact: { template: templates/datatype.yaml, sync_frequency: slow }
`;

export const system = `
_id: <<@ system @>>
type: connection
source: elasticsearch
auth: api_key
config: { base_url: <<@ base_url @>>, api_key: $SECRET(crm_api_key), timeout_secs: <<@ timeout @>> }
`;

export const datatype = `
- _id: <<@ system @>>-<<@ datatype @>>
  type: dataset
  name: <<@ system @>>-<<@ datatype @>>
- _id: <<@ system @>>-<<@ datatype @>>-collect
  type: import-job
  connection: <<@ system @>>
  source_dataset: contacts
  target_dataset: <<@ system @>>-<<@ datatype @>>
  query: { query: { match_all: {} } }
`;

export const tenant = (id: string, more = ""): string => `id: ${id}\nconnectors: { crm: {} }\n${more}`;

export const defaultFiles: Files = {
  "connector-deployer.yaml": project,
  "connectors/crm/manifest.yaml": manifest,
  "connectors/crm/templates/system.yaml": system,
  "connectors/crm/templates/datatype.yaml": datatype,
  "tenants/t001.yaml": tenant("t001"),
  "tenants/t002.yaml": tenant("t002"),
};

export const env = {
  INFINO_ENDPOINT: "http://127.0.0.1:1",
  INFINO_ACCESS_KEY: "IAK_TEST",
  INFINO_SECRET_KEY: "the-secret-key-of-tests",
  CRM_KEY: "planted-crm-key-value",
};

export const credentials = { accessKey: env.INFINO_ACCESS_KEY, secretKey: env.INFINO_SECRET_KEY };

export const write = async (dir: string, files: Files): Promise<void> => {
  for (const [name, text] of Object.entries(files)) {
    const path = join(dir, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
};

/** A project folder, removed when the test ends. */
export const projectFolder = async (files: Files = {}): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), "connector-project-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await write(dir, { ...defaultFiles, ...files });
  return dir;
};

/** The service in process, closed when the test ends. */
export const startedService = async (): Promise<Service> => {
  const service = await createService({ credentials, statusWait: 0, runImports: false });
  onTestFinished(() => service.close());
  return service;
};

/** Opens the folder against the service; closed when the test ends. */
export const opened = async (dir: string, service: Service, options: OpenOptions = {}): Promise<Project> => {
  const made = await openProject(dir, { env, fetch: (request) => service.fetch(request), ...options });
  onTestFinished(() => made[Symbol.asyncDispose]());
  return made;
};
