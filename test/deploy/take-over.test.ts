import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Project } from "../../src/deploy/index.ts";
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
  system,
  write,
} from "./project-folder.ts";

type Sent = { readonly all: string[]; readonly writes: string[] };

const sending = (service: Service) => {
  const sent: Sent = { all: [], writes: [] };
  const fetch = (request: Request): Promise<Response> => {
    const line = `${request.method} ${new URL(request.url).pathname}`;
    sent.all.push(line);
    if (request.method !== "GET") sent.writes.push(line);
    return service.fetch(request);
  };
  return { sent, fetch };
};

/** A deployed project whose ledger is gone: everything is live and nobody's. */
const withoutLedger = async () => {
  const service = await startedService();
  const dir = await projectFolder();
  const before = await opened(dir, service);
  await before.apply(await before.plan());
  await before[Symbol.asyncDispose]();
  await rm(join(dir, ".connector-deployer"), { recursive: true });
  const { sent, fetch } = sending(service);
  const project = await opened(dir, service, { fetch });
  return { service, dir, project, sent };
};

const clientOf = (service: Service) => signedClient(credentials, (request) => service.fetch(request));

const idOf = async (project: Project, _id: string): Promise<string | undefined> =>
  (await project.status()).items.find((item) => item._id === _id)?.id;

const ledgerOf = (dir: string) => openLedger(join(dir, ".connector-deployer/ledger.db"), { environment: "default" });

describe("adopting", () => {
  it("everything by name with trusted secrets writes nothing, then or later", async () => {
    const { project, sent } = await withoutLedger();
    const report = await project.adopt({ match: "name", trustSecrets: true });
    expect(report.left).toEqual([]);
    expect(report.results.map(({ op, outcome }) => [op, outcome])).toEqual(Array(6).fill(["adopt", "done"]));
    const plan = await project.plan();
    expect(plan.refusals).toEqual([]);
    expect(plan.changes).toEqual([]);
    await project.apply(plan);
    expect(sent.writes).toEqual([]);
  });

  it("with untrusted secrets writes nothing then, and each secret once with the next apply", async () => {
    const { project, sent } = await withoutLedger();
    await project.adopt({ resources: ["**"] });
    expect(sent.writes).toEqual([]);
    const plan = await project.plan();
    expect(plan.summary).toMatchObject({ update: 2, insert: 0, replace: 0 });
    await project.apply(plan);
    expect(sent.writes).toHaveLength(2);
    expect((await project.plan()).changes).toEqual([]);
  });

  it("chooses by globs, and asks first with what differs", async () => {
    const { project, service, sent } = await withoutLedger();
    const live = (await clientOf(service)("GET", "/sources/connections")).body as { id: string }[];
    for (const { id } of live) await clientOf(service)("PATCH", `/source/${id}`, { config: { timeout_secs: 77 } });
    const declined = project.adopt({
      resources: ["connection/acme-t001-*"],
      confirm: async ({ items }) => {
        expect(items).toMatchObject([{ kind: "connection", _id: "acme-t001-crm" }]);
        expect(items[0]?.fields).toContainEqual({ path: "/config/timeout_secs", from: 77, to: 30, class: "files" });
        throw new Error("declined");
      },
    });
    await expect(declined).rejects.toThrow("declined");
    expect((await project.status()).items).toEqual([]);
    await project.adopt({ resources: ["connection/acme-t001-*"], trustSecrets: true });
    expect((await project.status()).items.map(({ _id }) => _id)).toEqual(["acme-t001-crm"]);
    expect(sent.writes).toEqual([]);
    const { changes } = await project.plan({ tenants: ["t001"], adopt: ["**"] });
    const update = changes.find((change) => change.kind === "connection");
    expect(update?.fields?.map(({ path }) => path)).toEqual(["/config/timeout_secs"]);
  });

  it("takes along what it refers to, or leaves both", async () => {
    const { project, service } = await withoutLedger();
    const report = await project.adopt({ resources: ["import-job/acme-t001-*"], trustSecrets: true });
    expect(report.items.map(({ kind }) => kind).sort()).toEqual(["connection", "import-job"]);
    expect((await project.drift()).items).toEqual([]);
    const twin = { name: "acme-t002-crm", base_url: "http://127.0.0.1:9", api_key: "k" };
    await clientOf(service)("POST", "/source/elasticsearch", { config: twin });
    const none = await project.adopt({ resources: ["import-job/acme-t002-*"] });
    expect(none.items).toEqual([]);
  });

  it("of what is ours already is done, and of what nobody asks for is a usage error with the nearest name", async () => {
    const { project } = await withoutLedger();
    await project.adopt({ match: "name" });
    expect(await project.adopt({ resources: ["connection/acme-t001-crm"] })).toMatchObject({ items: [], left: [] });
    await expect(project.adopt({ resources: ["connection/acme-t001-crn"] })).rejects.toMatchObject({
      code: "usage",
      hint: expect.stringContaining("acme-t001-crm"),
    });
    await expect(project.adopt({})).rejects.toMatchObject({ code: "usage" });
  });

  it("leaves what is ambiguous, not live, another tenant's or of another type, each with its reason", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const connect = (source: string, config: object) => clientOf(service)("POST", `/source/${source}`, { config });
    const twin = { name: "acme-t001-crm", base_url: "http://127.0.0.1:9", api_key: "k" };
    await connect("elasticsearch", twin);
    await connect("elasticsearch", twin);
    await connect("opensearch", { ...twin, name: "acme-t002-crm" });
    const project = await opened(dir, service);
    const report = await project.adopt({ resources: ["connection/acme-t001-crm", "**"] });
    expect(report.items).toEqual([]);
    expect(report.left.map(({ _id, reason }) => `${_id}: ${reason}`)).toEqual([
      expect.stringMatching(/^acme-t002-crm: source is "opensearch" on the target and "elasticsearch" in the files/),
      expect.stringMatching(/^acme-t001-crm: 2 live objects/),
    ]);
    const missing = await project.adopt({ resources: ["dataset/acme-t001-crm-contact"] });
    expect(missing.left).toMatchObject([{ _id: "acme-t001-crm-contact", ids: [] }]);
  });

  it("never takes what belongs to another tenant or another name of the same one", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const first = await opened(dir, service);
    await first.apply(await first.plan());
    const named = (name: string) =>
      system.replace("_id: <<@ system @>>", "_id: <<@ system @>>-two").replace("config: {", `config: { name: ${name},`);
    await write(dir, {
      "connector-deployer.yaml": projectFile.replace(
        "connectors:",
        "connectors:\n  two: { path: connectors/two, auth: { api_base_url: http://127.0.0.1:9 } }",
      ),
      "connectors/two/manifest.yaml":
        "additional_parameters: { base_url: {}, timeout: { default: 30 } }\nsystem-template: system.yaml\n",
      "connectors/two/system.yaml": named("acme-t002-crm"),
      "tenants/t001.yaml": "id: t001\nconnectors: { two: {} }\n",
      "tenants/t002.yaml": "id: t002\nconnectors: {}\n",
    });
    const project = await opened(dir, service);
    const others = await project.adopt({ resources: ["connection/acme-t001-two-two"], tenants: ["t001"] });
    expect(others.left).toMatchObject([{ reason: expect.stringContaining("of tenant t002") }]);
    await write(dir, { "connectors/two/system.yaml": named("acme-t001-crm") });
    const renamed = await opened(dir, service);
    const own = await renamed.adopt({ resources: ["connection/acme-t001-two-two"] });
    expect(own.left).toMatchObject([
      { hint: expect.stringContaining("mv connection/acme-t001-crm connection/acme-t001-two-two") },
    ]);
    const { refusals, findings } = await renamed.plan();
    expect(refusals.find(({ guard }) => guard === "adoption-needed")?.hint).toContain(
      "connector-deployer mv connection/acme-t001-crm",
    );
    expect(findings).toContainEqual(expect.objectContaining({ owner: { tenant: "t001", _id: "acme-t001-crm" } }));
  });

  it("trusts no secret that has no value", async () => {
    const { dir, service } = await withoutLedger();
    const { CRM_KEY: _, ...without } = env;
    const project = await opened(dir, service, { env: without });
    await expect(project.adopt({ match: "name", trustSecrets: true })).rejects.toMatchObject({
      code: "missing-secret",
    });
    expect((await project.status()).items).toEqual([]);
  });

  it("stands in the history with its operations", async () => {
    const { project } = await withoutLedger();
    const { run } = await project.adopt({ match: "name", tenants: ["t001"] });
    const { runs } = await project.history();
    expect(runs).toMatchObject([{ run, command: "adopt", outcome: "done" }]);
    const { operations } = await project.run(run ?? "");
    expect(operations.map(({ op, outcome }) => [op, outcome])).toEqual(Array(3).fill(["adopt", "done"]));
  });
});

const deployed = async () => {
  const service = await startedService();
  const dir = await projectFolder();
  const first = await opened(dir, service);
  await first.apply(await first.plan());
  const { sent, fetch } = sending(service);
  const project = await opened(dir, service, { fetch });
  return { service, dir, project, sent };
};

describe("forgetting", () => {
  it("lets entries go without a request, and says what is still declared", async () => {
    const { project, sent } = await deployed();
    const { items, run } = await project.forget({ resources: ["import-job/acme-t001-*", "connection/acme-t001-crm"] });
    expect(items.map(({ kind, declared }) => [kind, declared]).sort()).toEqual([
      ["connection", true],
      ["import-job", true],
    ]);
    expect(sent.all).toEqual([]);
    const plan = await project.plan();
    expect(plan.refusals).toMatchObject([{ guard: "adoption-needed", tenant: "t001" }]);
    expect((await project.run(run)).operations.map(({ op, outcome }) => [op, outcome])).toEqual(
      Array(2).fill(["forget", "done"]),
    );
    await project.adopt({ match: "name", trustSecrets: true });
    expect((await project.plan()).changes).toEqual([]);
    expect(sent.writes).toEqual([]);
  });

  it("is of the tenants that were named, after a question", async () => {
    const { project } = await deployed();
    await expect(
      project.forget({
        resources: ["**"],
        tenants: ["t002"],
        confirm: async (items) => {
          expect(items).toHaveLength(3);
          throw new Error("declined");
        },
      }),
    ).rejects.toThrow("declined");
    expect((await project.status()).items).toHaveLength(6);
    await project.forget({ resources: ["**"], tenants: ["t002"] });
    expect([...new Set((await project.status()).items.map((item) => item.tenant))]).toEqual(["t001"]);
  });

  it("of nothing is a usage error with the nearest name", async () => {
    const { project } = await deployed();
    await expect(project.forget({ resources: ["connection/acme-t001-crn"] })).rejects.toMatchObject({
      code: "usage",
      hint: expect.stringContaining("acme-t001-crm"),
    });
    await expect(project.forget({ resources: ["**"], tenants: ["t01"] })).rejects.toMatchObject({ code: "usage" });
    await expect(project.forget({ resources: [] })).rejects.toMatchObject({ code: "usage" });
  });

  it("waits for what an earlier run left open, and for another run", async () => {
    const { dir, project } = await deployed();
    await using ledger = await ledgerOf(dir);
    const [entry] = await ledger.entries("t001");
    if (entry === undefined) throw new Error("no entry");
    const { kind, _id } = entry.resource;
    {
      await using lease = await ledger.lease("t001", localHolder("other"));
      await expect(project.forget({ resources: ["**"], tenants: ["t001"] })).rejects.toMatchObject({
        code: "lease-held",
      });
      await expect(project.move({ from: `${kind}/${_id}`, to: `${kind}/new` })).rejects.toMatchObject({
        code: "lease-held",
      });
      const entity = { _id, _deleted: false, $based_on: {} };
      const change = {
        tenant: "t001",
        target: "default",
        kind,
        id: entry.id,
        op: "update",
        entity,
        dependsOn: [],
      } as const;
      await ledger.intend(lease, "other", [{ change, seen: [] }]);
    }
    for (const attempt of [
      project.forget({ resources: ["**"], tenants: ["t001"] }),
      project.move({ from: `${kind}/${_id}`, to: `${kind}/new` }),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: "blocked", hint: expect.stringContaining("apply -t t001") });
    }
    expect(await ledger.entries("t001")).toHaveLength(3);
    expect((await project.history()).runs[0]).toMatchObject({ outcome: "blocked" });
  });
});

describe("moving", () => {
  const renamed = system
    .replace("_id: <<@ system @>>", "_id: <<@ system @>>-new")
    .replace("config: {", "config: { name: <<@ system @>>,");

  it("gives an entry another name without a request; nothing of it is written once the files say it too", async () => {
    const { dir, service, sent, project } = await deployed();
    const id = await idOf(project, "acme-t001-crm");
    const before = sent.all.length;
    const report = await project.move({ from: "connection/acme-t001-crm", to: "connection/acme-t001-crm-new" });
    expect(sent.all).toHaveLength(before);
    expect(report).toMatchObject({ id, unresolved: [], declared: { from: true, to: false } });
    expect((await project.drift({ tenants: ["t001"] })).items).toEqual([]);
    await write(dir, {
      "connectors/crm/templates/system.yaml": renamed,
      "connectors/crm/templates/datatype.yaml": datatype.replace(
        "connection: <<@ system @>>",
        "connection: <<@ system @>>-new",
      ),
    });
    const { fetch, sent: later } = sending(service);
    const after = await opened(dir, service, { fetch });
    const plan = await after.plan({ tenants: ["t001"] });
    expect(plan.refusals).toEqual([]);
    expect(plan.changes.filter(({ op }) => op !== "noop")).toEqual([]);
    await after.apply(plan);
    expect(later.writes).toEqual([]);
    expect(await idOf(after, "acme-t001-crm-new")).toBe(id);
    expect((await after.run(report.run)).operations).toMatchObject([
      { op: "rename", outcome: "done", _id: "acme-t001-crm-new" },
    ]);
  });

  it("names the secrets that it could not carry over", async () => {
    const { dir, service } = await deployed();
    const { CRM_KEY: _, ...without } = env;
    const project = await opened(dir, service, { env: without });
    const report = await project.move({ from: "connection/acme-t001-crm", to: "connection/other" });
    expect(report.unresolved).toEqual(["/config/api_key"]);
  });

  it("refuses names that are not there, taken, or of another kind", async () => {
    const { project } = await deployed();
    const from = "connection/acme-t001-crm";
    const attempts: readonly (readonly [Parameters<Project["move"]>[0], string])[] = [
      [{ from: "connection/acme-t001-crn", to: "connection/x" }, "acme-t001-crm"],
      [{ from, to: "connection/acme-t002-crm" }, "forget"],
      [{ from, to: "dataset/x" }, "connection/x"],
      [{ from, to: from }, "another"],
      [{ from: "acme-t001-crm", to: "connection/x" }, "KIND/_ID"],
      [{ from, to: "connection/x", tenant: "t002" }, "acme-t002-crm"],
    ];
    for (const [options, hint] of attempts) {
      await expect(project.move(options)).rejects.toMatchObject({ code: "usage", hint: expect.stringContaining(hint) });
    }
    expect(await idOf(project, "acme-t001-crm")).toBeDefined();
  });
});
