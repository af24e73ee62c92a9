import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createClient, type InfinoClient } from "../../src/infino/index.ts";
import { serve } from "../../src/service/index.ts";
import { datatype, defaultFiles, type Files, env as given, project, system, write } from "../deploy/project-folder.ts";
import { programFolder, removeFolder, root } from "../support/pulumi/dynamic-host.ts";
import { createEngineDouble, type Program, type Run } from "../support/pulumi/engine-double.ts";
import { type Front, startFront } from "../support/pulumi/front.ts";
import { startProviderHost } from "../support/pulumi/provider-host.ts";
import { testCredentials } from "../support/service.ts";

const never = new AbortController().signal;
let server: Awaited<ReturnType<typeof serve>>;
let front: Front;
let api: InfinoClient;
beforeAll(async () => {
  server = await serve({ credentials: testCredentials, runImports: false });
  front = await startFront(server.url);
  api = createClient({ endpoint: server.url, ...testCredentials });
});
afterAll(async () => {
  await front.stop();
  await server.close();
});

let count = 0;

/** A program that declares a tenant of a project folder beside it; its vendor is its own on the service. */
const stageTenant = async (files: Files = {}, more: { readonly env?: Record<string, string> } = {}) => {
  const vendor = `v${++count}`;
  const folder = programFolder();
  onTestFinished(() => removeFolder(folder));
  const env = {
    ...given,
    INFINO_ENDPOINT: front.url,
    INFINO_ACCESS_KEY: testCredentials.accessKey,
    INFINO_SECRET_KEY: testCredentials.secretKey,
    ...more.env,
  };
  const edit = (changed: Files): Promise<void> =>
    write(
      join(folder, "deploy"),
      Object.fromEntries(
        Object.entries(changed).map(([name, text]) => [name, text.replace("vendor: acme", `vendor: ${vendor}`)]),
      ),
    );
  await edit({ ...defaultFiles, ...files });
  writeFileSync(join(folder, "Pulumi.yaml"), "name: connector-deployer\nruntime: nodejs\n");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const program = (args = '{ project: "./deploy" }', name = "t001"): Program => {
    writeFileSync(
      join(folder, "index.js"),
      `import { Tenant } from "connector-deployer/pulumi";
       export const { ids } = new Tenant("${name}", ${args});`,
    );
    return { folder, file: "index.js", env };
  };
  const system = `${vendor}-t001-crm`;
  return {
    vendor,
    folder,
    env,
    edit,
    program,
    engine: createEngineDouble(() => startProviderHost(folder, env)),
    connection: async () => (await api.listConnections(never)).find(({ config }) => config?.["name"] === system),
    job: async () => (await api.listImportJobs(never)).find((job) => job.target_dataset === `${system}-contact`),
  };
};

const changes = ({ steps }: Run, vendor: string): readonly string[] =>
  steps.flatMap(({ op, name }) => (op === "same" ? [] : [`${op} ${name.replace(`${vendor}-t001-`, "")}`])).sort();

const writes = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
  const before = front.requests.length;
  await work();
  return front.requests.slice(before).filter((request) => !request.startsWith("GET"));
};

describe("a tenant as a component", { timeout: 120_000 }, () => {
  it("makes its resources after what they refer to, and asks for nothing the second time", async () => {
    const { engine, program, vendor, connection, job, folder } = await stageTenant();
    const all = ["create crm", "create crm-contact", "create crm-contact-collect"];
    expect(changes(await engine.preview(program()), vendor)).toEqual(all);
    expect(await connection()).toBeUndefined();
    const made = await engine.up(program());
    expect(made).toMatchObject({ ok: true, log: "" });
    expect(changes(made, vendor)).toEqual(all);
    const [live, collect] = [await connection(), await job()];
    expect(collect).toMatchObject({ source_id: live?.id, schedule: "0 0 * * *" });
    expect(made.outputs).toEqual({
      ids: {
        [`${vendor}-t001-crm`]: live?.id,
        [`${vendor}-t001-crm-contact`]: `${vendor}-t001-crm-contact`,
        [`${vendor}-t001-crm-contact-collect`]: collect?.job_id,
      },
    });
    const before = front.requests.length;
    const again = await engine.up(program());
    expect(changes(again, vendor)).toEqual([]);
    expect(front.requests.length).toBe(before);
    const state = engine.rawState();
    for (const text of [given.CRM_KEY, testCredentials.secretKey, folder, root]) expect(state).not.toContain(text);
    expect(state).toMatch(/"project":\s*"deploy"/);
  });

  it("with one changed value in the files makes one write, and takes away what the files no longer have", async () => {
    const { engine, program, vendor, edit, connection } = await stageTenant();
    await engine.up(program());
    await edit({ "tenants/t001.yaml": "id: t001\nconnectors: { crm: { parameter_values: { timeout: 77 } } }\n" });
    let run: Run | undefined;
    expect(
      await writes(async () => {
        run = await engine.up(program());
      }),
    ).toEqual([expect.stringMatching(/^PATCH /)]);
    expect(changes(run as Run, vendor)).toEqual(["update crm"]);
    expect((await connection())?.config).toMatchObject({ timeout_secs: 77 });
    await edit({ "tenants/t001.yaml": "id: t001\nstate: absent\n" });
    expect(changes(await engine.up(program()), vendor)).toEqual([
      "delete crm",
      "delete crm-contact",
      "delete crm-contact-collect",
    ]);
    expect(await connection()).toBeUndefined();
    // Data is kept.
    expect((await api.listDatasets(never)).map(({ index }) => index)).toContain(`${vendor}-t001-crm-contact`);
  });

  it("sends a rotated secret, and nothing where only its source moved", async () => {
    const { engine, program, vendor, folder, env, edit } = await stageTenant();
    await engine.up(program());
    const rotated = { ...program(), env: { ...env, CRM_KEY: "another-planted-value" } };
    expect(await writes(async () => expect(changes(await engine.up(rotated), vendor)).toEqual(["update crm"]))).toEqual(
      [expect.stringMatching(/^PATCH /)],
    );
    writeFileSync(join(folder, "deploy/crm.key"), "another-planted-value");
    await edit({ "connector-deployer.yaml": project.replace("{ env: CRM_KEY }", "{ file: crm.key }") });
    expect(changes(await engine.up(program()), vendor)).toEqual([]);
  });

  it("protects and ignores what the project says", async () => {
    const rules = `protected: [connection/*]\nignore: [{ kind: connection, path: config.timeout_secs }]\n`;
    const { engine, program, vendor, edit } = await stageTenant({
      "connector-deployer.yaml": project + rules,
    });
    await engine.up(program());
    const crm = engine.resources().find(({ name }) => name.endsWith("-crm"));
    expect(crm).toMatchObject({ protect: true, ignoreChanges: ["config.timeout_secs"] });
    await edit({ "tenants/t001.yaml": "id: t001\nconnectors: { crm: { parameter_values: { timeout: 77 } } }\n" });
    expect(changes(await engine.up(program()), vendor)).toEqual([]);
  });

  it("renames what the project says has moved", async () => {
    const { engine, program, vendor, edit, connection } = await stageTenant();
    await engine.up(program());
    const id = (await connection())?.id;
    const crm = `${vendor}-t001-crm`;
    await edit({
      "connector-deployer.yaml": `${project}moved: [{ from: connection/${crm}, to: connection/${crm}-main }]\n`,
      "connectors/crm/templates/system.yaml": system
        .replace("_id: <<@ system @>>", "_id: <<@ system @>>-main")
        .replace("config: {", "config: { name: <<@ system @>>,"),
      "connectors/crm/templates/datatype.yaml": datatype.replace(
        "connection: <<@ system @>>",
        "connection: <<@ system @>>-main",
      ),
    });
    const run = await engine.up(program());
    expect(run).toMatchObject({ ok: true });
    expect((await connection())?.id).toBe(id);
    expect((run.outputs as { ids: Record<string, string> }).ids[`${crm}-main`]).toBe(id);
  });

  it("takes its values from --set's likes and from an environment", async () => {
    const { engine, program, connection } = await stageTenant({
      "environments/stage.yaml": "connectors: { crm: { parameter_values: { timeout: 50 } } }\n",
    });
    await engine.up(program('{ project: "deploy", environment: "stage" }'));
    expect((await connection())?.config).toMatchObject({ timeout_secs: 50 });
    await engine.up(program('{ project: "deploy", environment: "stage", set: { timeout: 51 } }'));
    expect((await connection())?.config).toMatchObject({ timeout_secs: 51 });
  });

  it("knows the project's own connector types", async () => {
    const type = `
id: ftp
name: FTP
description: Files
category: files
disabled: false
supported_modes: [import]
auth_strategy: connection
connections:
  - type: password
    label: Password
    integration_type: native
    fields:
      - { name: host, label: Host, required: true, type: string }
      - { name: password, label: Password, required: true, type: string, secret: true }
`;
    const { engine, program, connection } = await stageTenant({
      "catalog/ftp.yaml": type,
      "connectors/crm/manifest.yaml": "auth: password\nsystem-template: templates/system.yaml\ndatatypes: {}\n",
      "connectors/crm/templates/system.yaml":
        "_id: <<@ system @>>\ntype: connection\nsource: ftp\nauth: password\nconfig: { host: h, password: $SECRET(crm_api_key) }\n",
    });
    const run = await engine.up(program());
    expect(run.log).toMatch(/ftp/);
    expect(engine.rawState()).not.toContain(given.CRM_KEY);
    expect(await connection()).toBeUndefined();
    expect(run.ok).toBe(false);
  });
});

describe("a tenant that cannot be declared", { timeout: 120_000 }, () => {
  it("says each error with its file and line, and declares and deletes nothing", async () => {
    const { engine, program, edit, vendor, connection } = await stageTenant();
    await engine.up(program());
    await edit({ "tenants/t001.yaml": "id: t001\nconnectors:\n  crm: { parameter_values: { timeuot: 1 } }\n" });
    const run = await engine.up(program());
    expect(run.ok).toBe(false);
    expect(run.diagnostics.filter(({ severity }) => severity === "error")).toContainEqual({
      severity: "error",
      message: expect.stringMatching(/^deploy\/tenants\/t001\.yaml:3:\d+: .*timeuot/),
      urn: expect.stringContaining("connector-deployer:index:Tenant::t001"),
    });
    expect(changes(run, vendor)).toEqual([]);
    expect(await connection()).toBeDefined();
  });

  it.each([
    ["a tenant that is not there", '{ project: "deploy", tenant: "t009" }', "t009"],
    ["a folder that is no project", '{ project: "nowhere" }', "nowhere"],
  ])("names %s", async (_, args, text) => {
    const { engine, program, folder } = await stageTenant();
    const run = await engine.preview(program(args));
    expect(run.ok).toBe(false);
    expect(run.log).toContain(text);
    expect(run.log.replaceAll(folder, "")).not.toContain("    at ");
  });

  it("names every secret without a value", async () => {
    const { engine, program, env } = await stageTenant();
    const { CRM_KEY: _, ...rest } = env;
    const run = await engine.preview({ ...program(), env: rest });
    expect(run.ok).toBe(false);
    expect(run.log).toContain("CRM_KEY");
  });
});
