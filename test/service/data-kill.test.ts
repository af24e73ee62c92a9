import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { openData } from "../../src/service/data/open-data.ts";
import { temporaryFolder } from "../support/service.ts";

/** Lets a process import until it has committed `commits` times, kills it after `delay` ms more; its last line. */
const killAfter = async (folder: string, commits: number, delay: number): Promise<readonly [number, number]> => {
  const script = new URL("../support/stage-process.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
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
  [16, 3],
  [41, 7],
])(
  "an import that is killed after %i commits and %i ms goes on from its last batch, and shows no half run",
  async (commits, delay) => {
    const folder = temporaryFolder();
    const [round, batch] = await killAfter(folder, commits, delay);
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
