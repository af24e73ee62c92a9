import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import { holdPages, leftGroups } from "../../src/service/data/held-pages.ts";
import { temporaryFolder } from "../support/service.ts";

const page = (count: number) => {
  const lines = Array.from({ length: count }, (_, n) => `{"_id":"${n}"}\n`).join("");
  return { lines: Buffer.from(lines), longest: 20, columns: [], count, size: 1 };
};

/** Two pages, which are more than one file takes. */
const hold = async (): Promise<string> => {
  const folder = temporaryFolder();
  const held = holdPages(folder);
  expect(await held.add(page(70_000), "first", undefined)).toBeUndefined();
  const full = await held.add(page(70_000), "second", "first");
  expect(full).toMatchObject({ count: 122_880, cursor: "first" });
  return folder;
};

const left = async (folder: string, cursor?: Json): Promise<unknown> => {
  const groups = await leftGroups(folder, cursor);
  return groups.map(({ path, count, cursor: reached }) => {
    expect(readFileSync(path, "utf8").split("\n")).toHaveLength(count + 1);
    return [count, reached];
  });
};

it("pages that a process left are all found", async () => {
  const folder = await hold();
  expect(await left(folder)).toEqual([
    [122_880, "first"],
    [17_120, "second"],
  ]);
});

it("pages that the database has are left out", async () => {
  const folder = await hold();
  expect(await left(folder, "first")).toEqual([[17_120, "second"]]);
  expect(await left(folder, "second")).toEqual([]);
});

it("a page of which only the first part was written is left out", async () => {
  const folder = await hold();
  for (const name of ["1.pages", "1.jsonl"]) rmSync(join(folder, name));
  expect(await left(folder)).toEqual([[70_000, "first"]]);
});

it("what was being written is left out", async () => {
  const folder = await hold();
  appendFileSync(join(folder, "1.jsonl"), '{"_id":"cut');
  appendFileSync(join(folder, "1.pages"), '{"longest":20,"columns":[],"cou');
  expect(await left(folder)).toEqual([
    [122_880, "first"],
    [17_120, "second"],
  ]);
});
