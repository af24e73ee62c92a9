import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { startImportServer } from "../support/import-server.ts";
import { temporaryFolder, testCredentials } from "../support/service.ts";
import { member, type SignedClient, signedClient } from "../support/signed.ts";

const program = fileURLToPath(new URL("../support/serve-process.ts", import.meta.url));

/** `serve` in a process of its own. */
const spawnService = async (dataDir: string) => {
  const child = spawn(process.execPath, [program, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = once(child, "exit");
  const died = exited.then(([code]) => Promise.reject(new Error(`the service ended with ${code}`)));
  died.catch(() => undefined);
  const [line] = await Promise.race([once(child.stdout, "data"), died]);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return { call: signedClient({ ...testCredentials, url: String(line).trim() }), end };
};

const latest = async (call: SignedClient, job: string): Promise<Readonly<Record<string, unknown>>> => {
  const runs = (await call("GET", `/import/jobs/${job}/runs`)).body as readonly Readonly<Record<string, unknown>>[];
  expect(runs).toHaveLength(1);
  return runs[0] ?? {};
};

/** Pages that the import has put on the disk: a line each, behind one that says what came before. */
const keptPages = (folder: string): number => {
  const lists = readdirSync(join(folder, "pages"), { recursive: true, encoding: "utf8" });
  const texts = lists
    .filter((name) => name.endsWith(".pages"))
    .map((name) => readFileSync(join(folder, "pages", name)));
  return texts.reduce((sum, text) => sum + text.toString().split("\n").length - 2, 0);
};

it("a service that was killed in the middle of an import goes on where it was, and asks for nothing twice", async () => {
  const folder = temporaryFolder();
  const ids = Array.from({ length: 22_000 }, (_, number) => `record-${number}`);
  const source = await startImportServer(ids);
  // Pages of 200, 10,000, 10,000 and 1,800 records: the fourth never comes.
  source.holdAfter = 20_000;
  const first = await spawnService(folder);
  const config = { name: "shop", base_url: source.url };
  const source_id = member(await first.call("POST", "/source/opensearch", { config }), "id");
  const job = { source_id, source_dataset: "orders", target_dataset: "shop-orders" };
  const id = member(await first.call("PUT", "/import/opensearch", job), "job_id");
  let isHeld = false;
  void source.held.then(() => {
    isHeld = true;
  });
  // Where the import ends before that, its reason says more than a time that is over.
  await expect
    .poll(async () => [isHeld, await latest(first.call, id)], { timeout: 40_000 })
    .toMatchObject([true, { status: "running" }]);
  await expect.poll(() => keptPages(folder), { timeout: 40_000 }).toBe(3);
  expect((await first.call("GET", "/shop-orders/metadata")).status).toBe(404);
  const before = await latest(first.call, id);
  await first.end("SIGKILL");
  const askedBefore = source.asked.splice(0);

  source.holdAfter = Number.POSITIVE_INFINITY;
  const second = await spawnService(folder);
  await expect
    .poll(() => latest(second.call, id), { timeout: 40_000 })
    .toMatchObject({ completed_at: expect.any(String) });
  const run = await latest(second.call, id);
  expect(run).toMatchObject({
    run_id: before["run_id"],
    status: "completed",
    error_message: null,
    trigger: "resume",
    stats: { documents_processed: 22_000 },
  });
  expect(askedBefore.slice(0, 2)).toEqual([-1, 199]);
  // The first page that is asked for is the one after the last that was kept.
  expect(source.asked[0]).toBe(Number(run["documents_resumed"]) - 1);
  expect(source.asked[0]).toBe(20_199);
  const dataset = (await second.call("GET", "/shop-orders/metadata")).body;
  expect(dataset).toMatchObject({ docs_count: 22_000 });
  for (const record of ["record-0", "record-10199", "record-10200", "record-21999"]) {
    expect((await second.call("GET", `/shop-orders/doc/${record}`)).body).toMatchObject({ _id: record });
  }
  await second.end("SIGTERM");
}, 90_000);
