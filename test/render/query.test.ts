import { expect, test } from "vitest";
import type { QueryReport } from "../../src/deploy/index.ts";
import { renderQuery, renderShortage } from "../../src/render/index.ts";

const report = (answer: QueryReport["answer"], connection?: string): QueryReport => ({
  type: "query-result",
  schemaVersion: 1,
  target: "default",
  ...(connection === undefined ? {} : { connection }),
  answer,
});

const found = (total: { readonly value: number; readonly relation: string }) =>
  report({ hits: { total, hits: [{ _id: "1", _source: { name: "Ada" } }] } }, "conn-1");

test("hits that the source stopped counting are at least so many", () => {
  expect(renderQuery(found({ value: 10_000, relation: "gte" }))).toMatch(/\n1 of at least 10,000 rows$/);
  expect(renderQuery(found({ value: 7, relation: "eq" }))).toMatch(/\n1 of 7 rows$/);
});

test("rows that are missing come with a way to get them, by who was asked", () => {
  const cut = { columns: [{ name: "n" }], rows: [[1]], total: 2 };
  expect(renderShortage(report(cut))).toMatch(/^only 1 of 2 rows: .*--all-by COLUMN/);
  expect(renderShortage(report(cut, "conn-1"))).toMatch(/ORDER BY, LIMIT and OFFSET$/);
  expect(renderShortage(report({ ...cut, total: 1 }))).toBeUndefined();
});
