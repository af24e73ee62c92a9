import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../src/diagnostic.ts";
import { readProject } from "../../src/manifest/index.ts";
import type { TemporaryProject } from "./temporary-project.ts";
import { temporaryProject } from "./temporary-project.ts";

const short = (diagnostics: readonly Diagnostic[]): string[] =>
  diagnostics.map(({ code, location }) => `${code} ${location?.file}`);

/** A folder beside projects, for what must not be reached. */
const elsewhere = async (): Promise<AsyncDisposable & { readonly dir: string }> => {
  const dir = await mkdtemp(join(tmpdir(), "elsewhere-"));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
};

const expandOne = async (project: TemporaryProject, file = "tenants/t1.yaml") => {
  const files = await project.read();
  const { tenant, diagnostics } = await files.readTenant(file);
  const expansion = tenant && files.expandTenant(tenant);
  return { files, expansion, diagnostics: [...files.diagnostics, ...diagnostics, ...(expansion?.diagnostics ?? [])] };
};

describe("a folder", () => {
  test("without connector-deployer.yaml is no project", async () => {
    await using other = await elsewhere();
    await expect(readProject(other.dir, "default", { env: {} })).rejects.toMatchObject({ code: "no-project" });
    const absent = readProject(join(other.dir, "nowhere"), "default", { env: {} });
    await expect(absent).rejects.toMatchObject({ code: "no-project" });
  });

  test("may be reached through a symbolic link", async () => {
    await using project = await temporaryProject();
    await using other = await elsewhere();
    await symlink(project.dir, join(other.dir, "link"));
    const files = await readProject(join(other.dir, "link"), "default", { env: {} });
    expect(files.diagnostics).toEqual([]);
    expect((await files.tenantFiles()).map(({ file }) => file)).toEqual(["tenants/t1.yaml"]);
  });
});

describe("a symbolic link out of the project", () => {
  test("is no template, no connector, no tenant and no data", async () => {
    await using other = await elsewhere();
    await writeFile(join(other.dir, "system.yaml"), "_id: x\ntype: connection\n");
    await writeFile(join(other.dir, "manifest.yaml"), "system-template: system.yaml\n");
    await writeFile(join(other.dir, "t2.yaml"), "id: t2\n");
    await using project = await temporaryProject({
      "connector-deployer.yaml": `vendor: acme
targets: { default: { type: infino, endpoint: https://x, access_key: a, secret_key: $ENV(S) } }
connectors: { crm: { path: crm }, linked: { path: linked }, manifest: { path: manifest } }
`,
      "crm/manifest.yaml": "system-template: out.yaml\ndatatypes: { a: { template: data.yaml } }\n",
      "crm/data.yaml": "{ _id: x, type: file, path: data/rows.csv }\n",
      "manifest/readme.md": "x",
    });
    await symlink(join(other.dir, "system.yaml"), join(project.dir, "crm/out.yaml"));
    await symlink(other.dir, join(project.dir, "linked"));
    await symlink(join(other.dir, "manifest.yaml"), join(project.dir, "manifest/manifest.yaml"));
    await symlink(other.dir, join(project.dir, "data"));
    await symlink(join(other.dir, "t2.yaml"), join(project.dir, "tenants/t2.yaml"));
    const one = await expandOne(project);
    expect(short(one.diagnostics)).toEqual([
      "path-outside-project crm/manifest.yaml",
      "path-outside-project connector-deployer.yaml",
      "path-outside-project connector-deployer.yaml",
      "path-outside-project crm/data.yaml",
    ]);
    expect((await one.files.tenantFiles()).map(({ file }) => file)).toEqual(["tenants/t1.yaml", "tenants/t2.yaml"]);
    const two = await one.files.readTenant("tenants/t2.yaml");
    expect([two.tenant, short(two.diagnostics)]).toEqual([undefined, ["path-outside-project tenants/t2.yaml"]]);
  });

  test("is no file for a tenant's secret", async () => {
    await using other = await elsewhere();
    await writeFile(join(other.dir, "key"), "x");
    await using project = await temporaryProject({
      "tenants/t1.yaml": "id: t1\nsecrets: { a: { file: keys/a } }\n",
      "keys/readme.md": "x",
    });
    await symlink(join(other.dir, "key"), join(project.dir, "keys/a"));
    expect(short((await expandOne(project)).diagnostics)).toEqual(["path-outside-project tenants/t1.yaml"]);
  });

  test("inside the project to a target's credential is no file for a tenant's secret either", async () => {
    await using project = await temporaryProject({
      "connector-deployer.yaml": `vendor: acme
targets: { default: { type: infino, endpoint: https://x, access_key: a, secret_key: $SECRET(s) } }
connectors: {}
secrets: { s: { file: keys/target } }
`,
      "keys/target": "x",
      "tenants/t1.yaml": "id: t1\nsecrets: { a: { file: keys/mine } }\n",
    });
    await symlink("target", join(project.dir, "keys/mine"));
    expect(short((await expandOne(project)).diagnostics)).toEqual(["target-credential tenants/t1.yaml"]);
  });
});

describe("a file", () => {
  test("over 10 MB is refused, whatever it is", async () => {
    const large = `# ${"x".repeat(10 * 1024 * 1024)}\n`;
    await using project = await temporaryProject({
      "connector-deployer.yaml": `vendor: acme
targets: { default: { type: infino, endpoint: https://x, access_key: a, secret_key: $ENV(S) } }
connectors: { crm: { path: crm }, erp: { path: erp } }
`,
      "crm/system.yaml": large,
      "erp/manifest.yaml": large,
      "tenants/t1.yaml": large,
    });
    const { diagnostics } = await expandOne(project);
    expect(short(diagnostics)).toEqual([
      "file-too-large crm/system.yaml",
      "file-too-large erp/manifest.yaml",
      "file-too-large tenants/t1.yaml",
    ]);
  });

  test("that is not UTF-8, or is a folder, is named", async () => {
    await using project = await temporaryProject();
    await writeFile(join(project.dir, "tenants/t1.yaml"), Buffer.from([0x69, 0x64, 0x3a, 0xff]));
    await mkdir(join(project.dir, "tenants/t2.yaml"));
    const { files, diagnostics } = await expandOne(project);
    expect(short(diagnostics)).toEqual(["yaml-syntax tenants/t1.yaml"]);
    expect((await files.tenantFiles()).map(({ file }) => file)).toEqual(["tenants/t1.yaml"]);
    expect(short((await files.readTenant("tenants/t2.yaml")).diagnostics)).toEqual(["file-not-found tenants/t2.yaml"]);
    expect(short((await files.readTenant("tenants/t9.yaml")).diagnostics)).toEqual(["file-not-found tenants/t9.yaml"]);
  });

  test("may begin with a byte order mark and have Windows line ends", async () => {
    await using project = await temporaryProject({
      "crm/system.yaml": "\ufeff_id: <<@ system @>>\r\ntype: connection\r\na: <<@ sistem @>>\r\n",
      "tenants/t1.yaml": "\ufeffid: t1\r\nconnectors:\r\n  crm: {}\r\n",
    });
    const { diagnostics } = await expandOne(project);
    expect(diagnostics.map(({ location }) => location)).toEqual([
      { file: "crm/system.yaml", line: 3, column: 4, endColumn: 18, text: "a: <<@ sistem @>>" },
    ]);
  });
});

describe("tenant files", () => {
  test("have another signature once they changed, and are looked for anew each time", async () => {
    await using project = await temporaryProject();
    const files = await project.read();
    const [before] = await files.tenantFiles();
    expect(await files.tenantFiles()).toEqual([before]);
    await project.write("tenants/t1.yaml", "id: t1\nlabels: { a: b }\n");
    await project.write("tenants/t0.yaml", "id: t0\n");
    const [first, second] = await files.tenantFiles();
    expect([first?.file, second?.file]).toEqual(["tenants/t0.yaml", "tenants/t1.yaml"]);
    expect(second?.signature).not.toBe(before?.signature);
    expect(second?.changedAt).toBeGreaterThanOrEqual(before?.changedAt ?? Number.NaN);
  });

  test("have another signature also where only the content changed, not size and time", async () => {
    await using project = await temporaryProject({ "tenants/t1.yaml": "id: t1\n" });
    const time = new Date(1_700_000_000_000);
    await utimes(join(project.dir, "tenants/t1.yaml"), time, time);
    const files = await project.read();
    const [before] = await files.tenantFiles();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await project.write("tenants/t1.yaml", "id: t2\n");
    await utimes(join(project.dir, "tenants/t1.yaml"), time, time);
    const [after] = await files.tenantFiles();
    expect(after?.signature).not.toBe(before?.signature);
  });

  test("are known by id and labels even where the rest is wrong", async () => {
    await using project = await temporaryProject({
      "tenants/t1.yaml": "id: t1\nlabels: { region: eu, size: 3 }\nconnectors: []\n",
    });
    const { expansion, diagnostics } = await expandOne(project);
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(expansion?.tenant).toMatchObject({ id: "t1", labels: { region: "eu" } });
    expect(expansion?.components).toEqual([]);
  });

  test("of another project cannot be expanded", async () => {
    await using project = await temporaryProject();
    const one = await project.read();
    const two = await project.read();
    const { tenant } = await one.readTenant("tenants/t1.yaml");
    expect(() => tenant && two.expandTenant(tenant)).toThrow("was not read by this project");
  });
});

describe("digests", () => {
  const withEnvironment = {
    "crm/system.yaml": "_id: <<@ system @>>\ntype: connection\na: $ENV(USED)\n",
  };

  test("of a tenant follow what it expands to, and nothing else", async () => {
    await using project = await temporaryProject(withEnvironment);
    const digest = async (env: { readonly [name: string]: string }): Promise<string | undefined> => {
      const files = await project.read(env);
      const { tenant } = await files.readTenant("tenants/t1.yaml");
      return tenant && files.expandTenant(tenant).digest;
    };
    const before = await digest({ USED: "a", OTHER: "a" });
    expect(await digest({ USED: "a", OTHER: "b" })).toBe(before);
    expect(await digest({ USED: "b" })).not.toBe(before);
    await project.write("tenants/t1.yaml", "# a comment\nid: t1\nconnectors: { crm: true }\n");
    expect(await digest({ USED: "a" })).toBe(before);
    await project.write("tenants/t1.yaml", "id: t1\nstate: absent\n");
    expect(await digest({ USED: "a" })).not.toBe(before);
  });

  test("of the shared files follow them and the environment variables that they name", async () => {
    await using project = await temporaryProject(withEnvironment);
    const digest = async (env: { readonly [name: string]: string } = {}): Promise<string> =>
      (await project.read(env)).shared;
    const before = await digest({ USED: "a" });
    await project.write("tenants/t2.yaml", "id: t2\n");
    expect(await digest({ USED: "a", OTHER: "b", TARGET_ACCESS: "k", TARGET_SECRET: "s" })).toBe(before);
    expect(await digest({ USED: "b" })).not.toBe(before);
    await project.write("crm/system.yaml", `${withEnvironment["crm/system.yaml"]}b: 1\n`);
    expect(await digest({ USED: "a" })).not.toBe(before);
  });
});

describe("a template with an error in it", () => {
  test("is reported once, however many tenants and datatypes use it", async () => {
    await using project = await temporaryProject({
      "crm/manifest.yaml": "datatypes: { a: { template: d.yaml }, b: { template: d.yaml }, c: { template: d.yaml } }\n",
      "crm/d.yaml": "_id: <<@ datatyp @>>\ntype: x\n",
    });
    const { files } = await expandOne(project);
    expect(files.diagnostics.map(({ code, hint }) => [code, hint?.startsWith('did you mean "datatype"?')])).toEqual([
      ["unknown-variable", true],
    ]);
  });
});

describe("a place in a template", () => {
  test("is that of the key where the key is asked for", async () => {
    await using project = await temporaryProject({
      "crm/manifest.yaml": "system-template: system.yaml\n",
      "crm/system.yaml": "_id: <<@ system @>>\ntype: connection\nconfig: { a: 1 }\n",
    });
    const { expansion } = await expandOne(project);
    const [component] = expansion?.components ?? [];
    const columns = (["key", "value"] as const).map(
      (part) => component && expansion?.locate(component, "/config/a", part)?.column,
    );
    expect(columns).toEqual([11, 14]);
  });
});

describe("a hint", () => {
  test("quotes what the file says, not what it was read as", async () => {
    await using project = await temporaryProject();
    const hints = await Promise.all(
      ["042", "1e3", "0o17", "1.10"].map(async (id) => {
        const file = `tenants/id-${id}.yaml`;
        await project.write(file, `id: ${id}\n`);
        return (await expandOne(project, file)).diagnostics.map(({ code, hint }) => [code, hint?.includes(`"${id}"`)]);
      }),
    );
    expect(hints).toEqual([
      [["wrong-type", true]],
      [["wrong-type", true]],
      [["wrong-type", true]],
      [["wrong-type", true]],
    ]);
  });
});
