import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import type { ExitCode } from "../../src/cli/exit-code.ts";
import { exitOfStacks } from "../../src/cli/exit-code.ts";
import type { StackOutcome, StackReport } from "../../src/pulumi/stacks/index.ts";
import type { FakePlan, FakePulumi } from "../pulumi/stacks/fake-pulumi.ts";
import { createFakePulumi } from "../pulumi/stacks/fake-pulumi.ts";
import type { Run } from "./support.ts";
import { cli, main } from "./support.ts";
import { createTerminal } from "./terminal.ts";

type Stage = FakePulumi & { readonly dir: string; readonly run: (...args: readonly string[]) => Promise<Run> };

/** A project of two tenants beside a Pulumi program and the double of the pulumi command. */
const startStage = async (plan: FakePlan = { stacks: ["t001", "t002"] }): Promise<Stage> => {
  const fake = await createFakePulumi(plan);
  const dir = join(fake.root, "deploy");
  await cp(join(import.meta.dirname, "../fixtures/cli/two-tenants"), dir, { recursive: true });
  const run = (...args: readonly string[]): Promise<Run> =>
    cli(["pulumi", "-p", dir, ...args], { cwd: fake.program, env: fake.env });
  return { ...fake, dir, run };
};

const documentOf = ({ stdout }: Run) => JSON.parse(stdout);

describe("pulumi", () => {
  test("brings up every tenant's stack and shows one table", async () => {
    await using stage = await startStage({ stacks: ["t001", "dev"] });
    const { exit, stdout, stderr } = await stage.run("up", "--yes");
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: expect.stringMatching(/^t00[12] done: 2 create$/m) });
    expect(stdout.split("\n").slice(0, 2)).toEqual([
      expect.stringMatching(/^TENANT {2}STACK {2}OUTCOME {2}CREATE {2}UPDATE {2}REPLACE {2}DELETE {2}SAME {2}TIME$/),
      expect.stringMatching(/^t001 {4}t001 {3}done {5}2 .* 1 /),
    ]);
    expect(stdout).toMatch(/\n2 done of 2 stacks\n$/);
    expect((await stage.work()).toSorted()).toEqual(["stack init t002", "up t001", "up t002"]);
    expect(await readdir(join(stage.dir, ".connector-deployer/pulumi"))).toEqual(
      expect.arrayContaining(["t001.up.log", "t002.up.log"]),
    );
    // No ledger is needed for this, so none is made.
    expect(await readdir(join(stage.dir, ".connector-deployer"))).toEqual(["pulumi"]);
  });

  test("exits 4 where one stack failed, and prints one document", async () => {
    await using stage = await startStage({ stacks: ["t001", "t002"], by: { t002: { exit: 1, print: "error: no\n" } } });
    const ended = await stage.run("up", "--yes", "-o", "json", "--log-dir", join(stage.root, "logs"));
    expect(ended.exit).toBe(4);
    expect(documentOf(ended)).toMatchObject({
      type: "stacks",
      schemaVersion: 1,
      command: "up",
      environment: "default",
      pulumi: "3.270.0",
      interrupted: false,
      results: [
        { tenant: "t001", outcome: "done" },
        { tenant: "t002", outcome: "failed", log: join(stage.root, "logs/t002.up.log"), error: { lines: ["no"] } },
      ],
      summary: { done: 1, failed: 1 },
    });
  });

  test("exits 2 where a preview with --exit-code finds changes, and 1 where it cannot tell", async () => {
    await using stage = await startStage({ stacks: ["t001", "t002"], by: { t002: { print: "hm\n" } } });
    expect((await stage.run("preview", "-t", "t001")).exit).toBe(0);
    expect((await stage.run("preview", "-t", "t001", "--exit-code")).exit).toBe(2);
    expect((await stage.run("preview", "-t", "t002", "--exit-code")).exit).toBe(1);
  });

  test("reaches stacks of tenants without a file by their names alone", async () => {
    await using stage = await startStage({ stacks: ["t001", "t002", "dev"] });
    await rm(join(stage.dir, "tenants/t002.yaml"));
    expect((await stage.run("destroy", "-t", "t002", "-t", "t001", "--yes")).exit).toBe(0);
    expect((await stage.run("refresh", "-t", "*")).exit).toBe(0);
    expect((await stage.work()).toSorted()).toEqual(["destroy t001", "destroy t002", "refresh t001"]);
    expect((await stage.run("up", "-t", "t002", "--yes")).exit).toBe(3);
  });

  test.each([
    ["an operation that it does not have", ["rm", "--yes"]],
    ["no operation", []],
    ["a tenant as an argument", ["up", "t001", "--yes"]],
    ["another stack for everybody", ["up", "--yes", "--", "--stack=dev"]],
    ["pulumi's own JSON, which holds secrets", ["up", "--yes", "--", "--json"]],
    ["a destroy of everybody", ["destroy", "--yes"]],
    ["nobody to ask", ["up"]],
    ["an exit code for changes where changes are made", ["up", "--yes", "--exit-code"]],
    ["a tenant that is not there", ["up", "-t", "t00x", "--yes"]],
  ])("refuses %s and starts nothing", async (_, args) => {
    await using stage = await startStage();
    expect((await stage.run(...args)).exit).toBe(3);
    expect(await stage.work()).toEqual([]);
  });

  test("hands flags on", async () => {
    await using stage = await startStage();
    await stage.run("up", "-t", "t001", "--yes", "--", "--refresh", "--message", "a b");
    expect((await stage.calls()).at(-1)?.argv.slice(-4)).toEqual(["--refresh", "--message", "a b", "--stack=t001"]);
  });

  test("says how to install a pulumi that is missing, and warns of one that is too old", async () => {
    await using stage = await startStage({ version: "v3.99.0", stacks: ["t001", "t002"] });
    const missing = await cli(["pulumi", "preview", "-p", stage.dir], { cwd: stage.program, env: { PATH: stage.dir } });
    expect(missing).toMatchObject({ exit: 1, stderr: expect.stringContaining("https://www.pulumi.com/docs/install/") });
    expect(missing.stderr).toContain("PATH");
    expect(await stage.run("preview")).toMatchObject({ exit: 0, stderr: expect.stringContaining("3.99.0") });
  });

  test("runs where the Pulumi.yaml is: named, at or above the working folder, or the project's", async () => {
    await using stage = await startStage();
    const below = join(stage.program, "a/b");
    await mkdir(below, { recursive: true });
    const preview = ["pulumi", "preview", "-t", "t001", "-p", stage.dir];
    expect((await cli(preview, { cwd: below, env: stage.env })).exit).toBe(0);
    expect((await cli([...preview, "--cwd", "program"], { cwd: stage.root, env: stage.env })).exit).toBe(0);
    expect((await cli(preview, { cwd: stage.root, env: stage.env })).exit).toBe(3);
    await writeFile(join(stage.dir, "Pulumi.yaml"), "name: x\nruntime: nodejs\n");
    expect((await cli(preview, { cwd: stage.root, env: stage.env })).exit).toBe(0);
    const folders = (await stage.calls()).filter(({ at, argv }) => at === "begin" && argv[0] === "preview");
    expect(folders.map(({ cwd }) => cwd)).toEqual([stage.program, stage.program, stage.dir]);
  });

  test("exits 6 where pulumi is not logged in, and shows no token", async () => {
    const list = { print: "error: not logged in with planted-token-1", exit: 3 };
    await using stage = await startStage({ list });
    const env = { ...stage.env, PULUMI_ACCESS_TOKEN: "planted-token-1" };
    const { exit, stderr } = await cli(["pulumi", "preview", "-p", stage.dir], { cwd: stage.program, env });
    expect(exit).toBe(6);
    expect(stderr).toContain("not logged in with [redacted]");
    expect(stderr).toContain("pulumi login");
  });

  test("exits 130 when it is interrupted, after pulumi has cancelled", async () => {
    await using stage = await startStage({ stacks: ["t001", "t002"], by: { t001: { hang: "polite" } } });
    const running = execa(process.execPath, [main, "pulumi", "up", "-p", stage.dir, "--yes", "--parallel", "1"], {
      cwd: stage.program,
      env: stage.env,
      extendEnv: false,
      reject: false,
    });
    await stage.begun(1);
    running.kill("SIGINT");
    const { exitCode, stdout } = await running;
    expect(exitCode).toBe(130);
    expect(stdout).toContain("1 skipped, 1 cancelled of 2 stacks, interrupted");
    expect((await stage.calls()).filter(({ at }) => at === "SIGINT")).toHaveLength(1);
    expect(await stage.work()).toEqual(["up t001"]);
  });
});

describe("a person who is asked", () => {
  const asked = async (operation: string, answer: string): Promise<{ work: readonly string[]; shown: string }> => {
    await using stage = await startStage({ stacks: ["t001"] });
    const { command } = await import("../../src/cli/commands/pulumi.ts");
    const terminal = createTerminal({ env: stage.env });
    const given = { project: [stage.dir], cwd: [stage.program], tenant: ["*"] };
    const running = command.execute(given, [operation], terminal.session).catch((error: { readonly code: string }) => {
      expect(error.code).toBe("cancelled");
    });
    while (!terminal.shown().includes("go on")) await new Promise((resolve) => setTimeout(resolve, 10));
    terminal.type(answer);
    await running;
    return { work: await stage.work(), shown: terminal.shown() };
  };

  test.each([
    ["up", "y\n", 3, "2 stacks (t001, t002)"],
    ["up", "n\n", 0, "2 stacks (t001, t002)"],
    ["destroy", "yes\n", 1, "1 stack (t001)"],
    ["destroy", "y\n", 0, "1 stack (t001)"],
  ])("about %s and says %j begins %i", async (operation, answer, begun, named) => {
    const { work, shown } = await asked(operation, answer);
    expect(work).toHaveLength(begun);
    expect(shown).toContain(named);
  });
});

describe("the exit code of many stacks", () => {
  const counts = { create: 0, update: 0, replace: 0, delete: 0, same: 1, other: 0 };
  const report = (
    command: StackReport["command"],
    outcomes: readonly StackOutcome[],
    facts: { readonly interrupted?: boolean; readonly code?: string; readonly silent?: boolean } = {},
  ): Parameters<typeof exitOfStacks>[0] => ({
    command,
    interrupted: facts.interrupted ?? false,
    results: outcomes.map((outcome) => ({
      tenant: "t",
      stack: "t",
      durationMs: 1,
      outcome,
      ...(facts.silent === true ? {} : { counts }),
      ...(outcome === "failed" ? { error: { code: facts.code ?? "pulumi-failed", message: "m" } } : {}),
    })),
  });

  test.each<[string, Parameters<typeof exitOfStacks>[0], boolean, ExitCode]>([
    ["nobody", report("up", []), false, 0],
    ["all done", report("up", ["done", "unchanged"]), false, 0],
    ["some failed", report("up", ["done", "failed"]), false, 4],
    ["all failed", report("up", ["failed", "skipped"]), false, 1],
    ["a failed preview beside others", report("preview", ["unchanged", "failed"]), true, 1],
    ["nothing but skipped", report("destroy", ["skipped"]), false, 0],
    ["a login that is missing", report("up", ["done", "failed"], { code: "unauthorized" }), false, 6],
    ["an interrupt", report("up", ["done", "cancelled"], { interrupted: true }), false, 130],
    ["changes that nobody asked about", report("preview", ["changes"]), false, 0],
    ["changes", report("preview", ["changes", "unchanged"]), true, 2],
    ["a refresh that found something", report("refresh", ["done"]), true, 2],
    ["no changes", report("refresh", ["unchanged", "skipped"]), true, 0],
    ["changes that are not known", report("preview", ["done"], { silent: true }), true, 1],
  ])("with %s", (_, given, isAsked, exit) => {
    expect(exitOfStacks(given, isAsked)).toBe(exit);
  });
});

test("completion knows the operations and their flags", async () => {
  await using stage = await startStage();
  const words = async (...typed: readonly string[]): Promise<readonly string[]> =>
    (await cli(["completion", "--words", "zsh", "pulumi", ...typed], { cwd: stage.dir })).stdout.trim().split("\n");
  expect(await words("")).toEqual(["up", "preview", "destroy", "refresh"]);
  expect(await words("up", "--par")).toEqual(["--parallel"]);
  expect(await words("up", "-t", "")).toEqual(["t001", "t002"]);
});
