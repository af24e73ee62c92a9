import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { command } from "../../src/cli/commands/collapse.ts";
import { writeSesamFolder } from "../../src/deploy/sesam-folder.ts";
import { readSesamConnector } from "../../src/manifest/index.ts";
import { cli, temporaryFolder } from "./support.ts";
import { createTerminal } from "./terminal.ts";

const template = `{
  "_id": "{{@ system @}}-{{@ datatype @}}-collect",
  "type": "pipe",
  "source": {"type": "rest", "page": 10}
}
`;
const pipe = ".expanded/pipes/xxxxxx-contact-collect.conf.json";

const startFolder = async () => {
  const folder = await temporaryFolder();
  const file = (path: string): string => join(folder.path, path);
  await writeFile(file("manifest.json"), '{"datatypes": {"contact": {"template": "contact.json"}}}\n');
  await writeFile(file("contact.json"), template);
  writeSesamFolder(file(".expanded"), (await readSesamConnector(folder.path)).expand().files);
  return {
    ...folder,
    edit: async (before: string, after: string): Promise<void> =>
      writeFile(file(pipe), (await readFile(file(pipe), "utf8")).replace(before, after)),
    template: () => readFile(file("contact.json"), "utf8"),
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
};

describe("collapse", () => {
  test("says what it did, and writes only when it may", async () => {
    await using folder = await startFolder();
    const run = (...args: readonly string[]) => cli(["collapse", ...args], { cwd: folder.path });
    const nothing = await run();
    expect([nothing.exit, nothing.stdout]).toEqual([0, expect.stringMatching(/^nothing to collapse/)]);

    await folder.edit("10", "20");
    expect((await run()).exit).toBe(3);
    const shown = await run("--dry-run");
    expect([shown.exit, shown.stderr]).toEqual([0, ""]);
    expect(shown.stdout).toContain(
      '-  "source": {"type": "rest", "page": 10}\n+  "source": {"type": "rest", "page": 20}',
    );
    expect(await folder.template()).toBe(template);
    const written = await run("--yes");
    expect([written.exit, written.stdout]).toEqual([0, "~ contact.json\n\ncollapsed 1 edit in 1 file\n"]);
    expect(written.stderr).toContain("source.page 10 → 20");
    expect(await folder.template()).toBe(template.replace("10", "20"));
  });

  test("exits 5 where an edit has no place, and tells programs why", async () => {
    await using folder = await startFolder();
    await folder.edit("contact-collect", "other-collect");
    await folder.edit("10", "20");
    const run = (...args: readonly string[]) => cli(["collapse", ...args, "-p", folder.path, "-o", "json"]);
    const listed = await run("--yes");
    expect(listed.exit).toBe(5);
    expect(JSON.parse(listed.stdout)).toMatchObject({
      type: "collapse-report",
      schemaVersion: 1,
      written: false,
      placed: [
        { path: "/source/page", from: 10, to: 20, into: "template", location: { file: "contact.json", line: 4 } },
      ],
      unplaced: [{ path: "/_id", reason: expect.any(String), message: expect.any(String) }],
    });
    expect(await folder.template()).toBe(template);
    expect((await run("--yes", "--partial")).exit).toBe(5);
    expect(await folder.template()).toBe(template.replace("10", "20"));
    expect((await run("--expanded", join(folder.path, "nowhere"))).exit).toBe(3);
  });

  test("wants the folder of a connector, and says which folder is none", async () => {
    await using folder = await startFolder();
    const run = (dir: string) => cli(["collapse", "-p", dir, "-o", "json"], { cwd: folder.path });
    await mkdir(join(folder.path, "project"));
    await writeFile(join(folder.path, "project/connector-deployer.yaml"), "vendor: acme\n");
    for (const dir of ["project", ".expanded", "nowhere"]) {
      const refused = await run(dir);
      expect(refused.exit).toBe(3);
      expect(JSON.parse(refused.stdout)).toMatchObject({ code: "usage", message: expect.stringContaining(`"${dir}"`) });
    }
  });

  test.each([
    ["y", "20"],
    ["n", "10"],
  ])("asks at a terminal, and takes %s", async (answer, page) => {
    await using folder = await startFolder();
    await folder.edit("10", "20");
    const terminal = createTerminal();
    setTimeout(() => terminal.type(`${answer}\n`), 0);
    const running = command.execute({ project: [folder.path] }, [], terminal.session);
    if (answer === "y") expect(await running).toBe(0);
    else await expect(running).rejects.toMatchObject({ code: "cancelled" });
    terminal.close();
    expect(terminal.shown()).toContain("write this file? [y/N]");
    expect(await folder.template()).toBe(template.replace("10", page));
  });
});
