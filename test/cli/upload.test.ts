import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Stage } from "./stage.ts";
import { startStage } from "./stage.ts";

const count = async (stage: Stage, dataset: string): Promise<unknown> =>
  ((await stage.client("GET", `/${dataset}/metadata`)).body as { docs_count?: number }).docs_count;

describe("upload", () => {
  test("sends a file into a dataset, at once or in the background, and says what was taken", async () => {
    await using stage = await startStage();
    await writeFile(join(stage.dir, "regions.csv"), "code,name\nno,Norway\nse,Sweden\n");
    const sent = await stage.run("upload", "acme-regions", "regions.csv");
    expect(sent).toMatchObject({ exit: 0, stdout: "2 records taken into acme-regions\n" });
    await writeFile(join(stage.dir, "more"), '{"code":"dk"}\n');
    const more = await stage.run("upload", "acme-regions", "more", "--format", "jsonl", "--async", "-o", "json");
    expect(more.exit).toBe(0);
    expect(JSON.parse(more.stdout)).toMatchObject({
      type: "upload-report",
      schemaVersion: 1,
      target: "default",
      dataset: "acme-regions",
      file: "more",
      status: "completed",
      processed: 1,
      failed: 0,
      errors: [],
    });
    expect(await count(stage, "acme-regions")).toBe(3);
  });

  test("exits 4 where some records could not be taken, 1 where none could", async () => {
    await using stage = await startStage();
    await writeFile(join(stage.dir, "some.csv"), "a,b\n1,2\n3\n");
    const some = await stage.run("upload", "acme-some", "some.csv", "--batch-size", "10");
    expect(some).toMatchObject({ exit: 4, stdout: expect.stringContaining("1 record taken into acme-some\n1 record") });
    expect(some.stdout).toContain("row 3");
    await writeFile(join(stage.dir, "none.json"), "[{");
    const none = await stage.run("upload", "acme-some", "none.json", "-o", "json");
    expect(none).toMatchObject({ exit: 1 });
    expect(JSON.parse(none.stdout)).toMatchObject({ type: "error", code: "target-problem" });
    const later = await stage.run("upload", "acme-some", "none.json", "--async");
    expect(later).toMatchObject({ exit: 1, stdout: expect.stringContaining("nothing was taken") });
    expect(await count(stage, "acme-some")).toBe(1);
  });

  test("is not begun with a wrong flag, a wrong name or a file that is not there", async () => {
    await using stage = await startStage();
    for (const words of [
      ["acme-regions"],
      ["acme-regions", "missing.csv"],
      ["acme-regions", "."],
      ["SQL", "connector-deployer.yaml"],
      ["acme-regions", "connector-deployer.yaml", "--format", "xml"],
      ["acme-regions", "connector-deployer.yaml", "--batch-size", "0"],
    ]) {
      expect({ words, exit: (await stage.run("upload", ...words)).exit }).toEqual({ words, exit: 3 });
    }
    expect((await stage.client("GET", "/metadata")).body).toEqual([]);
  });
});
