import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Component, Json } from "../../src/contract/index.ts";
import type { ExpansionFolder } from "../../src/deploy/index.ts";
import { writeExpansion } from "../../src/deploy/index.ts";

const component = (tenant: string, _id: string, properties: { readonly [key: string]: Json } = {}): Component => ({
  tenant,
  connector: "crm",
  system: "acme",
  _id,
  type: "dataset",
  properties,
});

const stage = async () => {
  const temp = await mkdtemp(join(tmpdir(), "expansion-"));
  const folder = join(temp, "out");
  return {
    folder,
    write: (
      components: readonly Component[],
      isWhole = true,
      format: "yaml" | "json" = "yaml",
    ): Promise<ExpansionFolder> => writeExpansion(folder, components, { format, isWhole }),
    files: async (): Promise<readonly string[]> =>
      (await readdir(folder, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
        .sort(),
    put: async (path: string, text: string): Promise<void> => {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    },
    [Symbol.asyncDispose]: () => rm(temp, { recursive: true, force: true }),
  };
};

const index = ".connector-deployer-expansion.json";

describe("an expansion in a folder", () => {
  test("has a file for each component, the same bytes every time", async () => {
    await using at = await stage();
    const components = [
      component("t1", "b", { secret: { $secret: "$SECRET(x)" }, list: [1] }),
      component("t1", "a"),
      component("t2", "a"),
    ];
    const written = await at.write(components);
    expect(written).toMatchObject({
      added: ["t1/dataset/a.yaml", "t1/dataset/b.yaml", "t2/dataset/a.yaml"],
      changed: [],
      removed: [],
      unchanged: 0,
    });
    const text = await readFile(join(at.folder, "t1/dataset/b.yaml"), "utf8");
    expect(text).toBe("_id: b\ntype: dataset\nsecret: $SECRET(x)\nlist:\n  - 1\n");
    const before = await readFile(join(at.folder, index));
    expect(await at.write(components.toReversed())).toMatchObject({ added: [], changed: [], unchanged: 3 });
    expect(await readFile(join(at.folder, index))).toEqual(before);
  });

  test("loses what no component gives any more, and no other file", async () => {
    await using at = await stage();
    await at.write([component("t1", "a"), component("t1", "b"), component("t2", "a")]);
    await at.put("t1/notes.md", "mine");
    expect(await at.write([component("t1", "a", { x: 1 })])).toMatchObject({
      changed: ["t1/dataset/a.yaml"],
      removed: ["t1/dataset/b.yaml", "t2/dataset/a.yaml"],
    });
    expect(await at.files()).toEqual([index, "t1/dataset/a.yaml", "t1/notes.md"]);
    expect(await readdir(at.folder)).not.toContain("t2");
    expect(await at.write([component("t1", "a", { x: 1 })], true, "json")).toMatchObject({
      added: ["t1/dataset/a.json"],
      removed: ["t1/dataset/a.yaml"],
    });
  });

  test("keeps other tenants' files where only some tenants are written", async () => {
    await using at = await stage();
    await at.write([component("t1", "a"), component("t2", "a")]);
    expect(await at.write([component("t2", "b")], false)).toMatchObject({ removed: ["t2/dataset/a.yaml"] });
    expect(await at.files()).toEqual([index, "t1/dataset/a.yaml", "t2/dataset/b.yaml"]);
    expect(await at.write([component("t2", "b")])).toMatchObject({ removed: ["t1/dataset/a.yaml"] });
  });

  test("is refused in a folder that holds other files", async () => {
    await using at = await stage();
    await at.put("readme.md", "mine");
    await expect(at.write([component("t1", "a")])).rejects.toMatchObject({ code: "usage" });
    expect(await at.files()).toEqual(["readme.md"]);
  });

  test.each(["edited", "foreign", "in the way"])(
    "is refused where a file is %s, before anything is written",
    async (what) => {
      await using at = await stage();
      await at.write([component("t1", "a"), component("t1", "b")]);
      if (what === "edited") await at.put("t1/dataset/b.yaml", "_id: edited\n");
      if (what === "foreign") await at.put("t3/dataset/b.yaml", "mine");
      if (what === "in the way") await at.put("t3", "mine");
      const before = await Promise.all((await at.files()).map((path) => readFile(join(at.folder, path), "utf8")));
      await expect(at.write([component("t1", "a", { x: 1 }), component("t3", "b")])).rejects.toMatchObject({
        code: "usage",
      });
      const after = await Promise.all((await at.files()).map((path) => readFile(join(at.folder, path), "utf8")));
      expect(after).toEqual(before);
    },
  );

  test("goes on where an earlier one was interrupted", async () => {
    await using at = await stage();
    await at.write([component("t1", "a"), component("t1", "b")]);
    const old = await readFile(join(at.folder, "t1/dataset/a.yaml"), "utf8");
    const oldIndex = JSON.parse(await readFile(join(at.folder, index), "utf8"));
    const next = [component("t1", "a", { x: 1 }), component("t1", "b", { x: 1 })];
    await at.write(next);
    const newIndex = JSON.parse(await readFile(join(at.folder, index), "utf8"));
    const path = "t1/dataset/a.yaml";
    const files = { ...newIndex.files, [path]: [...oldIndex.files[path], ...newIndex.files[path]] };
    await at.put(index, JSON.stringify({ ...newIndex, files }));
    await at.put(path, old);
    expect(await at.write(next)).toMatchObject({ changed: [path], unchanged: 1 });
  });

  test("has names that every file system takes, and one for each component", async () => {
    await using at = await stage();
    const ids = [
      "../../up",
      "a b",
      "a/b",
      ".hidden",
      "con",
      "é💥",
      "Case",
      "case",
      "x".repeat(300),
      `${"x".repeat(299)}y`,
      "a%20b",
      "*",
      "~",
    ];
    const written = await at.write(ids.map((_id) => component("t1", _id)));
    expect(written.added).toHaveLength(ids.length);
    const files = (await at.files()).filter((path) => path !== index);
    expect(files.every((path) => /^t1\/dataset\/[A-Za-z0-9%_~-][A-Za-z0-9%._~-]{0,200}\.yaml$/.test(path))).toBe(true);
    expect(new Set(files.map((path) => path.toLowerCase())).size).toBe(ids.length);
    const read = await Promise.all(files.map(async (path) => (await readFile(join(at.folder, path), "utf8")).length));
    expect(read).toHaveLength(ids.length);
    expect(files).toContain("t1/dataset/..%2F..%2Fup.yaml".replace("/..", "/%2E."));
  });
});
