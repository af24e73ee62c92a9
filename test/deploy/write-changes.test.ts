import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { writeChanges } from "../../src/deploy/write-changes.ts";

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const folderWith = async (files: { readonly [name: string]: string }): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), "write-changes-"));
  folders.push(dir);
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
};

const textsIn = async (dir: string): Promise<{ readonly [name: string]: string }> =>
  Object.fromEntries(
    await Promise.all((await readdir(dir)).map(async (name) => [name, await readFile(join(dir, name), "utf8")])),
  );

const change = (file: string, before: string, after: string) => ({ file, before, after });

test("no file is changed where one of them is not what the change was made for", async () => {
  const dir = await folderWith({ "a.json": "1", "b.json": "another" });
  const changes = [change("a.json", "1", "2"), change("b.json", "1", "2")];
  await expect(writeChanges(dir, changes, "pull", [change("c.json", "", "new")])).rejects.toMatchObject({
    code: "usage",
    message: expect.stringContaining("b.json"),
  });
  expect(await textsIn(dir)).toEqual({ "a.json": "1", "b.json": "another" });
});

test("what another run wrote meanwhile is done, and stays when something else cannot be", async () => {
  const dir = await folderWith({ "a.json": "2", "b.json": "1" });
  await writeChanges(dir, [change("a.json", "1", "2"), change("b.json", "1", "2")], "pull");
  expect(await textsIn(dir)).toEqual({ "a.json": "2", "b.json": "2" });
  await expect(
    writeChanges(dir, [change("a.json", "1", "2"), change("b.json", "1", "3")], "pull"),
  ).rejects.toMatchObject({ code: "usage" });
  expect(await textsIn(dir)).toEqual({ "a.json": "2", "b.json": "2" });
});

test("a new file takes the place of no other", async () => {
  const dir = await folderWith({ "a.json": "1", "new.json": "somebody's" });
  await expect(
    writeChanges(dir, [change("a.json", "1", "2")], "collapse", [change("new.json", "", "ours")]),
  ).rejects.toMatchObject({ code: "usage" });
  expect(await textsIn(dir)).toEqual({ "a.json": "1", "new.json": "somebody's" });
  await writeChanges(dir, [change("a.json", "1", "2")], "collapse", [change("other.json", "", "ours")]);
  expect(await textsIn(dir)).toEqual({ "a.json": "2", "new.json": "somebody's", "other.json": "ours" });
});

test("nothing is written through a symbolic link that leads out of the folder", async () => {
  const outside = await folderWith({ "theirs.json": "1" });
  const dir = await folderWith({ "a.json": "1" });
  await symlink(join(outside, "theirs.json"), join(dir, "link.json"));
  await symlink(outside, join(dir, "templates"));
  for (const file of ["link.json", "templates/theirs.json", "../theirs.json"]) {
    await expect(
      writeChanges(dir, [change("a.json", "1", "2"), change(file, "1", "2")], "collapse"),
    ).rejects.toMatchObject({ code: "usage", message: expect.stringContaining(file) });
  }
  await expect(writeChanges(dir, [], "collapse", [change("templates/new.json", "", "new")])).rejects.toMatchObject({
    code: "usage",
  });
  expect(await textsIn(outside)).toEqual({ "theirs.json": "1" });
  expect(await readFile(join(dir, "a.json"), "utf8")).toBe("1");
});

test("a symbolic link within the folder stays one, and its file gets the text", async () => {
  const dir = await folderWith({});
  await mkdir(join(dir, "shared"));
  await writeFile(join(dir, "shared", "a.json"), "1");
  await symlink("shared/a.json", join(dir, "a.json"));
  await writeChanges(dir, [change("a.json", "1", "2")], "collapse");
  expect(await readFile(join(dir, "shared", "a.json"), "utf8")).toBe("2");
  expect(await readdir(dir)).toEqual(["a.json", "shared"]);
});
