import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Json, Properties } from "../../src/contract/index.ts";
import { sourceText } from "../../src/service/data/columns.ts";
import { openData } from "../../src/service/data/open-data.ts";
import type { DataStore, Stage } from "../../src/service/data/types.ts";
import { scanHits } from "../../src/service/sources/search/scan-hits.ts";

/** An answer as a search server writes it, around records whose properties are JSON text. */
const answer = (...sources: readonly string[]): Buffer => {
  const hits = sources.map(
    (source, n) => `{"_index":"a","_id":"r${n}","_score":null,"_source":${source},"sort":[${n}]}`,
  );
  const shards = '{"total":1,"successful":1,"skipped":0,"failed":0}';
  const text = `{"took":3,"timed_out":false,"_shards":${shards},"hits":{"max_score":null,"hits":[${hits.join(",")}]}}`;
  return Buffer.from(text);
};

const openStore = (): DataStore => {
  const data = openData(undefined);
  onTestFinished(() => data.close());
  return data;
};

/** Columns and records of a dataset that one stage has filled. */
const filled = async (data: DataStore, fill: (stage: Stage) => Promise<void>): Promise<unknown> => {
  const stage = await data.stage("a", "job", { resume: false });
  await fill(stage);
  await stage.finish({ keyed: true });
  const columns = await data.columns("a");
  const select = `SELECT _id, ${sourceText(columns)} FROM a ORDER BY _id`;
  const never = new AbortController().signal;
  const rows = await data.read(async (connection) => (await connection.runAndReadAll(select)).getRowsJson(), never);
  return { columns, rows };
};

const asText = (bytes: Buffer) => async (stage: Stage) => {
  const text = scanHits(bytes)?.lines();
  if (text === undefined) throw new Error("the answer cannot be scanned");
  await stage.append({ rows: [], text, cursor: 1 });
};

const name = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "Name",
    "naïve",
    "it's",
    "a b",
    "_id",
    "_by",
    "x.y",
    "x#1",
    "constructor",
    "__proto__",
    "1",
    "",
  ),
  fc.string({ maxLength: 3, unit: "binary" }),
);
const leaf: fc.Arbitrary<Json> = fc.oneof(
  fc.string({ maxLength: 6, unit: "binary" }),
  fc.constantFrom('"', "\\", "\n", "\u2028", "},{", '"sort":[', "12", "true", "2026-01-30", "\ud83d\ude00", "\ud800"),
  fc.integer(),
  fc.constantFrom(0, 1e15, 999_999_999_999_999, 2 ** 53, 1e21, 5e-7, 0.1, 12.5, 1e-300),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
  fc.boolean(),
  fc.constant(null),
);
const value = fc.letrec<{ any: Json }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(name, tie("any"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).any;
const record: fc.Arbitrary<Properties> = fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true });
const plain = fc.record(
  { n: fc.integer(), x: fc.oneof(leaf, fc.double({ noNaN: true })), at: value },
  { requiredKeys: [] },
);

describe("records that are scanned", () => {
  it("are kept as those that are parsed", async () => {
    const data = openStore();
    let scanned = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          ...[plain as fc.Arbitrary<Properties>, record].map((one) => fc.array(one, { minLength: 1, maxLength: 6 })),
        ),
        fc.constantFrom(undefined, 2, "\t"),
        async (records, indent) => {
          const bytes = answer(...records.map((properties) => JSON.stringify(properties, null, indent)));
          if (scanHits(Buffer.from(bytes)) === undefined) return;
          scanned += 1;
          const texts = await filled(data, asText(bytes));
          const rows = records.map((properties, n) => ({
            _id: `r${n}`,
            properties: JSON.parse(JSON.stringify(properties)) as Properties,
          }));
          expect(texts).toEqual(await filled(data, (stage) => stage.append({ rows })));
        },
      ),
      { numRuns: 100 },
    );
    expect(scanned).toBeGreaterThan(5);
  }, 60_000);

  it.each([
    ["a whole number with a fraction of zeros", '{"v":1.0}', "BIGINT", '{"v":1}'],
    ["a whole number with a power", '{"v":1.25E2}', "BIGINT", '{"v":125}'],
    ["a number with a fraction", '{"v":-12.50}', "DOUBLE", '{"v":-12.5}'],
    ["a number beyond the whole ones", '{"v":1e20}', "DOUBLE", '{"v":100000000000000000000.0}'],
    ["escapes", '{"v":"\\u0041\\n\\"\\u00e9"}', "VARCHAR", '{"v":"A\\n\\"é"}'],
    ["lines of an object", '{"v":{"a":\n[1,\r\n 2]}}', "JSON", '{"v":{"a":[1,2]}}'],
  ])("hold %s", async (_, source, type, kept) => {
    const result = await filled(openStore(), asText(answer(source)));
    expect(result).toEqual({
      columns: [
        { name: "_id", type: "VARCHAR" },
        { name: "v", type },
      ],
      rows: [["r0", kept]],
    });
  });

  it("tell how many they are, how large, and what the last one was sorted by", () => {
    const scan = scanHits(answer('{"a":1}', "{}"));
    expect(scan).toMatchObject({ count: 2, size: 9, sort: [1], envelope: { timed_out: false, hits: { hits: [] } } });
    expect(scan?.lines()).toMatchObject({ count: 2, size: 9, columns: [{ name: "a", type: "BIGINT" }] });
  });

  it("may have types that differ from page to page, and names that differ in case only", async () => {
    const pages = ['{"v":1}', '{"v":2.5}', '{"v":"x","V":1}', '{"V":true,"w":null}'];
    const data = openStore();
    const texts = await filled(data, async (stage) => {
      for (const [n, page] of pages.entries()) {
        const text = scanHits(Buffer.from(answer(page).toString().replace("r0", `r${n}`)))?.lines();
        await stage.append(
          text === undefined
            ? { rows: [{ _id: `r${n}`, properties: JSON.parse(page) }] }
            : { rows: [], text, cursor: n },
        );
        expect(stage.rows).toBe(n + 1);
      }
    });
    const rows = pages.map((page, n) => ({ _id: `r${n}`, properties: JSON.parse(page) as Properties }));
    expect(texts).toEqual(
      await filled(data, async (stage) => {
        for (const one of rows) await stage.append({ rows: [one] });
      }),
    );
  });
});

it.each([
  ["no record", Buffer.from('{"hits":{"hits":[]}}')],
  ["text that is no JSON", Buffer.from('{"hits":{"hits":[{"_id":"a"')],
  ["a record without properties", Buffer.from('{"hits":{"hits":[{"_id":"a","sort":[1]}]}}')],
  ["a record without an _id", Buffer.from('{"hits":{"hits":[{"_source":{},"sort":[1]}]}}')],
  ["a record that was not sorted", Buffer.from('{"hits":{"hits":[{"_id":"a","_source":{}}]}}')],
  ["an _id that is no text", Buffer.from('{"hits":{"hits":[{"_id":1,"_source":{},"sort":[1]}]}}')],
  ["bytes that are no UTF-8", Buffer.concat([answer('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')])],
  ["a member that comes twice", answer('{"a":1,"a":2}')],
  ["members that differ in case only", answer('{"a":1}', '{"A":null}')],
  ["a name that is empty", answer('{"":1}')],
  ["a name with an escape", answer('{"\\u0061":1}')],
  ["a name that JavaScript puts first", answer('{"a":1,"0":1}')],
  ["half of a surrogate pair", answer('{"a":"\\ud800"}')],
  ["more digits than JavaScript keeps", answer('{"a":1234567890123456}')],
  ["more digits inside an object", answer('{"a":[1234567890123456]}')],
  ["a number that is infinite", answer('{"a":1e999}')],
  ["a number with a leading zero", answer('{"a":01}')],
  ["a line end in a text", answer('{"a":"\n"}')],
  ["an array without an end", answer('{"a":[1}')],
  ["a missing comma", answer('{"a":[1 2]}')],
  ["a missing value", answer('{"a":}')],
  ["values nested very deep", answer(`{"a":${"[".repeat(200)}${"]".repeat(200)}}`)],
])("%s is left to the parser", (_, bytes) => {
  expect(scanHits(bytes)).toBeUndefined();
});
