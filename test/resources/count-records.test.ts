import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RecordFormat } from "../../src/resources/records/count-records.ts";
import { countRecords } from "../../src/resources/records/count-records.ts";
import { formatOf } from "../../src/resources/records/upload-records.ts";

async function* chunks(text: string | Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

/** Every size of chunks has to say the same. */
const count = async (text: string | Uint8Array, format: RecordFormat): Promise<number | string> => {
  const results = new Set<number | string>();
  for (const size of [1, 2, 3, 7, 1_000_000]) {
    results.add(
      await countRecords(chunks(text, size), format).catch((error: { code: string; message: string }) => {
        expect(error.code).toBe("invalid-files");
        return error.message.split(": ")[0] ?? "";
      }),
    );
  }
  expect([...results]).toHaveLength(1);
  return [...results][0] ?? "";
};

const situations: Readonly<
  Record<RecordFormat, Readonly<Record<string, readonly [text: string, result: number | string]>>>
> = {
  csv: {
    "a header and rows": ["a,b\n1,2\n3,4\n", 2],
    "no line feed at the end": ["a,b\n1,2", 1],
    "no rows": ["a,b\n", 0],
    "rows that end as on Windows": ["a,b\r\n1,2\r\n", 1],
    "rows that end as on old Macs": ["a\r1\r2\r", 2],
    "a byte order mark": ["\ufeffa,b\n1,2\n", 1],
    "commas, quotes and line ends within quotes": ['a,b\n"1,\r\n""x""",2\n', 1],
    "quoted names": ['"a ""b""","c,d"\n1,2\n', 1],
    "empty fields": ["a,b\n,\n", 1],
    "an empty field in quotes as a row": ['a\n""\n', 1],
    "letters of more than one byte": ["a,b\næøå,☃ 😀\n", 1],
    "empty rows at the end": ["a,b\n1,2\n\n\n", 1],
    "an empty row in the middle": ["a,b\n1,2\n\n3,4\n", "row 3, column 1"],
    "an empty row before the header": ["\na,b\n1,2\n", "row 1, column 1"],
    "a row with a field less": ["a,b\n1,2\n3\n", 'row 3, column 2 ("b")'],
    "a row with a field more": ["a,b\n1,2,3\n", "row 2, column 3"],
    "a row with a comma more": ["a,b\n1,2,\n", "row 2, column 3"],
    "a quote within a field": ['a,b\n1,x"y\n', 'row 2, column 2 ("b")'],
    "text after a closing quote": ['a,b\n"1"x,2\n', 'row 2, column 1 ("a")'],
    "a quote that is never closed": ['a,b\n1,2\n3,"4\n5,6\n', 'row 3, column 2 ("b")'],
    "a name that stands twice": ["a,b,a\n", "row 1, column 3"],
    "a column without a name": ["a,,c\n", "row 1, column 2"],
    "nothing at all": ["", "row 1, column 1"],
  },
  jsonl: {
    "an object a line": ['{"a":1}\n{"b":{"c":[1]}}\n', 2],
    "no line feed at the end": ['{"a":1}\r\n{"a":2}', 2],
    "lines with nothing on them": ['\n{"a":1}\n  \n', 1],
    "nothing at all": ["", 0],
    "a line that breaks off": ['{"a":1}\n{"a":\n', "line 2"],
    "a line that lacks a colon": ['{"a" 1}', "line 1, column 6"],
    "a line that is no object": ['{"a":1}\n[1]\n', "line 2, column 1"],
    "a line that is null": ["null\n", "line 1, column 1"],
  },
  json: {
    "a list of objects": ['[{"a":1},\n {"b":{"c":[1]}}]\n', 2],
    "brackets, braces and quotes in texts": ['[{"a":"]}\\"{[\\\\"},{"b":1}]', 2],
    "an empty list": [" [ ] ", 0],
    "one object": ['{"a":1}', "line 1, column 1"],
    "nothing at all": ["", "line 1, column 1"],
    "a record that is no object": ['[{"a":1}, 2]', "record 2, column 1"],
    "a record that lacks a colon": ['[{"a":1}, {"a" 1}]', "record 2, column 6"],
    "a comma too many": ['[{"a":1},]', "record 2, column 1"],
    "a comma too few": ['[{"a":1} {"a":2}]', "after record 1"],
    "a list that breaks off between records": ['[{"a":1}', "after record 1"],
    "a list that breaks off within a record": ['[{"a":1},{"a"', "record 2"],
    "something after the list": ['[{"a":1}] x', "after record 1"],
  },
};

for (const format of Object.keys(situations) as RecordFormat[]) {
  describe(`the records of a ${format} file`, () => {
    it.each(Object.entries(situations[format]))("are counted or refused, with %s", async (_, [text, result]) => {
      expect(await count(text, format)).toBe(result);
    });

    it("are refused where it is not UTF-8", async () => {
      const text = { csv: "a\n\xff\n", jsonl: '{"a":"\xff"}\n', json: '[{"a":"\xff"}]' };
      expect(await count(Buffer.from(text[format], "latin1"), format)).toBe("the file is not UTF-8");
    });
  });
}

describe("records", () => {
  const field = fc.oneof(fc.string(), fc.constantFrom("", '"', ",", "\n", "\r\n", '""', "x,y"));
  const rows = fc
    .integer({ min: 1, max: 5 })
    .chain((width) => fc.array(fc.array(field, { minLength: width, maxLength: width })));
  const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;

  it("of any written CSV are counted, in chunks of any size", async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom("\n", "\r\n"),
        async (rows, size, end) => {
          const header = (rows[0] ?? [""]).map((_, index) => `c${index}`);
          const text = [header, ...rows].map((row) => row.map(quoted).join(",")).join(end);
          expect(await countRecords(chunks(text, size), "csv")).toBe(rows.length);
        },
      ),
    );
  });

  it("of any written JSON are counted, in chunks of any size", async () => {
    const records = fc.array(fc.dictionary(fc.string(), fc.jsonValue()));
    await fc.assert(
      fc.asyncProperty(records, fc.integer({ min: 1, max: 50 }), async (records, size) => {
        const lines = records.map((record) => JSON.stringify(record)).join("\n");
        expect(await countRecords(chunks(lines, size), "jsonl")).toBe(records.length);
        expect(await countRecords(chunks(JSON.stringify(records, null, 2), size), "json")).toBe(records.length);
      }),
    );
  });

  it("that never end are refused before they fill the memory", async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('[{"a":"');
      for (;;) yield Buffer.alloc(1024 * 1024, 0x78);
    }
    for (const format of ["json", "jsonl"] as const) {
      await expect(countRecords(endless(), format)).rejects.toMatchObject({ code: "invalid-files" });
    }
  });

  it("have the format that is set, or that the name says", () => {
    const names = ["a.json", "a.JSONL", "a.ndjson", "dir.csv/a.csv", "a", "a.txt"];
    expect(names.map((name) => formatOf(name, "auto"))).toEqual([
      "json",
      "jsonl",
      "jsonl",
      "csv",
      undefined,
      undefined,
    ]);
    expect(formatOf("a.txt", "csv")).toBe("csv");
  });
});
