import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { writeSesamFolder } from "../../src/deploy/sesam-folder.ts";
import { sesamText } from "../../src/deploy/sesam-text.ts";
import type { SesamFile } from "../../src/manifest/index.ts";

const node = { _id: "node", type: "metadata", task_manager: { disable_user_pipes: true } };

const expansion = (pipes: { readonly [_id: string]: number | string }, profile = "test"): readonly SesamFile[] => [
  { path: "node-metadata.conf.json", content: node },
  ...Object.entries(pipes).map(([_id, value]) => ({
    path: `pipes/${_id}.conf.json`,
    content: { _id, type: "pipe", value },
  })),
  { path: `${profile}-env.json`, content: { "node-env": "test" } },
];

const pathOf = (_id: string): string => `pipes/${_id}.conf.json`;
const index = ".connector-deployer-expansion.json";

const stage = async () => {
  const temp = await mkdtemp(join(tmpdir(), "sesam-folder-"));
  const folder = join(temp, "out");
  const put = async (path: string, text: string, secondsAgo = 0): Promise<void> => {
    const full = join(folder, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, text);
    const time = Date.now() / 1000 - secondsAgo;
    await utimes(full, time, time);
  };
  const files = async (): Promise<readonly string[]> =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort();
  return {
    folder,
    put,
    files,
    read: (path: string): Promise<string> => readFile(join(folder, path), "utf8"),
    write: (pipes: Parameters<typeof expansion>[0], options: { force?: boolean; profile?: string } = {}) =>
      writeSesamFolder(folder, expansion(pipes, options.profile), { force: options.force === true }),
    /** As Sesam's own client leaves it: no index, all files at once. */
    foreign: async (pipes: Parameters<typeof expansion>[0], secondsAgo = 60): Promise<void> => {
      for (const { path, content } of expansion(pipes)) await put(path, sesamText(content), secondsAgo);
    },
    /** Everything but the index, with its text. */
    texts: async (): Promise<readonly (readonly [string, string])[]> =>
      Promise.all(
        (await files())
          .filter((path) => path !== index)
          .map(async (path) => [path, await readFile(join(folder, path), "utf8")] as const),
      ),
    [Symbol.asyncDispose]: () => rm(temp, { recursive: true, force: true }),
  };
};

describe("an expansion in Sesam's form in a folder", () => {
  test("is written once, and then only where it changes", async () => {
    await using at = await stage();
    const first = at.write({ b: 1, a: 1 });
    expect(first).toMatchObject({
      added: ["node-metadata.conf.json", pathOf("a"), pathOf("b"), "test-env.json"],
      unchanged: 0,
    });
    expect(await at.files()).toEqual([index, "node-metadata.conf.json", pathOf("a"), pathOf("b"), "test-env.json"]);
    const before = await at.read(index);
    expect(at.write({ a: 1, b: 1 })).toMatchObject({ added: [], changed: [], removed: [], unchanged: 4 });
    expect(await at.read(index)).toBe(before);
    expect(at.write({ a: 2, c: 1 })).toMatchObject({
      added: [pathOf("c")],
      changed: [pathOf("a")],
      removed: [pathOf("b")],
      unchanged: 2,
    });
    expect(await at.files()).toEqual([index, "node-metadata.conf.json", pathOf("a"), pathOf("c"), "test-env.json"]);
  });

  test("is not written over where a file was edited, with or without a new content for it", async () => {
    await using at = await stage();
    at.write({ a: 1, b: 1 });
    const edited = sesamText({ _id: "a", type: "pipe", value: 7 });
    await at.put(pathOf("a"), edited);
    for (const pipes of [{ a: 1, b: 1 }, { a: 2, b: 2 }, { b: 2 }]) {
      const before = await at.texts();
      expect(() => at.write(pipes)).toThrow(expect.objectContaining({ code: "usage" }));
      expect(await at.texts()).toEqual(before);
    }
    expect(at.write({ b: 2 }, { force: true })).toMatchObject({ removed: [pathOf("a")], changed: [pathOf("b")] });
  });

  test("takes a file for its own that has the content of the new expansion, however it is laid out", async () => {
    await using at = await stage();
    at.write({ a: 1 });
    await at.put(pathOf("a"), '{"value":2,"type":"pipe","_id":"a"}');
    expect(at.write({ a: 2 })).toMatchObject({ changed: [pathOf("a")] });
    expect(await at.read(pathOf("a"))).toBe(sesamText({ _id: "a", type: "pipe", value: 2 }));
  });

  test("is refused where a component was added to it, and gives it up only with force", async () => {
    await using at = await stage();
    at.write({ a: 1 });
    await at.put(pathOf("new"), '{"_id":"new","type":"pipe"}');
    expect(() => at.write({ a: 1 })).toThrow(expect.objectContaining({ code: "usage" }));
    expect(at.write({ a: 1 }, { force: true })).toMatchObject({ removed: [pathOf("new")] });
  });

  test("leaves what is no part of any expansion alone", async () => {
    await using at = await stage();
    at.write({ a: 1 });
    for (const path of ["notes.txt", "pipes/README.md", "own-env.json", ".syncconfig"]) await at.put(path, "mine");
    at.write({ b: 1 });
    expect(await at.files()).toEqual(
      [
        index,
        ".syncconfig",
        "node-metadata.conf.json",
        "notes.txt",
        "own-env.json",
        "pipes/README.md",
        pathOf("b"),
        "test-env.json",
      ].sort(),
    );
  });

  test("has the environment of one profile", async () => {
    await using at = await stage();
    at.write({ a: 1 });
    expect(at.write({ a: 1 }, { profile: "prod" })).toMatchObject({
      added: ["prod-env.json"],
      removed: ["test-env.json"],
    });
  });

  test("takes the place of one that Sesam's client left where it has the same content", async () => {
    await using at = await stage();
    await at.foreign({ a: 1 });
    expect(at.write({ a: 1, b: 1 })).toMatchObject({ added: [pathOf("b")], removed: [], unchanged: 3 });
  });

  test("does not take the place of one of Sesam's client that has something else, which may be a download", async () => {
    await using at = await stage();
    await at.foreign({ a: 8, old: 1 });
    const before = await at.texts();
    expect(() => at.write({ a: 1 })).toThrow(expect.objectContaining({ code: "usage" }));
    expect(await at.texts()).toEqual(before);
    expect(at.write({ a: 1 }, { force: true })).toMatchObject({ changed: [pathOf("a")], removed: [pathOf("old")] });
  });

  test("is refused in a folder of somebody else, with force too", async () => {
    await using at = await stage();
    await at.foreign({ a: 1 });
    await at.put("manifest.json", "{}");
    for (const force of [false, true]) {
      expect(() => at.write({ b: 1 }, { force })).toThrow(expect.objectContaining({ code: "usage" }));
    }
    expect(await at.files()).not.toContain(index);
  });

  test("never goes through a symbolic link", async () => {
    await using at = await stage();
    await at.put("../elsewhere/a.conf.json", "mine");
    await mkdir(at.folder);
    await symlink(join(at.folder, "../elsewhere"), join(at.folder, "pipes"));
    expect(() => at.write({ a: 1 }, { force: true })).toThrow(expect.objectContaining({ code: "usage" }));
    await rm(join(at.folder, "pipes"));
    at.write({ b: 1 });
    await symlink(join(at.folder, "../elsewhere/a.conf.json"), join(at.folder, pathOf("a")));
    expect(() => at.write({ a: 1 }, { force: true })).toThrow(expect.objectContaining({ code: "usage" }));
    expect(await at.read("../elsewhere/a.conf.json")).toBe("mine");
  });

  test("is mended after a run that was killed at any file, in the middle of it too", async () => {
    const from = { a: 1, b: 1, c: 1 };
    const to = { a: 2, b: 1, d: 2 };
    await using whole = await stage();
    whole.write(from);
    whole.write(to);
    const wanted = await whole.texts();
    for (const torn of [pathOf("a"), pathOf("d")]) {
      for (const cut of [0, 10, undefined]) {
        await using at = await stage();
        at.write(from);
        const { files } = JSON.parse(await at.read(index));
        const digests = JSON.parse(await whole.read(index)).files;
        // What the index says between its two writings, and a file that was begun.
        const between = {
          ...files,
          [pathOf("a")]: [[files[pathOf("a")][0][0], digests[pathOf("a")][0][0]]],
          [pathOf("d")]: [[digests[pathOf("d")][0][0]]],
        };
        await at.put(index, JSON.stringify({ type: "sesam-expansion-index", isOpen: true, files: between }));
        const text = await whole.read(torn);
        await at.put(torn, cut === undefined ? text : text.slice(0, cut));
        at.write(to);
        expect(await at.texts()).toEqual(wanted);
        expect(at.write(to)).toMatchObject({ unchanged: 5 });
      }
    }
  });

  test("is not mended by losing what was edited after the kill", async () => {
    await using at = await stage();
    at.write({ a: 1 });
    const open = { ...JSON.parse(await at.read(index)), isOpen: true };
    await at.put(index, JSON.stringify(open));
    await at.put(pathOf("a"), '{"_id":"a","type":"pipe","value":"edited"}');
    expect(() => at.write({ a: 2 })).toThrow(expect.objectContaining({ code: "usage" }));
  });

  test("never touches what an index names that an expansion cannot hold", async () => {
    await using at = await stage();
    at.write({ a: 1 });
    await at.put("../victim", "mine");
    const { files, ...rest } = JSON.parse(await at.read(index));
    const digests = files[pathOf("a")];
    await at.put(index, JSON.stringify({ ...rest, files: { ...files, "../victim": digests, "pipes/../x": digests } }));
    at.write({ b: 1 }, { force: true });
    expect(await at.read("../victim")).toBe("mine");
  });
});

describe("a file of an expansion in Sesam's form", () => {
  test("is written as Sesam's client writes it", () => {
    const content = {
      z: [],
      a: {},
      text: 'Ær "☃" 🎿 \u007f\n\\',
      list: [1, -2.5, -0, true, false, null, ["x"], { k: "v" }],
      _id: "x",
      é: 1,
    };
    expect(sesamText(content)).toBe(`{
  "_id": "x",
  "a": {},
  "list": [
    1,
    -2.5,
    -0.0,
    true,
    false,
    null,
    [
      "x"
    ],
    {
      "k": "v"
    }
  ],
  "text": "\\u00c6r \\"\\u2603\\" \\ud83c\\udfbf \\u007f\\n\\\\",
  "z": [],
  "\\u00e9": 1
}`);
    expect(JSON.parse(sesamText(content))).toEqual(content);
  });
});
