import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startStage } from "./stage.ts";
import { cli } from "./support.ts";

const linesOf = (text: string): readonly { readonly [key: string]: unknown }[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("entities of the connector contract on the command line", () => {
  test("go from the files to the target, and from the target to a change", async () => {
    await using stage = await startStage();
    const desired = await stage.run("expand", "--as", "transform", "--out", "desired.jsonl");
    expect(desired).toMatchObject({ exit: 0, stdout: "" });
    expect(linesOf(await readFile(join(stage.dir, "desired.jsonl"), "utf8"))).toHaveLength(6);
    const planned = await stage.run("plan", "--from", "desired.jsonl", "--out", "plan.json", "--exit-code");
    expect(planned.exit).toBe(2);
    expect(await stage.run("apply", "plan.json", "--yes", "-q")).toMatchObject({ exit: 0 });
    expect(await stage.run("plan", "--exit-code", "-q")).toMatchObject({ exit: 0 });

    const live = await stage.run("status", "--as", "collect", "-t", "t001");
    const connection = linesOf(live.stdout).find(({ _id }) => String(_id).startsWith("infino-connection:"));
    const config = connection?.["config"] as object;
    const given = { ...connection, $based_on: { config }, config: { ...config, timeout_secs: 60 } };
    const { $tenant: _, ...without } = given as { $tenant?: unknown };
    await stage.client("PATCH", `/source/${String(connection?.["_id"]).split(":")[1]}`, {
      config: { timeout_secs: 45 },
    });
    const input = JSON.stringify(without);
    const options = { cwd: stage.dir, env: stage.env, input };
    expect((await cli(["plan", "--from", "-"], options)).exit).toBe(3);
    const again = await cli(["plan", "--from", "-", "-t", "t001", "--out", "next.json"], options);
    expect(again).toMatchObject({ exit: 0, stdout: expect.stringContaining("timeout_secs") });
    expect(await stage.run("apply", "next.json", "--yes", "-q")).toMatchObject({ exit: 5 });

    const [collect, share] = [await stage.run("status", "--as", "collect"), await stage.run("status", "--as", "share")];
    expect(
      linesOf(collect.stdout)
        .map((entity) => entity["$origin"])
        .sort(),
    ).toEqual(
      linesOf(share.stdout)
        .map((entity) => entity["$origin"])
        .sort(),
    );
    expect(JSON.parse((await stage.run("status", "--as", "share", "-o", "json")).stdout)).toMatchObject({
      type: "entities",
      schemaVersion: 1,
      side: "share",
    });
  });

  test("are refused with the lines that are wrong, and flags that have no use with them", async () => {
    await using stage = await startStage();
    await writeFile(join(stage.dir, "d.jsonl"), '{"_id":"other-connection:x"}\n{\n');
    const wrong = await stage.run("plan", "--from", "d.jsonl");
    expect(wrong.exit).toBe(3);
    expect(wrong.stderr).toMatch(/d\.jsonl:1:1[\s\S]*d\.jsonl:2:1/);
    for (const flags of [
      ["--prune"],
      ["--only", "connection/*"],
      ["-l", "a=b"],
      ["-t", "t*"],
      ["-t", "a", "-t", "b"],
    ]) {
      expect(await stage.run("plan", "--from", "d.jsonl", ...flags, "-o", "json")).toMatchObject({
        exit: 3,
        stdout: expect.stringContaining('"usage"'),
      });
    }
    expect(await stage.run("plan", "--from", "nowhere.jsonl")).toMatchObject({ exit: 3 });
    expect(await stage.run("status", "--all")).toMatchObject({ exit: 3 });
  });
});

describe("expand --out", () => {
  test("writes a file for each component, and touches nothing that it did not write", async () => {
    await using stage = await startStage();
    const first = await stage.run("expand", "--out", "out", "-o", "json");
    expect(JSON.parse(first.stdout)).toMatchObject({ type: "expansion-folder", schemaVersion: 1, unchanged: 0 });
    expect(await readdir(join(stage.dir, "out/t001/connection"))).toEqual(["acme-t001-crm.json"]);
    const second = await stage.run("expand", "--out", "out");
    expect(second.stdout).toMatch(/^\+ t001\/connection\/acme-t001-crm\.yaml$/m);
    expect(second.stdout).toMatch(/\n6 added, 0 changed, 6 removed, 0 unchanged\n$/);
    expect(await stage.run("expand", "--out", "out", "-t", "t001")).toMatchObject({
      stdout: "0 added, 0 changed, 0 removed, 3 unchanged\n",
    });
    await mkdir(join(stage.dir, "mine"));
    await writeFile(join(stage.dir, "mine/notes.md"), "mine");
    expect(await stage.run("expand", "--out", "mine")).toMatchObject({ exit: 3 });
    await stage.run("expand", "-o", "jsonl", "--out", "lines.jsonl");
    expect(linesOf(await readFile(join(stage.dir, "lines.jsonl"), "utf8"))).toHaveLength(6);
  });
});
