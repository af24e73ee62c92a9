import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Json, Properties } from "../../src/contract/index.ts";
import { sourceText } from "../../src/service/data/columns.ts";
import { parseExact } from "../../src/service/data/exact-json.ts";
import { openData } from "../../src/service/data/open-data.ts";
import type { Column, DataRow, DataStore } from "../../src/service/data/types.ts";
import { temporaryFolder } from "../support/service.ts";

const never = new AbortController().signal;

const openStoreOfData = (folder?: string): DataStore => {
  const data = openData(folder);
  onTestFinished(() => data.close());
  return data;
};

const insert = (data: DataStore, dataset: string, rows: readonly DataRow[], declared?: readonly Column[]) =>
  data.write(dataset, (writer) => writer.insertRows(rows, declared), never);

const row = (properties: Properties, _id?: string): DataRow => ({ properties, ...(_id === undefined ? {} : { _id }) });

const select = (data: DataStore, sql: string): Promise<readonly (readonly unknown[])[]> =>
  data.read(async (connection) => (await connection.runAndReadAll(sql)).getRowsJson(), never);

/** All records as their JSON text, in the order of their ids. */
const texts = async (data: DataStore, dataset: string): Promise<readonly unknown[]> => {
  const columns = await data.columns(dataset);
  return (await select(data, `SELECT ${sourceText(columns)} FROM "${dataset}" ORDER BY _id`)).map(([text]) => text);
};

const sources = async (data: DataStore, dataset: string): Promise<readonly Json[]> =>
  (await texts(data, dataset)).map((text) => JSON.parse(String(text)) as Json);

const typesOf = async (data: DataStore, dataset: string) =>
  Object.fromEntries((await data.columns(dataset)).map(({ name, type }) => [name, type]));

describe("a data store", () => {
  it("does not open a database until there is something to write", async () => {
    const folder = temporaryFolder();
    const data = openStoreOfData(folder);
    expect(await data.count("a")).toBe(0);
    expect(await data.counts()).toEqual(new Map());
    expect(await data.size("a")).toBe(0);
    expect(await data.columns("a")).toEqual([]);
    await data.drop("a");
    await data.release("job");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("keeps records beyond its end, in a file that only its owner reads", async () => {
    const folder = temporaryFolder();
    const first = openData(folder);
    await insert(first, "a", [row({ x: 1 }, "1"), row({ x: 2 }, "2")]);
    await first.close();
    await first.close();
    expect(statSync(join(folder, "datasets.duckdb")).mode & 0o777).toBe(0o600);
    const second = openStoreOfData(folder);
    expect(await second.counts()).toEqual(new Map([["a", 2]]));
    expect(await sources(second, "a")).toEqual([{ x: 1 }, { x: 2 }]);
  });

  it("empties the folder for files on their way when it starts", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "uploads"));
    writeFileSync(join(folder, "uploads", "left.csv"), "a,b");
    expect(readdirSync(await openStoreOfData(folder).uploads())).toEqual([]);
  });

  it("in memory keeps nothing on disk when it is closed", async () => {
    const data = openData(undefined);
    const uploads = await data.uploads();
    await insert(data, "a", [row({ x: 1 })]);
    expect(existsSync(uploads)).toBe(true);
    await data.close();
    expect(existsSync(join(uploads, ".."))).toBe(false);
  });

  it("says what to install where DuckDB is not", async () => {
    const script = `
      import { registerHooks } from "node:module";
      registerHooks({ resolve: (name, context, next) => next(name.startsWith("@duckdb") ? "@duckdb/absent" : name, context) });
      const { openData } = await import(${JSON.stringify(new URL("../../src/service/data/open-data.ts", import.meta.url).href)});
      const data = openData(undefined);
      await data.write("a", async () => {}, new AbortController().signal).catch(({ type, message }) => console.log(type, message));
      console.log((await data.counts()).size);
      await data.close();`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    expect(stdout).toBe(
      "not_implemented records of datasets need DuckDB: npm i @duckdb/node-api, then start serve again\n0\n",
    );
  });

  it("lets no statement reach beyond its folders or change its settings", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "secret.csv"), "a\n1\n");
    const data = openStoreOfData(folder);
    await insert(data, "a", [row({ x: 1 })]);
    const refused = [
      `SELECT * FROM read_csv('${folder}/secret.csv')`,
      "SELECT * FROM read_text('/etc/hostname')",
      `COPY (SELECT 1) TO '${folder}/out.csv'`,
      `ATTACH '${folder}/other.db'`,
      "SET enable_external_access = true",
      "SET threads = 1",
      "INSTALL httpfs",
      "LOAD httpfs",
      "DELETE FROM store.a",
      "CREATE TABLE b (x INT)",
    ];
    for (const sql of refused) await expect(select(data, sql), sql).rejects.toThrow();
    expect(await data.count("a")).toBe(1);
  });

  it("interrupts what runs when nobody waits for it any more", async () => {
    const data = openStoreOfData();
    await insert(data, "a", [row({ x: 1 }, "1")]);
    const endless = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b";
    const reading = new AbortController();
    const read = data.read((connection) => connection.run(endless), reading.signal);
    const writing = new AbortController();
    const write = data.write(
      "a",
      async (writer) => {
        await writer.deleteWhere();
        await writer.connection.run(endless);
      },
      writing.signal,
    );
    setTimeout(() => {
      reading.abort();
      writing.abort();
    }, 30);
    await Promise.all([expect(read).rejects.toThrow("aborted"), expect(write).rejects.toThrow("aborted")]);
    expect(await data.count("a")).toBe(1);
    const closed = data.read((connection) => connection.run(endless), never);
    setTimeout(() => void data.close(), 30);
    await expect(closed).rejects.toMatchObject({ type: "internal_error" });
  });
});

describe("writing to a dataset", () => {
  it("shows all of a change or nothing", async () => {
    const data = openStoreOfData();
    await insert(data, "a", [row({ x: 1 }, "1")]);
    const failing = data.write(
      "a",
      async (writer) => {
        await writer.insertRows([row({ x: "text", y: 2 }, "2")]);
        throw new Error("on purpose");
      },
      never,
    );
    await expect(failing).rejects.toThrow("on purpose");
    expect(await data.count("a")).toBe(1);
    expect(await typesOf(data, "a")).toEqual({ _id: "VARCHAR", x: "BIGINT" });
    await expect(data.write("b", () => Promise.reject(new Error("on purpose")), never)).rejects.toThrow();
    expect(await data.counts()).toEqual(new Map([["a", 1]]));
  });

  it("happens one after the other for one dataset, at the same time for several", async () => {
    const data = openStoreOfData();
    await Promise.all(
      Array.from({ length: 40 }, (_, n) => insert(data, `d${n % 8}`, [row({ [`p${n % 5}`]: n }, `${n}`)])),
    );
    expect(await data.counts()).toEqual(new Map(Array.from({ length: 8 }, (_, n) => [`d${n}`, 5])));
  });

  it("replaces records of the same id, and gives an id to those without", async () => {
    const data = openStoreOfData();
    await insert(data, "a", [row({ x: 1 }, "1"), row({ x: 2 }, "2"), row({ x: 3 }, "1")]);
    await insert(data, "a", [row({ x: 4 }, "2"), row({ x: 5 })]);
    const rows = await select(data, "SELECT _id, x FROM a ORDER BY x");
    expect(rows).toEqual([
      ["1", "3"],
      ["2", "4"],
      [expect.stringMatching(/^.{8,}$/), "5"],
    ]);
  });

  it("deletes by id and by condition", async () => {
    const data = openStoreOfData();
    await insert(
      data,
      "a",
      Array.from({ length: 10 }, (_, n) => row({ n }, `${n}`)),
    );
    expect(await data.write("a", (writer) => writer.deleteIds(["1", "2", "none", "it's\n\"\ud800"]), never)).toBe(2);
    expect(await data.write("a", (writer) => writer.deleteWhere("n >= 5"), never)).toBe(5);
    expect(await data.count("a")).toBe(3);
    expect(await data.write("a", (writer) => writer.deleteWhere(), never)).toBe(3);
    expect(await data.write("none", (writer) => writer.deleteWhere(), never)).toBe(0);
    expect(await data.count("a")).toBe(0);
    expect(await data.size("a")).toBe(0);
  });

  it("takes what a statement selects, ids given or not", async () => {
    const data = openStoreOfData();
    await insert(data, "a", [row({ n: 1, t: "x" }, "1")]);
    const added = await data.write(
      "a",
      async (writer) => {
        const columns = await writer.ensureColumns([
          { name: "t", type: "VARCHAR" },
          { name: "n", type: "DECIMAL(4,2)" },
          { name: "at", type: "TIMESTAMP" },
        ]);
        expect(columns.map(({ type }) => type)).toEqual(["VARCHAR", "DECIMAL(21,2)", "TIMESTAMP"]);
        return writer.insertSelect(
          [
            { name: "t", type: "VARCHAR" },
            { name: "n", type: "DECIMAL(4,2)" },
            { name: "at", type: "TIMESTAMP" },
          ],
          "SELECT NULL, 'y' || i, 2.50, TIMESTAMP '2024-01-02 03:04:05.5' FROM range(2) t(i)",
        );
      },
      never,
    );
    expect(added).toBe(2);
    expect(await texts(data, "a")).toEqual(
      expect.arrayContaining([
        '{"n":1.00,"t":"x"}',
        '{"n":2.50,"t":"y0","at":"2024-01-02T03:04:05.5"}',
        '{"n":2.50,"t":"y1","at":"2024-01-02T03:04:05.5"}',
      ]),
    );
  });

  it("may delete records and change columns, in any order", async () => {
    const data = openStoreOfData();
    await insert(data, "a", [row({ n: 1 }, "1"), row({ n: 2 }, "2"), row({ n: 3 }, "3")]);
    await data.write(
      "a",
      async (writer) => {
        await writer.insertRows([row({ n: "two", m: 1 }, "2")]);
        await writer.insertRows([row({ n: 4, m: "x", o: true }, "4"), row({ p: 1 }, "1")]);
        await writer.deleteIds(["3"]);
        await writer.ensureColumns([{ name: "m", type: "DATE" }]);
      },
      never,
    );
    expect(await sources(data, "a")).toEqual([{ p: 1 }, { n: "two", m: 1 }, { n: 4, m: "x", o: true }]);
    await data.write(
      "a",
      async (writer) => {
        await writer.deleteWhere();
        await writer.insertRows([row({ q: 1 }, "1")]);
      },
      never,
    );
    expect(await sources(data, "a")).toEqual([{ q: 1 }]);
  });

  it("is gone with the dataset", async () => {
    const data = openStoreOfData();
    await insert(data, "a", [row({ n: 1 })]);
    const stage = await data.stage("a", "job", { resume: false });
    await stage.append({ rows: [row({ n: 2 })] });
    expect(await data.size("a")).toBeGreaterThan(0);
    await data.drop("a");
    expect(await data.counts()).toEqual(new Map());
    expect(await data.columns("a")).toEqual([]);
    await expect(select(data, "SELECT * FROM a")).rejects.toThrow();
    await expect(stage.append({ rows: [row({ n: 3 })] })).rejects.toMatchObject({ type: "not_found" });
    await insert(data, "a", [row({ other: true })]);
    expect(await sources(data, "a")).toEqual([{ other: true }]);
  });
});

describe("the values of a dataset", () => {
  const hostile: readonly Properties[] = [
    {},
    { "": 1, " ": 2, 'a"b': 3, "a'b": 4, "a.b": 5, "$last-modified": 6, "naïve 日本": 7, "x;--": 8, select: 9 },
    JSON.parse('{"__proto__": {"a": 1}, "constructor": 1, "toString": "x", "hasOwnProperty": null}') as Properties,
    { Name: 1, name: 2, NAME: 3, nAme: "x" },
    { _by: "me", _BY: "you", _ID: "x", _id: 7 },
    { "a#1": 1, a: 2, A: 3, "A#1": 4, "#1": 5 },
    { zero: "a\u0000b", quote: "\"\\'\n\r\t", pair: "😀", empty: "", nested: { "a\u0000": ["\u0000"] } },
    { list: [], object: {}, mixed: [1, "1", null, { a: null }], no: false },
    { big: 9007199254740991, small: -9007199254740991, tiny: 5e-324, huge: 1e300, float: 0.1, negative: -1.5 },
  ];

  it.each(hostile.map((properties) => [JSON.stringify(properties), properties] as const))(
    "%s come back as they were",
    async (_, properties) => {
      const data = openStoreOfData();
      await insert(data, "a", [row(properties, "1")]);
      await insert(data, "a", [row({ other: 1 }, "2")]);
      const kept = Object.entries(properties).filter(([, value]) => value !== null);
      expect(await sources(data, "a")).toEqual([Object.fromEntries(kept), { other: 1 }]);
    },
  );

  it("stay exactly as they were where a column takes values of another type", async () => {
    const values: readonly Json[] = [10, "10", true, 1.5, "2024-01-01", { a: [1] }, [1], "", 9007199254740991];
    const pairs = values.flatMap((first) => values.map((second) => [first, second] as const));
    const rows = [0, 1].map((which) =>
      row(Object.fromEntries(pairs.map((pair, n) => [`v${n}`, pair[which] ?? null])), `${which}`),
    );
    const data = openStoreOfData();
    for (const one of rows) await insert(data, "apart", [one]);
    await insert(data, "together", rows);
    const expected = rows.map(({ properties }) => properties);
    expect(await sources(data, "apart")).toEqual(expected);
    expect(await sources(data, "together")).toEqual(expected);
  });

  it("keep all digits, and come back as ISO 8601", async () => {
    const data = openStoreOfData();
    const declared: readonly Column[] = [
      { name: "big", type: "BIGINT" },
      { name: "huge", type: "HUGEINT" },
      { name: "price", type: "DECIMAL(10,2)" },
      { name: "share", type: "DECIMAL(3,3)" },
      { name: "day", type: "DATE" },
      { name: "hour", type: "TIME" },
      { name: "at", type: "TIMESTAMP" },
      { name: "zoned", type: "TIMESTAMPTZ" },
      { name: "none", type: "BOOLEAN" },
    ];
    const properties = {
      big: "9223372036854775807",
      huge: "-170141183460469231731687303715884105727",
      price: "12345678.90",
      share: "-0.125",
      day: "2024-02-29",
      hour: "10:00:00",
      at: "2024-01-01T00:00:00.123456",
      zoned: "2024-01-01T02:00:00+02:00",
      none: null,
    };
    await insert(data, "a", [row(properties, "1")], declared);
    expect(await typesOf(data, "a")).toEqual({
      _id: "VARCHAR",
      ...Object.fromEntries(declared.map(({ name, type }) => [name, type])),
    });
    expect(await texts(data, "a")).toEqual([
      '{"big":9223372036854775807,"huge":-170141183460469231731687303715884105727,"price":12345678.90,"share":-0.125,' +
        '"day":"2024-02-29","hour":"10:00:00","at":"2024-01-01T00:00:00.123456","zoned":"2024-01-01T00:00:00Z"}',
    ]);
  });

  it("keep the digits of numbers that JavaScript cannot hold", async () => {
    const data = openStoreOfData();
    const text =
      '{"long":9223372036854775807,"longer":-18446744073709551616,"longest":1' +
      `${"0".repeat(60)}1,"beyond":1e400,"pi":3.141592653589793,"one":1.00000000000000000,"deep":{"n":[12345678901234567890]}}`;
    const exact = '"deep":{"n":[12345678901234567890]}';
    await insert(data, "a", [row(parseExact(text) as Properties, "1")]);
    expect(await typesOf(data, "a")).toMatchObject({
      long: "BIGINT",
      longer: "HUGEINT",
      longest: "JSON",
      pi: "DOUBLE",
    });
    expect(await texts(data, "a")).toEqual([text.replace("1.00000000000000000", "1")]);
    expect(JSON.stringify(parseExact(text))).toContain(exact);
    await insert(data, "b", [row({ n: 1.5 }, "1"), row(parseExact('{"n":9007199254740993}') as Properties, "2")]);
    expect(await texts(data, "b")).toEqual(['{"n":1.5}', '{"n":9007199254740993}']);
    await insert(data, "c", [row({ n: "x" }, "1")]);
    await insert(
      data,
      "c",
      [row(parseExact('{"n":9007199254740993}') as Properties, "2")],
      [{ name: "n", type: "VARCHAR" }],
    );
    expect(await texts(data, "c")).toEqual(['{"n":"x"}', '{"n":9007199254740993}']);
  });

  it("that are not of the declared type widen the column", async () => {
    const data = openStoreOfData();
    const rows = [
      row({ n: "9007199254740993", d: "2024-02-30", t: "2024-01-01", x: 1 }, "1"),
      row({ n: 1.5, d: "2024-02-28", t: "2024-01-01T00:00:00Z", x: "one" }, "2"),
    ];
    await insert(data, "a", rows, [
      { name: "n", type: "BIGINT" },
      { name: "d", type: "DATE" },
      { name: "t", type: "TIMESTAMP" },
      { name: "x", type: "VARCHAR" },
    ]);
    expect(await typesOf(data, "a")).toMatchObject({ n: "JSON", d: "VARCHAR", t: "VARCHAR", x: "JSON" });
    expect(await texts(data, "a")).toEqual([
      '{"n":9007199254740993,"d":"2024-02-30","t":"2024-01-01","x":1}',
      '{"n":1.5,"d":"2024-02-28","t":"2024-01-01T00:00:00Z","x":"one"}',
    ]);
  });

  it.each([
    ["BIGINT", "1", "HUGEINT", "18446744073709551615", "HUGEINT"],
    ["BIGINT", "1", "DOUBLE", 1.5, "DOUBLE"],
    ["BIGINT", "9007199254740993", "DOUBLE", 1.5, "JSON"],
    ["DOUBLE", 1.5, "BIGINT", "9007199254740993", "JSON"],
    ["DECIMAL(5,2)", "1.25", "DECIMAL(6,4)", "1.0625", "DECIMAL(7,4)"],
    ["DECIMAL(5,2)", "1.25", "DOUBLE", 1.5, "DOUBLE"],
    ["DECIMAL(20,2)", "1.25", "DOUBLE", 1.5, "JSON"],
    ["DATE", "2024-01-01", "TIMESTAMP", "2024-01-01T10:00:00", "TIMESTAMP"],
    ["TIMESTAMP", "2024-01-01T10:00:00", "TIMESTAMPTZ", "2024-01-01T10:00:00Z", "VARCHAR"],
    ["BOOLEAN", true, "BIGINT", 1, "JSON"],
  ] as const)("of %s %s and %s %s make %s", async (one, first, other, second, type) => {
    const data = openStoreOfData();
    await insert(data, "a", [row({ v: first }, "1")], [{ name: "v", type: one }]);
    await insert(data, "a", [row({ v: second }, "2")], [{ name: "v", type: other }]);
    expect(await typesOf(data, "a")).toEqual({ _id: "VARCHAR", v: type });
    if (type === "JSON") {
      expect(await texts(data, "a")).toEqual([`{"v":${first}}`, `{"v":${second}}`]);
    }
  });

  it("that a column cannot hold are refused without a word of this machine", async () => {
    const data = openStoreOfData();
    const column: Column = { name: "n", type: "BIGINT" };
    const file = join(await data.uploads(), "rows.csv");
    writeFileSync(file, "n\none\n");
    const failing = data.write(
      "a",
      async (writer) => {
        await writer.ensureColumns([column]);
        await writer.insertSelect([column], `SELECT NULL, n FROM read_csv('${file}', columns = {n: 'BIGINT'})`);
      },
      never,
    );
    const error: unknown = await failing.then(
      () => expect.fail("it was taken"),
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ type: "invalid_field", message: expect.not.stringContaining("/") });
    expect(await data.counts()).toEqual(new Map());
  });

  it("may have a thousand properties of any type, and not one more", async () => {
    const folder = temporaryFolder();
    const data = openData(folder);
    const wide = (value: Json) => Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`p${n}`, value]));
    await insert(data, "a", [row(wide(1), "1")]);
    await insert(data, "a", [row(wide("x"), "2")]);
    await insert(data, "a", [row(wide("y"), "2"), row(wide([1]), "3")]);
    for (const more of ["p1000", "P0"]) {
      await expect(insert(data, "a", [row({ [more]: 1 })])).rejects.toMatchObject({ type: "invalid_field" });
    }
    await expect(insert(data, "b", [row({ ...wide(1), more: 1 })])).rejects.toMatchObject({ type: "invalid_field" });
    const stage = await data.stage("a", "job", { resume: false });
    await stage.append({ rows: [row({ ...wide(1), more: null }, "3")], mayRepeat: true });
    await expect(stage.append({ rows: [row({ more: 1 }, "4")] })).rejects.toMatchObject({ type: "invalid_field" });
    await stage.finish({ keyed: true });
    await data.close();
    const again = openStoreOfData(folder);
    expect(await sources(again, "a")).toEqual([wide(1), wide("y"), wide(1)]);
  });

  it("may have many properties and be deep", async () => {
    const data = openStoreOfData();
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`property ${n}`, n]));
    const deep = JSON.parse(`${"[".repeat(500)}${"]".repeat(500)}`) as Json;
    await insert(data, "a", [row({ ...wide, deep }, "1"), row({ ...wide, deep }, "2")]);
    expect(await sources(data, "a")).toEqual([
      { ...wide, deep },
      { ...wide, deep },
    ]);
    const deeper = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`) as Json;
    await expect(insert(data, "a", [row({ deeper })])).rejects.toMatchObject({ type: "invalid_field" });
    await expect(insert(data, "a", [row({ "a\0b": 1 })])).rejects.toMatchObject({ type: "invalid_field" });
  });

  it("that are half a surrogate pair become the replacement character", async () => {
    const data = openStoreOfData();
    await insert(data, "a", [row({ t: "a\ud800b", u: "\\ud800", v: "\\\udfff" }, "\ud800")]);
    expect(await sources(data, "a")).toEqual([{ t: "a\ufffdb", u: "\\ud800", v: "\\\ufffd" }]);
  });
});
