import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sealPlan } from "../../src/contract/index.ts";
import type { Plan, Properties } from "../../src/deploy/index.ts";
import { formatPlan, parsePlan } from "../../src/deploy/index.ts";
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import { signedClient } from "../support/signed.ts";
import {
  credentials,
  datatype,
  env,
  manifest,
  opened,
  project as projectFile,
  projectFolder,
  startedService,
  system,
  tenant,
  write,
} from "./project-folder.ts";

/** The plan with other members of its first connection. */
const edited = (plan: Plan, members: Properties): Plan => {
  const first = plan.changes.findIndex((change) => change.kind === "connection");
  return {
    ...plan,
    changes: plan.changes.map((change, index) =>
      index === first ? { ...change, entity: { ...change.entity, ...members } } : change,
    ),
  };
};

describe("a project", () => {
  it("is planned, applied, and then planned empty", async () => {
    const service = await startedService();
    const project = await opened(await projectFolder(), service);
    const plan = await project.plan();
    expect(plan.summary).toMatchObject({ insert: 6, tenants: 2 });
    const report = await project.apply(plan);
    expect(report.results.map((result) => result.outcome)).toEqual(Array(6).fill("done"));
    const again = await project.plan();
    expect(again.changes).toEqual([]);
    expect(again.summary.noop).toBe(6);
  });

  it("gives the same plan each time but for its time", async () => {
    const service = await startedService();
    const project = await opened(await projectFolder(), service);
    const [one, two] = [await project.plan(), await project.plan()];
    expect({ ...one, createdAt: "" }).toEqual({ ...two, createdAt: "" });
    expect(parsePlan(formatPlan(one))).toEqual(one);
  });

  it("applies a plan from a file, in another process's place", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const text = formatPlan(await (await opened(dir, service)).plan());
    expect(text).not.toContain(env.CRM_KEY);
    const report = await (await opened(dir, service)).apply(parsePlan(text));
    expect(report.summary).toMatchObject({ insert: 6, failed: 0 });
  });

  it("refuses a plan when the files, the target or the environment moved", async () => {
    const service = await startedService();
    const dir = await projectFolder({ "environments/stage.yaml": "waves: []\n" });
    const plan = await (await opened(dir, service)).plan();
    const stage = await opened(dir, service, { environment: "stage" });
    await expect(stage.apply(plan)).rejects.toMatchObject({ code: "stale-plan" });
    const elsewhere = await opened(dir, service, { env: { ...env, INFINO_ENDPOINT: "http://127.0.0.1:2" } });
    await expect(elsewhere.apply(plan)).rejects.toMatchObject({ code: "stale-plan" });
    await write(dir, { "tenants/t002.yaml": tenant("t002", "labels: { x: y }\n") });
    await expect((await opened(dir, service)).apply(plan)).resolves.toMatchObject({ summary: { insert: 6 } });
    await write(dir, { "connectors/crm/manifest.yaml": manifest.replace("30", "31") });
    await expect((await opened(dir, service)).apply(plan)).rejects.toMatchObject({ code: "stale-plan" });
  });

  it.each([
    ["another value", (plan: Plan) => edited(plan, { config: { name: "acme-t001-crm", base_url: "http://evil" } })],
    ["another secret", (plan: Plan) => edited(plan, { config: { name: "$SECRET(infino_secret_key)" } })],
    ["something that no file has", (plan: Plan) => edited(plan, { _id: "acme-t001-more" })],
  ])("refuses a plan that was changed by hand and sealed again: %s", async (_, change) => {
    const service = await startedService();
    const writes: string[] = [];
    const project = await opened(await projectFolder(), service, {
      fetch: (request) => {
        if (request.method !== "GET") writes.push(request.url);
        return service.fetch(request);
      },
    });
    const forged = sealPlan(change(await project.plan()));
    await expect(project.apply(parsePlan(formatPlan(forged)))).rejects.toMatchObject({ code: "invalid-plan" });
    expect(writes).toEqual([]);
  });

  it("refuses a plan that was changed by hand", async () => {
    const service = await startedService();
    const project = await opened(await projectFolder(), service);
    const text = formatPlan(await project.plan()).replace('"op": "insert"', '"op": "delete"');
    expect(() => parsePlan(text)).toThrow(expect.objectContaining({ code: "invalid-plan" }));
  });

  it("writes no secret into its folder", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    const report = await project.apply(await project.plan());
    const folder = join(dir, ".connector-deployer");
    const kept = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "latin1")));
    for (const text of [...kept, JSON.stringify(report)]) {
      expect(text).not.toContain(env.CRM_KEY);
      expect(text).not.toContain(env.INFINO_SECRET_KEY);
    }
  });

  it("finds every missing secret before the first write", async () => {
    const service = await startedService();
    const dir = await projectFolder({
      "connectors/crm/templates/system.yaml": system
        .replace("elasticsearch\nauth: api_key", "elasticsearch\nauth: basic_auth")
        .replace("api_key: $SECRET(crm_api_key)", "username: $SECRET(crm_api_key), password: $SECRET(other)"),
    });
    await write(dir, {
      "connector-deployer.yaml": projectFile.replace("  crm_api_key", "  other: { env: OTHER }\n  crm_api_key"),
    });
    const { CRM_KEY: _, ...without } = env;
    const writes: string[] = [];
    const project = await opened(dir, service, {
      env: without,
      fetch: (request) => {
        if (request.method !== "GET") writes.push(request.url);
        return service.fetch(request);
      },
    });
    const plan = await project.plan();
    const failure = await project.apply(plan).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "missing-secret" });
    expect((failure as Error).message).toMatch(/CRM_KEY.*OTHER/s);
    expect(writes).toEqual([]);
  });

  it("refuses wrong credentials with `unauthorized`", async () => {
    const service = await startedService();
    const project = await opened(await projectFolder(), service, { env: { ...env, INFINO_SECRET_KEY: "wrong" } });
    await expect(project.plan()).rejects.toMatchObject({ code: "unauthorized" });
  });

  it("refuses a target that moved to another address until it is accepted", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const first = await opened(dir, service);
    await first.apply(await first.plan());
    const moved = await opened(dir, service, { env: { ...env, INFINO_ENDPOINT: "http://127.0.0.1:2" } });
    expect((await moved.plan()).refusals).toMatchObject([{ guard: "other-endpoint" }]);
    const accepted = await moved.plan({ acceptTarget: true });
    expect(accepted.refusals).toEqual([]);
    await moved.apply(accepted);
    expect((await moved.plan()).refusals).toEqual([]);
  });
});

describe("tenants", () => {
  it("whose file is gone are refused, while others go on; `state: absent` takes them away but for their data", async () => {
    const service = await startedService();
    const dir = await projectFolder({ "tenants/t003.yaml": tenant("t003") });
    const project = await opened(dir, service);
    await project.apply(await project.plan());
    await rm(join(dir, "tenants/t001.yaml"));
    await rm(join(dir, "tenants/t002.yaml"));
    await write(dir, { "tenants/t003.yaml": tenant("t003").replace("{}", "{ parameter_values: { timeout: 45 } }") });
    const plan = await project.plan({ prune: true });
    expect(plan.refusals.map(({ guard, tenant: id }) => [guard, id])).toEqual([
      ["vanished-tenant", "t001"],
      ["vanished-tenant", "t002"],
    ]);
    const report = await project.apply(plan);
    expect(report.results).toMatchObject([{ tenant: "t003", op: "update", outcome: "done" }]);
    await write(dir, { "tenants/t001.yaml": tenant("t001", "state: absent\n"), "tenants/t002.yaml": tenant("t002") });
    const leaving = await project.apply(await project.plan());
    expect(leaving.refusals).toEqual([]);
    expect(leaving.summary).toMatchObject({ delete: 2, retained: 1, failed: 0 });
    const call = signedClient(credentials, (request) => service.fetch(request));
    const names = (await call("GET", "/sources/connections")).body as { config: { name: string } }[];
    expect(names.map(({ config }) => config.name).sort()).toEqual(["acme-t002-crm", "acme-t003-crm"]);
    expect((await project.plan()).changes).toEqual([]);
  });

  it("are destroyed one at a time, with or without a file", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    await project.apply(await project.plan());
    await rm(join(dir, "tenants/t001.yaml"));
    const report = await project.apply(await project.planDestroy("t001"), { command: "destroy" });
    expect(report.summary).toMatchObject({ delete: 2, retained: 1 });
    expect((await project.plan()).refusals).toEqual([]);
    await expect(project.planDestroy("nobody")).rejects.toMatchObject({ code: "usage" });
  });

  it("are read one at a time when only one is deployed", async () => {
    const service = await startedService();
    const many = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => `t${index + 100}`).map((id) => [`tenants/${id}.yaml`, tenant(id)]),
    );
    const dir = await projectFolder(many);
    await new Promise((done) => setTimeout(done, 80));
    const project = await opened(dir, service);
    await project.deployTenant("t100");
    const reads: string[] = [];
    const { readTenant } = project.files;
    Object.assign(project.files, {
      readTenant: (file: string) => {
        reads.push(file);
        return readTenant(file);
      },
    });
    const report = await project.deployTenant("t101");
    expect(report.summary.insert).toBe(3);
    expect([...new Set(reads)]).toEqual(["tenants/t101.yaml"]);
  });

  it("that clash are found, whatever is selected", async () => {
    const service = await startedService();
    const everybody = datatype.replace("- _id: <<@ system @>>-<<@ datatype @>>\n", "- _id: everybody\n");
    const dir = await projectFolder({ "connectors/crm/templates/datatype.yaml": everybody });
    const project = await opened(dir, service);
    const validation = await project.validate({ tenants: ["t001"] });
    expect(validation.diagnostics.map((diagnostic) => diagnostic.code)).toContain("duplicate-id");
    await expect(project.plan({ tenants: ["t001"] })).rejects.toMatchObject({ code: "invalid-files" });
  });

  it("that are invalid and not selected are a warning", async () => {
    const service = await startedService();
    const dir = await projectFolder({ "tenants/t009.yaml": "id: t009\nconnectors: { crn: {} }\n" });
    const codes: string[] = [];
    const project = await opened(dir, service, {
      report: (event) => {
        if (event.code === "warning") codes.push(event.diagnostic.code);
      },
    });
    await project.plan({ tenants: ["t001"] });
    expect(codes).toEqual(["invalid-tenant-not-selected"]);
    await expect(project.plan()).rejects.toMatchObject({ code: "invalid-files" });
  });

  it("that nobody matches are a usage error with the nearest name", async () => {
    const service = await startedService();
    const project = await opened(await projectFolder(), service);
    await expect(project.plan({ tenants: ["t01"] })).rejects.toMatchObject({ code: "usage" });
    await expect(project.plan({ labels: { region: "nowhere" } })).rejects.toMatchObject({ code: "usage" });
    await expect(project.plan({ only: ["connection/acme-t001-crn"] })).rejects.toMatchObject({ code: "usage" });
    expect((await project.plan({ only: ["connection/acme-t001-*"] })).changes.length).toBeGreaterThan(0);
  });
});

describe("a component", () => {
  it("is explained by template and source", async () => {
    const service = await startedService();
    const project = await opened(await projectFolder(), service);
    const { value, origin } = await project.explain("connection/acme-t001-crm", "config.base_url");
    expect(value).toBe("http://127.0.0.1:9");
    expect(origin?.template.file).toBe("connectors/crm/templates/system.yaml");
    expect(origin?.sources[0]?.from).toContain("api_base_url");
  });

  it("that refers to nothing, or is written in clear, is a diagnostic at its place", async () => {
    const service = await startedService();
    const dir = await projectFolder({
      "connectors/crm/templates/system.yaml": system
        .replace("$SECRET(crm_api_key)", "hunter2hunter2")
        .replace("_id: <<@ system @>>", "_id: <<@ system @>>-x"),
    });
    const { diagnostics } = await (await opened(dir, service)).validate();
    const ofFirst = diagnostics.filter((diagnostic) => diagnostic.tenant === "t001");
    expect(ofFirst.map(({ code, location }) => [code, location?.file])).toEqual([
      ["plain-secret", "connectors/crm/templates/system.yaml"],
      ["dangling-reference", "connectors/crm/templates/datatype.yaml"],
    ]);
    expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
  });

  it("that has a list where a secret belongs is shown without its line", async () => {
    const service = await startedService();
    const clear = system.replace("$SECRET(crm_api_key)", "[hunter2hunter2]");
    const dir = await projectFolder({ "connectors/crm/templates/system.yaml": clear });
    const { diagnostics } = await (await opened(dir, service)).validate();
    expect(new Set(diagnostics.map(({ code }) => code))).toEqual(new Set(["plain-secret", "wrong-type"]));
    expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
  });
});

describe("rules of the project", () => {
  it.each([
    ["protected without a kind", "protected: [acme-t001-crm]"],
    ["protected of a kind that there is not", 'protected: ["conn/*"]'],
    ["ignore of a kind that there is not", "ignore: [{ kind: connecton, path: config.timeout_secs }]"],
    ["a drift policy for a kind that there is not", "on_drift: { default: revert, kinds: { conection: keep } }"],
  ])("that would do nothing are errors: %s", async (_name, rule) => {
    const service = await startedService();
    const dir = await projectFolder({ "connector-deployer.yaml": `${projectFile}${rule}\n` });
    const { diagnostics } = await (await opened(dir, service)).validate();
    expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([["invalid-value", "error"]]);
  });

  it("that name a kind are taken", async () => {
    const service = await startedService();
    const rules =
      'protected: ["connection/acme-*", "**", "{dataset,import-job}/*"]\non_drift: { default: revert, kinds: { dataset: keep } }\n';
    const dir = await projectFolder({ "connector-deployer.yaml": `${projectFile}${rules}` });
    expect((await (await opened(dir, service)).validate()).diagnostics).toEqual([]);
  });
});

describe("looking around", () => {
  it("knows tenants that own nothing yet, and refuses names and labels that nobody has", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    await project.deployTenant("t001");
    expect((await project.drift({ tenants: ["t002"] })).items).toEqual([]);
    await expect(project.drift({ tenants: ["t009"] })).rejects.toMatchObject({ code: "usage" });
    await expect(project.status({ labels: { region: "nowhere" } })).rejects.toMatchObject({ code: "usage" });
    await write(dir, { "tenants/t002.yaml": "id: t002\nlabels: { region: eu }\nconnectors: { crn: {} }\n" });
    await expect(project.drift({ labels: { region: "eu" } })).rejects.toMatchObject({ code: "invalid-files" });
  });

  it("shows drift, status, tenants and sources", async () => {
    const service = await startedService();
    const project = await opened(await projectFolder(), service);
    await project.apply(await project.plan());
    const call = signedClient(credentials, (request) => service.fetch(request));
    const connections = (await call("GET", "/sources/connections")).body as { id: string; config: { name: string } }[];
    const one = connections.find(({ config }) => config.name === "acme-t001-crm");
    await call("DELETE", `/source/${one?.id}`);
    expect((await project.drift()).items).toMatchObject([{ tenant: "t001", kind: "connection", drift: "vanished" }]);
    expect((await project.drift({ tenants: ["t002"] })).items).toEqual([]);
    const status = await project.status({ tenants: ["t001"] });
    expect(status.items.find((item) => item.kind === "connection")).toMatchObject({
      health: "vanished",
      healthy: false,
    });
    expect((await project.tenants()).map(({ id, owned }) => [id, owned])).toEqual([
      ["t001", 3],
      ["t002", 3],
    ]);
    expect((await project.sources()).map((source) => source.id)).toContain("elasticsearch");
  });
});

describe("after a kill with a create under way", () => {
  it("a plan waits as long as the target may still work on it, then finds what was made", async () => {
    const service = await startedService();
    const dir = await projectFolder({
      "connector-deployer.yaml": projectFile.replace("settle: 5ms", "settle: 5ms\n    request_timeout: 300ms"),
    });
    const events: string[] = [];
    const project = await opened(dir, service, { report: ({ code }) => events.push(code) });
    const change = (await project.plan()).changes.find((item) => item.kind === "connection");
    if (change === undefined) throw new Error("the plan makes no connection");
    {
      await using ledger = await openLedger(join(dir, ".connector-deployer/ledger.db"), { environment: "default" });
      await using lease = await ledger.lease(change.tenant, localHolder("killed"));
      await ledger.intend(lease, "killed", [{ change, seen: [] }]);
    }
    const call = signedClient(credentials, (request) => service.fetch(request));
    const config = { name: change.entity._id, base_url: "http://127.0.0.1:9", api_key: env.CRM_KEY, timeout_secs: 30 };
    setTimeout(() => void call("POST", "/source/elasticsearch", { config }), 100);
    const report = await project.apply(await project.plan());
    expect(events).toContain("settling");
    expect(report.refusals).toEqual([]);
    const connections = (await call("GET", "/sources/connections")).body as readonly unknown[];
    expect(connections).toHaveLength(2);
    expect((await project.plan()).changes).toEqual([]);
  });
});
