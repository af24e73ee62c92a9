import { describe, expect, it } from "vitest";
import { sealPlan } from "../../src/contract/index.ts";
import { signedClient } from "../support/signed.ts";
import {
  credentials,
  env,
  opened,
  project as projectFile,
  projectFolder,
  startedService,
  tenant,
  write,
} from "./project-folder.ts";

/** A second target beside the first, at an endpoint of its own or at the same one. */
const withSecond = (endpoint: string): string =>
  projectFile.replace(
    "connectors:",
    `  second: { type: infino, endpoint: "${endpoint}", access_key: $ENV(INFINO_ACCESS_KEY), secret_key: $SECRET(infino_secret_key), settle: 5ms, verify: 200ms }\nconnectors:`,
  );

const one = { "tenants/t002.yaml": tenant("t002", "state: absent\n") };

describe("a tenant that moves to another target", () => {
  it("is made there and taken away here", async () => {
    const [first, second] = [await startedService(), await startedService()];
    const dir = await projectFolder({ ...one, "connector-deployer.yaml": withSecond("http://127.0.0.1:2") });
    const options = {
      fetch: (request: Request) => (new URL(request.url).port === "2" ? second : first).fetch(request),
    };
    const before = await opened(dir, first, options);
    await before.apply(await before.plan());
    await write(dir, { "tenants/t001.yaml": tenant("t001", "target: second\n") });
    const project = await opened(dir, first, options);
    const report = await project.apply(await project.plan({ prune: true, maxDeletes: 9 }));
    expect(report.summary).toMatchObject({ insert: 3, delete: 2, failed: 0 });
    expect(report.refusals).toEqual([]);
    expect((await project.plan({ prune: true })).changes).toEqual([]);
  });
});

describe("two target names for one system", () => {
  it("do not make two owners of one object", async () => {
    const service = await startedService();
    const dir = await projectFolder({ ...one, "connector-deployer.yaml": withSecond(env.INFINO_ENDPOINT) });
    const before = await opened(dir, service);
    await before.apply(await before.plan());
    await write(dir, { "tenants/t001.yaml": tenant("t001", "target: second\n") });
    const project = await opened(dir, service);
    const plan = await project.plan({ adopt: ["**"] });
    expect(plan.changes.filter((change) => change.op === "adopt")).toEqual([]);
    expect(plan.refusals).toMatchObject([{ guard: "adoption-needed" }]);
  });
});

describe("one object that two saved plans take over", () => {
  it("goes to the first; the second is a conflict", async () => {
    const service = await startedService();
    const client = signedClient(credentials, (request) => service.fetch(request));
    const config = { name: "theirs", base_url: "http://127.0.0.1:9", api_key: "k", timeout_secs: 30 };
    expect((await client("POST", "/source/elasticsearch", { config })).status).toBeLessThan(300);
    const shared = (name: string): string =>
      `_id: <<@ system @>>\ntype: connection\nsource: elasticsearch\nauth: api_key\nconfig: { name: ${name}, base_url: <<@ base_url @>>, api_key: $SECRET(crm_api_key), timeout_secs: <<@ timeout @>> }\n`;
    const off = "connectors: { crm: { datatypes: { contact: false } } }\n";
    const files = (t1: string, t2: string) => ({
      "connectors/crm/templates/system.yaml": shared("<<@ label @>>"),
      "connectors/crm/manifest.yaml":
        "auth: api_key\nadditional_parameters: { base_url: {}, timeout: { default: 30 }, label: {} }\nsystem-template: templates/system.yaml\n",
      "tenants/t001.yaml": `id: t001\n${off.replace("datatypes: { contact: false }", `parameter_values: { label: ${t1} }`)}`,
      "tenants/t002.yaml": `id: t002\n${off.replace("datatypes: { contact: false }", `parameter_values: { label: ${t2} }`)}`,
    });
    const dir = await projectFolder(files("theirs", "b"));
    const first = await (await opened(dir, service)).plan({ tenants: ["t001"], adopt: ["**"] });
    await write(dir, files("a", "theirs"));
    const second = await (await opened(dir, service)).plan({ tenants: ["t002"], adopt: ["**"] });
    expect([first, second].map(({ changes }) => changes.map(({ op }) => op))).toEqual([["adopt"], ["adopt"]]);
    await write(dir, files("theirs", "b"));
    expect((await (await opened(dir, service)).apply(first)).results).toMatchObject([{ outcome: "done" }]);
    await write(dir, files("a", "theirs"));
    expect((await (await opened(dir, service)).apply(second)).results).toMatchObject([{ outcome: "conflict" }]);
  });
});

describe("a plan that was changed by hand and sealed again", () => {
  it("does not take over what is not the resource's own", async () => {
    const service = await startedService();
    const client = signedClient(credentials, (request) => service.fetch(request));
    const dir = await projectFolder(one);
    const project = await opened(dir, service);
    await project.apply(await project.plan());
    const config = { name: "foreign", base_url: "http://x", api_key: "k" };
    const made = await client("POST", "/source/elasticsearch", { config });
    const id = (made.body as { readonly connection_id: string }).connection_id;
    const plan = await project.plan({ writeSecrets: ["connection/**"] });
    for (const op of ["noop", "rename", "adopt"] as const) {
      const forged = sealPlan({ ...plan, changes: plan.changes.map((change) => ({ ...change, op, id, fields: [] })) });
      const report = await (await opened(dir, service)).apply(forged).catch(() => undefined);
      expect(report?.results.every((result) => result.outcome !== "done") ?? true).toBe(true);
      expect((await project.outputs({})).tenants["t001"]).not.toHaveProperty("acme-t001-crm.connection_id", id);
    }
  });
});
