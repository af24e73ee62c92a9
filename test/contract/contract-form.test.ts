import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Base, Json, Properties, Resource } from "../../src/contract/index.ts";
import {
  collectEntity,
  deleteForm,
  plainTyped,
  readEntities,
  shareEntity,
  transformEntity,
  typedValue,
  UnknownType,
  updateForm,
} from "../../src/contract/index.ts";

const properties: Properties = { name: "~tilde", config: { key: { $secret: "$SECRET(x)", fingerprint: "f" }, n: 1 } };
const resource: Resource = { tenant: "t1", kind: "import-job", _id: "a:b", properties };
const base: Base = {
  target: "default",
  resource,
  id: "job-1",
  applied: properties,
  echo: { name: "~tilde" },
  driver: "engine",
  state: "live",
};
const rules = { vendor: "acme-import", kinds: ["connection", "import-job", "job"] };

const read = (...entities: readonly unknown[]) =>
  readEntities(
    entities.map((entity) => (typeof entity === "string" ? entity : JSON.stringify(entity))).join("\n"),
    rules,
  );

describe("an entity in the contract's form", () => {
  test("is an insert with everything that an insert needs", () => {
    expect(transformEntity("acme", resource)).toEqual({
      _id: "acme-import-job:a:b",
      _deleted: false,
      $ids: ["~:acme-import-job:a:b"],
      $based_on: {},
      $origin: "~:acme-import-job:a:b",
      $tenant: "t1",
      name: "~~tilde",
      config: { key: { $secret: "$SECRET(x)" }, n: 1 },
    });
  });

  test("is an update or a delete by its live id", () => {
    expect(updateForm("acme", resource, base)).toMatchObject({
      _id: "infino-import-job:job-1",
      $based_on: { name: "~~tilde" },
      $ids: ["~:infino-import-job:job-1", "~:acme-import-job:a:b"],
    });
    expect(deleteForm(base)).toEqual({ _id: "infino-import-job:job-1", _deleted: true, $tenant: "t1" });
  });

  test("is shared with the id that the target gave, and collected with its origin and time", () => {
    const shared = shareEntity("acme", base);
    expect(shared).toMatchObject({ _id: "acme-import-job:a:b", $generated_id: "job-1", config: { n: 1 } });
    expect(JSON.stringify(shared)).not.toContain("fingerprint");
    const live = { id: "job-1", properties: { name: "x" }, updatedAt: "2026-01-15T10:30:00.000000000+00:00" };
    expect(collectEntity("acme", "import-job", live, base)).toEqual({
      _id: "infino-import-job:job-1",
      $origin: shared["$origin"],
      $tenant: "t1",
      "$last-modified": "~t2026-01-15T10:30:00.000000000Z",
      name: "x",
    });
    const foreign = collectEntity("acme", "import-job", { id: "j", properties: {}, updatedAt: "soon" }, undefined);
    expect(foreign).toEqual({ _id: "infino-import-job:j" });
  });
});

describe("a typed value", () => {
  test("comes back whatever it is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(plainTyped(typedValue(value as Json))).toEqual(value);
      }),
    );
    expect(plainTyped(["~:a:b", "~t2026-01-01T00:00:00Z", "~~x"])).toEqual(["a:b", "2026-01-01T00:00:00Z", "~x"]);
    expect(() => plainTyped({ a: "~d1.5" })).toThrow(UnknownType);
  });
});

describe("entities that are read", () => {
  const own = "acme-import-job:a";
  const insert = { _id: own, $ids: [`~:${own}`], $tenant: "t1" };

  test("name their kind though vendors and kinds hold hyphens", () => {
    const names = (...ids: readonly string[]) =>
      read(...ids.map((_id) => ({ ...insert, _id, $ids: [`~:${_id}`] }))).entities.map(({ name }) => name);
    expect(names("acme-import-job:x", "acme-import-import-job:y:z", "infino-connection:c")).toEqual([
      { kind: "job", _id: "x" },
      { kind: "import-job", _id: "y:z" },
      { kind: "connection", live: "c" },
    ]);
  });

  test("are what was written", () => {
    const { entities, problems } = readEntities(
      `\n${JSON.stringify(transformEntity("acme-import", resource))}\n\n`,
      rules,
    );
    expect(problems).toEqual([]);
    expect(entities).toEqual([
      {
        line: 2,
        written: "acme-import-import-job:a:b",
        tenant: "t1",
        name: { kind: "import-job", _id: "a:b" },
        deleted: false,
        replaced: false,
        ids: ["acme-import-import-job:a:b"],
        properties: { name: "~tilde", config: { key: { $secret: "$SECRET(x)" }, n: 1 } },
      },
    ]);
  });

  test.each<[string, string, unknown]>([
    ["no JSON", "yaml-syntax", "{"],
    ["no mapping", "wrong-type", "[1]"],
    ["no _id", "missing-field", { $tenant: "t1" }],
    ["an _id without a namespace", "invalid-value", { ...insert, _id: "x" }],
    ["another vendor's _id", "invalid-value", { ...insert, _id: "other-job:x" }],
    ["another system's _id", "invalid-value", { ...insert, _id: "sesam-job:x" }],
    ["an unknown kind", "unknown-kind", { ...insert, _id: "acme-import-pipe:x" }],
    ["no tenant", "missing-field", { _id: own, $ids: [`~:${own}`] }],
    ["an insert without $ids", "missing-field", { _id: own, $tenant: "t1" }],
    ["an insert whose $ids lack its _id", "missing-field", { ...insert, $ids: ["~:other"] }],
    ["$ids that are no ids", "wrong-type", { ...insert, $ids: [own] }],
    ["$replaced on an insert", "invalid-value", { ...insert, $replaced: true }],
    [
      "$replaced on an update",
      "invalid-value",
      { _id: "infino-job:1", $tenant: "t1", $replaced: true, _deleted: false },
    ],
    ["a $based_on that is no mapping", "wrong-type", { ...insert, $based_on: [1] }],
    ["a _deleted that is no boolean", "wrong-type", { ...insert, _deleted: "yes" }],
    ["a member that the contract lacks", "unknown-field", { ...insert, $base_on: {} }],
    ["a type that properties cannot hold", "wrong-type", { ...insert, n: "~d1" }],
  ])("are refused with their line: %s", (_, code, entity) => {
    const { entities, problems } = read({ ...insert, _id: "infino-job:ok" }, entity);
    expect(problems).toMatchObject([{ line: 2, code }]);
    expect(entities).toHaveLength(1);
  });

  test("are refused where two are the same", () => {
    expect(read(insert, insert).problems).toMatchObject([{ line: 2, code: "duplicate-id" }]);
  });

  test("take the tenant that was named, and no other", () => {
    const { $tenant: _, ...without } = insert;
    const text = [without, { ...insert, _id: "infino-job:1", $tenant: "t2" }]
      .map((one) => JSON.stringify(one))
      .join("\n");
    const { entities, problems } = readEntities(text, { ...rules, tenant: "t9" });
    expect(entities.map(({ tenant }) => tenant)).toEqual(["t9"]);
    expect(problems).toMatchObject([{ line: 2, code: "invalid-value" }]);
  });
});
