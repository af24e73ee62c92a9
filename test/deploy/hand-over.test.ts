import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Project } from "../../src/deploy/index.ts";
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import { credentialFingerprint } from "../../src/pulumi/stacks/index.ts";
import { aConnection, signal, workbench } from "../engine/workbench.ts";
import { expectClean, key, on, quotes, saying } from "../support/quoting.ts";
import { signedClient } from "../support/signed.ts";
import { uploadDouble } from "../support/upload-double.ts";
import type { Stage } from "./hand-over-bench.ts";
import {
  handedOver,
  innerSecrets,
  kindOf,
  one,
  programOf,
  stackExport,
  stage,
  takenBack,
  upload,
} from "./hand-over-bench.ts";
import type { Files } from "./project-folder.ts";
import {
  credentials,
  datatype,
  env,
  opened,
  project as projectFile,
  projectFolder,
  startedService,
  system,
  tenant,
  write,
} from "./project-folder.ts";

const ledgerOf = ({ dir }: Stage) => openLedger(join(dir, ".connector-deployer/ledger.db"), { environment: "default" });

const clientOf = ({ service }: Stage) => signedClient(credentials, (request) => service.fetch(request));

const liveId = async (project: Project, _id: string, id = "t001"): Promise<string> =>
  (await project.outputs()).tenants[id]?.[_id]?.id ?? "";

const reasons = (left: readonly { readonly kind: string; readonly _id: string; readonly reason: string }[]) =>
  Object.fromEntries(left.map(({ kind, _id, reason }) => [`${kind}/${_id}`, reason]));

describe("from the ledger to Pulumi and back", () => {
  it.each<{ readonly what: string; readonly files: Files; readonly uploads?: true }>([
    { what: "a connection, a dataset and a job", files: {} },
    { what: "secrets inside other values and a connector type of the project", files: innerSecrets },
    { what: "the records of a file", files: upload, uploads: true },
  ])("$what differ at no step", async ({ files, uploads }) => {
    const target = uploads === undefined ? undefined : (await uploadDouble()).endpoint;
    const { project, provider, requests, dir } = await stage(files, target);
    expect((await project.plan()).changes).toEqual([]);
    const deployed = requests.length;
    const { report, resources, text } = await handedOver(project);
    expect(report.left).toEqual([]);
    expect(resources.map(({ name }) => name).sort()).toEqual(
      (await project.desired("t001")).resources.map(({ _id }) => _id).sort(),
    );
    for (const value of [env.CRM_KEY, env.INFINO_SECRET_KEY, dir]) expect(text).not.toContain(value);

    // What the classes would give, checked and compared with what the file says is there.
    const program = await programOf(project, resources);
    for (const entry of resources) {
      const { check, diff } = provider(kindOf(entry));
      const checked = await check(entry.inputs, program.get(entry.name) ?? {});
      expect(checked.failures).toEqual([]);
      const found = await diff(entry.id, entry.outputs, checked.inputs ?? {});
      expect(found, entry.name).toMatchObject({ changes: false, replaces: [] });
      expect((await check(entry.inputs, entry.inputs)).failures).toEqual([]);
      // Nothing but secrets, which no file holds, is not as the program gives it.
      const { __provider: _, fingerprints: __, ...recorded } = entry.inputs;
      expect(checked.inputs, entry.name).toMatchObject(recorded);
    }

    expect((await project.plan()).refusals).toMatchObject([{ guard: "handed-over", tenant: "t001" }]);
    const back = await takenBack(project, stackExport(resources, program));
    expect(back.left).toEqual([]);
    expect(back.items.map(({ fields, adopted }) => ({ fields, adopted }))).toEqual(
      resources.map(() => ({ fields: [], adopted: false })),
    );
    const after = await project.plan();
    expect(after.changes).toEqual([]);
    expect(after.refusals).toEqual([]);
    expect(requests.slice(deployed).every((method) => method === "GET")).toBe(true);
  });

  it("a secret that is another one in the program is a change there", async () => {
    const { project, provider } = await stage();
    const { resources } = await handedOver(project, ["connection/*"]);
    const [connection] = resources;
    const program = await programOf(project, resources);
    const given = program.get("acme-t001-crm") ?? {};
    const other = { ...given, config: { ...(given["config"] as object), api_key: "another" } };
    const { diff } = provider("connection");
    expect(await diff(connection?.id ?? "", connection?.outputs ?? {}, other)).toMatchObject({ changes: true });
  });
});

describe("what is handed over", () => {
  it("has no secret in what the target says of its health, however it is spelled", async () => {
    const system = `
_id: <<@ system @>>
type: connection
source: elasticsearch
auth: api_key
config: { base_url: "http://user:$SECRET(url_key)@127.0.0.1:9/x", api_key: $SECRET(crm_api_key) }
`;
    const password = "PLANTED-url-pw";
    const dir = await projectFolder({
      ...one,
      "connectors/crm/templates/system.yaml": system,
      "connector-deployer.yaml": projectFile.replace("secrets:\n", "secrets:\n  url_key: { env: URL_KEY }\n"),
    });
    const service = await startedService();
    const words = `http://127.0.0.1:9: connection refused: ${quotes()} ${quotes(password)} http://user:${password}@127.0.0.1:9/x`;
    const quoting = on("GET", "/source", saying(words));
    const project = await opened(
      dir,
      { ...service, fetch: (request) => quoting(request, async () => service.fetch(request)) },
      { env: { ...env, CRM_KEY: key, URL_KEY: password } },
    );
    await project.apply(await project.plan(), {});
    const { report, text, items } = await handedOver(project);
    expect(report.left).toEqual([]);
    expect(items.find(({ kind }) => kind === "connection")?.health?.reason).toMatch(
      /^http:\/\/127\.0\.0\.1:9: connection refused: key \[redacted\]/,
    );
    expect(text).toContain("statusReason");
    expectClean(text);
  });

  it("is refused with its tenant, whatever would write; the others go on", async () => {
    const bench = await stage({ "tenants/t002.yaml": tenant("t002") });
    const { project, requests, dir } = bench;
    await project.handOver({ tenants: ["t001"], fingerprint: credentialFingerprint, write: async () => undefined });
    const changed = system.replace("timeout_secs: <<@ timeout @>>", "timeout_secs: 5");
    await write(dir, { "connectors/crm/templates/system.yaml": changed });
    const again = await opened(dir, bench.service);
    const writes = () => requests.filter((method) => method !== "GET").length;

    const plan = await again.plan({ prune: true });
    expect(plan.refusals).toMatchObject([{ guard: "handed-over", tenant: "t001" }]);
    expect(plan.refusals[0]?.resources).toHaveLength(3);
    expect(plan.refusals[0]?.hint).toMatch(/pulumi up.*--from-pulumi-state.*forget/);
    const before = writes();
    const report = await again.apply(plan);
    expect(report.results.filter(({ outcome }) => outcome === "done").map(({ tenant: id }) => id)).toEqual(["t002"]);
    expect(writes()).toBe(before + 1);
    const deployed = await again.deployTenant("t001");
    expect(deployed.refusals).toMatchObject([{ guard: "handed-over" }]);
    const destroyed = await again.apply(await again.planDestroy("t001", { deleteData: true }));
    expect(destroyed.refusals).toMatchObject([{ guard: "handed-over" }]);
    expect(writes()).toBe(before + 1);
  });

  it("does not stop the others where Pulumi took all of it away", async () => {
    const bench = await stage({ "tenants/t002.yaml": tenant("t002") });
    const { project } = bench;
    await project.handOver({ tenants: ["t001"], fingerprint: credentialFingerprint, write: async () => undefined });
    const client = clientOf(bench);
    await client("DELETE", `/source/${await liveId(project, "acme-t001-crm")}`);
    await client("DELETE", `/import/jobs/${await liveId(project, "acme-t001-crm-contact-collect")}`);
    await client("DELETE", "/acme-t001-crm-contact");
    const { refusals } = await project.plan();
    expect(refusals).toMatchObject([{ guard: "handed-over", tenant: "t001" }]);
    await project.forget({ resources: ["**"], tenants: ["t001"] });
    const made = await project.apply(await project.plan());
    expect(made.results.map(({ outcome }) => outcome)).toEqual(["done", "done", "done"]);
  });

  it("counts for no guard of the run, however much of it is gone", async () => {
    await using bench = await workbench();
    const many = Array.from({ length: 8 }, (_, index) => aConnection("t1", {}, `acme-t1-c${index}`));
    const desired = { t1: many, t2: [aConnection("t2")] };
    await bench.deploy(desired);
    {
      await using lease = await bench.ledger.lease("t1", localHolder("hand-over"));
      for (const base of await bench.ledger.entries("t1")) await bench.ledger.put(lease, { ...base, driver: "pulumi" });
    }
    for (const { id, config } of await bench.api.listConnections(signal)) {
      if (config?.["name"] !== "acme-t2-crm") await bench.api.deleteConnection(id, signal);
    }
    expect((await bench.plan(desired)).refusals).toMatchObject([{ guard: "handed-over", tenant: "t1" }]);
  });

  it("is still shown by status and outputs, is no drift, and can be renamed and let go", async () => {
    const bench = await stage();
    const { project } = bench;
    await handedOver(project);
    const id = await liveId(project, "acme-t001-crm");
    await clientOf(bench)("PATCH", `/source/${id}`, { config: { timeout_secs: 5 } });
    expect((await project.drift()).items).toEqual([]);
    expect((await project.status()).items.map(({ driver }) => driver)).toEqual(["pulumi", "pulumi", "pulumi"]);
    await project.move({ from: "dataset/acme-t001-crm-contact", to: "dataset/acme-t001-new" });
    expect(await liveId(project, "acme-t001-new")).toBe("acme-t001-crm-contact");
    const { items } = await project.forget({ resources: ["**"] });
    expect(items).toHaveLength(3);
    expect((await project.plan()).refusals).toMatchObject([{ guard: "empty-ledger" }, { guard: "adoption-needed" }]);
  });

  it("makes a plan stale that was made before", async () => {
    const { project, dir, service } = await stage();
    await write(dir, { "connectors/crm/templates/system.yaml": system.replace("<<@ timeout @>>", "5") });
    const again = await opened(dir, service);
    const plan = await again.plan();
    expect(plan.changes).toHaveLength(1);
    await handedOver(project, ["dataset/*"]);
    const report = await again.apply(plan);
    expect(report.results.map(({ error }) => error?.code)).toEqual(["stale-plan"]);
  });

  it("is what is meant: a glob that nothing answers to is refused", async () => {
    const { project } = await stage();
    await expect(handedOver(project, ["connection/acme-t001-crn"])).rejects.toMatchObject({
      code: "usage",
      hint: expect.stringContaining("acme-t001-crm"),
    });
  });
});

describe("left is", () => {
  it("what the next apply would change, and what needs that", async () => {
    const { dir, service } = await stage();
    await write(dir, { "connectors/crm/templates/system.yaml": system.replace("<<@ timeout @>>", "5") });
    const { report, resources } = await handedOver(await opened(dir, service));
    expect(resources.map(({ name }) => name)).toEqual(["acme-t001-crm-contact"]);
    expect(reasons(report.left)).toEqual({
      "connection/acme-t001-crm": "the next apply would update it",
      "import-job/acme-t001-crm-contact-collect": "it needs connection/acme-t001-crm, which is left",
    });
  });

  it("what the files no longer ask for, also where it was kept", async () => {
    const bench = await stage();
    const { dir, service } = bench;
    const job = datatype.slice(datatype.indexOf("\n- _id", 5));
    await write(dir, { "connectors/crm/templates/datatype.yaml": job });
    const project = await opened(dir, service);
    expect(reasons((await handedOver(project)).report.left)).toMatchObject({
      "dataset/acme-t001-crm-contact": "the files no longer ask for it",
    });
    const other = await stage();
    await write(other.dir, { "connectors/crm/templates/datatype.yaml": job });
    const pruned = await opened(other.dir, other.service);
    await pruned.apply(await pruned.plan({ prune: true }));
    expect(reasons((await handedOver(pruned)).report.left)).toMatchObject({
      "dataset/acme-t001-crm-contact": expect.stringContaining("kept"),
    });
  });

  it("what is gone, and what was changed behind its back", async () => {
    const bench = await stage();
    const { project } = bench;
    const client = clientOf(bench);
    await client("PATCH", `/source/${await liveId(project, "acme-t001-crm")}`, { config: { timeout_secs: 5 } });
    await client("DELETE", "/acme-t001-crm-contact");
    expect(reasons((await handedOver(project)).report.left)).toMatchObject({
      "connection/acme-t001-crm": expect.stringContaining("update"),
      "dataset/acme-t001-crm-contact": "it is gone from the target",
    });
  });

  it("what has a secret without a value", async () => {
    const { dir, service } = await stage();
    const { CRM_KEY: _, ...without } = env;
    const project = await opened(dir, service, { env: without });
    expect(reasons((await handedOver(project)).report.left)).toMatchObject({
      "connection/acme-t001-crm": "a secret of it has no value here",
    });
  });

  it("what an interrupted run left open", async () => {
    const bench = await stage();
    await using ledger = await ledgerOf(bench);
    const [base] = (await ledger.entries("t001")).filter(({ resource }) => resource.kind === "dataset");
    if (base === undefined) throw new Error("no dataset");
    const { resource, id } = base;
    const change = {
      tenant: "t001",
      target: "default",
      kind: "dataset",
      id,
      op: "update",
      entity: { _id: resource._id, _deleted: false, $based_on: {}, ...resource.properties },
      dependsOn: [],
    } as const;
    {
      await using lease = await ledger.lease("t001", localHolder("gone"));
      await ledger.intend(lease, "gone", [{ change, seen: [id] }]);
    }
    expect(reasons((await handedOver(bench.project)).report.left)).toMatchObject({
      "dataset/acme-t001-crm-contact": expect.stringContaining("left open"),
    });
  });

  it("nothing of tenants that are fine, where another one is not", async () => {
    const { dir, service, project } = await stage({ "tenants/t002.yaml": tenant("t002") });
    await clientOf({ service } as Stage)("DELETE", "/acme-t002-crm-contact");
    const seen: string[] = [];
    const again = await opened(dir, service);
    const report = await again.handOver({
      fingerprint: credentialFingerprint,
      write: async (items) => void seen.push(...items.map((item) => item.tenant)),
    });
    expect(new Set(seen)).toEqual(new Set(["t001", "t002"]));
    expect(new Set(report.left.map(({ tenant: id }) => id))).toEqual(new Set(["t002"]));
    expect((await project.plan()).refusals.map(({ guard }) => guard)).toEqual(["handed-over", "handed-over"]);
  });
});

describe("a hand-over", () => {
  it("that ends between file and ledger leaves the ledger as it is, and is done again with the same file", async () => {
    const { project } = await stage();
    const full = await handedOver(await (await stage()).project);
    expect(full.resources).toHaveLength(3);
    let first = "";
    await expect(
      project.handOver({
        fingerprint: credentialFingerprint,
        write: async (items) => {
          first = JSON.stringify(items);
          throw new Error("killed");
        },
      }),
    ).rejects.toThrow("killed");
    expect((await project.plan()).refusals).toEqual([]);
    const { items } = await handedOver(project);
    expect(JSON.stringify(items)).toBe(first);
  });

  it("that ended half way through the ledger gives the whole file again", async () => {
    const bench = await stage();
    const { project } = bench;
    {
      await using ledger = await ledgerOf(bench);
      await using lease = await ledger.lease("t001", localHolder("killed"));
      const [first] = await ledger.entries("t001");
      if (first !== undefined) await ledger.put(lease, { ...first, driver: "pulumi" });
    }
    const { resources, report } = await handedOver(project);
    expect(resources).toHaveLength(3);
    expect(report.items.filter((item) => item.handedOver)).toHaveLength(1);
    await using ledger = await ledgerOf(bench);
    expect((await ledger.entries("t001")).map(({ driver }) => driver)).toEqual(["pulumi", "pulumi", "pulumi"]);
  });

  it("waits for no other run, and two at once are one", async () => {
    const bench = await stage();
    {
      await using ledger = await ledgerOf(bench);
      await using _lease = await ledger.lease("t001", localHolder("another"));
      await expect(handedOver(bench.project)).rejects.toMatchObject({ code: "lease-held" });
    }
    const other = await opened(bench.dir, bench.service);
    const both = await Promise.allSettled([handedOver(bench.project), handedOver(other)]);
    expect(both.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(0);
    for (const result of both) {
      if (result.status === "rejected") expect(["lease-held", "stale-plan"]).toContain(result.reason.code);
    }
    const done = both.flatMap((result) => (result.status === "fulfilled" ? [result.value.text] : []));
    expect(new Set(done).size).toBe(1);
  });

  it("rests on what it has seen: an apply in between is found", async () => {
    const { project, dir, service } = await stage();
    const run = project.handOver({
      fingerprint: credentialFingerprint,
      confirm: async () => {
        await write(dir, { "connectors/crm/templates/system.yaml": system.replace("<<@ timeout @>>", "5") });
        const other = await opened(dir, service);
        await other.apply(await other.plan());
      },
      write: async () => {
        throw new Error("must not be written");
      },
    });
    await expect(run).rejects.toMatchObject({ code: "stale-plan" });
  });

  it("changes nothing where the answer is no, and stands in the history where it is yes", async () => {
    const { project } = await stage();
    const no = project.handOver({
      fingerprint: credentialFingerprint,
      confirm: async () => {
        throw new Error("no");
      },
      write: async () => undefined,
    });
    await expect(no).rejects.toThrow("no");
    expect((await project.plan()).refusals).toEqual([]);
    const { report } = await handedOver(project);
    const { run, operations } = await project.run(report.run ?? "");
    expect(run).toMatchObject({ command: "hand-over", outcome: "done" });
    expect(operations).toHaveLength(3);
  });

  it("leaves no secret in the ledger", async () => {
    const bench = await stage(innerSecrets);
    const { project, dir } = bench;
    const { resources } = await handedOver(project);
    await takenBack(project, stackExport(resources, await programOf(project, resources), true));
    expect((await project.plan()).changes).toEqual([]);
    await project[Symbol.asyncDispose]();
    const bytes = await readFile(join(dir, ".connector-deployer/ledger.db"));
    for (const value of [env.CRM_KEY, env.INFINO_SECRET_KEY]) expect(bytes.includes(value)).toBe(false);
  });
});
