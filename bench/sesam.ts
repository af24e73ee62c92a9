import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Json } from "../src/contract/index.ts";
import { expandInSesamForm } from "../src/deploy/index.ts";
import type { SesamConnector, SesamFile } from "../src/manifest/index.ts";
import { pairExpansion, placeEdits, readSesamConnector } from "../src/manifest/index.ts";
import type { Figures } from "./run.ts";
import { componentsEach, writeManySesamConnectors } from "./support/many-sesam-connectors.ts";

const connectors = 100;
const budget = { expand_per_second: 200_000, collapse_per_second: 200_000 };

/** Seconds of processor time that this process has used, garbage collection included. */
const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
};

/** Components a second of one core; the best of some rounds. */
const rate = async (work: () => Promise<number>): Promise<number> => {
  let best = 0;
  for (let round = 0; round < 6; round++) {
    const [start, used] = [performance.now(), processorTime()];
    let components = 0;
    while (performance.now() - start < 400) components += await work();
    best = Math.max(best, components / (processorTime() - used));
  }
  return Math.round(best);
};

const components = (files: readonly SesamFile[]): number => files.filter(({ path }) => path.includes("/")).length;

/** An expansion as it comes back from disk: equal, and nothing of it shared. */
const readBack = (files: readonly SesamFile[]): ReadonlyMap<string, { readonly content: Json }> =>
  new Map(files.map(({ path, content }) => [path, { content: JSON.parse(JSON.stringify(content)) as Json }]));

/** Holding what was read against an expansion, and finding that nothing was edited. */
const collapse = async (
  connector: SesamConnector,
  files: readonly SesamFile[],
  edited: ReadonlyMap<string, { readonly content: Json }>,
): Promise<number> => {
  const pairs = pairExpansion(connector, files, edited, { profile: "test", system: "xxxxxx", name: "bench" });
  const reexpand = () => Promise.reject(new Error("nothing was edited"));
  const { placed, unplaced } = await placeEdits(pairs.instances, pairs.added, { tenantFiles: "never", reexpand });
  if (placed.length + unplaced.length > 0) throw new Error("an expansion that nobody edited is not equal to itself");
  return components(files);
};

const seconds = async (work: () => Promise<void>): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
};

const fromDisk = async (folders: readonly string[]): Promise<void> => {
  for (const folder of folders) {
    const report = await expandInSesamForm(folder);
    if (report.folders[0]?.added.length !== componentsEach + 2)
      throw new Error(`not everything was written: ${folder}`);
  }
};

/**
 * How fast connectors in Sesam's form expand and collapse in memory, and expand from disk. `BENCH_SESAM_COMMAND` is another
 * tool's command, run by a shell with the folder of the connectors as its argument, to be compared with.
 */
export const run = async (): Promise<Figures> => {
  const dir = await mkdtemp(join(tmpdir(), "bench-sesam-"));
  try {
    const folders = await writeManySesamConnectors(dir, connectors);
    const read: SesamConnector[] = [];
    for (const folder of folders) read.push(await readSesamConnector(folder));
    const expandRate = await rate(async () => read.reduce((sum, one) => sum + components(one.expand().files), 0));
    const expanded = read.map((connector) => {
      const { files } = connector.expand();
      return { connector, files, edited: readBack(files) };
    });
    const collapseRate = await rate(async () => {
      let sum = 0;
      for (const { connector, files, edited } of expanded) sum += await collapse(connector, files, edited);
      return sum;
    });
    const own = await seconds(() => fromDisk(folders));
    const command = process.env["BENCH_SESAM_COMMAND"];
    const other =
      command === undefined
        ? undefined
        : await seconds(async () => {
            execFileSync("sh", ["-c", `${command} "$1"`, "sh", dir], { stdio: "ignore" });
          });
    return {
      name: "sesam",
      components: connectors * componentsEach,
      expand_per_second: expandRate,
      collapse_per_second: collapseRate,
      from_disk_s: Number(own.toFixed(3)),
      ...(other === undefined ? {} : { other_s: Number(other.toFixed(3)), ratio: Number((other / own).toFixed(1)) }),
      budget,
      ok: expandRate >= budget.expand_per_second && collapseRate >= budget.collapse_per_second,
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};
