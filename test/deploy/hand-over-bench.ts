import { onTestFinished } from "vitest";
import type { Json, Properties } from "../../src/contract/index.ts";
import { mapSealed, withAt } from "../../src/contract/index.ts";
import type { HandOverItem, Project, StateResource } from "../../src/deploy/index.ts";
import { readProject } from "../../src/manifest/index.ts";
import type { Adapter } from "../../src/pulumi/lifecycle/adapter.ts";
import { pulumiKinds } from "../../src/pulumi/lifecycle/adapters.ts";
import { createProvider, type Provider } from "../../src/pulumi/lifecycle/create-provider.ts";
import { credentialFingerprint, importFile, readStackExport } from "../../src/pulumi/stacks/index.ts";
import type { Service } from "../../src/service/index.ts";
import { createService } from "../../src/service/index.ts";
import type { Files } from "./project-folder.ts";
import { credentials, datatype, env, opened, projectFolder, tenant } from "./project-folder.ts";

export type Entry = {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly parent?: string;
  readonly component?: true;
  readonly inputs: Properties;
  readonly outputs: Properties;
};

export const kindOf = ({ type }: Pick<Entry, "type">): string =>
  [...pulumiKinds].find(([, { className }]) => type.endsWith(`:${className}`))?.[0] ?? "";

const adapterOf = (kind: string): Adapter => {
  const found = pulumiKinds.get(kind);
  if (found === undefined) throw new Error(`no class for ${kind}`);
  return found.adapter;
};

export const one: Files = { "tenants/t002.yaml": tenant("t002", "state: absent\n") };

const systemWithUrl = `
_id: <<@ system @>>
type: connection
source: own-search
auth: api_key
config: { base_url: "http://user:$SECRET(crm_api_key)@127.0.0.1:9", api_key: $SECRET(crm_api_key), tags: [ a, $SECRET(crm_api_key) ] }
---
_id: <<@ system @>>-plain
type: connection
source: elasticsearch
auth: api_key
config: { base_url: <<@ base_url @>>, api_key: $SECRET(crm_api_key) }
`;

/** Records of a file, for a target that takes them. */
export const upload: Files = {
  "connectors/crm/templates/system.yaml": `
_id: <<@ system @>>-regions
type: dataset
name: <<@ system @>>-regions
---
_id: <<@ system @>>-upload
type: file
dataset: <<@ system @>>-regions
path: data/regions.csv
`,
  "data/regions.csv": "id,name\n1,north\n2,south\n",
  "tenants/t001.yaml": "id: t001\nconnectors: { crm: { datatypes: { contact: false } } }\n",
};

/** Secrets inside a longer value and in a list, and a connector type of the project's own. */
export const innerSecrets: Files = {
  "connectors/crm/templates/system.yaml": systemWithUrl,
  "connectors/crm/templates/datatype.yaml": datatype.replace(
    "connection: <<@ system @>>",
    "connection: <<@ system @>>-plain",
  ),
  "catalog/own-search.yaml": `
id: own-search
name: Own search
description: A search engine of our own
category: search
disabled: false
supported_modes: [query]
auth_strategy: connection
connections:
  - type: api_key
    label: API key
    integration_type: native
    fields:
      - { name: base_url, label: Address, type: string, required: true }
      - { name: api_key, label: API key, type: string, required: true, secret: true }
      - { name: token, label: Token, type: string, required: false, secret: true }
      - { name: tags, label: Tags, type: array, required: false }
`,
};

/** A deployed project with the service in process, or what is at `endpoint`, and a Pulumi program's providers on the same service. */
export const stage = async (files: Files = {}, endpoint?: string) => {
  const dir = await projectFolder({ ...one, ...files });
  const { catalog } = await readProject(dir, "default", { env });
  const service: Service = await createService({ credentials, statusWait: 0, catalog, runImports: false });
  onTestFinished(() => service.close());
  const requests: string[] = [];
  const counted = {
    ...service,
    fetch: (request: Request) => {
      requests.push(request.method);
      return endpoint === undefined ? service.fetch(request) : fetch(request);
    },
  };
  const variables = endpoint === undefined ? env : { ...env, INFINO_ENDPOINT: endpoint };
  const project = await opened(dir, counted, { env: variables });
  await project.apply(await project.plan(), {});
  const providers = new Map<string, Provider>();
  return {
    service: counted,
    dir,
    project,
    /** Methods of every request so far. */
    requests,
    provider: (kind: string): Provider => {
      const known =
        providers.get(kind) ??
        createProvider(adapterOf(kind), {
          env: variables,
          dir,
          clock: Date.now,
          sleep: async () => undefined,
          fetch: (request) => counted.fetch(request),
        });
      providers.set(kind, known);
      return known;
    },
  };
};

export type Stage = Awaited<ReturnType<typeof stage>>;

const settings = { project: ".", environment: "default" } as const;

/** Hands over what is meant; gives the report and the text of the file. */
export const handedOver = async (project: Project, resources: readonly string[] = [], id = "t001") => {
  let text = "";
  let items: readonly HandOverItem[] = [];
  const report = await project.handOver({
    resources,
    fingerprint: credentialFingerprint,
    write: async (found) => {
      items = found;
      text = importFile(found, {
        ...settings,
        folder: project.files.dir,
        catalogFiles: project.files.catalogFiles,
        tenant: id,
      });
    },
  });
  const entries: readonly Entry[] = text === "" ? [] : JSON.parse(text).resources;
  return { report, items, text, resources: entries.filter(({ component }) => component !== true) };
};

/** The inputs that a program with a `Tenant` gives, by `_id`; live ids are those of the entries. */
export const programOf = async (
  project: Project,
  entries: readonly Pick<Entry, "name" | "id" | "type">[],
  id = "t001",
): Promise<ReadonlyMap<string, Properties>> => {
  const desired = await project.desired(id);
  const ids = new Map(entries.map((entry) => [`${kindOf(entry)}/${entry.name}`, entry.id]));
  const inputs = new Map<string, Properties>();
  for (const resource of desired.resources) {
    const texts = new Map<string, string>();
    const found: string[] = [];
    mapSealed(resource.properties, (_, { $secret }) => {
      found.push($secret);
      return null;
    });
    for (const text of found) texts.set(text, await desired.reveal(text));
    const clear = mapSealed(resource.properties, (_, { $secret }) => texts.get($secret) ?? "") as Properties;
    const linked = resource.references.reduce<Properties>((properties, reference) => {
      const live = ids.get(`${reference.kind}/${reference._id}`);
      return reference.optional === true || live === undefined ? properties : withAt(properties, reference.path, live);
    }, clear);
    inputs.set(resource._id, {
      ...adapterOf(resource.kind).inputs(linked),
      target: { project: ".", environment: "default", name: desired.target },
      ...(desired.catalogFiles.length === 0 ? {} : { catalog: [...desired.catalogFiles] }),
    });
  }
  return inputs;
};

const signature = "4dabf18193072939515e22adb298388d";
const secret = "1b47061264138c4ac30d75fd1eb44270";

const mark = (value: Json, shown: boolean): Json =>
  shown
    ? { [signature]: secret, plaintext: JSON.stringify(value) }
    : { [signature]: secret, ciphertext: "v1:AAAA:BBBB" };

/** What `pulumi stack export` says after an `up` of that program. */
export const stackExport = (
  entries: readonly Entry[],
  program: ReadonlyMap<string, Properties>,
  showSecrets = false,
): { readonly version: number; readonly deployment: { readonly resources: readonly Json[] } } => {
  const urn = (types: string, name: string): string => `urn:pulumi:t001::fleet::${types}::${name}`;
  const stack = { urn: urn("pulumi:pulumi:Stack", "fleet-t001"), custom: false, type: "pulumi:pulumi:Stack" };
  const parent = {
    urn: urn("connector-deployer:index:Tenant", "t001"),
    custom: false,
    type: "connector-deployer:index:Tenant",
  };
  return {
    version: 3,
    deployment: {
      resources: [
        stack,
        parent,
        ...entries.map((entry): Json => {
          const given = program.get(entry.name) ?? entry.inputs;
          const config = given["config"] as Properties | undefined;
          const key = config?.["api_key"];
          const inputs = key === undefined ? given : withAt(given, "/config/api_key", mark(key, showSecrets));
          return {
            urn: urn(`connector-deployer:index:Tenant$${entry.type}`, entry.name),
            custom: true,
            id: entry.id,
            type: entry.type,
            inputs,
            outputs: { ...entry.outputs, live: mark(entry.outputs["live"] ?? {}, showSecrets) },
            parent: parent.urn,
          };
        }),
      ],
    },
  };
};

export const statesOf = (document: unknown): readonly StateResource[] =>
  readStackExport(JSON.stringify(document), "state.json").resources;

export const takenBack = (
  project: Project,
  document: unknown,
  resources: readonly string[] = [],
  options: { readonly acceptTarget?: boolean } = {},
) => project.takeBack({ ...options, state: statesOf(document), resources, fingerprint: credentialFingerprint });
