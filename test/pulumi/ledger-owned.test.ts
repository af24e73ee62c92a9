import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { connectionAdapter } from "../../src/pulumi/lifecycle/connection-adapter.ts";
import { createProvider } from "../../src/pulumi/lifecycle/create-provider.ts";
import { datasetAdapter } from "../../src/pulumi/lifecycle/dataset-adapter.ts";
import { defaultFiles, env, opened, startedService, write } from "../deploy/project-folder.ts";
import { failureOf } from "../support/pulumi/provider-stage.ts";

/** A program beside a project folder, on one service. */
const stage = async () => {
  const folder = await mkdtemp(join(tmpdir(), "connector-owned-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const dir = join(folder, "deploy");
  await write(dir, defaultFiles);
  const service = await startedService();
  const writes: string[] = [];
  const start = (adapter = connectionAdapter) =>
    createProvider(adapter, {
      env: { ...env },
      dir: folder,
      clock: Date.now,
      sleep: async () => undefined,
      fetch: (request) => {
        if (request.method !== "GET") writes.push(request.method);
        return service.fetch(request);
      },
    });
  return { dir, service, start, writes };
};

const target = { project: "deploy" };
const inputs: Properties = {
  source: "elasticsearch",
  auth: "api_key",
  name: "acme-t001-crm",
  config: { base_url: "http://127.0.0.1:9", api_key: env.CRM_KEY, timeout_secs: 30 },
  target,
};

/** The same, deployed by `apply` a moment ago: nothing on the target tells it from an attempt of Pulumi's. */
const applied = async () => {
  const made = await stage();
  const project = await opened(made.dir, made.service);
  const report = await project.deployTenant("t001");
  expect(report.summary.failed).toBe(0);
  return { ...made, project };
};

it("what the ledger owns is neither claimed nor taken over, and the way to hand it over is named", async () => {
  const { start, writes } = await applied();
  for (const more of [{}, { adopt: true }]) {
    const failure = await failureOf(start().create({ ...inputs, ...more }));
    expect(failure).toMatchObject({ code: "blocked" });
    expect(failure.message).toMatch(/ledger of deploy.*t001.*acme-t001-crm.*adopt --pulumi-import FILE -t t001/);
    const data = { name: "acme-t001-crm-contact", target, ...more };
    expect((await failureOf(start(datasetAdapter).create(data))).message).toMatch(/ledger of deploy/);
  }
  expect(writes).toEqual([]);
});

it("what the ledger owns is found through another target at the same address, and not at another one", async () => {
  const { start, dir } = await applied();
  const at = (name: string, endpoint: string): string => `  ${name}:
    type: infino
    endpoint: ${endpoint}
    access_key: $ENV(INFINO_ACCESS_KEY)
    secret_key: $SECRET(infino_secret_key)
`;
  const more = `${at("same", "$ENV(INFINO_ENDPOINT)")}${at("other", "http://127.0.0.1:2")}connectors:`;
  const text = defaultFiles["connector-deployer.yaml"] ?? "";
  await write(dir, { "connector-deployer.yaml": text.replace("connectors:", more) });
  const data = (name: string) => ({ name: "acme-t001-crm-contact", target: { ...target, name } });
  expect(await failureOf(start(datasetAdapter).create(data("same")))).toMatchObject({ code: "blocked" });
  expect((await start(datasetAdapter).create(data("other"))).id).toBe("acme-t001-crm-contact");
});

it("what was handed over is only taken over when asked for", async () => {
  const { start, project } = await applied();
  const { items } = await project.handOver({
    tenants: ["t001"],
    fingerprint: () => "",
    write: async () => undefined,
  });
  const failure = await failureOf(start().create(inputs));
  expect(failure).toMatchObject({ code: "blocked", message: expect.stringMatching(/pulumi import.*adopt: true/) });
  const { id } = await start().create({ ...inputs, adopt: true });
  expect(items.map((item) => item.id)).toContain(id);
});

it("an own attempt is claimed where there is no ledger, and none is made", async () => {
  const { start, dir } = await stage();
  const { id } = await start().create(inputs);
  expect((await start().create(inputs)).id).toBe(id);
  await expect(access(join(dir, ".connector-deployer"))).rejects.toThrow();
});

it("nothing is claimed where the ledger cannot be opened", async () => {
  const { start, dir, writes } = await stage();
  await start().create(inputs);
  await write(dir, { ".connector-deployer/ledger.db": "" });
  await writeFile(join(dir, ".connector-deployer/ledger.db"), "this is no ledger".repeat(500));
  const failure = await failureOf(start().create(inputs));
  expect(failure).toMatchObject({ code: "blocked", message: expect.stringMatching(/cannot be told: .*ledger/) });
  expect(writes).toEqual(["POST"]);
});
