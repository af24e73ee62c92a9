import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { builtinConnectorTypes, createCatalog } from "../../src/catalog/index.ts";
import type { Traits } from "../../src/contract/index.ts";
import { exportedTemplate } from "../../src/deploy/export-text.ts";
import type { ExportReport, Project } from "../../src/deploy/index.ts";
import { readProject } from "../../src/manifest/index.ts";
import type { Service } from "../../src/service/index.ts";
import { createService } from "../../src/service/index.ts";
import { member, signedClient } from "../support/signed.ts";
import type { Files } from "./project-folder.ts";
import {
  credentials,
  env,
  opened,
  project as projectFile,
  projectFolder,
  startedService,
  write,
} from "./project-folder.ts";

const secretValue = "planted-secret-of-a-live-connection";

const clientOf = (service: Service) => signedClient(credentials, (request) => service.fetch(request));

/** A connection that somebody made by hand; gives its id. */
const connect = async (
  service: Service,
  source: string,
  config: Readonly<Record<string, unknown>>,
): Promise<string> => {
  const answer = await clientOf(service)("POST", `/source/${source}`, { config });
  expect(answer.status).toBeLessThan(300);
  return member(answer, "connection_id");
};

const job = async (service: Service, source: string, config: Readonly<Record<string, unknown>>): Promise<void> => {
  expect((await clientOf(service)("PUT", `/import/${source}`, { config })).status).toBeLessThan(300);
};

const dataset = async (service: Service, name: string): Promise<void> => {
  expect((await clientOf(service)("PUT", `/${name}`)).status).toBeLessThan(300);
};

const nowhere = "http://127.0.0.1:9";
const oddName = 'Überblick "CRM" — <<@ system @>> {{@ x @}} $SECRET(y) \\$ENV(z) #1: it\'s\u202e';

/** Several types, with and without optional fields, odd names, jobs with and without a schedule. */
const populate = async (service: Service): Promise<void> => {
  const odd = await connect(service, "elasticsearch", {
    name: oddName,
    base_url: nowhere,
    username: "null",
    password: secretValue,
    timeout_secs: 45,
    accept_invalid_certs: true,
  });
  const plain = await connect(service, "elasticsearch", {
    name: "acme-t009-legacy",
    host: nowhere,
    api_key: secretValue,
  });
  await connect(service, "snowflake", {
    name: "warehouse/main",
    account: "0123",
    pat_token: secretValue,
    warehouse: "{{@ no @}}",
    database: "yes\nand: no",
  });
  await connect(service, "bigquery", {
    name: "日本語",
    service_account_key: JSON.stringify({ type: "service_account", project_id: "p-1", private_key: secretValue }),
    dataset_ids: "sales,marketing",
  });
  await dataset(service, "acme-t009-legacy");
  await connect(service, "opensearch", {
    name: "in the URL",
    base_url: `http://someone:${secretValue}@127.0.0.1:9/$ENV(x)`,
    username: `token=${secretValue}`,
    password: secretValue,
  });
  await dataset(service, "contacts");
  await job(service, "elasticsearch", {
    source_id: plain,
    target_dataset: "contacts",
    schedule: "0 0 * * *",
    query: '{"query":{"match_all":{}}}',
  });
  await job(service, "elasticsearch", { source_id: odd, target_dataset: "contacts" });
  await job(service, "elasticsearch", { source_id: plain, target_dataset: "acme-t009-legacy" });
};

const filled = (report: ExportReport): Record<string, string> => ({
  ...env,
  ...Object.fromEntries(report.secrets.map((secret) => [secret.env, secretValue])),
});

/** Every file of a folder by its path, but for the deployer's own. */
const filesOf = async (dir: string): Promise<Files> => {
  const names = await readdir(dir, { recursive: true });
  const files: Record<string, string> = {};
  for (const name of names.sort()) {
    if (name.startsWith(".connector-deployer")) continue;
    if ((await stat(join(dir, name))).isFile()) files[name] = await readFile(join(dir, name), "utf8");
  }
  return files;
};

const exported = async (
  options: Parameters<Project["export"]>[0],
  files: Files = {},
): Promise<{ service: Service; dir: string; report: ExportReport }> => {
  const service = await startedService();
  await populate(service);
  const dir = await projectFolder(files);
  const report = await (await opened(dir, service)).export(options);
  return { service, dir, report };
};

describe("what nobody declared", () => {
  it("is exported so that the files are valid and, adopted, ask for nothing", async () => {
    const { service, dir, report } = await exported({ tenant: "t009", connector: "legacy" });
    expect(report.left).toEqual([]);
    expect(report.items.map(({ kind }) => kind)).toEqual([
      "dataset",
      "dataset",
      ...Array(5).fill("connection"),
      ...Array(3).fill("import-job"),
    ]);
    expect(report.secrets).toHaveLength(7);
    const project = await opened(dir, service, { env: filled(report) });
    const { diagnostics } = await project.validate();
    expect(diagnostics).toEqual([]);
    const plan = await project.plan({ tenants: ["t009"], adopt: ["**"] });
    expect(plan.summary).toMatchObject({ adopt: 10, insert: 0, update: 0, replace: 0, delete: 0 });
    const readable = plan.changes
      .flatMap((change) => change.fields ?? [])
      .filter(({ class: type }) => type !== "unknown");
    expect(readable).toEqual([]);
  });

  it.each<[string, Partial<Traits>]>([
    ["everything as we like it", {}],
    ["masked secrets", { secrets: "masked" }],
    ["lists without configuration", { lists: "bare" }],
    ["a time that moves by itself", { updated_at: "any" }],
    ["no time, a PATCH that replaces and no nulls", { updated_at: "none", patch: "replace", unset: "none" }],
  ])("and is taken over asks for nothing and gets no write: a target with %s", async (_name, traits) => {
    const service = await createService({ credentials, statusWait: 0, traits, runImports: false });
    onTestFinished(() => service.close());
    await populate(service);
    const written = JSON.stringify(traits).replaceAll('"', "");
    const dir = await projectFolder({
      "connector-deployer.yaml": projectFile.replace(
        "    verify: 200ms",
        `    verify: 200ms\n    traits: ${written.replaceAll(":", ": ")}`,
      ),
    });
    const report = await (await opened(dir, service)).export({ tenant: "t009" });
    expect(report.left).toEqual([]);
    const sent: string[] = [];
    const project = await opened(dir, service, {
      env: filled(report),
      fetch: (request) => {
        if (request.method !== "GET") sent.push(`${request.method} ${request.url}`);
        return service.fetch(request);
      },
    });
    expect((await project.validate()).diagnostics).toEqual([]);
    const adopted = await project.adopt({ resources: ["**"], tenants: ["t009"], trustSecrets: true });
    expect(adopted.left).toEqual([]);
    const plan = await project.plan({ tenants: ["t009"] });
    expect(plan.refusals).toEqual([]);
    expect(plan.changes).toEqual([]);
    expect(sent).toEqual([]);
    const template = await readFile(join(dir, "connectors/exported/templates/system.yaml"), "utf8");
    if (traits.secrets === "masked") expect(template).not.toContain("it may also be");
    expect(template).not.toMatch(/\*\*\*/);
  });

  it("is written once: what is declared now is not exported again", async () => {
    const { service, dir, report } = await exported({ tenant: "t009" });
    expect(report.connector).toBe("exported");
    const again = await (await opened(dir, service, { env: filled(report) })).export({ tenant: "t009" });
    expect(again).toMatchObject({ connector: "exported-2", items: [], left: [], files: [] });
  });

  it("never shows a secret or a masked value, and says what the target does not tell", async () => {
    const { dir, report } = await exported({ tenant: "t009" });
    const files = await filesOf(dir);
    for (const text of [...Object.values(files), JSON.stringify(report)]) expect(text).not.toContain(secretValue);
    expect(Object.values(files).join("")).not.toMatch(/\*\*\*|\u202e/);
    const template = files["connectors/exported/templates/system.yaml"] ?? "";
    expect(template).toMatch(/# .*does not return query/);
    expect(template).toMatch(/# auth: .*bearer_token/);
  });

  it("stays where it was said to be by a variable, when its name is the system's or begins with it", async () => {
    const { dir } = await exported({ tenant: "t009", connector: "legacy" });
    const template = await readFile(join(dir, "connectors/legacy/templates/system.yaml"), "utf8");
    expect(template).toContain("_id: <<@ system @>>\ntype: dataset\n");
    expect(template).toContain("connection: <<@ system @>>-connection\n");
    expect(template).toContain("target_dataset: <<@ system @>>\n");
    expect(template).not.toContain("acme-t009-legacy\n");
  });

  it("is previewed without a byte written", async () => {
    const service = await startedService();
    await populate(service);
    const dir = await projectFolder();
    const before = await filesOf(dir);
    const project = await opened(dir, service);
    const preview = await project.export({ tenant: "t009", dryRun: true });
    expect(await filesOf(dir)).toEqual(before);
    const report = await project.export({ tenant: "t009" });
    expect({ ...report, dryRun: true }).toEqual(preview);
    const after = await filesOf(dir);
    for (const { path, action, text } of report.files) {
      if (action === "create") expect(after[path]).toBe(text);
      else expect(after[path]).toContain(text.split("\n")[1]);
    }
  });

  it("is chosen by globs, with what it refers to; a glob that nothing answers to is a usage error", async () => {
    const service = await startedService();
    await populate(service);
    const project = await opened(await projectFolder(), service);
    const only = (globs: readonly string[]) => project.export({ tenant: "t009", only: globs, dryRun: true });
    expect((await only(["dataset/cont*"])).items.map(({ _id }) => _id)).toEqual(["contacts"]);
    expect((await only(["connection/warehouse/*"])).items).toMatchObject([
      { _id: "warehouse-main", name: "warehouse/main" },
    ]);
    const jobs = await only(["import-job/acme-*"]);
    expect(jobs.items.map(({ kind }) => kind)).toEqual(["dataset", "connection", "import-job"]);
    await expect(only(["connection/warehouse/mian"])).rejects.toMatchObject({
      code: "usage",
      hint: expect.stringContaining("warehouse/main"),
    });
  });

  it("is neither what a tenant asks for nor what one owns", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    await project.deployTenant("t001");
    await dataset(service, "acme-t002-crm-contact");
    await dataset(service, "stray");
    const report = await project.export({ tenant: "t009", dryRun: true });
    expect(report.items.map(({ name }) => name)).toEqual(["stray"]);
  });

  it("goes to a tenant that is there, and a job to its connection", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    await project.apply(await project.plan());
    const ids = new Map(
      (await project.status()).items.flatMap((item) => (item.kind === "connection" ? [[item.tenant, item.id]] : [])),
    );
    await dataset(service, "extra");
    await job(service, "elasticsearch", { source_id: ids.get("t001"), target_dataset: "extra" });
    await job(service, "elasticsearch", { source_id: ids.get("t002"), target_dataset: "extra" });
    const report = await project.export({ tenant: "t001", connector: "more" });
    expect(report.items.map(({ kind, _id }) => `${kind}/${_id}`)).toEqual(["dataset/extra", "import-job/extra-import"]);
    expect(report.left).toMatchObject([{ kind: "import-job", reason: expect.stringContaining("acme-t002-crm") }]);
    expect(await readFile(join(dir, "tenants/t001.yaml"), "utf8")).toBe(
      "id: t001\nconnectors: { crm: {}, more: {} }\n",
    );
    const after = await opened(dir, service);
    expect((await after.validate()).diagnostics).toEqual([]);
    expect((await after.plan({ tenants: ["t001"], adopt: ["**"] })).summary).toMatchObject({ adopt: 2, noop: 3 });
  });

  it("is left where the project's catalog lacks its connector type", async () => {
    const [first] = builtinConnectorTypes();
    if (first === undefined) throw new Error("no connector type");
    const catalog = createCatalog([{ ...first, id: "homemade" }]);
    const service = await createService({ credentials, statusWait: 0, catalog, runImports: false });
    onTestFinished(() => service.close());
    const key = JSON.stringify({ type: "service_account", project_id: "p", private_key: secretValue });
    await connect(service, "homemade", { name: "mine", service_account_key: key, dataset_ids: "a" });
    const report = await (await opened(await projectFolder(), service)).export({ tenant: "t009" });
    expect(report.items).toEqual([]);
    expect(report.left).toMatchObject([{ reason: 'the catalog has no connector type "homemade"' }]);
    expect(JSON.stringify(report)).not.toContain(secretValue);
  });

  it("is named where no file can say it", async () => {
    const service = await startedService();
    const twice = { name: "twice", base_url: nowhere, api_key: secretValue };
    await connect(service, "elasticsearch", twice);
    const gone = await connect(service, "elasticsearch", twice);
    await connect(service, "elasticsearch", { base_url: nowhere });
    const orphan = await connect(service, "elasticsearch", { name: "orphan", base_url: nowhere });
    await job(service, "elasticsearch", { source_id: orphan, target_dataset: "orphaned" });
    await clientOf(service)("DELETE", `/source/${orphan}`);
    await job(service, "elasticsearch", { source_id: gone, target_dataset: "of-an-ambiguous-one" });
    const report = await (await opened(await projectFolder(), service)).export({ tenant: "t009" });
    expect(report.items).toEqual([]);
    expect(report.files).toEqual([]);
    expect(report.left.map(({ kind, reason }) => `${kind}: ${reason}`).sort()).toEqual([
      expect.stringMatching(/^connection: 2 live objects have this identity/),
      expect.stringMatching(/^connection: 2 live objects have this identity/),
      expect.stringMatching(/^connection: it has no name/),
      expect.stringMatching(/^import-job: it needs connection\/conn-/),
      expect.stringMatching(/^import-job: it needs connection\/conn-/),
    ]);
  });
});

describe("a text", () => {
  it("stands in a template so that it is read back as it is, whatever it holds", async () => {
    const part = fc.oneof(
      fc.constantFrom(
        "<<@ system @>>",
        "{{@",
        "<<@",
        "@>>",
        "$SECRET(a)",
        "$ENV(",
        "$",
        "\\",
        "\\\\",
        "\n",
        " ",
        "#",
        ": ",
      ),
      fc.string({ unit: "grapheme", maxLength: 4 }),
    );
    const texts = fc.array(
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join("")),
      { minLength: 40, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(texts, async (list) => {
        const components = list.map((text, index) => ({
          _id: `c${index}`,
          kind: "connection",
          properties: { config: { [`k${text}`]: text, list: [text] } },
          secrets: [],
          names: [],
          notes: [text],
        }));
        const template = exportedTemplate(components, "acme-t001-crm", "Generated.");
        const dir = await projectFolder({ "connectors/crm/templates/system.yaml": template });
        const files = await readProject(dir, "default", { env });
        const { tenant } = await files.readTenant("tenants/t001.yaml");
        const read =
          tenant === undefined ? [] : files.expandTenant(tenant).components.filter(({ _id }) => /^c\d/.test(_id));
        expect(read.map(({ properties }) => properties)).toEqual(components.map(({ properties }) => properties));
      }),
      { numRuns: 25 },
    );
  });
});

describe("files that are there", () => {
  const withComments = `# the project\n${projectFile.trimStart()}# the end\n`;

  it("get lines and lose no byte, comments and order included", async () => {
    const { dir, report } = await exported({ tenant: "t009" }, { "connector-deployer.yaml": withComments });
    const text = await readFile(join(dir, "connector-deployer.yaml"), "utf8");
    const added = new Set(report.files.flatMap((file) => (file.action === "edit" ? file.text.split("\n") : [])));
    expect(text.split("\n").filter((line) => !added.has(line) || line === "" || line.endsWith(":"))).toEqual(
      withComments.split("\n"),
    );
    expect(report.secrets.every(({ name, env }) => text.includes(`  ${name}: { env: ${env} }\n`))).toBe(true);
  });

  it("are never overwritten", async () => {
    const service = await startedService();
    await populate(service);
    const there = { "connectors/legacy/templates/system.yaml": "# mine\n", "tenants/t009.yml": "# mine\n" };
    const dir = await projectFolder(there);
    const before = await filesOf(dir);
    const project = await opened(dir, service);
    await expect(project.export({ tenant: "t010", connector: "legacy" })).rejects.toMatchObject({ code: "usage" });
    await expect(project.export({ tenant: "t010", connector: "crm" })).rejects.toMatchObject({ code: "usage" });
    expect(await filesOf(dir)).toEqual(before);
  });

  it("that cannot be added to safely are left, and what to add is said", async () => {
    const service = await startedService();
    await populate(service);
    const anchored = projectFile
      .replace("connectors:\n", "connectors: &all\n")
      .replace("secrets:\n", "secrets: &secrets\n")
      .replace("tenants:", "# tenants\ntenants:");
    const dir = await projectFolder({
      "connector-deployer.yaml": anchored,
      "tenants/t003.yaml": "id: t003\nconnectors:\n  ? crm\n  : {}\n",
    });
    const before = await filesOf(dir);
    const project = await opened(dir, service);
    await expect(project.export({ tenant: "t003" })).rejects.toMatchObject({
      code: "usage",
      hint: expect.stringContaining("exported: {}"),
    });
    expect(await filesOf(dir)).toEqual(before);
  });

  it("keep their spelling of line ends", async () => {
    const crlf = projectFile.trimStart().replaceAll("\n", "\r\n");
    const { dir, service, report } = await exported({ tenant: "t009" }, { "connector-deployer.yaml": crlf });
    const text = await readFile(join(dir, "connector-deployer.yaml"), "utf8");
    expect(text).not.toMatch(/[^\r]\n/);
    expect((await (await opened(dir, service, { env: filled(report) })).validate()).diagnostics).toEqual([]);
  });

  it("may be JSON", async () => {
    const { dir, service, report } = await exported(
      { tenant: "t009" },
      {
        "connector-deployer.yaml": projectFile.replace("tenants/*.yaml", "tenants/*"),
        "tenants/t009.json": '{ "id": "t009" }\n',
      },
    );
    expect(await readFile(join(dir, "tenants/t009.json"), "utf8")).toBe(
      '{ "id": "t009", "connectors": { "exported": {} } }\n',
    );
    expect((await (await opened(dir, service, { env: filled(report) })).validate()).diagnostics).toEqual([]);
  });
});

describe("a tenant", () => {
  it("that has no file gets one where the project looks for tenants, or is refused", async () => {
    const service = await startedService();
    await populate(service);
    const files = (glob: string) => ({ "connector-deployer.yaml": projectFile.replace("tenants/*.yaml", glob) });
    const made = async (glob: string) => {
      const dir = await projectFolder(files(glob));
      await write(dir, { "customers/eu/x.yml": "id: x\n" });
      return (await opened(dir, service)).export({ tenant: "t009", dryRun: true });
    };
    const paths = (await made("customers/**/*.yml")).files.map(({ path }) => path);
    expect(paths).toContain("customers/t009.yml");
    await expect(made("customers/eu/x.yml")).rejects.toMatchObject({ code: "usage" });
  });

  it("needs a well-formed id, a target that there is, and its own target", async () => {
    const service = await startedService();
    const dir = await projectFolder({ "tenants/t005.yaml": "id: t005\nstate: absent\n" });
    const project = await opened(dir, service);
    for (const options of [
      { tenant: "T 9" },
      { tenant: "t005" },
      { tenant: "t009", target: "nowhere" },
      { tenant: "t001", target: "nowhere" },
      { tenant: "t009", connector: "../x" },
    ]) {
      await expect(project.export(options)).rejects.toMatchObject({ code: "usage" });
    }
  });
});
