import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { loadIndex } from "../../test/integration/load-index.ts";
import { start } from "../../test/integration/servers/search-servers.ts";
import { signedClient } from "../../test/support/signed.ts";
import { credentials } from "./credentials.ts";

const records = 200_000;
/** Records of a page, which is what an import asks for. */
const page = 10_000;
const rounds = 3;
export const searchBudget = { ratio: 0.8 };

type Run = {
  readonly status: string;
  readonly duration_ms: number;
  readonly stats: { readonly documents_processed: number } | null;
};

type Importing = AsyncDisposable & {
  /** Milliseconds of one run of an import job into a dataset of its own, as the service itself tells. */
  importOnce(index: string): Promise<number>;
};

/** A service in a process of its own, which goes on from one import to the next as `serve` does. */
const startImporting = async (url: string, dir: string): Promise<Importing> => {
  const program = new URL("importing-service.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [program, await mkdtemp(join(dir, "data-"))], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const [address] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const { INFINO_ACCESS_KEY: accessKey, INFINO_SECRET_KEY: secretKey } = credentials;
  const call = signedClient({ accessKey, secretKey, url: address });
  const config = { name: "bench", base_url: url };
  const { connection_id } = (await call("POST", "/source/opensearch", { config })).body as { connection_id: string };
  let times = 0;
  return {
    importOnce: async (source_dataset) => {
      const job = { source_id: connection_id, source_dataset, target_dataset: `${source_dataset}-${times++}` };
      const { job_id } = (await call("PUT", "/import/opensearch", job)).body as { job_id: string };
      for (;;) {
        const [run] = (await call("GET", `/import/jobs/${job_id}/runs`)).body as readonly Run[];
        if (run?.stats?.documents_processed === records && run.status === "completed") return run.duration_ms;
        if (run !== undefined && run.stats !== null) throw new Error(JSON.stringify(run));
        await pause(100);
      }
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
};

type Scrolling = AsyncDisposable & { scrollOnce(): Promise<number> };

/** A bare scroll loop in a process of its own, which goes on from one turn to the next as well. */
const startScrolling = (url: string): Scrolling => {
  const script = new URL("scroll-loop.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, url, "bench", String(page)], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  return {
    scrollOnce: async () => {
      child.stdin.write("\n");
      const [line] = (await once(lines, "line")) as [string];
      return Number(line);
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
};

/** An import job from a real server against a bare scroll loop that drops what it gets, in turns; the best of each. */
export const measureSearch = async () => {
  const dir = await mkdtemp(join(tmpdir(), "bench-search-"));
  await mkdir(dir, { recursive: true });
  const servers = await start(dir);
  try {
    const { opensearch } = servers.values;
    if ("missing" in opensearch) return { figures: { skipped: opensearch.missing }, ok: true };
    const { url, version } = opensearch;
    await loadIndex({
      url,
      index: "bench",
      records,
      record: (n) => ({
        id: n,
        name: `customer ${(n * 7919) % records}`,
        amount: Math.round(((n * 37.77) % 100_000) * 100) / 100,
        active: n % 3 === 0,
        created: new Date(1.7e12 + n * 1000).toISOString(),
        tags: ["a", `b${n % 10}`],
        address: { city: "Oslo", zip: `0${n % 9999}` },
      }),
    });
    await using scrolling = startScrolling(url);
    await using importing = await startImporting(url, dir);
    // The database is open, the code loaded, and the server has seen both.
    await scrolling.scrollOnce();
    await importing.importOnce("bench");
    let [own, ours] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < rounds; round++) {
      own = Math.min(own, await scrolling.scrollOnce());
      ours = Math.min(ours, await importing.importOnce("bench"));
    }
    const ratio = Math.round((own / ours) * 100) / 100;
    const figures = { server: `OpenSearch ${version}`, records, scroll_s: own / 1000, import_s: ours / 1000, ratio };
    return { figures, ok: ratio >= searchBudget.ratio };
  } finally {
    await servers.stop();
    await rm(dir, { recursive: true, force: true });
  }
};
