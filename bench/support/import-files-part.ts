import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { FileFormat } from "./import-files.ts";
import { formats, writeFiles } from "./import-files.ts";
import { sendFile } from "./send-file.ts";
import { served } from "./served.ts";

const few = 100_000;
const many = 1_000_000;
const rounds = 3;
/** The database may take 256 MB of memory for as many rows as there are; the service itself and what arrives take the rest. */
export const fileBudget = { ratio: 0.7, peak_mb: 400 };

const rounded = (value: number): number => Math.round(value * 100) / 100;

type Run = { readonly stats?: { readonly documents_processed?: number } };

/** The most memory that a process has held, in MB; Linux tells. */
const peakOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024);
};

const bare = async (format: FileFormat, file: string, dir: string): Promise<number> => {
  const folder = await mkdtemp(join(dir, "bare-"));
  const script = new URL("import-files-once.ts", import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [script, format, file, folder]);
  await rm(folder, { recursive: true });
  return Number(stdout);
};

/** A signed upload to a service of its own, from the first byte to the answer. */
const upload = async (format: FileFormat, file: string, rows: number, dir: string) => {
  const data = await mkdtemp(join(dir, "data-"));
  await using service = await served(data);
  // The database is open and the code loaded, as DuckDB's own is.
  const first = join(dir, "first.csv");
  await writeFile(first, "a\n1\n");
  await sendFile(service.url, "first", "csv", first);
  const started = performance.now();
  const run = await sendFile(service.url, "bench", format, file);
  const milliseconds = performance.now() - started;
  if ((run as Run).stats?.documents_processed !== rows) {
    throw new Error(`${format}: ${JSON.stringify(run)}`);
  }
  return { milliseconds, peak: await peakOf(service.pid) };
};

/** Files through the service against DuckDB reading them itself, in turns; the best of each. */
export const measureFiles = async () => {
  const dir = await mkdtemp(join(tmpdir(), "bench-import-"));
  try {
    const [small, large] = [await writeFiles(dir, few), await writeFiles(dir, many)];
    const figures: Record<string, Readonly<Record<string, number>>> = {};
    let ok = true;
    for (const format of formats) {
      let [own, ours, peak] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
      for (let round = 0; round < rounds; round++) {
        own = Math.min(own, await bare(format, large[format], dir));
        const taken = await upload(format, large[format], many, dir);
        ours = Math.min(ours, taken.milliseconds);
        peak = Math.max(peak, taken.peak);
      }
      const before = (await upload(format, small[format], few, dir)).peak;
      const [ratio, growth] = [rounded(own / ours), rounded(peak / before)];
      figures[format] = {
        duckdb_s: rounded(own / 1000),
        upload_s: rounded(ours / 1000),
        ratio,
        peak_mb_100k: before,
        peak_mb_1m: peak,
        memory_growth: growth,
      };
      ok &&= ratio >= fileBudget.ratio && !(peak > fileBudget.peak_mb);
    }
    return { figures, ok };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};
