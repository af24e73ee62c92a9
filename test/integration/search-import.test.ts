import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import type { JobStatusWire } from "../../src/infino/index.ts";
import { type AuthProxy, startAuthProxy } from "../support/auth-proxy.ts";
import { startService, temporaryFolder, testCredentials } from "../support/service.ts";
import { member, type SignedClient, signedClient } from "../support/signed.ts";
import { skip } from "../support/skip.ts";
import { loadIndex, putRecords, toServer } from "./load-index.ts";

/** A shard has pages of 200, 10,000 and some more. */
const records = 24_000;
const sumTo = (count: number): number => (count * (count - 1)) / 2;
const program = fileURLToPath(new URL("../support/serve-process.ts", import.meta.url));

type Run = JobStatusWire & { readonly documents_removed?: number; readonly documents_resumed?: number };

const runsOf = async (call: SignedClient, job: string): Promise<readonly Run[]> =>
  (await call("GET", `/import/jobs/${job}/runs`)).body as readonly Run[];

/** The newest run, when there are `count` of them and it has ended. */
const ended = async (call: SignedClient, job: string, count: number): Promise<Run> => {
  for (let tries = 0; tries < 1_200; tries++) {
    const runs = await runsOf(call, job);
    const [newest] = runs;
    if (runs.length >= count && newest !== undefined && newest.completed_at !== null) return newest;
    await pause(50);
  }
  throw new Error(`run ${count} of ${job} did not end`);
};

const figures = async (call: SignedClient, dataset: string): Promise<unknown> => {
  const query = `SELECT count(*), count(DISTINCT _id), sum(n)::BIGINT FROM "${dataset}"`;
  const answer = await call("POST", "/sql", { query });
  return (answer.body as { rows: readonly unknown[] }).rows?.[0] ?? answer.body;
};

const createJob = async (call: SignedClient, source: string, base_url: string, job: object): Promise<string> => {
  const config = { name: "shop", base_url, username: "reader", password: "secret" };
  const source_id = member(await call("POST", `/source/${source}`, { config }), "id");
  return member(await call("PUT", `/import/${source}`, { source_id, ...job }), "job_id");
};

const guarded = async (url: string): Promise<AuthProxy> => {
  const authorization = `Basic ${Buffer.from("reader:secret").toString("base64")}`;
  const proxy = await startAuthProxy(url, { authorization });
  onTestFinished(() => proxy.close());
  return proxy;
};

/** The service in a process of its own. */
const spawnService = async (folder: string) => {
  const child = spawn(process.execPath, [program, folder], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const died = once(child, "exit").then(([code]) => {
    throw new Error(`the service ended with ${code}`);
  });
  died.catch(() => undefined);
  const [line] = await Promise.race([once(child.stdout, "data"), died]);
  return { child, died, call: signedClient({ ...testCredentials, url: String(line).trim() }) };
};

const urls = new Map<string, string>();
for (const source of ["opensearch", "elasticsearch"] as const) {
  const server = inject(source);
  if ("missing" in server) {
    skip(`imports from ${source}`, server.missing);
    continue;
  }
  const { url } = server;
  urls.set(source, url);

  describe(`an import from ${source}`, () => {
    beforeAll(async () => {
      await loadIndex({ url, index: "orders", records, shards: 2, record: (n) => ({ n, note: `order ${n}` }) });
    });

    it("copies all records, and what changed when it runs again", async () => {
      const index = "stock";
      await loadIndex({ url, index, records: 1_000, record: (n) => ({ n, tags: ["a"], at: { city: "Oslo" } }) });
      const { call } = await startService();
      const job = await createJob(call, source, (await guarded(url)).url, {
        source_dataset: index,
        target_dataset: "t",
      });
      const first = { status: "completed", error_message: null, stats: { documents_processed: 1_000 } };
      expect(await ended(call, job, 1)).toMatchObject(first);
      expect(await figures(call, "t")).toEqual([1_000, 1_000, sumTo(1_000)]);

      await putRecords({ url, index }, [
        ["r5", { n: 1_005, more: true }],
        ["new", { n: 1 }],
      ]);
      await toServer("DELETE", `${url}/${index}/_doc/r6?refresh=true`);
      await call("POST", `/import/jobs/${job}/run`);
      expect(await ended(call, job, 2)).toMatchObject({ status: "completed", documents_removed: 1 });
      const sum = sumTo(1_000) + 1_000 + 1 - 6;
      expect(await figures(call, "t")).toEqual([1_000, 1_000, sum]);
      expect((await call("GET", "/t/doc/r5")).body).toMatchObject({ _source: { n: 1_005, more: true } });
      expect(await call("GET", "/t/doc/r6")).toMatchObject({ status: 404 });
    });

    it("tells why it failed, and leaves the dataset as it was", async () => {
      await loadIndex({ url, index: "flaky", records: 3 });
      const proxy = await guarded(url);
      const { call } = await startService();
      const job = await createJob(call, source, proxy.url, { source_dataset: "flaky", target_dataset: "t" });
      expect(await ended(call, job, 1)).toMatchObject({ status: "completed" });
      await putRecords({ url, index: "flaky" }, [["r3", { n: 3 }]]);
      proxy.fault = () => 400;
      await call("POST", `/import/jobs/${job}/run`);
      const failed = { status: "failed", error_message: expect.stringContaining("proxy_exception") };
      expect(await ended(call, job, 2)).toMatchObject(failed);
      expect(await figures(call, "t")).toEqual([3, 3, 3]);
      let cuts = 2;
      proxy.fault = ({ path }) => (path.includes("_search") && cuts-- > 0 ? "cut" : undefined);
      await call("POST", `/import/jobs/${job}/run`);
      expect(await ended(call, job, 3)).toMatchObject({ status: "completed" });
      expect(await figures(call, "t")).toEqual([4, 4, 6]);
    });

    it("goes on after a SIGKILL, and does not ask again for what it had kept", async () => {
      const proxy = await guarded(url);
      const folder = temporaryFolder();
      const pages = () => proxy.requests.filter(({ body }) => body.includes('"asc"'));
      // The fourth page never comes: the second one is kept by then, since no more than one is asked for ahead.
      const stuck = Promise.withResolvers<void>();
      proxy.fault = () => {
        if (pages().length < 4) return undefined;
        stuck.resolve();
        return "hang";
      };
      const first = await spawnService(folder);
      const job = await createJob(first.call, source, proxy.url, { source_dataset: "orders", target_dataset: "t" });
      // A run that ends before that says why.
      const early = ended(first.call, job, 1).then((run) => Promise.reject(new Error(JSON.stringify(run))));
      await Promise.race([stuck.promise, first.died, early]);
      first.child.kill("SIGKILL");
      await once(first.child, "exit");
      const [keptFrom] = JSON.parse(pages()[2]?.body ?? "{}").search_after as readonly [number];

      proxy.fault = () => undefined;
      proxy.requests.length = 0;
      const second = await spawnService(folder);
      const run = await ended(second.call, job, 1);
      expect(run).toMatchObject({ status: "completed", stats: { documents_processed: records } });
      expect(run.documents_resumed).toBeGreaterThan(5_000);
      expect(await figures(second.call, "t")).toEqual([records, records, sumTo(records)]);
      const ofFirstShard = pages().filter(({ path }) => path.includes("_shards%3A0"));
      expect(ofFirstShard.length).toBeGreaterThan(0);
      for (const { body } of ofFirstShard) {
        expect(JSON.parse(body).search_after?.[0]).toBeGreaterThanOrEqual(keptFrom);
      }
      second.child.kill("SIGTERM");
      expect(await once(second.child, "exit")).toEqual([0, null]);
    });
  });
}

if (urls.size > 0) {
  it("an import runs by its schedule, from every server", async () => {
    for (const url of urls.values()) await loadIndex({ url, index: "tick", records: 3 });
    // Three seconds before a full minute.
    const ahead = 60_000 - (Date.now() % 60_000) - 3_000;
    const { call } = await startService({ clock: () => Date.now() + ahead });
    const jobs = Array.from(urls, async ([source, url]) => {
      const config = { source_dataset: "tick", target_dataset: source, schedule: "* * * * *" };
      const job = await createJob(call, source, (await guarded(url)).url, config);
      expect(await ended(call, job, 1)).toMatchObject({ status: "completed", trigger: "created" });
      await putRecords({ url, index: "tick" }, [["r3", { n: 3 }]]);
      expect(await ended(call, job, 2)).toMatchObject({ status: "completed", trigger: "schedule" });
      expect(await figures(call, source)).toEqual([4, 4, 6]);
    });
    await Promise.all(jobs);
  });
}
