import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { builtinCatalog } from "../../src/catalog/index.ts";
import { fillTemplate } from "../../src/cli/scaffold/fill.ts";
import { scaffold } from "../../src/cli/scaffold/scaffold.ts";
import { openProject } from "../../src/deploy/index.ts";
import { cli, temporaryFolder } from "./support.ts";

const choices = builtinCatalog()
  .list()
  .flatMap(({ id, connections }): (readonly [string, string])[] =>
    connections.length === 0 ? [[id, "none"]] : connections.map((connection) => [id, connection.type]),
  );

const filesBelow = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

test("init scaffolds files without a connection type, and refuses one", async () => {
  await using folder = await temporaryFolder();
  const refused = await cli(["init", "--connector", "file", "--auth", "basic_auth"], { cwd: folder.path });
  expect(refused).toMatchObject({ exit: 3, stdout: "" });
  const done = await cli(["init", "--connector", "file", "--auth", "none"], { cwd: folder.path });
  expect(done.stdout).toContain("connectors/file/data/regions.csv");
  expect((await cli(["validate"], { cwd: folder.path })).stdout).toBe("valid: 1 tenant, 2 resources\n");
});

describe("init", () => {
  test("writes a project that validates, and never overwrites one", async () => {
    await using folder = await temporaryFolder();
    const first = await cli(["init", "-o", "json"], { cwd: folder.path });
    expect(first).toMatchObject({ exit: 0 });
    const document = JSON.parse(first.stdout);
    expect(document).toMatchObject({ type: "init", schemaVersion: 1, connector: "elasticsearch", auth: "api_key" });
    expect(document.created.toSorted()).toEqual(await filesBelow(folder.path));
    expect(document.created).toEqual(
      expect.arrayContaining([
        ".github/workflows/connectors.yml",
        ".gitignore",
        "README.md",
        "connector-deployer.yaml",
        "connectors/elasticsearch/manifest.yaml",
        "environments/stage.yaml",
        "tenants/example.yaml",
      ]),
    );
    const variables = ["INFINO_ENDPOINT", "INFINO_ACCESS_KEY", "INFINO_SECRET_KEY", "EXAMPLE_ELASTICSEARCH_API_KEY"];
    expect(document.variables).toEqual(variables);
    const readme = await readFile(join(folder.path, "README.md"), "utf8");
    for (const name of variables) {
      expect(readme).toContain(`\`${name}\``);
      expect(first.stderr).toContain(name);
    }
    const [validated, again] = await Promise.all([
      cli(["validate"], { cwd: folder.path }),
      cli(["init", "--connector", "snowflake"], { cwd: folder.path }),
    ]);
    expect(validated).toEqual({ exit: 0, stdout: "valid: 1 tenant, 3 resources\n", stderr: "" });
    expect(again).toMatchObject({ exit: 3, stdout: "" });
    expect(again.stderr).toContain("connector-deployer.yaml, environments/stage.yaml");
    expect((await filesBelow(folder.path)).filter((file) => file.includes("snowflake"))).toEqual([]);
  });

  test("goes into a folder that has other files, and leaves its README and a .gitignore that fits alone", async () => {
    await using folder = await temporaryFolder();
    const ignore = join(folder.path, "shop", ".gitignore");
    await mkdir(dirname(ignore));
    await writeFile(ignore, "node_modules/\n");
    const refused = await cli(["init", "-p", "shop"], { cwd: folder.path });
    expect(refused.exit).toBe(3);
    expect(await filesBelow(folder.path)).toEqual(["shop/.gitignore"]);
    await writeFile(ignore, "node_modules/\n.connector-deployer/\n");
    await writeFile(join(folder.path, "shop", "README.md"), "# Shop\n");
    const done = await cli(["init", "-p", "shop"], { cwd: folder.path });
    expect(done.exit).toBe(0);
    expect(done.stdout).not.toMatch(/\.gitignore|README/);
    expect(await readFile(join(folder.path, "shop", "README.md"), "utf8")).toBe("# Shop\n");
    expect(await readFile(ignore, "utf8")).toBe("node_modules/\n.connector-deployer/\n");
  });

  test.each(choices)("makes a valid project of %s with %s", async (connector, auth) => {
    await using folder = await temporaryFolder();
    const type = builtinCatalog().get(connector);
    const connection = type?.connections.find((candidate) => candidate.type === auth);
    if (type === undefined || (connection === undefined && auth !== "none"))
      throw new Error(`${connector} is not in the catalog`);
    for (const { path, text } of await scaffold(type, connection)) {
      expect(text).not.toMatch(/__|undefined/);
      if (/\.ya?ml$/.test(path) && !path.includes("/templates/")) expect(() => parse(text)).not.toThrow();
      await mkdir(dirname(join(folder.path, path)), { recursive: true });
      await writeFile(join(folder.path, path), text);
    }
    for (const environment of ["default", "stage"]) {
      await using project = await openProject(folder.path, { environment, env: {} });
      expect((await project.validate()).diagnostics).toEqual([]);
      const { components } = await project.expand();
      expect(components.map(({ type }) => type)).toContain(connector === "file" ? "file" : "connection");
      // A starter brings data along, not only a connection.
      expect(components.map(({ type }) => type)).toContain("dataset");
    }
    await expect(stat(join(folder.path, ".connector-deployer", "ledger.db"))).rejects.toThrow();
  });
});

test("a connector type without a starter of its own gets its connection from the catalog alone", async () => {
  const type = builtinCatalog().get("snowflake");
  const connection = type?.connections[0];
  if (type === undefined || connection === undefined) throw new Error("snowflake is not in the catalog");
  const files = await scaffold({ ...type, id: "other-warehouse" }, connection);
  const below = files.filter(({ path }) => path.startsWith("connectors/other-warehouse/"));
  expect(below.map(({ path }) => path).sort()).toEqual([
    "connectors/other-warehouse/manifest.yaml",
    "connectors/other-warehouse/templates/system.yaml",
  ]);
  expect(below.map(({ text }) => text).join("\n")).toContain("source: other-warehouse");
});

describe("a template", () => {
  test("takes blocks with the indentation of their place, and words anywhere", () => {
    const text = "a:\n  # __LINES__\nb: __WORD__ # __WORD__\n# __NONE__\n";
    expect(fillTemplate(text, { LINES: ["x: 1", "", "y:", "  z: 2"], NONE: [] }, { WORD: "w" })).toBe(
      "a:\n  x: 1\n\n  y:\n    z: 2\nb: w # w\n",
    );
    expect(() => fillTemplate("# __OTHER__\n", {}, {})).toThrow(RangeError);
    expect(() => fillTemplate("a: __OTHER__\n", {}, {})).toThrow(RangeError);
  });
});
