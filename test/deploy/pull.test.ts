import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import type { OpenOptions, Project, PullOptions, PullReport } from "../../src/deploy/index.ts";
import { openProject } from "../../src/deploy/index.ts";
import { createService } from "../../src/service/index.ts";
import { signedClient } from "../support/signed.ts";

const quickstart = fileURLToPath(new URL("../../examples/quickstart", import.meta.url));
const demo = parseEnv(await readFile(join(quickstart, "demo.env"), "utf8")) as Record<string, string>;
const env = { ...demo, HOST: "127.0.0.1", STAGE_INFINO_ENDPOINT: "http://127.0.0.1:8000" };
const credentials = { accessKey: demo["INFINO_ACCESS_KEY"] ?? "", secretKey: demo["INFINO_SECRET_KEY"] ?? "" };

type Texts = Readonly<Record<string, string>>;

const textsOf = async (dir: string): Promise<Texts> => {
  const texts: Record<string, string> = {};
  for (const name of (await readdir(dir, { recursive: true })).sort()) {
    if (name.startsWith(".connector-deployer") || !(await stat(join(dir, name))).isFile()) continue;
    texts[name.replaceAll("\\", "/")] = await readFile(join(dir, name), "utf8");
  }
  return texts;
};

/** Lines that went and lines that came, by file. */
const difference = (before: Texts, after: Texts): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    Object.keys(after).flatMap((name) => {
      const [old, now] = [(before[name] ?? "").split("\n"), (after[name] ?? "").split("\n")];
      const gone = old.filter((line) => !now.includes(line)).map((line) => `-${line}`);
      const come = now.filter((line) => !old.includes(line)).map((line) => `+${line}`);
      return before[name] === after[name] ? [] : [[name, [...gone, ...come]]];
    }),
  );

type Edits = Readonly<Record<string, unknown>>;

/** A deployed project beside the real service, in process. */
type Stage = {
  readonly dir: string;
  /** Opened anew each time, as a command does. */
  readonly use: <Result>(work: (project: Project) => Promise<Result>) => Promise<Result>;
  readonly client: ReturnType<typeof signedClient>;
  readonly idOf: (name: string) => string;
  /** Edits a connection as somebody with the API's credentials might. */
  readonly edit: (_id: string, config: Edits) => Promise<void>;
  readonly pull: (options?: PullOptions) => Promise<PullReport & { readonly lines: ReturnType<typeof difference> }>;
  /** What the next plan would do. */
  readonly planned: () => Promise<readonly string[]>;
  /** Schedules that import jobs show instead of their own, by live id. */
  readonly schedules: Map<string, string | undefined>;
};

const deployed = async (change: Texts = {}, options: OpenOptions = {}): Promise<Stage> => {
  const dir = await mkdtemp(join(tmpdir(), "pull-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await cp(quickstart, dir, { recursive: true, filter: (path) => !path.endsWith(".connector-deployer") });
  for (const [name, text] of Object.entries(change)) await writeFile(join(dir, name), text);
  const service = await createService({ credentials, statusWait: 0, runImports: false });
  onTestFinished(() => service.close());
  const schedules: Stage["schedules"] = new Map();
  const fetch = async (request: Request): Promise<Response> => {
    const answer = await service.fetch(request);
    if (request.method !== "GET" || !new URL(request.url).pathname.startsWith("/import")) return answer;
    const jobs = (await answer.json()) as { readonly job_id: string }[];
    return Response.json(
      jobs.map((job) => (schedules.has(job.job_id) ? { ...job, schedule: schedules.get(job.job_id) } : job)),
    );
  };
  const use: Stage["use"] = async (work) => {
    await using project = await openProject(dir, { env, fetch, ...options });
    return await work(project);
  };
  const client = signedClient(credentials, (request) => service.fetch(request));
  const report = await use(async (project) => project.apply(await project.plan()));
  expect(report.results.filter(({ outcome }) => outcome !== "done")).toEqual([]);
  const ids = new Map(report.results.map(({ kind, _id, id = "" }) => [`${kind}/${_id}`, id]));
  const idOf: Stage["idOf"] = (name) => ids.get(name) ?? "";
  return {
    dir,
    use,
    client,
    idOf,
    edit: async (_id, config) => {
      const answer = await client("PATCH", `/source/${idOf(`connection/${_id}`)}`, { config });
      expect(answer.status).toBeLessThan(300);
    },
    pull: async (asked = {}) => {
      const before = await textsOf(dir);
      const pulled = await use((project) => project.pull(asked));
      return { ...pulled, lines: difference(before, await textsOf(dir)) };
    },
    planned: async () =>
      (await use((project) => project.plan())).changes.flatMap(({ op, kind, entity, fields }) =>
        op === "noop" ? [] : [`${op} ${kind}/${entity._id} ${(fields ?? []).map(({ path }) => path).join()}`],
      ),
    schedules,
  };
};

const leftOf = (report: PullReport) =>
  report.items.flatMap(({ _id, fields }) =>
    fields.flatMap(({ path, left }) => left.map(({ reason }) => `${_id} ${path} ${reason}`)),
  );

describe("a live edit that is pulled", () => {
  it("goes into the tenant's file where others use the shared value, in one line, and the next plan is empty", async () => {
    const stage = await deployed();
    await stage.edit("acme-t002-crm", { timeout_secs: 5 });
    expect(await stage.planned()).toEqual(["update connection/acme-t002-crm /config/api_key,/config/timeout_secs"]);
    const report = await stage.pull();
    expect(report.lines).toEqual({
      "tenants/t002.yaml": [
        "-    parameter_values: { page_size: 50 }",
        "+    parameter_values: { page_size: 50, timeout_secs: 5 }",
      ],
    });
    expect(report).toMatchObject({ type: "pull-report", schemaVersion: 1, written: true, others: [] });
    const [field] = report.items[0]?.fields ?? [];
    expect(field).toMatchObject({ path: "/config/timeout_secs", from: 30, to: 5, left: [] });
    expect(field?.places).toMatchObject([{ into: "tenant", why: expect.stringMatching(/t001, t003 use/) }]);
    expect(report.items[0]?.unread).toEqual(["/config/api_key"]);
    expect(await stage.planned()).toEqual([]);
    expect((await stage.pull()).items).toEqual([]);
  });

  it("goes into the manifest where all tenants have it", async () => {
    const stage = await deployed();
    for (const tenant of ["t001", "t002", "t003"]) await stage.edit(`acme-${tenant}-crm`, { timeout_secs: 60 });
    const report = await stage.pull();
    expect(report.lines).toEqual({
      "connectors/crm/manifest.yaml": ["-  timeout_secs: { default: 30 }", "+  timeout_secs: { default: 60 }"],
    });
    expect(await stage.planned()).toEqual([]);
  });

  it("goes into the project's file where all tenants of a connector have it", async () => {
    const stage = await deployed();
    for (const tenant of ["t001", "t002", "t003"]) {
      await stage.edit(`acme-${tenant}-crm`, { base_url: "https://search.example:9243" });
    }
    const report = await stage.pull();
    expect(report.lines).toEqual({
      "connector-deployer.yaml": [
        "-    auth: { api_base_url: http://127.0.0.1:9200 } # the sample search server",
        "+    auth: { api_base_url: https://search.example:9243 } # the sample search server",
      ],
    });
    expect(await stage.planned()).toEqual([]);
  });

  it("goes to where a tenant gives the value itself", async () => {
    const stage = await deployed();
    await stage.edit("acme-t003-events", { username: "events-eu" });
    const report = await stage.pull();
    expect(report.lines).toEqual({
      "tenants/t003.yaml": [
        "-    parameter_values: { username: events-t003 }",
        "+    parameter_values: { username: events-eu }",
      ],
    });
    expect(await stage.planned()).toEqual([]);
  });

  it("stays with the tenant where that is asked for", async () => {
    const stage = await deployed();
    for (const tenant of ["t001", "t002", "t003"]) await stage.edit(`acme-${tenant}-crm`, { timeout_secs: 60 });
    const report = await stage.pull({ tenantOnly: true });
    expect(Object.keys(report.lines)).toEqual(["tenants/t001.yaml", "tenants/t002.yaml", "tenants/t003.yaml"]);
    expect(await stage.planned()).toEqual([]);
  });

  it("goes into the environment's file where that gives the value", async () => {
    const stage = await deployed(
      { "environments/stage.yaml": `connectors:\n  crm:\n    auth: { api_base_url: http://127.0.0.1:9201 } # stage\n` },
      { environment: "stage" },
    );
    for (const tenant of ["t001", "t002", "t003"]) {
      await stage.edit(`acme-${tenant}-crm`, { base_url: "http://127.0.0.1:9300" });
    }
    const report = await stage.pull();
    expect(report.lines).toEqual({
      "environments/stage.yaml": [
        "-    auth: { api_base_url: http://127.0.0.1:9201 } # stage",
        "+    auth: { api_base_url: http://127.0.0.1:9300 } # stage",
      ],
    });
    expect(await stage.planned()).toEqual([]);
  });

  it("goes into a Handlebars template where it stands there as it is", async () => {
    const path = "connectors/events/templates/system.yaml";
    const manifest = await readFile(join(quickstart, "connectors/events/manifest.yaml"), "utf8");
    const template = await readFile(join(quickstart, path), "utf8");
    const stage = await deployed({
      "connectors/events/manifest.yaml": manifest.replace("system.yaml", "system.yaml.hbs"),
      [`${path}.hbs`]: `${template}{{#if username}}    timeout_secs: 20 # seconds\n{{/if}}`,
    });
    for (const tenant of ["t001", "t003", "t004"]) await stage.edit(`acme-${tenant}-events`, { timeout_secs: 25 });
    const report = await stage.pull();
    expect(report.lines).toEqual({
      [`${path}.hbs`]: [
        "-{{#if username}}    timeout_secs: 20 # seconds",
        "+{{#if username}}    timeout_secs: 25 # seconds",
      ],
    });
    expect(await stage.planned()).toEqual([]);
  });

  it("is added to the template where all tenants have it", async () => {
    const stage = await deployed();
    for (const tenant of ["t001", "t002", "t003"]) {
      await stage.edit(`acme-${tenant}-crm`, { accept_invalid_certs: true });
    }
    const report = await stage.pull();
    expect(report.lines).toEqual({
      "connectors/crm/templates/system.yaml": ["+    accept_invalid_certs: true"],
    });
    expect(await stage.planned()).toEqual([]);
  });
});

describe("what cannot be pulled", () => {
  it("is listed with its reason, and nothing is written unless the rest is asked for", async () => {
    const stage = await deployed();
    await stage.edit("acme-t001-crm", { accept_invalid_certs: true });
    await stage.edit("acme-t002-crm", { timeout_secs: 5 });
    const report = await stage.pull();
    expect(leftOf(report)).toEqual(["acme-t001-crm /config/accept_invalid_certs template-shared"]);
    expect(report).toMatchObject({ written: false, lines: {} });
    expect(await stage.pull({ partial: true, dryRun: true })).toMatchObject({ written: false, lines: {} });
    const rest = await stage.pull({ partial: true });
    expect(Object.keys(rest.lines)).toEqual(["tenants/t002.yaml"]);
    expect(await stage.planned()).toEqual(["update connection/acme-t001-crm /config/api_key"]);
  });

  it("is a value that the files changed as well", async () => {
    const stage = await deployed();
    await stage.edit("acme-t003-events", { username: "events-live" });
    const file = join(stage.dir, "tenants/t003.yaml");
    await writeFile(file, (await readFile(file, "utf8")).replace("events-t003 }", "events-files }"));
    const report = await stage.pull();
    expect(leftOf(report)).toEqual(["acme-t003-events /config/username conflict"]);
    expect(report).toMatchObject({ written: false, lines: {} });
  });

  it("is a value that an environment variable gives", async () => {
    const project = await readFile(join(quickstart, "connector-deployer.yaml"), "utf8");
    const stage = await deployed({
      "connector-deployer.yaml": project.replace(
        "api_base_url: http://127.0.0.1:9200",
        "api_base_url: http://$ENV(HOST):9200",
      ),
    });
    for (const tenant of ["t001", "t002", "t003"])
      await stage.edit(`acme-${tenant}-crm`, { base_url: "http://h:9201" });
    const report = await stage.pull();
    expect(leftOf(report)).toEqual(
      ["t001", "t002", "t003"].map((tenant) => `acme-${tenant}-crm /config/base_url secret`),
    );
  });

  it("is a secret, which nobody can read", async () => {
    const stage = await deployed();
    await stage.edit("acme-t001-crm", { api_key: "planted-new-key" });
    const report = await stage.pull();
    expect(leftOf(report)).toEqual(["acme-t001-crm /config/api_key secret"]);
    expect(JSON.stringify(report)).not.toContain("planted-new-key");
  });

  it("is a value with a credential in it, which is not shown either", async () => {
    const stage = await deployed();
    await stage.edit("acme-t003-events", { base_url: "http://somebody:planted-word@127.0.0.1:9" });
    const report = await stage.pull();
    expect(leftOf(report)).toEqual(["acme-t003-events /config/base_url secret"]);
    expect(JSON.stringify(report)).not.toContain("planted-word");
  });

  it("is the value of a secret of the tenant at a place that is none for secrets", async () => {
    const stage = await deployed();
    const password = demo["T003_EVENTS_PASSWORD"] ?? "";
    await stage.edit("acme-t003-events", { username: `x-${password}` });
    const report = await stage.pull();
    expect(leftOf(report)).toEqual(["acme-t003-events /config/username secret"]);
    expect(JSON.stringify(report)).not.toContain(password);
  });

  it("is what was made or deleted live: it is named, with what to do", async () => {
    const stage = await deployed();
    await stage.client("DELETE", `/source/${stage.idOf("connection/acme-t004-events")}`);
    const made = { config: { name: "acme-t001-crm-copy", base_url: "http://127.0.0.1:9", api_key: "k" } };
    expect((await stage.client("POST", "/source/elasticsearch", made)).status).toBeLessThan(300);
    const report = await stage.pull();
    expect(report.items).toEqual([]);
    expect(report.others.map(({ kind, _id, what }) => `${kind}/${_id} ${what}`)).toEqual([
      "connection/acme-t001-crm-copy undeclared",
      "connection/acme-t004-events vanished",
    ]);
    expect(await stage.pull({ resources: ["connection/acme-t004-*"] })).toMatchObject({
      others: [{ hint: expect.stringContaining("connector-deployer forget connection/acme-t004-events") }],
    });
  });
});

describe("the schedule of an import job", () => {
  const name = "import-job/acme-t001-events-event-import";

  it("is written into the template that has none where all tenants have it", async () => {
    const stage = await deployed();
    for (const tenant of ["t001", "t003", "t004"]) {
      stage.schedules.set(stage.idOf(`import-job/acme-${tenant}-events-event-import`), "15 3 * * *");
    }
    const report = await stage.pull();
    expect(report.lines).toEqual({ "connectors/events/templates/event.yaml": [`+  schedule: 15 3 * * *`] });
    expect(await stage.planned()).toEqual([]);
  });

  it("is none where it was taken out", async () => {
    const stage = await deployed();
    for (const tenant of ["t001", "t003", "t004"]) {
      stage.schedules.set(stage.idOf(`import-job/acme-${tenant}-events-event-import`), undefined);
    }
    const report = await stage.pull();
    expect(report.lines).toEqual({ "connectors/events/templates/event.yaml": ["+  schedule: none"] });
    expect(await stage.planned()).toEqual([]);
  });

  it("stays where only one tenant has it: nothing is guessed", async () => {
    const stage = await deployed();
    stage.schedules.set(stage.idOf(name), "15 3 * * *");
    expect(leftOf(await stage.pull())).toEqual(["acme-t001-events-event-import /schedule template-shared"]);
  });

  it("comes with a job that was made anew by hand, once that is adopted", async () => {
    const stage = await deployed({ "tenants/t003.yaml": "id: t003\n", "tenants/t004.yaml": "id: t004\n" });
    const source_id = stage.idOf("connection/acme-t001-events");
    const job = stage.idOf(name);
    const config = { source_id, target_dataset: "acme-t001-events-event-collect", schedule: "15 3 * * *" };
    expect((await stage.client("PUT", "/import/opensearch", { config })).status).toBeLessThan(300);
    expect(await stage.pull()).toMatchObject({ items: [], others: [{ what: "duplicate" }] });
    expect((await stage.client("DELETE", `/import/jobs/${job}`)).status).toBeLessThan(300);
    expect(await stage.pull()).toMatchObject({ items: [], others: [{ what: "adoption" }] });
    const adopted = await stage.use((project) => project.adopt({ resources: [name], trustSecrets: true }));
    expect(adopted.left).toEqual([]);
    expect((await stage.pull()).lines).toEqual({
      "connectors/events/templates/event.yaml": ["+  schedule: 15 3 * * *"],
    });
    expect(await stage.planned()).toEqual([]);
  });
});

describe("pull", () => {
  it("writes nothing where it is declined, or only shows, or a file changed meanwhile", async () => {
    const stage = await deployed();
    await stage.edit("acme-t002-crm", { timeout_secs: 5 });
    const before = await textsOf(stage.dir);
    const dry = await stage.pull({ dryRun: true });
    expect(dry).toMatchObject({ dryRun: true, written: false, files: [{ file: "tenants/t002.yaml" }] });
    const declined = new Error("declined");
    await expect(stage.pull({ confirm: () => Promise.reject(declined) })).rejects.toBe(declined);
    const file = join(stage.dir, "tenants/t002.yaml");
    expect(await textsOf(stage.dir)).toEqual(before);
    const mine = `${before["tenants/t002.yaml"]}# mine\n`;
    await expect(stage.pull({ confirm: () => writeFile(file, mine) })).rejects.toMatchObject({ code: "usage" });
    expect(await textsOf(stage.dir)).toEqual({ ...before, "tenants/t002.yaml": mine });
    expect(await stage.planned()).toEqual(["update connection/acme-t002-crm /config/api_key,/config/timeout_secs"]);
  });

  it("writes nothing after an interrupt while the question was open", async () => {
    const stage = await deployed();
    await stage.edit("acme-t002-crm", { timeout_secs: 5 });
    const stop = new AbortController();
    const asked = { signal: stop.signal, confirm: async () => stop.abort() };
    const before = await textsOf(stage.dir);
    await expect(stage.pull(asked)).rejects.toMatchObject({ code: "cancelled" });
    expect(await textsOf(stage.dir)).toEqual(before);
  });

  it("takes note in the ledger of what a killed pull wrote into the files only", async () => {
    const stage = await deployed();
    await stage.edit("acme-t001-crm", { timeout_secs: 5 });
    await stage.edit("acme-t002-crm", { timeout_secs: 6 });
    const { files } = await stage.pull({ dryRun: true });
    for (const { file, after } of files) await writeFile(join(stage.dir, file), after);
    expect(await stage.planned()).toHaveLength(2);
    const report = await stage.pull();
    expect(report).toMatchObject({ written: true, files: [], lines: {} });
    expect(report.items.map(({ _id, fields, unread }) => ({ _id, fields, unread }))).toEqual(
      ["acme-t001-crm", "acme-t002-crm"].map((_id) => ({ _id, fields: [], unread: ["/config/api_key"] })),
    );
    expect(await stage.planned()).toEqual([]);
    expect(await stage.pull()).toMatchObject({ written: false, items: [] });
  });

  it("finishes what a killed pull wrote in part", async () => {
    const stage = await deployed();
    await stage.edit("acme-t001-crm", { timeout_secs: 5 });
    await stage.edit("acme-t002-crm", { timeout_secs: 6 });
    const { files } = await stage.pull({ dryRun: true });
    expect(files).toHaveLength(2);
    for (const { file, after } of files.slice(0, 1)) await writeFile(join(stage.dir, file), after);
    expect(await stage.pull()).toMatchObject({ written: true, files: files.slice(1) });
    expect(await stage.planned()).toEqual([]);
    expect(await stage.pull()).toMatchObject({ written: false, items: [] });
  });

  it("leaves a rename that was not applied yet to the next apply, and owns nothing twice", async () => {
    const stage = await deployed();
    await stage.edit("acme-t002-crm", { timeout_secs: 5 });
    for (const [file, from, to] of [
      ["connectors/crm/templates/system.yaml", "_id: <<@ system @>>", "_id: <<@ system @>>-conn"],
      ["connectors/crm/templates/datatype.yaml", "connection: <<@ system @>>", "connection: <<@ system @>>-conn"],
      [
        "connector-deployer.yaml",
        "vendor: acme",
        "vendor: acme\nmoved: [{ from: connection/acme-t002-crm, to: connection/acme-t002-crm-conn }]",
      ],
    ] as const) {
      const path = join(stage.dir, file);
      await writeFile(path, (await readFile(path, "utf8")).replace(from, to));
    }
    expect(Object.keys((await stage.pull({ tenants: ["t002"] })).lines)).toEqual(["tenants/t002.yaml"]);
    const { items } = await stage.use((project) => project.owned("t002"));
    expect(items.flatMap(({ kind, _id }) => (kind === "connection" ? [_id] : []))).toEqual(["acme-t002-crm"]);
  });

  it("is about the tenants and resources that are named, and refuses a name that nothing has", async () => {
    const stage = await deployed();
    await stage.edit("acme-t001-crm", { timeout_secs: 5 });
    await stage.edit("acme-t002-crm", { timeout_secs: 6 });
    const named = await stage.pull({ resources: ["connection/acme-t001-*"] });
    expect(named.items.map(({ _id }) => _id)).toEqual(["acme-t001-crm"]);
    const chosen = await stage.pull({ tenants: ["t002"] });
    expect(chosen.items.map(({ _id }) => _id)).toEqual(["acme-t002-crm"]);
    expect([named, chosen].map(({ lines }) => Object.keys(lines))).toEqual([
      ["tenants/t001.yaml"],
      ["tenants/t002.yaml"],
    ]);
    expect(await stage.planned()).toEqual([]);
    await expect(stage.pull({ resources: ["connection/acme-t009-crm"] })).rejects.toMatchObject({ code: "usage" });
  });

  it("leaves alone what a rule ignores, and takes what a rule only keeps", async () => {
    const project = await readFile(join(quickstart, "connector-deployer.yaml"), "utf8");
    const rules = "ignore: [ { kind: connection, path: config.base_url } ]\non_drift: keep\n";
    const stage = await deployed({ "connector-deployer.yaml": `${project}${rules}` });
    await stage.edit("acme-t002-crm", { timeout_secs: 5, base_url: "http://127.0.0.1:9201" });
    const report = await stage.pull();
    expect(report.items.flatMap(({ fields }) => fields.map(({ path }) => path))).toEqual(["/config/timeout_secs"]);
    expect(Object.keys(report.lines)).toEqual(["tenants/t002.yaml"]);
  });
});
