import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { openProject } from "../../src/deploy/index.ts";
import { startSearchServer } from "../support/search-server.ts";
import type { Stage } from "./stage.ts";
import { startStage } from "./stage.ts";
import { cli, main } from "./support.ts";

const contacts = [
  { name: "Ada", city: "London" },
  { name: "Bo", city: "Århus" },
];

/** A project whose import of two contacts is done. */
const imported = async (search?: { readonly url: string }): Promise<Stage> => {
  const stage = await startStage({ runImports: true });
  const { url } = search ?? (await startSearchServer(0, { contacts }));
  const file = join(stage.dir, "connectors/crm/manifest.yaml");
  await writeFile(file, (await readFile(file, "utf8")).replace("base_url: {}", `base_url: { default: "${url}" }`));
  const project = join(stage.dir, "connector-deployer.yaml");
  await writeFile(project, (await readFile(project, "utf8")).replace(/\n +auth: .*/, ""));
  const { exit, stderr } = await stage.run("apply", "--yes", "--wait");
  expect({ exit, stderr }).toMatchObject({ exit: 0 });
  return stage;
};

const dataset = "acme-t001-crm-contact-collect";
const everything = '{"query": {"match_all": {}}}';

describe("query and metadata", () => {
  test("ask a source in place, and the datasets that an import filled", async () => {
    await using stage = await imported();
    const inPlace = await stage.run("query", "acme-t001-crm", "contacts", everything);
    expect(inPlace).toMatchObject({
      exit: 0,
      stdout: "_id  name  city\n0    Ada   London\n1    Bo    Århus\n\n2 rows\n",
    });
    const connections = (await stage.client("GET", "/sources/connections")).body as readonly { readonly id: string }[];
    const byId = await stage.run("query", connections[0]?.id ?? "", "contacts", everything, "-o", "jsonl");
    expect(
      byId.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(contacts.map((contact, index) => ({ _id: `${index}`, ...contact })));
    const sql = `SELECT name, city FROM "${dataset}" ORDER BY name LIMIT 1`;
    expect(await stage.run("query", "--sql", sql)).toMatchObject({
      exit: 0,
      stdout: "name  city\nAda   London\n\n1 row\n",
    });
    for (const format of ["jsonl", "text", "json"]) {
      const cut = await stage.run("query", "--sql", "SELECT * FROM range(10001)", "-q", "-o", format);
      expect(cut).toMatchObject({ exit: 0, stderr: expect.stringContaining("only 10,000 of 10,001 rows") });
    }
    await writeFile(join(stage.dir, "q.sql"), sql);
    const filed = await stage.run("query", "--sql", "--file", "q.sql", "-o", "json");
    expect(JSON.parse(filed.stdout)).toMatchObject({
      type: "query-result",
      target: "default",
      answer: { rows: [["Ada", "London"]] },
    });
    const piped = await cli(["query", "--dsl", dataset, "--file", "-", "-o", "json"], {
      cwd: stage.dir,
      env: stage.env,
      input: '{"query": {"term": {"name": "Bo"}}}',
    });
    expect(JSON.parse(piped.stdout).answer.hits.hits).toMatchObject([{ _source: contacts[1] }]);

    const source = await stage.run("metadata", "acme-t001-crm", "contacts");
    expect(source).toMatchObject({ exit: 0, stdout: expect.stringMatching(/aliases: latest\n[\s\S]*name +keyword\n/) });
    const own = await stage.run("metadata", dataset, "-o", "json");
    expect(JSON.parse(own.stdout)).toMatchObject({ type: "metadata", dataset, metadata: { docs_count: 2 } });
    expect(Object.keys(JSON.parse(own.stdout).fields)).toEqual(expect.arrayContaining(["name", "city"]));
    const mistyped = await stage.run("metadata", `${dataset}t`);
    expect(mistyped).toMatchObject({ exit: 3, stderr: expect.stringContaining(`did you mean "${dataset}"?`) });
    await writeFile(join(stage.dir, "more.jsonl"), '{"name":"Cy"}\n');
    const elsewhere = await stage.run("upload", `${dataset}t`, "more.jsonl");
    expect(elsewhere).toMatchObject({ exit: 0, stderr: expect.stringContaining(`there is "${dataset}"`) });
  });

  test("--all-by gives each row once, however many, and says where a column does not tell rows apart", async () => {
    await using stage = await startStage();
    await using project = await openProject(stage.dir, { env: stage.env });
    const keys = async (select: string): Promise<readonly unknown[]> => {
      const found: unknown[] = [];
      for await (const { answer } of project.queryDatasetsInParts(`SELECT ${select}`, { key: "k" })) {
        for (const [key] of (answer as { readonly rows: readonly (readonly unknown[])[] }).rows) found.push(key);
      }
      return found;
    };
    const numbers = await keys("range + 9007199254730991 AS k FROM range(20000) -- from 2^53 - 10,001");
    expect(numbers).toHaveLength(20_000);
    expect(numbers.at(-1)).toBe("9007199254750990");
    expect(new Set(await keys("'it''s ü\\' || range AS k FROM range(20001) ORDER BY range;")).size).toBe(20_001);
    expect(await keys("1 AS k WHERE false")).toEqual([]);
    for (const [select, why] of [
      ["range // 10002 AS k FROM range(20001)", "more than one row has 0"],
      ["CASE range WHEN 10000 THEN 9999 ELSE range END AS k FROM range(20001)", "more than one row has 9999"],
      ["CASE WHEN range < 20000 THEN range END AS k FROM range(20001)", "null"],
      ["[1] AS k", "[1]"],
    ] as const) {
      await expect(keys(select)).rejects.toMatchObject({ code: "usage", message: expect.stringContaining(why) });
    }

    const all = (...args: readonly string[]) => stage.run("query", ...args);
    const lines = await all("--sql", "SELECT * FROM range(10001)", "--all-by", "range", "-o", "jsonl");
    expect(lines).toMatchObject({ exit: 0, stderr: "", stdout: expect.stringMatching(/\n\{"range":10000\}\n$/) });
    const endless = ["query", "--sql", "SELECT * FROM range(3000000)", "--all-by", "range", "-o", "jsonl"];
    const left = execa(process.execPath, [main, ...endless], { cwd: stage.dir, env: stage.env, buffer: false });
    left.stdout.once("data", () => left.stdout.destroy());
    expect(await left).toMatchObject({ exitCode: 0 });
    const whole = await all("--sql", "SELECT * FROM range(10001)", "--all-by", "range", "-o", "json");
    expect(JSON.parse(whole.stdout).answer).toMatchObject({ rows: { length: 10_001 }, total: 10_001 });
    const twice = "SELECT CASE range WHEN 10000 THEN 1 ELSE range END AS k FROM range(10001)";
    const bad = await all("--sql", twice, "--all-by", "k", "-o", "jsonl", "--out", join(stage.dir, "rows.jsonl"));
    expect(bad).toMatchObject({ exit: 3, stderr: expect.stringContaining("more than one row has 1") });
    expect(await readdir(stage.dir)).not.toContain("rows.jsonl");
    expect(await all("acme-t001-crm", "contacts", everything, "--all-by", "_id")).toMatchObject({ exit: 3 });
  });

  test("run begins an import job again, and status says so where one failed", async () => {
    const search = await startSearchServer(0, { contacts });
    await using stage = await imported(search);
    const job = "acme-t001-crm-contact-import";
    const again = await stage.run("run", job, "--wait", "-o", "json");
    expect({ exit: again.exit, ...JSON.parse(again.stdout) }).toMatchObject({
      exit: 0,
      status: "completed",
      processed: 2,
    });
    search.accepts = () => false;
    const failed = await stage.run("run", job, "--wait");
    expect(failed).toMatchObject({ exit: 1, stdout: expect.stringMatching(/ failed \(run .*\n {2}\S/) });
    expect((await stage.run("status")).stdout).toContain(`connector-deployer run ${job} --wait`);
    expect(await stage.run("run", "acme-t001-crm-contact")).toMatchObject({
      exit: 3,
      stderr: expect.stringContaining(job),
    });
    await using elsewhere = await openProject(stage.dir, {
      env: stage.env,
      fetch: async (request) =>
        request.url.endsWith("/run") ? new Response("nothing here", { status: 404 }) : fetch(request),
    });
    await expect(elsewhere.runImport(job)).rejects.toMatchObject({ code: "not-supported" });
  });

  test("need no ledger where a live id or a name is given", async () => {
    await using stage = await startStage();
    const { url } = await startSearchServer(0, { contacts });
    const made = await stage.client("POST", "/source/elasticsearch", { config: { name: "c", base_url: url } });
    const { connection_id = "" } = made.body as { readonly connection_id?: string };
    expect((await stage.run("query", connection_id, "contacts", everything)).stdout).toContain("2 rows");
    expect(await stage.run("metadata", "nowhere")).toMatchObject({ exit: 3 });
    expect(await readdir(stage.dir)).not.toContain(".connector-deployer");
  });

  test("say what is wrong with a name or a query", async () => {
    await using stage = await imported();
    const wrong = await stage.run("query", "acme-t001-crmm", "contacts", everything);
    expect(wrong).toMatchObject({
      exit: 3,
      stderr: expect.stringMatching(/no connection "acme-t001-crmm"[\s\S]*acme-t001-crm\b/),
    });
    const refused = await stage.run("query", "acme-t001-crm", "contacts", '{"query": {"fuzzy_wuzzy": {}}}');
    expect(refused).toMatchObject({ exit: 1, stderr: expect.stringContaining("fuzzy_wuzzy") });
    expect((await stage.run("query", "acme-t001-crm", "nowhere", everything)).stderr).toContain("nowhere");
    expect((await stage.run("query", "--sql", 'SELECT nme FROM "nowhere"')).stderr).toContain("nowhere");
    expect((await stage.run("metadata", "nowhere")).exit).toBe(3);
  });

  test.each([
    [["query", "acme-t001-crm", "contacts"], /the query is missing/],
    [["query", "acme-t001-crm"], /DATASET is missing/],
    [["query", "some-dataset", "{}"], /query --dsl some-dataset/],
    [["query", "SELECT 1"], /query --sql/],
    [["query", "--sql", "SELECT", "1"], /"1" is one word too many/],
    [["query", "--sql", "--dsl", "x", "y"], /--sql and --dsl/],
    [["query", "--sql", "SELECT 1", "--file", "q.sql"], /one word too many/],
    [["query", "--sql", "--file", "nowhere.sql"], /cannot read "nowhere.sql"/],
    [["query", "--sql", ""], /the query is empty/],
  ])("%j exits 3 and says what to do", async (args, pattern) => {
    const { exit, stderr } = await cli(args);
    expect({ exit, stderr }).toEqual({ exit: 3, stderr: expect.stringMatching(pattern) });
  });
});
