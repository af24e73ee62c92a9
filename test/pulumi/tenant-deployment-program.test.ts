import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClient, type InfinoClient } from "../../src/infino/index.ts";
import { serve } from "../../src/service/index.ts";
import { defaultFiles, type Files, env as projectEnv, write } from "../deploy/project-folder.ts";
import { asKind, programFolder, removeFolder, root, startDynamicHost } from "../support/pulumi/dynamic-host.ts";
import { createEngineDouble, type Run } from "../support/pulumi/engine-double.ts";
import { type Front, startFront } from "../support/pulumi/front.ts";
import { startProviderHost } from "../support/pulumi/provider-host.ts";
import { testCredentials } from "../support/service.ts";

const never = new AbortController().signal;

let server: Awaited<ReturnType<typeof serve>>;
let front: Front;
let other: InfinoClient;
const folders: string[] = [];

beforeAll(async () => {
  server = await serve({ credentials: testCredentials, runImports: false });
  front = await startFront(server.url);
  other = createClient({ endpoint: server.url, ...testCredentials });
});
afterAll(async () => {
  await front.stop();
  await server.close();
  for (const folder of folders) removeFolder(folder);
});

let count = 0;

/** A program's folder with a project of its own, which a vendor of its own deploys. */
const fleet = async (files: Files = {}) => {
  const folder = programFolder();
  folders.push(folder);
  const vendor = `fleet${++count}`;
  const project = (defaultFiles["connector-deployer.yaml"] ?? "").replace("vendor: acme", `vendor: ${vendor}`);
  const save = (changed: Files) => write(join(folder, "deploy"), changed);
  await save({ ...defaultFiles, "connector-deployer.yaml": project, ...files });
  writeFileSync(join(folder, "Pulumi.yaml"), "name: fleet\nruntime: nodejs\n");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const env = {
    ...projectEnv,
    INFINO_ENDPOINT: front.url,
    INFINO_ACCESS_KEY: testCredentials.accessKey,
    INFINO_SECRET_KEY: testCredentials.secretKey,
  };
  const program = (text: string, place = folder) => {
    mkdirSync(place, { recursive: true });
    writeFileSync(
      join(place, "index.js"),
      `import * as pulumi from "@pulumi/pulumi";
       import { TenantDeployment } from "connector-deployer/pulumi";
       ${text}`,
    );
    return {
      folder: place,
      file: "index.js",
      env,
      secretConfig: { "connector-deployer:base": "http://127.0.0.1:9/planted-base" },
    };
  };
  return {
    vendor,
    folder,
    env,
    save,
    program,
    engine: createEngineDouble(() => startProviderHost(folder, env)),
    connections: async () =>
      (await other.listConnections(never)).filter(({ config }) => String(config?.["name"]).startsWith(`${vendor}-`)),
  };
};

const two = `
  const one = new TenantDeployment("t001", { project: "./deploy" });
  const other = new TenantDeployment("other", { project: "./deploy", tenant: "t002" });
  export const { project, tenant, environment, desired, resources, drift, problems, pending, id } = one;
`;

const ops = ({ steps }: Run) =>
  steps.filter(({ type }) => type.includes("dynamic")).map(({ op, name }) => `${op} ${name}`);
const said = ({ diagnostics }: Run, severity: string) =>
  diagnostics
    .filter((item) => item.severity === severity)
    .map(({ urn, message }) => `${urn.split("::").at(-1)}: ${message}`);

describe("a program with TenantDeployments", { timeout: 120_000 }, () => {
  it("shows what it would do, does it, and then has nothing to do or say", async () => {
    const { engine, program, vendor, folder, connections } = await fleet();
    const preview = await engine.preview(program(two));
    expect(preview).toMatchObject({ ok: true });
    expect(ops(preview).sort()).toEqual(["create other", "create t001"]);
    const plans = said(preview, "info").sort();
    expect(plans).toHaveLength(2);
    expect(plans[1]).toContain(`t001: tenant t001: 3 to add\n`);
    expect(plans[1]).toContain(`+ connection/${vendor}-t001-crm`);
    expect(plans[0]).toContain("other: tenant t002: 3 to add");
    expect(await connections()).toEqual([]);

    const made = await engine.up(program(two));
    expect(made).toMatchObject({ ok: true, log: "" });
    expect(await connections()).toHaveLength(2);
    expect(made.outputs).toMatchObject({
      id: "default/t001",
      project: "deploy",
      tenant: "t001",
      environment: "default",
      desired: expect.stringMatching(/^[0-9a-f]{64}$/),
      resources: { [`connection/${vendor}-t001-crm`]: { id: expect.any(String) } },
      drift: {},
      problems: {},
      pending: false,
    });
    const before = front.requests.length;
    const again = await engine.up(program(two));
    expect(ops(again).sort()).toEqual(["same other", "same t001"]);
    expect(front.requests.length).toBe(before);
    const quiet = await engine.preview(program(two));
    expect(quiet).toMatchObject({ ok: true, log: "" });
    for (const text of [projectEnv.CRM_KEY, testCredentials.secretKey, folder, root]) {
      expect(engine.rawState()).not.toContain(text);
    }
  });

  it("changes what changed, shows drift after a refresh, and takes everything away in the end", async () => {
    const { engine, program, save, connections, vendor } = await fleet();
    await engine.up(program(two));
    await save({ "tenants/t001.yaml": "id: t001\nconnectors: { crm: { parameter_values: { timeout: 60 } } }\n" });
    const preview = await engine.preview(program(two));
    expect(ops(preview).sort()).toEqual(["same other", "update t001"]);
    expect(said(preview, "info")).toEqual([
      `t001: tenant t001: 1 to change\n  ~ connection/${vendor}-t001-crm: config.timeout_secs`,
    ]);
    const writes = front.requests.length;
    expect(ops(await engine.up(program(two))).sort()).toEqual(["same other", "update t001"]);
    expect(front.requests.slice(writes).filter((request) => !request.startsWith("GET"))).toHaveLength(1);

    const [drifted] = (await connections()).filter(({ config }) => String(config?.["name"]).includes("t002"));
    await other.updateConnection(String(drifted?.id), { timeout_secs: 99 }, never);
    const refreshed = await engine.refresh();
    expect(ops(refreshed).sort()).toEqual(["refresh other", "same t001"]);
    expect(refreshed.steps.find(({ name }) => name === "other")?.shown).toEqual(
      expect.arrayContaining(["pending", expect.stringMatching(/^drift/)]),
    );
    expect(said(await engine.preview(program(two)), "info").join()).toContain(
      "config.timeout_secs (changed on the target)",
    );
    expect(ops(await engine.up(program(two))).sort()).toEqual(["same t001", "update other"]);

    expect(await engine.destroy()).toMatchObject({ ok: true });
    expect(await connections()).toEqual([]);
  });

  it("keeps values of its configuration secret, wherever they end", async () => {
    const { engine, program, connections } = await fleet();
    const text = `
      const base = new pulumi.Config("connector-deployer").requireSecret("base");
      new TenantDeployment("t001", { project: "deploy", set: { base_url: base } });
    `;
    const preview = await engine.preview(program(text));
    expect(preview).toMatchObject({ ok: true });
    expect(preview.log).toContain("3 to add");
    expect(preview.log).not.toContain("planted-base");
    expect(await engine.up(program(text))).toMatchObject({ ok: true });
    expect((await connections()).map(({ config }) => config?.["base_url"])).toEqual([
      "http://127.0.0.1:9/planted-base",
    ]);
    expect(ops(await engine.refresh())).toEqual(["same t001"]);
    expect(ops(await engine.up(program(text)))).toEqual(["same t001"]);
    expect(engine.rawState()).not.toContain("planted-base");
  });

  it("fails with file and line where the files are wrong, and for two tenants of one name", async () => {
    const { engine, program, save } = await fleet({
      "tenants/t001.yaml": "id: t001\nconnectors: { crm: { parameter_valus: {} } }\n",
    });
    const invalid = await engine.preview(program(two));
    expect(invalid.ok).toBe(false);
    expect(invalid.log).toContain("tenants/t001.yaml:2:22 unknown-field");
    await save({ "tenants/t001.yaml": defaultFiles["tenants/t001.yaml"] ?? "" });
    const twice = `for (const name of ["a", "b"]) new TenantDeployment(name, { project: "deploy", tenant: "t001" });`;
    const run = await engine.preview(program(twice));
    expect(run.ok).toBe(false);
    expect(run.log).toContain("tenant t001");
  });

  it("warns in a preview where the plan cannot be shown", async () => {
    const { program, env, folder } = await fleet();
    const unreachable = createEngineDouble(() => startProviderHost(folder, { ...env, INFINO_SECRET_KEY: "" }));
    const run = await unreachable.preview({ ...program(two), env: { ...env, INFINO_SECRET_KEY: "" } });
    expect(run.ok).toBe(true);
    expect(said(run, "warning").join()).toContain("the plan of tenant t001 cannot be shown");
    expect(run.log).toContain("INFINO_SECRET_KEY");
  });

  it("may work in a folder below its Pulumi.yaml", async () => {
    const { program, folder, env } = await fleet();
    const below = join(folder, "bin");
    const text = `new TenantDeployment("t001", { project: "deploy" });`;
    const engine = createEngineDouble(() => startProviderHost(below, env));
    const started = program(text, below);
    expect(await engine.up(started)).toMatchObject({ ok: true, log: "" });
    expect(engine.rawState()).toContain('"project": "deploy"');
  });
});

describe("the provider in Pulumi's host", { timeout: 60_000 }, () => {
  it("answers every call with the state that it gave, and prints nothing", async () => {
    const { folder, env, save } = await fleet();
    const host = await startDynamicHost("tenant-deployment", folder, env);
    try {
      const given = { project: "./deploy", tenant: "t001" };
      const { inputs, failures } = await host.check({}, given);
      expect(failures).toEqual([]);
      const { id, outs } = await host.create(inputs);
      expect(await host.diff(id, outs, inputs)).toEqual({ changes: false, replaces: [], deletesFirst: false });
      const read = await host.read(id, outs, inputs);
      expect(read.id).toBe(id);
      expect(read.props).toEqual(outs);
      await save({ "tenants/t001.yaml": "id: t001\nconnectors: { crm: { parameter_values: { timeout: 60 } } }\n" });
      const next = await host.check(inputs, given);
      expect(await host.diff(id, outs, next.inputs)).toMatchObject({ changes: true });
      const after = await host.update(id, outs, next.inputs);
      expect(await host.diff(id, after, next.inputs)).toMatchObject({ changes: false });
      expect(host.printed()).not.toContain("rror");
      const later = await startDynamicHost("tenant-deployment", folder, env);
      try {
        await later.delete(id, after);
        await later.delete(id, after);
        expect((await later.read(id, after, next.inputs)).id).toBe("");
      } finally {
        await later.stop();
      }
    } finally {
      await host.stop();
    }
  });

  it("answers the very first calls for many tenants at once, and ends on a signal", async () => {
    const tenants = Array.from({ length: 8 }, (_, index) => `m${index}`);
    const { folder, env, connections } = await fleet(
      Object.fromEntries(tenants.map((id) => [`tenants/${id}.yaml`, `id: ${id}\nconnectors: { crm: {} }\n`])),
    );
    const any = await startProviderHost(folder, env);
    const host = asKind("tenant-deployment", any);
    const deploy = async (tenant: string) => {
      const { inputs } = await host.check({}, { project: "deploy", tenant });
      return host.create(inputs);
    };
    const made = await Promise.all(tenants.map(deploy));
    expect(made.map(({ id }) => id)).toEqual(tenants.map((id) => `default/${id}`));
    expect(await connections()).toHaveLength(tenants.length);
    await host.stop();
  });
});
