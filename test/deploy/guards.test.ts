import { rm } from "node:fs/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { GuardCode, Plan } from "../../src/contract/index.ts";
import { guardCodes } from "../../src/contract/index.ts";
import type { PlanOptions, Project } from "../../src/deploy/index.ts";
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import type { Service } from "../../src/service/index.ts";
import { signedClient } from "../support/signed.ts";
import {
  credentials,
  datatype,
  env,
  opened,
  project as projectFile,
  projectFolder,
  startedService,
  tenant,
  write,
} from "./project-folder.ts";

type Stage = {
  readonly service: Service;
  readonly dir: string;
  open(environment?: Readonly<Record<string, string>>): Promise<Project>;
  /** The live connections of both tenants. */
  connections(): Promise<readonly { readonly id: string; readonly name: string }[]>;
  call(method: string, path: string, body?: unknown): Promise<unknown>;
};

const stage = async (): Promise<Stage> => {
  const service = await startedService();
  const dir = await projectFolder({ "connector-deployer.yaml": `${projectFile}waves: []\n` });
  const client = signedClient(credentials, (request) => service.fetch(request));
  return {
    service,
    dir,
    open: (environment = env) => opened(dir, service, { env: environment }),
    connections: async () => {
      const { body } = await client("GET", "/sources/connections");
      const list = (Array.isArray(body) ? body : (body as { connections: unknown }).connections) as readonly {
        readonly id: string;
        readonly config?: { readonly name?: string };
      }[];
      return list.map(({ id, config }) => ({ id, name: config?.name ?? "" }));
    },
    call: async (method, path, body) => (await client(method, path, body)).body,
  };
};

const deployed = async (): Promise<Stage> => {
  const made = await stage();
  const project = await made.open();
  await project.apply(await project.plan());
  return made;
};

const plan = async (of: Stage, options: PlanOptions = {}): Promise<Plan> => (await of.open()).plan(options);

/** A connector of which most is gone; one dataset stays. */
const little = { "connectors/crm/templates/datatype.yaml": datatype.split("- _id")[1]?.replace(/^/, "- _id") ?? "" };

/** For each guard a way to be stopped by it. The plan that it refuses is applied, and must write nothing. */
const scenarios: Readonly<Record<GuardCode, () => Promise<readonly [Stage, Plan]>>> = {
  "delete-budget": async () => {
    const of = await deployed();
    await write(of.dir, little);
    // Each tenant would lose one; together they are more than one.
    return [of, await plan(of, { prune: true, maxDeletes: 1 })];
  },
  "tenant-delete-budget": async () => {
    const of = await deployed();
    await write(of.dir, {
      "tenants/t001.yaml": tenant("t001").replace("crm: {}", "crm: { datatypes: { contact: false } }"),
    });
    return [of, await plan(of, { prune: true, tenants: ["t001"], maxDeletes: 0 })];
  },
  protected: async () => {
    const of = await deployed();
    await write(of.dir, {
      "connector-deployer.yaml": `${projectFile}protected: ["import-job/**"]\n`,
      "tenants/t001.yaml": tenant("t001").replace("crm: {}", "crm: { datatypes: { contact: false } }"),
    });
    return [of, await plan(of, { prune: true, maxDeletes: 9 })];
  },
  "vanished-tenant": async () => {
    const of = await deployed();
    await rm(`${of.dir}/tenants/t001.yaml`);
    return [of, await plan(of, { prune: true })];
  },
  "empty-desired": async () => {
    const of = await deployed();
    await write(of.dir, { "tenants/t001.yaml": "id: t001\nconnectors: {}\n" });
    return [of, await plan(of, { prune: true, maxDeletes: 9 })];
  },
  "adoption-needed": async () => {
    const of = await deployed();
    await write(of.dir, { "tenants/t003.yaml": tenant("t003") });
    await of.call("POST", "/source/elasticsearch", {
      config: { name: "acme-t003-crm", base_url: "http://x", api_key: "k" },
    });
    return [of, await plan(of, { tenants: ["t003"] })];
  },
  ambiguous: async () => {
    const of = await deployed();
    await write(of.dir, { "tenants/t003.yaml": tenant("t003") });
    const config = { name: "acme-t003-crm", base_url: "http://x", api_key: "k" };
    await of.call("POST", "/source/elasticsearch", { config });
    await of.call("POST", "/source/elasticsearch", { config });
    return [of, await plan(of, { tenants: ["t003"] })];
  },
  "other-endpoint": async () => {
    const of = await deployed();
    const project = await of.open({ ...env, INFINO_ENDPOINT: "http://127.0.0.1:2" });
    return [of, await project.plan()];
  },
  "empty-ledger": async () => {
    const of = await deployed();
    await rm(`${of.dir}/.connector-deployer`, { recursive: true });
    return [of, await plan(of)];
  },
  "missing-objects": async () => {
    const of = await stage();
    await write(of.dir, {
      "connectors/crm/templates/system.yaml": Array.from(
        { length: 5 },
        (_, index) =>
          `- { _id: <<@ system @>>-${index}, type: connection, source: elasticsearch, auth: api_key, config: { base_url: <<@ base_url @>>, api_key: $SECRET(crm_api_key), timeout_secs: <<@ timeout @>> } }\n`,
      ).join(""),
      "connectors/crm/templates/datatype.yaml":
        "{ _id: <<@ system @>>-<<@ datatype @>>, type: dataset, name: <<@ system @>>-<<@ datatype @>> }\n",
    });
    const project = await of.open();
    await project.apply(await project.plan());
    for (const { id, name } of await of.connections()) {
      if (name.includes("t001")) await of.call("DELETE", `/source/${id}`);
    }
    return [of, await plan(of, { tenants: ["t001"] })];
  },
  "lease-held": async () => {
    const of = await deployed();
    await write(of.dir, { "tenants/t003.yaml": tenant("t003") });
    await of.call("POST", "/source/elasticsearch", {
      config: { name: "acme-t003-crm", base_url: "http://x", api_key: "k" },
    });
    const ledger = await openLedger(`${of.dir}/.connector-deployer/ledger.db`, { environment: "default" });
    await ledger.lease("t003", localHolder("another-run"));
    return [of, await plan(of, { tenants: ["t003"] })];
  },
};

const seen = new Set<GuardCode>();

describe("a plan that a guard refuses", () => {
  it.each(guardCodes)("%s: is refused, and applying it writes nothing to what it is about", async (guard) => {
    const [{ service, dir }, refused] = await scenarios[guard]();
    expect(refused.refusals.map((refusal) => refusal.guard)).toContain(guard);
    const refusal = refused.refusals.find((item) => item.guard === guard);
    expect(refusal?.message).not.toBe("");
    expect(refusal?.hint).not.toBe("");
    const writes: string[] = [];
    const project = await opened(dir, service, {
      env: guard === "other-endpoint" ? { ...env, INFINO_ENDPOINT: "http://127.0.0.1:2" } : env,
      fetch: (request) => {
        if (request.method !== "GET") writes.push(`${request.method} ${request.url}`);
        return service.fetch(request);
      },
    });
    const report = await project.apply(refused);
    expect(report.refusals.map((item) => item.guard)).toContain(guard);
    expect(writes).toEqual([]);
    seen.add(guard);
  });

  afterAll(() => {
    process.stdout.write(`guards: ${seen.size} of ${guardCodes.length} stopped a run\n`);
  });
});
