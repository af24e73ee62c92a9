import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { OpenOptions, RekeyReport } from "../../src/deploy/index.ts";
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import { counted, keyFiles } from "./counting.ts";
import { env, opened, project, projectFolder, startedService, tenant, write } from "./project-folder.ts";

const otherHandle = (dir: string) => openLedger(join(dir, ".connector-deployer/ledger.db"), { environment: "default" });

/** A project with both tenants deployed, and how many requests a plan of it makes. */
const deployed = async (files: Readonly<Record<string, string>> = {}, options: OpenOptions = {}) => {
  const service = await startedService();
  const dir = await projectFolder(files);
  const first = await opened(dir, service, options);
  await first.apply(await first.plan());
  return { service, dir, again: (more: OpenOptions = {}) => counted(dir, service, { ...options, ...more }) };
};

describe("a new key in the key file", () => {
  it("leaves nothing to write, sends nothing, and leaves every fingerprint another one", async () => {
    const { dir, again } = await deployed();
    const { project, requests } = await again();
    const before = await keyFiles(dir);
    await using ledger = await otherHandle(dir);
    const entries = await ledger.entries("t001");
    const report = await project.rekey();
    expect(report).toEqual({
      type: "rekey",
      schemaVersion: 1,
      environment: "default",
      key: ".connector-deployer/key",
      changed: true,
      entries: 6,
      fingerprints: 2,
      unknown: [],
    } satisfies RekeyReport);
    expect(requests).toEqual([]);
    const after = await keyFiles(dir);
    expect(Object.keys(after)).toEqual(["key"]);
    expect(after["key"]).not.toBe(before["key"]);
    expect(await ledger.entries("t001")).not.toEqual(entries);
    expect((await project.plan()).changes).toEqual([]);
    const { project: reopened } = await again();
    expect((await reopened.plan()).changes).toEqual([]);
  });

  it("is picked up by a project that was open before", async () => {
    const { again } = await deployed();
    const [{ project: old }, { project: other }] = [await again(), await again()];
    expect((await old.plan()).changes).toEqual([]);
    await other.rekey();
    expect((await old.plan()).changes).toEqual([]);
  });

  it("makes unknown what has no value here, or another than was written; the next apply writes it once", async () => {
    const { dir, again, service } = await deployed(
      {
        "tenants/t002.yaml": tenant("t002", "secrets: { crm_api_key: { env: T002_KEY } }\n"),
        "tenants/t003.yaml": tenant("t003"),
      },
      { env: { ...env, T002_KEY: "the-key-of-t002" } },
    );
    await rm(join(dir, "tenants/t003.yaml"));
    const rotated = { ...env, CRM_KEY: "another-value" };
    const { project, requests } = await again({ env: rotated });
    const report = await project.rekey();
    expect(requests).toEqual([]);
    expect(report).toMatchObject({ entries: 9, fingerprints: 0 });
    expect(report.unknown).toEqual([
      { tenant: "t001", resource: "connection/acme-t001-crm", path: "/config/api_key", because: "changed" },
      { tenant: "t002", resource: "connection/acme-t002-crm", path: "/config/api_key", because: "missing" },
      { tenant: "t003", resource: "connection/acme-t003-crm", path: "/config/api_key", because: "changed" },
    ]);
    const { project: next, writes } = await counted(dir, service, { env: { ...env, T002_KEY: "the-key-of-t002" } });
    const plan = await next.plan({ tenants: ["t001", "t002"] });
    expect(plan.changes.map(({ op, fields }) => [op, fields?.map((field) => [field.path, field.class])])).toEqual([
      ["update", [["/config/api_key", "unknown"]]],
      ["update", [["/config/api_key", "unknown"]]],
    ]);
    await next.apply(plan);
    expect(writes()).toHaveLength(2);
    expect((await next.plan({ tenants: ["t001", "t002"] })).changes).toEqual([]);
  });

  it("carries over what a tenant without a file owns, where the project knows its secret", async () => {
    const { dir, again } = await deployed();
    await rm(join(dir, "tenants/t002.yaml"));
    const { project } = await again();
    expect(await project.rekey()).toMatchObject({ entries: 6, fingerprints: 2, unknown: [] });
    await write(dir, { "tenants/t002.yaml": tenant("t002") });
    expect((await (await again()).project.plan()).changes).toEqual([]);
  });

  it("asks before anything changes: who declines finds everything as it was", async () => {
    const { dir, again } = await deployed();
    const before = await keyFiles(dir);
    const { project } = await again();
    const seen: RekeyReport[] = [];
    const accept = async (report: RekeyReport): Promise<void> => {
      seen.push(report);
      throw new Error("declined");
    };
    await expect(project.rekey({ accept })).rejects.toThrow("declined");
    expect(seen).toMatchObject([{ fingerprints: 2, key: ".connector-deployer/key" }]);
    expect(await keyFiles(dir)).toEqual(before);
    expect((await project.plan()).changes).toEqual([]);
  });

  it("is refused while somebody works or an operation is open", async () => {
    const { dir, again } = await deployed();
    const { project } = await again();
    const before = (await keyFiles(dir))["key"];
    await using ledger = await otherHandle(dir);
    {
      await using _ = await ledger.lease("t001", localHolder("at-work"));
      await expect(project.rekey()).rejects.toMatchObject({ code: "lease-held" });
    }
    const [entry] = await ledger.entries("t001");
    if (entry === undefined) throw new Error("nothing was deployed");
    {
      await using lease = await ledger.lease("t001", localHolder("left"));
      const { tenant, kind, _id } = entry.resource;
      const change = { tenant, kind, target: "default", op: "update", entity: { _id }, dependsOn: [] } as const;
      await ledger.intend(lease, "left", [{ change, seen: [] }]);
    }
    await expect(project.rekey()).rejects.toMatchObject({ code: "blocked" });
    expect((await keyFiles(dir))["key"]).toBe(before);
  });

  it("is for one environment alone where others may share the key file", async () => {
    const { dir, again, service } = await deployed({ "environments/stage.yaml": "waves: [one]\n" });
    const stage = await opened(dir, service, { environment: "stage" });
    expect((await stage.history()).runs).toEqual([]);
    const { project } = await again();
    expect(await project.rekey()).toMatchObject({ key: ".connector-deployer/key-default" });
    expect(Object.keys(await keyFiles(dir))).toEqual(["key", "key-default"]);
    expect((await project.plan()).changes).toEqual([]);
    const reopened = await opened(dir, service, { environment: "stage" });
    expect((await reopened.history()).runs).toEqual([]);
    expect(await project.rekey()).toMatchObject({ key: ".connector-deployer/key-default", unknown: [] });
    expect((await (await again()).project.plan()).changes).toEqual([]);
  });
});

describe("a rekeying that was killed", () => {
  it("before the ledger changed goes on with the old key", async () => {
    const { dir, again } = await deployed();
    await writeFile(join(dir, ".connector-deployer/key.next"), `${"cd".repeat(32)}\n`);
    const { project } = await again();
    const before = (await keyFiles(dir))["key"];
    expect((await project.plan()).changes).toEqual([]);
    expect((await keyFiles(dir))["key"]).toBe(before);
    expect(await project.rekey()).toMatchObject({ changed: true, unknown: [] });
    expect(Object.keys(await keyFiles(dir))).toEqual(["key"]);
  });

  it("after the ledger changed puts the next key in its place when it is opened", async () => {
    const { dir, again } = await deployed();
    const folder = join(dir, ".connector-deployer");
    const old = (await keyFiles(dir))["key"] ?? "";
    await (await again()).project.rekey();
    const made = (await keyFiles(dir))["key"];
    await rename(join(folder, "key"), join(folder, "key.next"));
    await writeFile(join(folder, "key"), old);
    const [{ project: one }, { project: two }] = [await again(), await again()];
    const plans = await Promise.all([one.plan(), two.plan()]);
    expect(plans.map(({ changes }) => changes)).toEqual([[], []]);
    expect(await keyFiles(dir)).toEqual({ key: made });
  });

  it("with half a next key is as if it had not begun", async () => {
    const { dir, again } = await deployed();
    await writeFile(join(dir, ".connector-deployer/key.next"), "cdcd");
    expect((await (await again()).project.plan()).changes).toEqual([]);
    expect(await (await again()).project.rekey()).toMatchObject({ changed: true });
  });
});

describe("a key that the files name", () => {
  const keyed = (reference: string) =>
    `${project}ledger_key: ${reference}\n`.replace(
      "secrets:\n",
      "secrets:\n  ledger_new: { env: KEY_NEW }\n  ledger_old: { env: KEY_OLD }\n",
    );
  const withKeys = { ...env, KEY_NEW: "new-key-of-the-ledger", KEY_OLD: "old-key-of-the-ledger" };

  it("takes the place of the key file", async () => {
    const { dir, again } = await deployed({}, { env: withKeys });
    await write(dir, { "connector-deployer.yaml": keyed("$SECRET(ledger_new)") });
    const { project, requests } = await again();
    await expect(project.plan()).rejects.toMatchObject({ code: "ledger-key" });
    expect(await project.rekey()).toMatchObject({
      key: "$SECRET(ledger_new)",
      changed: true,
      fingerprints: 2,
      unknown: [],
    });
    expect(requests).toEqual([]);
    expect((await project.plan()).changes).toEqual([]);
    await rm(join(dir, ".connector-deployer/key"));
    expect((await (await again()).project.plan()).changes).toEqual([]);
    expect(await (await again()).project.rekey()).toMatchObject({ changed: false, fingerprints: 0 });
  });

  it("takes the place of another one that is named beside it", async () => {
    const { dir, again } = await deployed(
      { "connector-deployer.yaml": keyed("$SECRET(ledger_old)") },
      { env: withKeys },
    );
    await write(dir, { "connector-deployer.yaml": keyed("$ENV(KEY_NEW)") });
    const { project } = await again();
    await expect(project.rekey()).rejects.toMatchObject({ code: "ledger-key" });
    await expect(project.rekey({ oldKey: "$SECRET(ledger_new)" })).rejects.toMatchObject({ code: "ledger-key" });
    const refused = await project.rekey({ oldKey: "old-key-of-the-ledger" }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "usage" });
    expect(String(refused)).not.toContain("old-key");
    for (const oldKey of ["x$SECRET(ledger_old)", ""]) {
      await expect(project.rekey({ oldKey })).rejects.toMatchObject({ code: "usage" });
    }
    expect(await project.rekey({ oldKey: "$SECRET(ledger_old)" })).toMatchObject({ changed: true, unknown: [] });
    expect((await project.plan()).changes).toEqual([]);
    expect(Object.keys(await keyFiles(dir))).toEqual([]);
  });

  it("gives way to the key file", async () => {
    const { dir, again } = await deployed(
      { "connector-deployer.yaml": keyed("$SECRET(ledger_old)") },
      { env: withKeys },
    );
    await write(dir, { "connector-deployer.yaml": project });
    const { project: opened } = await again();
    await write(dir, { "connector-deployer.yaml": keyed("$SECRET(ledger_old)").replace(/^ledger_key.*\n/m, "") });
    const { project: reopened } = await again();
    await expect(opened.plan()).rejects.toMatchObject({ code: "ledger-key" });
    expect(await reopened.rekey({ oldKey: "$ENV(KEY_OLD)" })).toMatchObject({
      key: ".connector-deployer/key",
      unknown: [],
    });
    expect((await reopened.plan()).changes).toEqual([]);
  });
});
