import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { OpenOptions } from "../../src/deploy/index.ts";
import { openProject } from "../../src/deploy/index.ts";
import { env, project, projectFolder, tenant, write } from "./project-folder.ts";

/** Opened anew each time; sends nothing. */
const digestOf = async (dir: string, id = "t001", options: OpenOptions = {}, set = options.set): Promise<string> => {
  await using opened = await openProject(dir, {
    env,
    fetch: async () => {
      throw new Error("a digest sends nothing");
    },
    ...options,
  });
  return (await opened.desiredDigest(id, set)).digest;
};

describe("the digest of what is asked for", () => {
  it("is the same until something of the tenant changes", async () => {
    const dir = await projectFolder();
    const first = await digestOf(dir);
    expect(await digestOf(dir)).toBe(first);
    await write(dir, { "tenants/t002.yaml": tenant("t002", "labels: { region: eu }\n") });
    expect(await digestOf(dir)).toBe(first);
    const others = [
      await digestOf(dir, "t002"),
      await digestOf(dir, "t001", { set: { timeout: 31 } }),
      await digestOf(dir, "t001", { env: { ...env, CRM_KEY: "another" } }),
      await digestOf(dir, "t001", { env: { ...env, CRM_KEY: "" } }),
      await digestOf(dir, "t001", { env: { ...env, INFINO_ENDPOINT: "http://127.0.0.1:2" } }),
    ];
    await write(dir, {
      "connector-deployer.yaml": `${project}ignore: [ { kind: connection, path: config.timeout_secs } ]\n`,
    });
    others.push(await digestOf(dir));
    await write(dir, { "connector-deployer.yaml": project, "tenants/t001.yaml": tenant("t001", "state: absent\n") });
    others.push(await digestOf(dir));
    expect(new Set([first, ...others]).size).toBe(others.length + 1);
  });

  it("counts values that are given with the call as those that the project was opened with", async () => {
    const dir = await projectFolder();
    expect(await digestOf(dir, "t001", {}, { timeout: 31 })).toBe(
      await digestOf(dir, "t001", { set: { timeout: 31 } }),
    );
  });

  it("cannot be made without the key", async () => {
    const dir = await projectFolder();
    const first = await digestOf(dir);
    await rm(join(dir, ".connector-deployer"), { recursive: true });
    expect(await digestOf(dir)).not.toBe(first);
  });

  it("takes a key that the files name, without the ledger", async () => {
    const files = {
      "connector-deployer.yaml": `${project}ledger: postgres://127.0.0.1:1/nowhere\nledger_key: $SECRET(infino_secret_key)\n`,
    };
    const dir = await projectFolder(files);
    expect(await digestOf(dir)).toMatch(/^[0-9a-f]{64}$/);
  });

  it("is of a tenant by its id, whatever its file is called", async () => {
    const dir = await projectFolder({ "tenants/t001.yaml": tenant("renamed"), "tenants/z.yaml": tenant("t001") });
    await using opened = await openProject(dir, { env });
    expect(await opened.desiredDigest("t001")).toMatchObject({ tenant: "t001", state: "present" });
    expect(await opened.desiredDigest("renamed")).toMatchObject({ tenant: "renamed" });
    await expect(opened.desiredDigest("t003")).rejects.toMatchObject({
      code: "usage",
      hint: expect.stringContaining("t00"),
    });
    await write(dir, { "tenants/later.yaml": tenant("t003") });
    expect(await opened.desiredDigest("t003")).toMatchObject({ tenant: "t003" });
  });

  it("is refused where the tenant's own files are wrong, and only then", async () => {
    const dir = await projectFolder({ "tenants/t002.yaml": "id: t002\nconnectors: { crn: {} }\n" });
    await expect(digestOf(dir, "t002")).rejects.toMatchObject({ code: "invalid-files" });
    await digestOf(dir);
  });
});
