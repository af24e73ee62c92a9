import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Json, Properties } from "../../src/contract/index.ts";
import { openData } from "../../src/service/data/open-data.ts";
import type { DataRow, DataStore } from "../../src/service/data/types.ts";
import { temporaryFolder } from "../support/service.ts";

const never = new AbortController().signal;

const openStoreOfData = (folder?: string): DataStore => {
  const data = openData(folder);
  onTestFinished(() => data.close());
  return data;
};

const row = (_id: string | undefined, properties: Properties): DataRow => ({
  properties,
  ...(_id === undefined ? {} : { _id }),
});

/** `_id`, owner and the property `v` of all records. */
const rows = async (data: DataStore, dataset: string): Promise<Json> =>
  data.read(
    async (connection) =>
      (
        await connection.runAndReadAll(`SELECT _id, _by, v FROM store."${dataset}" ORDER BY _id, v`)
      ).getRowsJson() as Json,
    never,
  );

/** One run of an import: all rows in one batch. */
const run = async (data: DataStore, owner: string, batch: readonly DataRow[], keyed: boolean) => {
  const stage = await data.stage("a", owner, { resume: false });
  await stage.append({ rows: batch });
  return stage.finish({ keyed });
};

describe("a stage", () => {
  it("is not seen before it is finished, and gone afterwards", async () => {
    const data = openStoreOfData();
    const stage = await data.stage("a", "job", { resume: true });
    expect(stage.cursor).toBeUndefined();
    expect(stage.rows).toBe(0);
    await stage.append({ rows: [row("1", { v: 1 })], cursor: { after: [1, "x"] } });
    await stage.append({ rows: [row("2", { v: 2 })] });
    expect(stage.rows).toBe(2);
    expect(await data.counts()).toEqual(new Map());
    expect(await data.columns("a")).toEqual([]);
    expect(await stage.finish({ keyed: true })).toEqual({ added: 2, removed: 0 });
    expect(await data.counts()).toEqual(new Map([["a", 2]]));
    expect(await rows(data, "a")).toEqual([
      ["1", "job", "1"],
      ["2", "job", "2"],
    ]);
    expect((await data.stage("a", "job", { resume: true })).rows).toBe(0);
    await expect(stage.append({ rows: [] })).resolves.toBeUndefined();
  });

  it("goes on where the last committed batch ended, after the store was opened again", async () => {
    const folder = temporaryFolder();
    const first = openData(folder);
    const before = await first.stage("a", "job", { resume: true });
    await before.append({ rows: [row("1", { v: 1 })], cursor: ["1"] });
    await expect(before.append({ rows: [row("2", { "a\0": 1 })], cursor: ["2"] })).rejects.toThrow();
    await first.close();
    const data = openStoreOfData(folder);
    const stage = await data.stage("a", "job", { resume: true });
    expect(stage.cursor).toEqual(["1"]);
    expect(stage.rows).toBe(1);
    const other = await data.stage("a", "job", { resume: false });
    expect(other.cursor).toBeUndefined();
    expect(other.rows).toBe(0);
  });

  it("takes many rows as text, also while earlier ones are on their way", async () => {
    const data = openStoreOfData();
    const stage = await data.stage("a", "job", { resume: false });
    const count = 65_000;
    for (let page = 0; page < 4; page++) {
      const lines = Array.from({ length: count }, (_, n) => `{"_id":"r${page * count + n}","_source":{"v":${n}}}\n`);
      const columns = [{ name: "v", type: "BIGINT" }] as const;
      const text = { lines: Buffer.from(lines.join("")), longest: 50, columns, count, size: 1 };
      await stage.append({ rows: [], text, cursor: page });
      expect([stage.rows, stage.cursor]).toEqual([(page + 1) * count, page]);
    }
    expect(await stage.finish({ keyed: true })).toEqual({ added: 4 * count, removed: 0 });
    const select = "SELECT count(DISTINCT _id), sum(v) FROM a";
    const sum = 4 * ((count * (count - 1)) / 2);
    expect(await data.read(async (c) => (await c.runAndReadAll(select)).getRowsJson(), never)).toEqual([
      [String(4 * count), String(sum)],
    ]);
  });

  it("replaces rows that may come again", async () => {
    const data = openStoreOfData();
    const stage = await data.stage("a", "job", { resume: false });
    await stage.append({ rows: [row("1", { v: 1 }), row("2", { v: 2 })], mayRepeat: true });
    await stage.append({ rows: [row("2", { v: "two" }), row("3", { v: 3 })], mayRepeat: true });
    expect(stage.rows).toBe(3);
    await stage.finish({ keyed: true });
    expect(await rows(data, "a")).toEqual([
      ["1", "job", "1"],
      ["2", "job", '"two"'],
      ["3", "job", "3"],
    ]);
  });

  it("keeps the last of rows whose key is not unique", async () => {
    const data = openStoreOfData();
    const stage = await data.stage("a", "job", { resume: false });
    await stage.append({ rows: [row("1", { v: 1 }), row("1", { v: 2 })] });
    await stage.append({ rows: [row("1", { v: 3 }), row("2", { v: 4 })] });
    expect(await stage.finish({ keyed: true })).toEqual({ added: 2, removed: 0 });
    expect(await rows(data, "a")).toEqual([
      ["1", "job", "3"],
      ["2", "job", "4"],
    ]);
  });

  it("is changed before it becomes visible", async () => {
    const data = openStoreOfData();
    const stage = await data.stage("a", "job", { resume: false });
    await stage.append({ rows: [row("1", { v: 1 }), row("2", { v: 2 })] });
    await stage.transform(async (connection, name) => {
      await connection.run(`ALTER TABLE ${name} ADD COLUMN "$origin" VARCHAR`);
      await connection.run(`UPDATE ${name} SET _id = 'sys:' || _id, "$origin" = 'x'`);
      await connection.run(`DELETE FROM ${name} WHERE v = 2`);
    });
    expect(stage.rows).toBe(1);
    await expect(
      stage.transform((connection, name) => connection.run(`DROP ${name}`).then(() => undefined)),
    ).rejects.toThrow();
    await stage.finish({ keyed: true });
    expect(await rows(data, "a")).toEqual([["sys:1", "job", "1"]]);
    expect((await data.columns("a")).map(({ name }) => name)).toEqual(["_id", "v", "$origin"]);
  });

  it("is gone when it is discarded or its owner released", async () => {
    const data = openStoreOfData();
    const stage = await data.stage("a", "job", { resume: false });
    await stage.append({ rows: [row("1", { v: 1 })], cursor: 1 });
    await stage.discard();
    expect((await data.stage("a", "job", { resume: true })).rows).toBe(0);
    await run(data, "job", [row("1", { v: 1 })], true);
    await (await data.stage("a", "job", { resume: false })).append({ rows: [row("2", { v: 2 })] });
    await data.release("job");
    expect((await data.stage("a", "job", { resume: true })).rows).toBe(0);
    expect(await data.count("a")).toBe(1);
  });
});

describe("a finished stage", () => {
  const keys = [
    ["with", true],
    ["without", false],
  ] as const;

  it.each(keys)("%s a key leaves exactly what the owner's last run saw", async (_, keyed) => {
    const data = openStoreOfData();
    await run(data, "job", [row("1", { v: 1 }), row("2", { v: 2 })], keyed);
    expect(await run(data, "job", [row("2", { v: "x" }), row("3", { w: 1 })], keyed)).toEqual(
      keyed ? { added: 1, removed: 1 } : { added: 2, removed: 2 },
    );
    expect(await rows(data, "a")).toEqual([
      ["2", "job", "x"],
      ["3", "job", null],
    ]);
    expect(await run(data, "job", [], keyed)).toEqual({ added: 0, removed: 2 });
    expect(await data.counts()).toEqual(new Map([["a", 0]]));
  });

  it.each(keys)("%s a key leaves the rows of others", async (_, keyed) => {
    const data = openStoreOfData();
    await data.write("a", (writer) => writer.insertRows([row("9", { v: true })]), never);
    await run(data, "other", [row("7", { v: 7 })], keyed);
    await run(data, "job", [row("1", { v: 1 }), row("2", { v: 2 })], keyed);
    expect(await run(data, "job", [row("2", { v: 22, Name: 1, name: 2 })], keyed)).toEqual({
      added: keyed ? 0 : 1,
      removed: keyed ? 1 : 2,
    });
    expect(await rows(data, "a")).toEqual([
      ["2", "job", "22"],
      ["7", "other", "7"],
      ["9", null, "true"],
    ]);
    expect((await data.columns("a")).map(({ name }) => name)).toEqual(["_id", "v", "Name", "name#1"]);
  });

  it("replaces the rows of others that have the same key", async () => {
    const data = openStoreOfData();
    await data.write("a", (writer) => writer.insertRows([row("1", { v: "mine" }), row("2", { v: "mine" })]), never);
    expect(await run(data, "job", [row("1", { v: "theirs" }), row("3", { v: "theirs" })], true)).toEqual({
      added: 1,
      removed: 0,
    });
    expect(await rows(data, "a")).toEqual([
      ["1", "job", "theirs"],
      ["2", null, "mine"],
      ["3", "job", "theirs"],
    ]);
    expect(await run(data, "job", [], true)).toEqual({ added: 0, removed: 2 });
    expect(await data.count("a")).toBe(1);
  });
});

it("a dataset that is filled anew again and again takes no more of the disk than two versions of it", async () => {
  const folder = temporaryFolder();
  const data = openStoreOfData(folder);
  const sizes: number[] = [];
  for (let version = 0; version < 5; version++) {
    const stage = await data.stage("a", "job", { resume: false });
    // As many as are written to the file at once.
    const lines = Array.from({ length: 122_880 }, (_, n) => `{"_id":"r${n}","_source":{"v":${n + version}}}\n`);
    const text = Buffer.from(lines.join(""));
    const columns = [{ name: "v", type: "BIGINT" }] as const;
    const known = { longest: 60, count: lines.length, size: text.length, columns };
    await stage.append({ rows: [], text: { lines: text, ...known }, cursor: version });
    await stage.finish({ keyed: true });
    sizes.push(statSync(join(folder, "datasets.duckdb")).size);
  }
  const [, second = 0] = sizes;
  expect(Math.max(...sizes)).toBeLessThan(1.2 * second);
});

it("takes away pages of owners that there are no more", async () => {
  const folder = temporaryFolder();
  const first = openStoreOfData(folder);
  const columns = [{ name: "v", type: "BIGINT" }] as const;
  const lines = Buffer.from('{"_id":"1","_source":{"v":1}}\n');
  for (const owner of ["kept", "gone"]) {
    const stage = await first.stage("a", owner, { resume: false });
    const text = { lines: Buffer.from(lines), longest: 30, count: 1, size: lines.length, columns };
    await stage.append({ rows: [], text, cursor: owner });
  }
  await first.close();
  expect(readdirSync(join(folder, "pages"))).toHaveLength(2);
  const data = openStoreOfData(folder);
  data.sweep(["kept", "another"]);
  expect(readdirSync(join(folder, "pages"))).toHaveLength(1);
  expect((await data.stage("a", "kept", { resume: true })).rows).toBe(1);
});
