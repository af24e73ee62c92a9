import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startService, temporaryFolder, testCredentials } from "../support/service.ts";
import { read, sign } from "../support/signed.ts";

type Call = Awaited<ReturnType<typeof startService>>["call"];
type Part = { readonly name: string; readonly content: string | Buffer; readonly file?: string };

const boundary = "----part";
const formType = { "content-type": `multipart/form-data; boundary=${boundary}` };
const unsigned = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };

const formOf = (parts: readonly Part[]): Buffer<ArrayBuffer> =>
  Buffer.concat([
    ...parts.flatMap(({ name, content, file }) => [
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"`),
      Buffer.from(file === undefined ? "\r\n\r\n" : `; filename="${file}"\r\nContent-Type: text/plain\r\n\r\n`),
      Buffer.from(content),
      Buffer.from("\r\n"),
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);

const partsOf = (file: string, content: string | Buffer, fields: Readonly<Record<string, string>>): readonly Part[] => [
  ...Object.entries(fields).map(([name, value]) => ({ name, content: value })),
  { name: "file", content, file },
];

const send = (call: Call, parts: readonly Part[], query = "") =>
  call("POST", `/import/file${query}`, formOf(parts), { ...formType, ...unsigned });

const upload = (call: Call, file: string, content: string | Buffer, fields: Readonly<Record<string, string>> = {}) =>
  send(call, partsOf(file, content, { index_name: "d", ...fields }));

/** What SQL shows of a dataset. */
const rows = async (call: Call, dataset = "d") => {
  const { body } = await call("POST", "/sql", { query: `SELECT * EXCLUDE (_id) FROM "${dataset}"` });
  const { columns, rows } = body as { columns: { name: string; type: string }[]; rows: unknown[][] };
  return { types: columns.map(({ name, type }) => `${name} ${type}`).join(", "), rows };
};

const count = async (call: Call, dataset = "d"): Promise<unknown> =>
  ((await call("GET", `/${dataset}/metadata`)).body as { docs_count?: number }).docs_count;

const stats = (answer: { readonly body: unknown }) => (answer.body as { stats: Record<string, unknown> }).stats;

/** More records than types are first taken from. */
const many = 30_000;

describe("a CSV file", () => {
  it("loses nothing where later cells are of other types", async () => {
    const { call } = await startService();
    const first = Array.from({ length: many }, (_, index) => `${index},${index},`);
    await upload(call, "a.csv", ["n,code,late", ...first, "1.5,007,x"].join("\n"));
    const { body } = await call("POST", "/sql", { query: `SELECT n, code, late FROM "d" ORDER BY late LIMIT 1` });
    expect((body as { rows: unknown }).rows).toEqual([[1.5, "007", "x"]]);
  });

  it("gives typed columns, and text where a type would lose something", async () => {
    const { call } = await startService();
    const answer = await upload(
      call,
      "a.csv",
      `\ufeffid,zip,amount,ok,day,at,empty,version,price,code,offset\r
1,00123,1.5,true,2024-01-02,2024-01-02T03:04:05.120Z,,1.9,2.50,1E5,2024-01-02T03:04:05+02:00\r
-2,,100,false,2024-12-31,2024-01-02T03:04:05Z,,1.10,3.25,2E7,2024-01-02T03:04:05+02:00\r\n`,
    );
    expect(answer).toMatchObject({
      status: 200,
      body: { connector_id: "file", status: "completed", errors: [], stats: { documents_processed: 2 } },
    });
    expect(await rows(call)).toEqual({
      types: expect.stringMatching(
        /^id BIGINT, zip VARCHAR, amount DOUBLE, ok BOOLEAN, day DATE, at TIMESTAMP[^,]*, empty VARCHAR, version VARCHAR, price DECIMAL\(38,2\), code VARCHAR, offset VARCHAR$/,
      ),
      rows: [
        expect.arrayContaining(["00123", 1.5, true, "2024-01-02", null, "1.9", "1E5", "2024-01-02T03:04:05+02:00"]),
        expect.arrayContaining([-2, null, 100, false, "1.10", "2E7"]),
      ],
    });
    expect(await count(call)).toBe(2);
  });

  it("keeps quotes, line ends within them and all scripts", async () => {
    const { call } = await startService();
    await upload(call, "a.csv", 'a,b\n"x ""y"", z","1\n2"\næøå 漢,\n');
    expect((await rows(call)).rows).toEqual([
      ['x "y", z', "1\n2"],
      ["æøå 漢", null],
    ]);
  });

  it("is looked at as a whole where a late row does not fit the first ones", async () => {
    const { call } = await startService();
    const lines = Array.from({ length: 12_000 }, (_, index) => (index < 11_000 ? `${index},` : `00${index},late`));
    await upload(call, "a.csv", `code,note\n${lines.join("\n")}\n`);
    const all = await call("POST", "/sql", {
      query: `SELECT count(*) FILTER (code LIKE '00%'), count(note), count(*) FROM "d"`,
    });
    expect((all.body as { rows: unknown }).rows).toEqual([[1000, 1000, 12_000]]);
  });

  it("of many columns is typed as one of few, also where late cells do not fit", async () => {
    const { call } = await startService();
    const kinds = ["1", "2.50", "x", "true", "2024-01-02", "1.5", "", "-0.50"];
    const types = ["BIGINT", "DECIMAL(38,2)", "VARCHAR", "BOOLEAN", "DATE", "DOUBLE", "VARCHAR", "DECIMAL(38,2)"];
    const every = (cells: readonly string[]) => Array.from({ length: 1_000 }, (_, index) => cells[index % 8] ?? "");
    const lines = Array.from({ length: 700 }, () => every(kinds).join(","));
    const late = every(["001", "2.5", "y", "yes", "2024-1-2", "1e999", "z", "-0.00"]);
    const header = every([]).map((_, index) => `c${index}`);
    for (const [dataset, rows] of [
      ["sound", lines.slice(0, 20)],
      ["late", [...lines, late.join(",")]],
    ] as const) {
      const answer = await upload(call, "a.csv", [header.join(","), ...rows].join("\n"), { index_name: dataset });
      expect(stats(answer)).toMatchObject({ documents_processed: rows.length, documents_failed: 0 });
    }
    const typesOf = async (dataset: string) => {
      const { body } = await call("POST", "/sql", { query: `SELECT * EXCLUDE (_id) FROM "${dataset}" LIMIT 1` });
      return (body as { columns: { type: string }[] }).columns.map(({ type }) => type);
    };
    expect(await typesOf("sound")).toEqual(every(types));
    expect(await typesOf("late")).toEqual(every([...types.keys()].map(() => "VARCHAR")));
    const { body } = await call("POST", "/sql", {
      query: `SELECT c0, c1, c2, c3, c4, c5, c6, c999 FROM "late" WHERE c6 = 'z'`,
    });
    expect((body as { rows: unknown }).rows).toEqual([[...late.slice(0, 7), "-0.00"]]);
  }, 60_000);

  it("may have rows of megabytes, and quotes that are none", async () => {
    const { call } = await startService();
    const long = `${"x,\n".repeat(1_000_000)}""`;
    const bare = '5" pipe;""\n'.repeat(1_000_000);
    const answer = await upload(call, "a.csv", `a,b\n1,"${long}"\n2,"${long}"\n3,4\n`);
    expect(stats(answer)).toMatchObject({ documents_processed: 3, documents_failed: 0 });
    const other = await upload(call, "b.csv", `a\n${bare}`, { index_name: "other" });
    expect(stats(other)).toMatchObject({ documents_processed: 1_000_000, documents_failed: 0 });
  });

  it("counts and names the rows that have too few or too many fields", async () => {
    const { call } = await startService();
    const answer = await upload(call, "a.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n");
    expect(answer.status).toBe(200);
    expect(stats(answer)).toMatchObject({ documents_processed: 2, documents_failed: 2 });
    expect(stats(answer)["errors"]).toEqual([expect.stringContaining("row 3"), expect.stringContaining("row 4")]);
    expect((await rows(call)).rows).toEqual([
      [1, 2],
      [7, 8],
    ]);
  });

  it("keeps the first 100 errors and the number of all", async () => {
    const { call } = await startService();
    const answer = await upload(call, "a.csv", `a,b\n1,2\n${"3\n".repeat(500)}`);
    expect(stats(answer)).toMatchObject({ documents_failed: 500 });
    expect(stats(answer)["errors"]).toHaveLength(100);
  });

  it("with a header only is no error and has no records", async () => {
    const { call } = await startService();
    expect(await upload(call, "a.csv", "a,b\n")).toMatchObject({
      status: 200,
      body: { stats: { documents_processed: 0 } },
    });
    expect(await count(call)).toBe(0);
  });

  it("may have other delimiters than commas, and line ends of several kinds", async () => {
    const { call } = await startService();
    await upload(call, "a.csv", "a;b\r\n1,5;x\n2,5;y\r\n");
    expect((await rows(call)).rows).toEqual([
      ["1,5", "x"],
      ["2,5", "y"],
    ]);
  });
});

describe("a JSON file", () => {
  it("keeps texts as they are, and what is nested or mixed as JSON", async () => {
    const { call } = await startService();
    await upload(
      call,
      "a.json",
      '[{"_id":"k","a":1,"day":"2024-01-02","code":"007","o":{"q":[1]},"m":1,"big":9007199254740993},{"_id":7,"a":2.5,"m":"z","n":null,"b":true}]',
    );
    const { types } = await rows(call);
    expect(types).toBe("a DOUBLE, day VARCHAR, code VARCHAR, o JSON, m JSON, big BIGINT, b BOOLEAN");
    const ids = await call("POST", "/sql", { query: 'SELECT _id FROM "d" ORDER BY _id' });
    expect((ids.body as { rows: unknown }).rows).toEqual([["7"], ["k"]]);
    expect((await call("GET", "/d/doc/k")).body).toMatchObject({
      _source: { a: 1, day: "2024-01-02", code: "007", o: { q: [1] }, m: 1 },
    });
  });

  it.each([
    ["a.json", '{"a":1}', 1],
    ["a.json", '{\n "a": 1\n}\n{\n "a": 2\n}', 2],
    ["a.json", '{"a":1}\n{"a":2}\n', 2],
    ["a.jsonl", '\ufeff{"a":1}\r\n\r\n{"a":2}', 2],
    ["a.json", "[]", 0],
    ["a.json", '\ufeff [\r\n{"a":\r\n[1,\n{"b":"],[{\\\\"}]\n}\n,\n\n{"a":"\\\\\\"]"}\n]\n\n', 2],
    ["records", '[{"a":1}]', 1],
    ["records", '{"a":1}\n{"a":2}', 2],
    ["records", "a,b\n1,2\n", 1],
  ])("named %s with %j holds %i records", async (name, content, records) => {
    const { call } = await startService();
    expect(await upload(call, name, content)).toMatchObject({
      status: 200,
      body: { stats: { documents_processed: records } },
    });
    expect(await count(call)).toBe(records);
  });

  it("may be a list far longer than a piece of it", async () => {
    const { call } = await startService();
    await upload(call, "a.json", `[${'{"a":"}"},'.repeat(200_000)}{"a":"]"}]`);
    expect(await count(call)).toBe(200_001);
  });

  it("that is a list names what is no record by number, also where it holds line ends", async () => {
    const { call } = await startService();
    const answer = await upload(call, "a.json", '[ {"a":1}, 5,\n"x,]", {"a":"2\n3"},\n {"a": 01}, {"a":\n4}, null ]');
    expect(stats(answer)).toMatchObject({ documents_processed: 2, documents_failed: 5 });
    const places = [2, 3, 4, 5, 7].map((place) => expect.stringMatching(new RegExp(`^record ${place}: it is n`)));
    expect(stats(answer)["errors"]).toEqual(places);
    expect((await rows(call)).rows).toEqual([[1], [4]]);
  });

  it("may be told to be one after it was sent", async () => {
    const { call } = await startService();
    const file = { name: "file", content: '[{"a":1},\n{"a":2}]', file: "records.txt" };
    const parts = [file, { name: "index_name", content: "d" }, { name: "format", content: "json" }];
    expect((await send(call, parts)).status).toBe(200);
    expect((await rows(call)).rows).toEqual([[1], [2]]);
  });

  it("names bad lines by number and reason, and takes the others", async () => {
    const { call } = await startService();
    const good = Array.from({ length: many }, (_, index) => `{"a":${index}}`);
    const answer = await upload(call, "a.jsonl", [...good, '{"a":', "[3]", '{"a":4}'].join("\n"));
    expect(stats(answer)).toMatchObject({ documents_processed: many + 1, documents_failed: 2 });
    expect(stats(answer)["errors"]).toEqual([
      expect.stringContaining(`line ${many + 1}:`),
      expect.stringContaining(`line ${many + 2}:`),
    ]);
    expect(await count(call)).toBe(many + 1);
  });

  it("loses nothing where later records have other types and members", async () => {
    const { call } = await startService();
    const record = (index: number) =>
      index < many
        ? { n: index, s: "x", z: null }
        : index < many + 500
          ? { n: index + 0.5, s: "y" }
          : { n: 1, s: 5, late: "z", z: 1 };
    const list = Array.from({ length: many + 1000 }, (_, index) => record(index));
    await upload(call, "a.json", JSON.stringify(list));
    const sums = await call("POST", "/sql", {
      query: `SELECT count(*) FILTER (n <> floor(n)), count(late), count(z), count(*) FILTER (CAST(s AS VARCHAR) = '5') FROM "d"`,
    });
    expect((sums.body as { rows: unknown }).rows).toEqual([[500, 500, 500, 500]]);
  });

  it.each(["a.jsonl", "a.json"])("named %s may have long lists, but is not nested too deep", async (name) => {
    const { call } = await startService();
    const wide = JSON.stringify({ a: Array.from({ length: 2_000 }, () => [1, 2]) });
    const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const records = [...Array.from({ length: many }, () => '{"a":[{"b":1}]}'), wide, deep];
    const content = name === "a.json" ? `[${records.join(",")}]` : records.join("\n");
    const answer = await upload(call, name, content);
    expect(stats(answer)).toMatchObject({ documents_processed: many + 1, documents_failed: 1 });
    const { body } = await call("POST", "/sql", { query: `SELECT max(json_array_length(a)) FROM "d"` });
    expect((body as { rows: unknown }).rows).toEqual([[2_000]]);
  });
});

describe("records with an _id", () => {
  it("take the place of those that have it already", async () => {
    const { call } = await startService();
    await upload(call, "a.csv", "_id,a\nx,1\ny,2\n");
    await upload(call, "b.csv", "_id,a\ny,3\nz,4\nz,5\n");
    expect((await call("POST", "/sql", { query: 'SELECT _id, a FROM "d" ORDER BY _id' })).body).toMatchObject({
      rows: [
        ["x", 1],
        ["y", 3],
        ["z", 5],
      ],
    });
  });
});

describe("a file that is broken as a whole", () => {
  it.each([
    ["a.json", '[{"a":1},{"a":2}'],
    ["a.json", `[${'{"a":1},'.repeat(1200)}{"b":1} {"a":2}]`],
    ["a.json", '[{"a":1}] {"a":2}'],
    ["a.json", '[{"a":1},]'],
    ["a.json", '[,{"a":1}]'],
    ["a.json", '[{"a":1}, 7'],
    ["a.json", "hello"],
    ["a.jsonl", "x\ny\n"],
    ["a.csv", "a,c\n1,2,3\n4\n"],
    ["a.csv", 'a,c\n1,2\n3,"x\n4,5\n'],
    ["a.csv", "c,c\n1,2\n"],
    ["a.csv", `a,c\n1,2\n3,${"x".repeat(20_000_000)}\n4,5\n`],
    ["a.csv", `a,c\n1,"2"\n3,"${"x,y\n".repeat(5_000_000)}"\n4,5\n`],
    ["a.csv", ""],
    ["a.csv", Buffer.from([0xff, 0xfe, 0x61, 0x00])],
    ["a.csv", Buffer.from([0x1f, 0x8b, 0x08, 0x00])],
  ])("named %s leaves the dataset as it was, columns too (%#)", async (name, content) => {
    const { call } = await startService();
    await upload(call, "first.csv", "a\n1\n");
    const answer = await upload(call, name, content);
    expect(answer).toMatchObject({ status: 400, body: { error: { type: "malformed_file" } } });
    expect(await rows(call)).toEqual({ types: "a BIGINT", rows: [[1]] });
    expect((await send(call, partsOf(name, content, { index_name: "other" }))).status).toBe(400);
    expect((await call("GET", "/other/metadata")).status).toBe(404);
  });
});

describe("a form", () => {
  const csv = { name: "file", content: "a\n1\n", file: "a.csv" };
  const into = { name: "index_name", content: "d" };

  it("may have its fields in any order, and others too", async () => {
    const { call } = await startService();
    const parts = [csv, { name: "format", content: "csv" }, { name: "more", content: "x" }, into];
    expect((await send(call, parts)).status).toBe(200);
    expect(await count(call)).toBe(1);
  });

  it("may have a signed payload, which must be the one that was signed", async () => {
    const { service, call } = await startService();
    expect(await call("POST", "/import/file", formOf([into, csv]), formType)).toMatchObject({ status: 401 });
    const body = formOf([into, csv]);
    const { createHash } = await import("node:crypto");
    const signed = { ...formType, "x-amz-content-sha256": createHash("sha256").update(body).digest("hex") };
    expect((await call("POST", "/import/file", body, signed)).status).toBe(200);
    const request = await sign(testCredentials, "POST", "/import/file", body, signed);
    const forged = new Request(request.url, {
      method: "POST",
      headers: request.headers,
      body: formOf([into, { ...csv, content: "a\n2\n" }]),
    });
    expect((await read(await service.fetch(forged))).status).toBe(401);
    expect(await count(call)).toBe(1);
  });

  it.each([
    ["missing_fields", [into]],
    ["missing_fields", [csv]],
    ["bad_request", [into, csv, csv]],
    ["bad_request", [into, { ...csv, name: "upload" }]],
    ["bad_request", [into, into, csv]],
    ["invalid_name", [{ ...into, content: "SQL" }, csv]],
    ["invalid_field", [into, csv, { name: "format", content: "xml" }]],
    ["invalid_field", [into, csv, { name: "batch_size", content: "0" }]],
    ["invalid_field", [into, csv, { name: "batch_size", content: "many" }]],
  ])("that is wrong is a %s (%#)", async (type, parts) => {
    const dataDir = temporaryFolder();
    const { call } = await startService({ dataDir });
    expect(await send(call, parts)).toMatchObject({ status: 400, body: { error: { type } } });
    expect((await call("GET", "/metadata")).body).toEqual([]);
    expect(await readdir(join(dataDir, "uploads"))).toEqual([]);
  });

  it("that is none, or is cut off, is refused", async () => {
    const { call } = await startService();
    const json = await call("POST", "/import/file", "{}", unsigned);
    expect(json).toMatchObject({ status: 415, body: { error: { type: "unsupported_media_type" } } });
    const cut = formOf([into, csv]).subarray(0, -20);
    expect(await call("POST", "/import/file", cut, { ...formType, ...unsigned })).toMatchObject({ status: 400 });
    expect(await call("POST", "/import/file?async=maybe", cut, { ...formType, ...unsigned })).toMatchObject({
      status: 400,
      body: { error: { type: "invalid_field" } },
    });
  });

  it("whose sender goes away leaves no file and no records", async () => {
    const dataDir = temporaryFolder();
    const errors: unknown[] = [];
    const { service, call } = await startService({ dataDir, reportError: (error) => errors.push(error) });
    const gone = new AbortController();
    const started = Promise.withResolvers<void>();
    const whole = formOf([into, { ...csv, content: `a\n${"1\n".repeat(100_000)}` }]);
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => stream.enqueue(whole.subarray(0, 100_000)),
      pull: (stream) => {
        started.resolve();
        return new Promise((_, reject) => {
          gone.signal.addEventListener("abort", () => {
            const error = new Error("the connection was closed");
            stream.error(error);
            reject(error);
          });
        });
      },
    });
    const request = await sign(testCredentials, "POST", "/import/file", whole, { ...formType, ...unsigned });
    const sent = service.fetch(
      new Request(request.url, { method: "POST", headers: request.headers, body, duplex: "half", signal: gone.signal }),
    );
    await started.promise;
    await expect.poll(() => readdir(join(dataDir, "uploads"))).toHaveLength(1);
    gone.abort();
    await sent;
    expect(await readdir(join(dataDir, "uploads"))).toEqual([]);
    expect((await call("GET", "/metadata")).body).toEqual([]);
    expect(errors).toEqual([]);
  });
});

describe("a run", () => {
  type Run = { readonly status: string; readonly run_id: string };

  const ended = async (call: Call, id: string) => {
    const state: { run?: Run } = {};
    await expect
      .poll(async () => {
        state.run = (await call("GET", `/_connectors/jobs/${id}`)).body as Run;
        return state.run.status;
      })
      .toMatch(/completed|failed/);
    return state.run;
  };

  it("of an asynchronous upload tells how it ended", async () => {
    const { call } = await startService();
    const good = await send(call, partsOf("a.csv", "a,b\n1,2\n3\n", { index_name: "d" }), "?async=true");
    expect(good).toMatchObject({ status: 200, body: { status: "submitted", stats: null, errors: [] } });
    expect(await ended(call, (good.body as Run).run_id)).toMatchObject({
      status: "completed",
      connector_id: "file",
      connection_id: null,
      index_name: "d",
      error_message: null,
      stats: { documents_processed: 1, documents_failed: 1, bytes_processed: 10 },
    });
    const bad = await send(call, partsOf("a.json", "[{", { index_name: "d" }), "?async=true");
    expect(await ended(call, (bad.body as Run).run_id)).toMatchObject({
      status: "failed",
      error_message: expect.stringContaining("broken"),
    });
    expect(await count(call)).toBe(1);
  });

  it("that was under way when the service died is completed where its records are there, and has failed where not", async () => {
    const dataDir = temporaryFolder();
    const first = await startService({ dataDir });
    await upload(first.call, "before.csv", "a\n0\n");
    const { body } = await upload(first.call, "a.csv", "a,b\n1,2\n3\n");
    const id = (body as { run_id: string }).run_id;
    await first.service.close();
    const { openStore } = await import("../../src/service/store/open-store.ts");
    const store = openStore(dataDir);
    // As if it had died right after the records were there, and another time before.
    const runs = store.collection<{ readonly status: string }>("run");
    const { status: _, ...run } = runs.get(id) ?? { status: "none" };
    const begun = { ...run, status: "running", processed: 0, failed: 0, errors: [] };
    runs.put(id, begun);
    runs.put("other", { ...begun, id: "other" } as typeof begun);
    store.collection("dataset").delete("d");
    store.close();
    const { call } = await startService({ dataDir });
    const found = async (run: string) => (await call("GET", `/_connectors/jobs/${run}`)).body;
    expect(await found(id)).toMatchObject({
      status: "completed",
      error_message: null,
      stats: { documents_processed: 1, documents_failed: 1, errors: [expect.stringContaining("row 3")] },
    });
    expect(await found("other")).toMatchObject({
      status: "failed",
      error_message: expect.stringContaining("stopped"),
      stats: { documents_processed: 0 },
    });
    expect(await count(call)).toBe(2);
  });

  it("that nobody knows is not found", async () => {
    const { call } = await startService();
    expect((await call("GET", "/_connectors/jobs/none")).status).toBe(404);
  });
});
