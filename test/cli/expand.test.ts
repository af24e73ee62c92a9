import { cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cli, temporaryFolder } from "./support.ts";

const fixture = join(import.meta.dirname, "../fixtures/sesam/a-development-expansion");
const files = ["node-metadata.conf.json", "pipes", "systems", "test-env.json"];

describe("expand --format sesam", () => {
  test("expands a connector's folder, says what it wrote, and refuses to lose edits", async () => {
    await using folder = await temporaryFolder();
    const cwd = join(folder.path, "crm");
    await cp(fixture, cwd, { recursive: true });
    const first = await cli(["expand", "--format", "sesam"], { cwd });
    expect(first).toMatchObject({ exit: 0, stderr: "" });
    expect(first.stdout).toContain("+ pipes/xxxxxx-deal-collect.conf.json\n");
    expect(first.stdout).toContain("8 added, 0 changed, 0 removed, 0 unchanged");
    expect((await readdir(join(cwd, ".expanded"))).filter((name) => !name.startsWith("."))).toEqual(files);
    await writeFile(join(cwd, ".expanded/pipes/xxxxxx-deal-collect.conf.json"), "{}");
    const edited = await cli(["expand", "--format", "sesam", "-o", "json"], { cwd });
    expect(edited.exit).toBe(3);
    expect(edited.stderr).toContain("collapse first, or --force");
    const forced = await cli(["expand", "--format", "sesam", "--force", "-o", "json"], { cwd });
    expect(JSON.parse(forced.stdout)).toMatchObject({
      type: "sesam-expansion",
      folders: [{ changed: ["pipes/xxxxxx-deal-collect.conf.json"], unchanged: 7 }],
    });
  });

  test("expands several folders, or none of them when one has an error", async () => {
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    for (const name of ["crm", "shop"]) await cp(fixture, join(cwd, name), { recursive: true });
    const both = await cli(["expand", "--format", "sesam", "crm", "shop"], { cwd });
    expect(both.stdout).toContain("16 added, 0 changed, 0 removed, 0 unchanged");
    expect(await readdir(join(cwd, "shop/.expanded"))).toEqual(expect.arrayContaining(files));
    await cli(["expand", "--format", "sesam", "crm", "shop", "--out", "all"], { cwd });
    expect((await readdir(join(cwd, "all"))).sort()).toEqual(["crm", "shop"]);
    await writeFile(join(cwd, "shop/manifest.json"), "{");
    const broken = await cli(["expand", "--format", "sesam", "crm", "shop", "--out", "none"], { cwd });
    expect(broken.exit).toBe(3);
    expect(broken.stderr).toContain("shop/manifest.json:1:2");
    expect(await readdir(cwd)).not.toContain("none");
    for (const args of [
      ["crm", "-t", "t1"],
      ["crm", "nowhere"],
      ["crm", "all/crm", "--out", "twice"],
    ]) {
      expect(await cli(["expand", "--format", "sesam", ...args], { cwd })).toMatchObject({ exit: 3, stdout: "" });
    }
  });

  test("is what a connector's folder needs, and what other flags go with", async () => {
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    await mkdir(join(cwd, "empty"));
    const alone = await cli(["expand", "-p", fixture], { cwd });
    expect(alone.exit).toBe(3);
    expect(alone.stderr).toMatch(/no-project(.|\n)*--format sesam/);
    const neither = await cli(["expand", "--format", "sesam", "-p", folder.path]);
    expect([neither.exit, neither.stderr]).toEqual([3, expect.stringMatching(/no-project(.|\n)*connectors\/\*/)]);
    for (const args of [
      ["-p", fixture, "--profile", "dev"],
      ["-p", fixture, "--force"],
      ["-p", fixture, "--format", "sesam", "--as", "transform"],
      ["-p", fixture, "--format", "sesam", "-t", "t1", "--out", "out"],
      ["-p", fixture, "--format", "yaml"],
      ["-p", "empty", "--format", "sesam"],
      [fixture],
    ]) {
      expect(await cli(["expand", ...args], { cwd })).toMatchObject({ exit: 3, stdout: "" });
    }
    expect(await readdir(cwd)).toEqual(["empty"]);
  });
});
