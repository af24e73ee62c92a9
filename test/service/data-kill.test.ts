import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, it } from "vitest";
import { openData } from "../../src/service/data/open-data.ts";
import type { DataStore } from "../../src/service/data/types.ts";
import { temporaryFolder } from "../support/service.ts";

/** Lets a process import until it has committed `commits` times, kills it after `delay` ms more; its last line. */
const killAfter = async (
  folder: string,
  form: string,
  commits: number,
  delay: number,
): Promise<readonly [number, number]> => {
  const script = new URL("../support/stage-process.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, folder, form], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  let last = "";
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    seen += 1;
    if (seen === commits) setTimeout(() => child.kill("SIGKILL"), delay);
  }
  await ended;
  const [round = 0, batch = 0] = last.split(" ").map(Number);
  return [round, batch];
};

it.each([
  ["rows", 16, 3],
  ["rows", 41, 7],
  ["text", 5, 0],
  ["text", 29, 2],
  ["text", 62, 1],
])(
  "an import of %s that is killed after %i commits and %i ms goes on from its last batch, and shows no half run",
  async (form, commits, delay) => {
    const folder = temporaryFolder();
    const [round, batch] = await killAfter(folder, form, commits, delay);
    const data = openData(folder);
    try {
      const stage = await data.stage("a", "job", { resume: true });
      const shown = await data.count("a");
      const versions =
        shown === 0
          ? []
          : await data.read(
              async (connection) =>
                (
                  await connection.runAndReadAll("SELECT DISTINCT v, (SELECT count(DISTINCT _id) FROM a) FROM a")
                ).getRowsJson(),
              new AbortController().signal,
            );
      // What was printed was committed; what came after it may have been, too.
      const done = (stage.cursor as { readonly round: number; readonly batch: number } | undefined) ?? undefined;
      if (done === undefined) expect(stage.rows).toBe(0);
      else {
        expect(stage.rows).toBe((done.batch + 1) * 100);
        expect(done.round * 11 + done.batch).toBeGreaterThanOrEqual(round * 11 + batch);
      }
      const visible = versions.map(([v]) => Number(v));
      if (round === 0 && batch < 9) expect(versions).toEqual([]);
      else {
        expect(versions).toEqual([[expect.anything(), "1000"]]);
        expect(visible[0]).toBeGreaterThanOrEqual(batch === 10 ? round : round - 1);
      }
    } finally {
      await data.close();
    }
  },
);

/** The folder of a process that widened columns and was killed. */
const widened = (how: "rebuild" | "alter"): string => {
  const folder = temporaryFolder();
  const script = new URL("../support/widen-process.ts", import.meta.url).pathname;
  const { signal } = spawnSync(process.execPath, [script, folder, how], { stdio: ["ignore", "inherit", "inherit"] });
  expect(signal).toBe("SIGKILL");
  return folder;
};

const values = async (data: DataStore, dataset: string) =>
  data.read(
    async (connection) =>
      (await connection.runAndReadAll(`SELECT CAST(v AS VARCHAR) FROM store."${dataset}"`)).getRowsJson().flat(),
    new AbortController().signal,
  );

const opened = async (folder: string) => {
  const data = openData(folder);
  try {
    expect(await values(data, "text")).toEqual(['"a"', "1"]);
    expect(await values(data, "number")).toEqual(["1", "1.5", '"x"']);
    expect(await values(data, "time")).toEqual(["2026-01-02T00:00:00", "2026-01-02T03:04:05", "soon"]);
    expect(await values(data, "added")).toEqual(["1", null]);
    const stage = await data.stage("staged", "job", { resume: true });
    expect([stage.cursor, stage.rows]).toEqual([2, 2]);
    await stage.finish({ keyed: true });
    expect(await values(data, "staged")).toEqual(['"a"', '{"b":1}']);
  } finally {
    await data.close();
  }
};

it("records of a service that was killed after columns were widened are all there, in datasets and in a stage", async () => {
  const folder = widened("rebuild");
  // The file's log can be replayed by DuckDB alone; the store would repair it.
  (await DuckDBInstance.create(join(folder, "datasets.duckdb"))).closeSync();
  await opened(folder);
});

it("a file whose log DuckDB cannot replay by itself is repaired", async () => {
  const folder = widened("alter");
  await expect(DuckDBInstance.create(join(folder, "datasets.duckdb"))).rejects.toThrow("replaying WAL");
  await opened(folder);
});
