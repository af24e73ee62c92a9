import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { createService } from "../../src/service/index.ts";
import { startService, temporaryFolder, testCredentials } from "../support/service.ts";
import { member, type SignedClient, signedClient } from "../support/signed.ts";

const program = fileURLToPath(new URL("../support/serve-process.ts", import.meta.url));

/** The service in a process of its own. */
const spawnService = async (dataDir: string) => {
  const child = spawn(process.execPath, [program, dataDir, "idle"], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = once(child, "exit");
  const [line] = await once(child.stdout, "data");
  const url = String(line).trim();
  const call = signedClient({ ...testCredentials, url });
  return {
    url,
    call,
    end: async (signal: NodeJS.Signals) => {
      child.kill(signal);
      return exited;
    },
  };
};

const createConnection = async (call: SignedClient, name: string): Promise<string> =>
  member(
    await call("POST", "/source/snowflake", {
      config: { name, account: "of nobody", pat_token: "planted-secret-value", warehouse: "w", database: "d" },
    }),
    "id",
  );

const contents = (folder: string): string[] =>
  readdirSync(folder, { recursive: true })
    .map((file) => join(folder, String(file)))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, "latin1"));

describe("what was acknowledged", () => {
  it("survives a kill in the middle of writing", async () => {
    const folder = temporaryFolder();
    const first = await spawnService(folder);
    const acknowledged: string[] = [];
    const kept = await createConnection(first.call, "kept");
    const removed = await createConnection(first.call, "removed");
    const changed = await createConnection(first.call, "changed");
    await first.call("PUT", "/a-dataset");
    await first.call("PUT", "/gone-dataset");
    const job = member(
      await first.call("PUT", "/import/snowflake", { source_id: kept, target_dataset: "d" }),
      "job_id",
    );
    await first.call("DELETE", `/source/${removed}`);
    await first.call("DELETE", "/gone-dataset");
    await first.call("PATCH", `/source/${changed}`, { config: { role: "new" } });
    const writing = Promise.allSettled(
      Array.from({ length: 4 }, async (_, worker) => {
        for (let n = 0; ; n++) acknowledged.push(await createConnection(first.call, `w${worker}-${n}`));
      }),
    );
    while (acknowledged.length < 60) await new Promise((resolve) => setTimeout(resolve, 5));
    await first.end("SIGKILL");
    await writing;

    const second = await spawnService(folder);
    const list = (await second.call("GET", "/sources/connections")).body as { id: string; config: { role?: string } }[];
    const ids = list.map((connection) => connection.id);
    expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
    expect(ids.slice(0, 2)).toEqual([kept, changed]);
    expect(ids).not.toContain(removed);
    expect(list[1]?.config.role).toBe("new");
    expect((await second.call("GET", "/metadata")).body).toMatchObject([{ index: "a-dataset" }]);
    expect((await second.call("GET", "/import/jobs")).body).toMatchObject([{ job_id: job }]);
    expect(await second.end("SIGTERM")).toEqual([0, null]);
  });

  it("is there after the service was closed and opened again, secrets included", async () => {
    const folder = temporaryFolder();
    const { service, call } = await startService({ dataDir: folder });
    const id = await createConnection(call, "a");
    await service.close();
    const again = await startService({ dataDir: folder });
    // The token is required: a patch that keeps it shows that it is still known.
    expect((await again.call("PATCH", `/source/${id}`, { config: { role: "r" } })).status).toBe(200);
  });
});

describe("the data folder", () => {
  it("holds no secret in clear, in any file, while open or closed", async () => {
    const folder = temporaryFolder();
    const { service, call } = await startService({ dataDir: folder, runImports: false });
    const id = await createConnection(call, "a");
    await call("PATCH", `/source/${id}`, { config: { pat_token: "planted-secret-value-2" } });
    const source_id = await createConnection(call, "b");
    await call("PUT", "/import/snowflake", { source_id, target_dataset: "d", query: "select 'planted-secret-value'" });
    const check = () => {
      const files = contents(folder);
      expect(files.length).toBeGreaterThan(1);
      for (const content of files) expect(content).not.toMatch(/planted-secret-value/);
    };
    check();
    await service.close();
    check();
  });

  it("can be read by its owner only", async () => {
    const folder = join(temporaryFolder(), "below", "data");
    const service = await createService({ dataDir: folder });
    onTestFinished(() => service.close());
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o077, file).toBe(0);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(["credentials.env", "key", "service.db"]));
  });

  it("keeps the key pair that it made", async () => {
    const folder = temporaryFolder();
    const first = await createService({ dataDir: folder });
    await first.close();
    const second = await createService({ dataDir: folder });
    await second.close();
    expect(second.credentials).toEqual(first.credentials);
    expect(second.credentialsFile).toBe(join(folder, "credentials.env"));
    expect(first.credentials.accessKey).toMatch(/^IAK_[0-9A-F]{20}$/);
    expect(first.credentials.secretKey.length).toBeGreaterThanOrEqual(40);
  });

  it("makes no key pair where one is given", async () => {
    const folder = temporaryFolder();
    const { service } = await startService({ dataDir: folder });
    expect(service).not.toHaveProperty("credentialsFile");
    expect(readdirSync(folder)).not.toContain("credentials.env");
  });

  it("is served by one process at a time", async () => {
    const folder = temporaryFolder();
    const running = await spawnService(folder);
    await expect(createService({ dataDir: folder })).rejects.toMatchObject({
      code: "service-data",
      hint: expect.stringContaining("another process"),
    });
    await running.end("SIGTERM");
    const { call } = await startService({ dataDir: folder });
    expect((await call("GET", "/metadata")).status).toBe(200);
  });

  it.each([
    ["another key", (folder: string) => writeFileSync(join(folder, "key"), new Uint8Array(32))],
    ["a key that was cut", (folder: string) => writeFileSync(join(folder, "key"), new Uint8Array(5))],
    ["a lost key", (folder: string) => rmSync(join(folder, "key"))],
    ["a database that is none", (folder: string) => writeFileSync(join(folder, "service.db"), "x".repeat(5000))],
    ["credentials that are none", (folder: string) => writeFileSync(join(folder, "credentials.env"), "nothing")],
  ])("with %s is an error, and not lost", async (_, spoil) => {
    const folder = temporaryFolder();
    const service = await createService({ dataDir: folder });
    const call = signedClient(service.credentials, (request) => service.fetch(request));
    await createConnection(call, "a");
    await service.close();
    spoil(folder);
    const spoiled = contents(folder);
    await expect(createService({ dataDir: folder })).rejects.toMatchObject({ code: "service-data" });
    await expect(createService({ dataDir: folder })).rejects.toMatchObject({ code: "service-data" });
    expect(contents(folder)).toEqual(expect.arrayContaining(spoiled));
  });

  it("that is a file is an error", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    await expect(createService({ dataDir: file })).rejects.toMatchObject({ code: "service-data" });
    mkdirSync(join(file, "..", "folder"));
  });
});

it("without a data folder everything is gone with the service", async () => {
  const { service, call } = await startService();
  await createConnection(call, "a");
  await service.close();
  const again = await startService();
  expect((await again.call("GET", "/sources/connections")).body).toEqual([]);
});
