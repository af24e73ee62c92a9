import { describe, expect, it } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import type { Column } from "../../src/service/data/types.ts";
import { transitTime } from "../../src/service/imports/transit-time.ts";
import { row, startImports, tableSource } from "../support/import-stage.ts";

const columns: readonly Column[] = [
  { name: "id", type: "BIGINT" },
  { name: "key", type: "VARCHAR" },
  { name: "value", type: "BIGINT" },
  { name: "changed", type: "TIMESTAMPTZ" },
  { name: "seen", type: "TIMESTAMP" },
];
const system = { id: 0, key: "a", value: 10, changed: "2023-01-30T12:00:01Z", seen: "2023-01-29 08:00:00.500" };
const another = { id: 1, key: "b", value: 11, changed: null, seen: null };
const job = { target_dataset: "foo-person-collect", primary_key: "id", last_modified: "changed" };

/** The entity as the API gives it: whole numbers as numbers. */
const entities = async (stage: Awaited<ReturnType<typeof startImports>>): Promise<readonly Json[]> =>
  (await stage.records("foo-person-collect")).map(({ id, value, ...rest }) => ({
    ...rest,
    id: Number(id),
    value: Number(value),
  }));

const existing = {
  _id: "0",
  id: 0,
  key: "a",
  value: 10,
  changed: "~t2023-01-30T12:00:01Z",
  seen: "~t2023-01-29T08:00:00.5Z",
  "$last-modified": "~t2023-01-30T12:00:01Z",
};

describe("a dataset SYSTEM-DATATYPE-collect", () => {
  it("gets an entity that exists in the system: _id, its properties, and when it was changed", async () => {
    const stage = await startImports(tableSource([row(system), row(another)], columns));
    await stage.completed(stage.add(job));
    expect(await entities(stage)).toEqual([existing, { _id: "1", id: 1, key: "b", value: 11 }]);
  });

  it.each([
    ["a number", [{ $generated_id: 0, $origin: "~:bar-person:123" }]],
    ["a text", [{ $generated_id: "0", $origin: "~:bar-person:123" }]],
    [
      "a number here and a text there",
      [
        { $generated_id: 0, $origin: "~:bar-person:123" },
        { $generated_id: "x", $origin: "~:bar-person:125" },
      ],
    ],
    [
      "an entity that was deleted since, too",
      [
        { $generated_id: "0", $origin: "~:bar-person:123", _deleted: false },
        { $generated_id: "1", $origin: "~:bar-person:124", _deleted: true },
      ],
    ],
  ])("gets $origin for one that was inserted earlier, known by its generated id: %s", async (_, shared) => {
    const stage = await startImports(tableSource([row(system), row(another)], columns));
    await stage.write(
      "foo-person-share",
      shared.map((properties) => row(properties)),
    );
    await stage.completed(stage.add(job));
    expect(await entities(stage)).toEqual([
      { ...existing, $origin: "~:bar-person:123" },
      { _id: "1", id: 1, key: "b", value: 11 },
    ]);
  });

  it("gets none where the share dataset holds nothing that says so", async () => {
    const stage = await startImports(tableSource([row(system)], columns));
    await stage.write("foo-person-share", [row({ other: 1 })]);
    await stage.completed(stage.add(job));
    expect(await entities(stage)).toEqual([existing]);
  });

  it("gets the new $origin with the next run", async () => {
    const stage = await startImports(tableSource([row(system)], columns));
    const id = stage.add(job);
    await stage.completed(id);
    await stage.write("foo-person-share", [row({ $generated_id: 0, $origin: "~:bar-person:123" })]);
    stage.state.imports.run(id);
    await stage.completed(id, 2);
    expect(await entities(stage)).toEqual([{ ...existing, $origin: "~:bar-person:123" }]);
  });

  it("names records whose time is none, and takes them without", async () => {
    const rows = [row({ id: 5, at: "soon" }), row({ id: 6, at: 1675080001 })];
    const stage = await startImports(tableSource(rows));
    const run = await stage.completed(stage.add({ ...job, last_modified: "at" }));
    expect(run).toMatchObject({
      processed: 2,
      failed: 0,
      errors: [expect.stringMatching(/^record 1: at is not a time/)],
    });
    expect(await stage.records("foo-person-collect")).toMatchObject([
      expect.not.objectContaining({ "$last-modified": expect.anything() }),
      { _id: "6", "$last-modified": "~t2023-01-30T12:00:01Z" },
    ]);
  });
});

it("any other dataset gets plain rows", async () => {
  const stage = await startImports(tableSource([row(system)], columns));
  await stage.completed(stage.add({ ...job, target_dataset: "foo-collect" }));
  const [record] = await stage.records("foo-collect");
  expect(record).not.toHaveProperty("$last-modified");
  expect(await stage.state.data.columns("foo-collect")).toContainEqual({ name: "changed", type: "TIMESTAMPTZ" });
});

describe("a time", () => {
  it.each([
    ["2023-01-30T12:00:01Z", "~t2023-01-30T12:00:01Z"],
    ["~t2023-01-30T12:00:01Z", "~t2023-01-30T12:00:01Z"],
    ["2023-01-30T12:00:01.120000000Z", "~t2023-01-30T12:00:01.12Z"],
    ["2023-01-30T12:00:01.123456789012Z", "~t2023-01-30T12:00:01.123456789Z"],
    ["2023-01-30 12:00:01", "~t2023-01-30T12:00:01Z"],
    ["2023-01-30 12:00:01+00", "~t2023-01-30T12:00:01Z"],
    ["2023-01-30T14:00:01.5+02:00", "~t2023-01-30T12:00:01.5Z"],
    ["2023-01-30T06:30:01-0530", "~t2023-01-30T12:00:01Z"],
    ["2023-01-30T12:00", "~t2023-01-30T12:00:00Z"],
    ["2023-01-30", "~t2023-01-30T00:00:00Z"],
    [1675080001, "~t2023-01-30T12:00:01Z"],
    [1675080001.25, "~t2023-01-30T12:00:01.25Z"],
    [1675080001120, "~t2023-01-30T12:00:01.12Z"],
    [1675080001120000, "~t2023-01-30T12:00:01.12Z"],
    ["1675080001123456789", "~t2023-01-30T12:00:01.123456789Z"],
    [-1, "~t1969-12-31T23:59:59Z"],
    [0, "~t1970-01-01T00:00:00Z"],
    ["2023-02-30", undefined],
    ["2023-13-01T00:00:00Z", undefined],
    ["2023-01-30T25:00:00Z", undefined],
    ["20230130", undefined],
    ["soon", undefined],
    ["", undefined],
    [true, undefined],
    [null, undefined],
    [1e300, undefined],
    [{ at: 1 }, undefined],
  ])("%j is written as %s", (value, expected) => {
    expect(transitTime(value)).toBe(expected);
  });
});
