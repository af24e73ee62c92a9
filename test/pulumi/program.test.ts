import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { defaultFiles, project as files, tenant, write } from "../deploy/project-folder.ts";
import { root } from "../support/pulumi/dynamic-host.ts";
import { createEngineDouble, type Program } from "../support/pulumi/engine-double.ts";
import { startProviderHost } from "../support/pulumi/provider-host.ts";
import { planted, type Stage, startStage } from "../support/pulumi/stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage("connection");
});
afterAll(() => stage.stop());

/** A program in a folder of its own that has this package in its node_modules. */
const written = (text: string): Program => {
  writeFileSync(join(stage.folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(stage.folder, "index.js"), text);
  return { folder: stage.folder, file: "index.js" };
};

const outputs = [
  "id",
  "connectionId",
  "source",
  "auth",
  "name",
  "config",
  "status",
  "statusReason",
  "endpoint",
  "live",
  "target",
  "catalog",
];

const declared = (name: string, config: string): Program =>
  written(`
    import * as pulumi from "@pulumi/pulumi";
    import { Connection } from "connector-deployer/pulumi";
    const connection = new Connection("${name}", {
      source: "elasticsearch", auth: "api_key", config: ${config}, target: { endpoint: { env: "INFINO_ENDPOINT" } }, catalog: [],
    });
    ${outputs.map((output) => `export const ${output} = connection.${output};`).join("\n")}
  `);

describe("a program with a Connection", { timeout: 120_000 }, () => {
  const config = (more = "") => `{ base_url: "http://127.0.0.1:1", api_key: pulumi.secret("${planted}")${more} }`;

  it("is previewed, makes it, has nothing to do afterwards and updates one changed value", async () => {
    const engine = stage.engine();
    const first = declared("acme-program-1", config());
    expect((await engine.preview(first)).steps.map(({ op }) => op)).toEqual(["create"]);
    expect(await stage.named("acme-program-1")).toEqual([]);

    const made = await engine.up(first);
    expect(made).toMatchObject({ ok: true, log: "", steps: [{ op: "create" }] });
    const [connection] = await stage.named("acme-program-1");
    expect(made.outputs).toMatchObject({
      id: connection?.id,
      connectionId: connection?.id,
      source: "elasticsearch",
      auth: "api_key",
      name: "acme-program-1",
      status: "disconnected",
      endpoint: stage.front.url,
      config: "[secret]",
      live: "[secret]",
      target: { endpoint: { env: "INFINO_ENDPOINT" } },
      catalog: [],
    });
    expect(Object.keys(made.outputs)).toContain("statusReason");
    expect((await engine.up(first)).steps.map(({ op }) => op)).toEqual(["same"]);

    const changed = declared("acme-program-1", config(", timeout_secs: 60"));
    const preview = await engine.preview(changed);
    expect(preview.steps.map(({ op }) => op)).toEqual(["update"]);
    // What other resources refer to is known before anything is written.
    expect(preview.outputs["connectionId"]).toBe(connection?.id);
    expect((await engine.up(changed)).steps.map(({ op }) => op)).toEqual(["update"]);
    expect((await engine.up(changed)).steps.map(({ op }) => op)).toEqual(["same"]);
    expect(engine.state()).not.toContain(planted);
    expect(engine.state()).not.toContain(root);
    expect(engine.state()).not.toContain(stage.folder);
  });

  it("marks what the catalog calls secret, and nothing else of the configuration", async () => {
    const { steps } = await stage.engine().preview(declared("acme-program-2", config()));
    expect(steps).toMatchObject([
      {
        op: "create",
        type: "pulumi-nodejs:dynamic/connector-deployer:Connection",
        name: "acme-program-2",
        inputs: {
          source: "elasticsearch",
          auth: "api_key",
          name: "acme-program-2",
          config: { base_url: "http://127.0.0.1:1", api_key: "[secret]" },
          target: { endpoint: { env: "INFINO_ENDPOINT" } },
          catalog: [],
          __provider: expect.stringContaining("providers/v1/connection"),
        },
        secretOutputs: ["live"],
        hiddenDiffs: ["__provider", "live"],
      },
    ]);
  });

  it("makes all of the configuration secret where it is computed", async () => {
    const program = written(`
      import * as pulumi from "@pulumi/pulumi";
      import { Connection } from "connector-deployer/pulumi";
      new Connection("acme-program-3", {
        source: "elasticsearch", auth: "api_key", config: pulumi.output(${config()}),
      });
    `);
    const { steps } = await stage.engine().preview(program);
    expect(steps).toMatchObject([{ inputs: { config: "[secret]" }, secretOutputs: ["live"] }]);
  });

  it("looks one up by its id", async () => {
    const { id } = await stage.make({
      source: "elasticsearch",
      auth: "none",
      name: "acme-program-4",
      config: { base_url: "http://127.0.0.1:1" },
    });
    const run = await stage.engine().up(
      written(`
        import { Connection } from "connector-deployer/pulumi";
        const found = Connection.get("found", "${id}");
        export const { connectionId, name, source, status } = found;
      `),
    );
    expect(run).toMatchObject({
      ok: true,
      log: "",
      outputs: { connectionId: id, name: "acme-program-4", source: "elasticsearch", status: "disconnected" },
    });
  });

  it("fails with the property that is wrong", async () => {
    const run = await stage.engine().up(declared("acme-program-5", `{ base_url: "http://x" }`));
    expect(run.ok).toBe(false);
    expect(run.log).toContain('"config.api_key" is required');
  });
});

describe("the program of the Pulumi.yaml", { timeout: 120_000 }, () => {
  it.each([
    ["a resource for each of its own", {}, ["Connection", "Dataset", "ImportJob"]],
    ["one resource for all", { "connector-deployer:granularity": "tenant" }, ["TenantDeployment"]],
  ])("deploys the tenant that the stack is named after: %s", async (_, granularity, types) => {
    const project: unknown = parse(await readFile(join(root, "Pulumi.yaml"), "utf8"));
    expect(project).toMatchObject({ runtime: { name: "nodejs", options: { typescript: false } } });
    const { main } = project as { readonly main: string };
    const vendor = `vendor${types.length}`;
    const deploy = join(stage.folder, vendor);
    await write(deploy, {
      ...defaultFiles,
      "connector-deployer.yaml": files.replace("vendor: acme", `vendor: ${vendor}`),
      "tenants/acme.yaml": tenant("acme"),
    });
    const env = { ...stage.env, CRM_KEY: planted };
    const program = {
      // Pulumi works in the folder of `main`.
      folder: join(root, dirname(main)),
      file: basename(main),
      // Relative to the Pulumi.yaml.
      config: { "connector-deployer:project": relative(root, deploy), ...granularity },
      env,
    };
    const engine = createEngineDouble(() => startProviderHost(program.folder, env));
    const run = await engine.up(program);
    expect(run).toMatchObject({ ok: true, log: "" });
    expect(run.steps.map(({ op, type }) => `${op} ${type.split(":").at(-1)}`).sort()).toEqual(
      types.map((type) => `create ${type}`),
    );
    const [connection] = await stage.named(`${vendor}-acme-crm`);
    expect(run.outputs["ids"]).toMatchObject({ [`${vendor}-acme-crm`]: connection?.id });
    expect((await engine.up(program)).steps.map(({ op }) => op)).toEqual(types.map(() => "same"));
    expect(engine.rawState()).not.toContain(planted);
    expect(await engine.destroy()).toMatchObject({ ok: true });
    expect(await stage.named(`${vendor}-acme-crm`)).toEqual([]);
  });

  it("refuses a setting that it does not know", async () => {
    const program = {
      folder: join(root, "dist/pulumi"),
      file: "program.js",
      config: { "connector-deployer:project": "deploy", "connector-deployer:enviroment": "stage" },
      env: stage.env,
    };
    const run = await createEngineDouble(() => startProviderHost(program.folder, stage.env)).preview(program);
    expect(run.ok).toBe(false);
    expect(run.log).toMatch(/connector-deployer:enviroment is not a setting.*"environment"/);
  });
});
