import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Diagnostic, SesamExpandOptions } from "../../src/deploy/index.ts";
import { expandInSesamForm } from "../../src/deploy/index.ts";

type Files = Readonly<Record<string, string>>;

const manifest = {
  additional_parameters: { base_url: {}, page: { default: 10 }, ratio: { default: 1 }, key: {}, nobody: {} },
  "system-template": "templates/system.json",
  datatypes: {
    contact: { template: "templates/contact.json", parameters: { order_by: "updated" }, schedule_interval: 10 },
    deal: { template: "templates/contact.json", parameters: { order_by: "created" } },
  },
};

const system = {
  _id: "{{@ system @}}",
  type: "system:rest",
  url: "{{@ base_url @}}",
  key: "{{@ key @}}",
  secret: "$SECRET(x)",
};

const contact = {
  _id: "{{@ system @}}-{{@ datatype @}}-collect",
  type: "pipe",
  source: { type: "embedded", entities: [] },
  page: "{{@ page @}}",
  ratio: "{{@ ratio @}}",
  order: "{{@ order_by @}}",
  full: "{{@ is_fullsync @}}",
  account: "{{@ account_id @}}",
  nobody: "{{@ nobody @}}",
  plain: "$ENV(PLAIN) \\$ENV(x)",
};

const connector: Files = {
  "manifest.json": JSON.stringify(manifest),
  "templates/system.json": JSON.stringify(system),
  "templates/contact.json": JSON.stringify(contact),
};

const inFolder = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));

const project: Files = {
  "connector-deployer.yaml": `
vendor: acme
targets: { default: { type: infino, endpoint: http://127.0.0.1:9, access_key: a, secret_key: $SECRET(s) } }
connectors:
  crm: { path: crm, auth: { api_base_url: "https://$ENV(HOST)/v2" }, parameter_values: { page: 20, key: $SECRET(crm_key) } }
  other: { path: other }
secrets: { s: { env: S } }
`,
  ...inFolder("crm", connector),
  "other/manifest.yaml": "datatypes: {}\n",
  "tenants/t1.yaml": `
id: t1
connectors:
  crm: { auth: { account_id: "88", is_fullsync: { deal: true } }, parameter_values: { ratio: 2.0, page: 5 } }
  other: {}
`,
  "tenants/t2.yaml": "id: t2\nconnectors: { crm: { datatypes: { deal: false } } }\n",
};

const stage = async (files: Files) => {
  const dir = await mkdtemp(join(tmpdir(), "expand-connector-"));
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  };
  for (const [path, text] of Object.entries(files)) await put(path, text);
  const diagnostics: Diagnostic[] = [];
  return {
    dir,
    put,
    diagnostics,
    expand: (options: SesamExpandOptions = {}) =>
      expandInSesamForm(dir, {
        env: { HOST: "resolved.example", S: "s", PLAIN: "resolved" },
        report: (event) => event.code === "warning" && diagnostics.push(event.diagnostic),
        ...options,
      }),
    read: async (path: string): Promise<unknown> => JSON.parse(await readFile(join(dir, path), "utf8")),
    list: async (path: string): Promise<readonly string[]> =>
      (await readdir(join(dir, path), { recursive: true, withFileTypes: true }).catch(() => []))
        .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
        .map((entry) => join(entry.parentPath, entry.name).slice(join(dir, path).length + 1))
        .sort(),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
};

const filesOf = (system: string, datatypes: readonly string[]): readonly string[] =>
  [
    "node-metadata.conf.json",
    ...datatypes.flatMap((name) => ["collect", "transform"].map((part) => `pipes/${system}-${name}-${part}.conf.json`)),
    `systems/${system}.conf.json`,
    "test-env.json",
  ].sort();

describe("a connector's folder in Sesam's form", () => {
  test("expands into .expanded with placeholders, whatever a default says", async () => {
    await using at = await stage(connector);
    const report = await at.expand();
    expect(report).toMatchObject({
      type: "sesam-expansion",
      profile: "test",
      folders: [{ unchanged: 0, removed: [] }],
    });
    expect(await at.list(".expanded")).toEqual(filesOf("xxxxxx", ["contact", "deal"]));
    expect(await at.read(".expanded/pipes/xxxxxx-deal-collect.conf.json")).toMatchObject({
      page: "$ENV(page)",
      order: "created",
      full: false,
      account: "$ENV(account_id)",
      plain: "$ENV(PLAIN) \\$ENV(x)",
    });
    expect(await at.expand()).toMatchObject({ folders: [{ added: [], changed: [], removed: [], unchanged: 7 }] });
  });

  test.each([
    ["a connector", connector],
    ["a project", project],
  ])("of %s is not written through a link that leads elsewhere, unless that is named", async (_, files) => {
    await using at = await stage(files);
    await using elsewhere = await stage({});
    await symlink(elsewhere.dir, join(at.dir, ".expanded"));
    await expect(at.expand()).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("symbolic link"),
    });
    expect(await elsewhere.list(".")).toEqual([]);
    await at.expand({ out: elsewhere.dir });
    expect(await elsewhere.list(".")).not.toEqual([]);
  });

  test("expands elsewhere, with another system and profile", async () => {
    await using at = await stage({ ...connector, "dev-env.json": '{"own": true}' });
    await at.expand({ out: join(at.dir, "out"), profile: "dev", system: "demo" });
    expect(await at.list("out")).toEqual([...filesOf("demo", ["contact", "deal"]).slice(0, -1), "dev-env.json"].sort());
    expect(await at.read("out/dev-env.json")).toEqual({ own: true });
    expect(await at.list(".expanded")).toEqual([]);
  });

  test("writes nothing where the files have errors, and tells of warnings", async () => {
    await using at = await stage(connector);
    await at.expand();
    await at.put("templates/contact.json", JSON.stringify({ ...contact, page: "{{@ pages @}}" }));
    await expect(at.expand({ force: true })).rejects.toMatchObject({ code: "invalid-files" });
    expect(await at.read(".expanded/pipes/xxxxxx-deal-collect.conf.json")).toMatchObject({ page: "$ENV(page)" });
    await at.put("templates/contact.json", JSON.stringify(contact));
    await at.put("manifest.json", JSON.stringify({ ...manifest, colour: "blue" }));
    await at.expand();
    expect(at.diagnostics).toMatchObject([{ code: "unknown-field", location: { file: "manifest.json" } }]);
  });

  test("has no tenants, environments and values of them", async () => {
    await using at = await stage(connector);
    for (const options of [{ selection: { tenants: ["t1"] } }, { environment: "stage" }, { set: { page: 1 } }]) {
      await expect(at.expand(options)).rejects.toMatchObject({ code: "usage" });
    }
  });
});

describe("a project in Sesam's form", () => {
  test("expands each tenant's connectors with the values that it gives", async () => {
    await using at = await stage(project);
    await at.expand();
    expect(await at.list(".expanded/t1/crm")).toEqual(filesOf("acme-t1-crm", ["contact", "deal"]));
    expect(await at.list(".expanded/t1/other")).toEqual(["node-metadata.conf.json", "test-env.json"]);
    expect(await at.list(".expanded/t2/crm")).toEqual(filesOf("acme-t2-crm", ["contact"]));
    expect(await at.read(".expanded/t1/crm/pipes/acme-t1-crm-deal-collect.conf.json")).toMatchObject({
      page: "5",
      ratio: "2.0",
      order: "created",
      full: true,
      account: "88",
      comment: expect.stringContaining("'contact'"),
    });
    expect(await at.read(".expanded/t2/crm/pipes/acme-t2-crm-contact-collect.conf.json")).toMatchObject({
      page: "20",
      ratio: "1",
      order: "updated",
      full: false,
    });
  });

  test("gives the node's environment the values that are given, and no references", async () => {
    await using at = await stage({ ...project, "crm/test-env.json": '{"node-env": "test", "page": "1", "own": 1}' });
    await at.expand();
    const env = await at.read(".expanded/t1/crm/test-env.json");
    expect(env).toMatchObject({ "node-env": "test", page: 5, ratio: 2, own: 1 });
    for (const name of ["base_url", "key", "nobody"]) expect(env).not.toHaveProperty(name);
    expect(await at.read(".expanded/t2/crm/test-env.json")).toMatchObject({ page: 20, ratio: 1 });
  });

  test("leaves references and what nobody gives to the node", async () => {
    await using at = await stage(project);
    await at.expand();
    expect(await at.read(".expanded/t2/crm/systems/acme-t2-crm.conf.json")).toMatchObject({
      url: "https://$ENV(HOST)/v2",
      key: "$SECRET(crm_key)",
      secret: "$SECRET(x)",
    });
    expect(await at.read(".expanded/t2/crm/pipes/acme-t2-crm-contact-collect.conf.json")).toMatchObject({
      account: "$ENV(account_id)",
      nobody: "$ENV(nobody)",
      plain: "$ENV(PLAIN) \\$ENV(x)",
    });
  });

  test("takes values over all others, and a selection", async () => {
    await using at = await stage(project);
    const report = await at.expand({ selection: { tenants: ["t2"] }, set: { page: 7, nobody: true } });
    expect(report.folders).toMatchObject([{ tenant: "t2", connector: "crm" }]);
    expect(await at.read(".expanded/t2/crm/pipes/acme-t2-crm-contact-collect.conf.json")).toMatchObject({
      page: "7",
      nobody: true,
    });
    await expect(at.expand({ set: { pages: 7 } })).rejects.toMatchObject({ code: "invalid-files" });
    await expect(at.expand({ selection: { tenants: ["t3"] } })).rejects.toMatchObject({ code: "usage" });
    await expect(at.expand({ system: "demo" })).rejects.toMatchObject({ code: "usage" });
  });

  test("takes away what tenants no longer have, but not of tenants that are not selected", async () => {
    await using at = await stage(project);
    await at.expand();
    await at.put("tenants/t1.yaml", "id: t1\nconnectors: { other: {} }\n");
    await at.put("tenants/t2.yaml", "id: t2\nstate: absent\nconnectors: { crm: {} }\n");
    await at.put(".expanded/t1/notes.txt", "mine");
    await at.expand({ selection: { tenants: ["t1"] } });
    expect(await at.list(".expanded/t1/crm")).toEqual([]);
    expect(await at.list(".expanded/t2/crm")).toEqual(filesOf("acme-t2-crm", ["contact"]));
    const report = await at.expand();
    expect(report.folders).toMatchObject([
      { tenant: "t1", connector: "other", removed: [] },
      { tenant: "t2", connector: "crm", added: [] },
    ]);
    expect(await at.list(".expanded")).toEqual([
      "t1/notes.txt",
      "t1/other/node-metadata.conf.json",
      "t1/other/test-env.json",
    ]);
  });

  test("writes nothing of any tenant where what was written for one was edited", async () => {
    await using at = await stage(project);
    await at.expand({ selection: { tenants: ["t2"] } });
    await at.put(".expanded/t2/crm/pipes/acme-t2-crm-contact-collect.conf.json", "{}");
    await expect(at.expand()).rejects.toMatchObject({ code: "usage" });
    expect(await at.list(".expanded/t1")).toEqual([]);
    await at.expand({ force: true });
    expect(await at.list(".expanded/t1/crm")).toHaveLength(7);
  });

  test("writes nothing of any tenant where one has errors", async () => {
    await using at = await stage({ ...project, "tenants/t3.yaml": "id: t3\nconnectors: { crm: { pages: 1 } }\n" });
    await expect(at.expand()).rejects.toMatchObject({ code: "invalid-files" });
    expect(await at.list(".expanded")).toEqual([]);
  });
});
