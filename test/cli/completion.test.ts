import { access, chmod, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { commands } from "../../src/cli/commands/index.ts";
import { situationOf } from "../../src/cli/complete/situation.ts";
import { splitLine } from "../../src/cli/complete/split-line.ts";
import { baseEnv } from "../support/base-env.ts";
import { startStage } from "./stage.ts";
import { cli, main, temporaryFolder } from "./support.ts";

/** Whether a program can be started here. */
const has = async (program: string): Promise<boolean> =>
  (await execa(program, ["--version"], { reject: false })).exitCode === 0;

const words = async (cwd: string, ...typed: readonly string[]): Promise<readonly string[]> => {
  const { exit, stdout, stderr } = await cli(["completion", "--words", "zsh", ...typed], { cwd });
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
  return stdout.split("\n").slice(0, -1);
};

describe("a line that is being typed", () => {
  test.each([
    ["", [""]],
    ["cd ", ["cd", ""]],
    ["cd plan -t  t0", ["cd", "plan", "-t", "t0"]],
    ["cd 'a b' \"c d", ["cd", "a b", "c d"]],
    ["cd a\\ b ''", ["cd", "a b", ""]],
  ])("%j is split as a shell does", (line, expected) => {
    expect(splitLine(line)).toEqual(expected);
  });

  test.each([
    [[""], { what: "command" }],
    [["--pro"], { what: "flag" }],
    [["plan", "-"], { what: "flag" }],
    [["plan", "-t", ""], { what: "value", key: "tenant" }],
    [["-p", "x", "plan", "--output=js"], { what: "value", key: "output" }],
    [["-e", ""], { what: "value", key: "environment" }],
    [["explain", "-t", "t001", "connection/x", ""], { what: "argument", index: 1 }],
    [["history", "--last", "5", ""], { what: "argument", index: 0 }],
  ] as const)("%j expects what fits", async (typed, expects) => {
    expect((await situationOf(typed)).expects).toMatchObject(expects);
  });
});

describe("the words", () => {
  test("are commands, flags and their values", async () => {
    await using folder = await temporaryFolder();
    const [all, flags, formats, choices, types, auth, helped] = await Promise.all([
      words(folder.path, ""),
      words(folder.path, "ledger", "--o"),
      words(folder.path, "plan", "-o", ""),
      words(folder.path, "apply", "--on-error="),
      words(folder.path, "init", "--connector", "e"),
      words(folder.path, "init", "--connector", "snowflake", "--auth", ""),
      words(folder.path, "help", "pl"),
    ]);
    expect(all).toEqual([...commands.map(({ name }) => name), "help"]);
    expect(flags).toEqual(["--old-key", "--output", "--out"]);
    expect(formats).toEqual(["text", "json", "yaml", "markdown"]);
    expect(choices).toEqual(["--on-error=continue", "--on-error=stop"]);
    expect(types).toEqual(["elasticsearch"]);
    expect(auth).toContain("pat");
    expect(helped).toEqual(["plan"]);
  }, 60_000);

  test("are live names of the project and its ledger, and nothing is sent or made", async () => {
    await using stage = await startStage();
    // Nobody listens there: a request would be an error, or take its time.
    const dir = stage.dir;
    const [tenants, excluded, resources] = [
      await words(dir, "plan", "-t", ""),
      await words(dir, "plan", "-t", "!t00"),
      await words(dir, "plan", "--only", "connection/"),
    ];
    expect(tenants).toEqual(["t001", "t002"]);
    expect(excluded).toEqual(["!t001", "!t002"]);
    expect(resources).toEqual(["connection/acme-t001-crm", "connection/acme-t002-crm"]);
    expect(await words(dir, "query", "acme-t001")).toEqual(["acme-t001-crm"]);
    expect(await readdir(dir)).not.toContain(".connector-deployer");
    const applied = await stage.run("apply", "--yes", "-q", "-o", "json", "-t", "t001");
    const { run } = JSON.parse(applied.stdout);
    await rm(join(dir, "tenants/t001.yaml"));
    expect(await words(dir, "history", run.slice(0, 2))).toEqual([run.slice(0, 8)]);
    expect(await words(dir, "explain", "connection/")).toEqual([
      "connection/acme-t001-crm",
      "connection/acme-t002-crm",
    ]);
    expect(await words(dir, "unlock", "--tenant", "")).toEqual(["t002"]);
  }, 120_000);

  test("are remembered until a file of the project changes, and then no library is loaded for them", async () => {
    await using stage = await startStage();
    await stage.run("history", "-q");
    const counter = `data:text/javascript,${encodeURIComponent(`
      import { registerHooks } from "node:module";
      registerHooks({ load: (url, context, next) => {
        if (/\\/src\\/(deploy|manifest|ledger)\\//.test(url)) process.stderr.write(url + "\\n");
        return next(url, context);
      } });`)}`;
    const ask = () =>
      cli(["completion", "--words", "zsh", "plan", "-t", ""], { cwd: stage.dir, node: ["--import", counter] });
    // The first one may itself change the index of tenants, which is a file beside the project's.
    await ask();
    await ask();
    const remembered = await ask();
    expect(remembered).toEqual({ exit: 0, stdout: "t001\nt002\n", stderr: "" });
    await writeFile(join(stage.dir, "tenants/t003.yaml"), "id: t003\nconnectors: { crm: {} }\n");
    const anew = await ask();
    expect(anew.stdout).toBe("t001\nt002\nt003\n");
    expect(anew.stderr).not.toBe("");
  }, 120_000);

  test("are none where something is wrong, without a word about it", async () => {
    await using folder = await temporaryFolder();
    expect(await words(folder.path, "plan", "-t", "")).toEqual([]);
    await writeFile(join(folder.path, "connector-deployer.yaml"), "{ broken");
    expect(await words(folder.path, "plan", "-t", "")).toEqual([]);
    expect(await words(folder.path, "no-such-command", "-t", "")).toEqual([]);
  }, 60_000);
});

describe("the script", () => {
  test("in a real bash completes commands, flags, values and live names", async () => {
    await using stage = await startStage();
    await using folder = await temporaryFolder();
    const program = join(folder.path, "connector-deployer");
    await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
    await chmod(program, 0o755);
    // What readline does: it splits at COMP_WORDBREAKS, calls the function, and takes COMPREPLY.
    const driver = `
      source <(connector-deployer completion bash)
      spec=$(complete -p connector-deployer)
      [[ $spec == *"-F _connector_deployer"* ]] || exit 9
      ask() {
        COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDS=($1) COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
        COMPREPLY=()
        _connector_deployer
        ( IFS=,; echo "$1 => \${COMPREPLY[*]}" )
      }
      ask "connector-deployer hist"
      ask "connector-deployer history --las"
      ask "connector-deployer plan -o y"
      ask "connector-deployer plan --output=y"
      ask "connector-deployer plan -t t0"
      ask "connector-deployer plan --tenant=t0"
      ask "connector-deployer explain import-job/acme-t001"
      ask "connector-deployer completion "
      ask "connector-deployer plan --out some"
    `;
    const { stdout, stderr } = await execa("bash", ["--norc", "-c", driver], {
      cwd: stage.dir,
      env: { ...baseEnv(), PATH: `${folder.path}:${process.env["PATH"] ?? ""}`, ...stage.env },
      extendEnv: false,
    });
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      "connector-deployer hist => history",
      "connector-deployer history --las => --last",
      "connector-deployer plan -o y => yaml",
      "connector-deployer plan --output=y => yaml",
      "connector-deployer plan -t t0 => t001,t002",
      "connector-deployer plan --tenant=t0 => t001,t002",
      "connector-deployer explain import-job/acme-t001 => import-job/acme-t001-crm-contact-import",
      "connector-deployer completion  => bash,zsh,fish",
      "connector-deployer plan --out some => ",
    ]);
  }, 120_000);

  test("is there for each shell, as a document too, and for no other", async () => {
    const [zsh, fish, other] = await Promise.all([
      cli(["completion", "zsh"]),
      cli(["completion", "fish", "-o", "json"]),
      cli(["completion", "tcsh"]),
    ]);
    expect(zsh.stdout).toMatch(/^#compdef connector-deployer\n/);
    expect(JSON.parse(fish.stdout)).toMatchObject({ type: "completion", schemaVersion: 1, shell: "fish" });
    expect(other.exit).toBe(3);
  }, 60_000);

  test.for(["zsh", "fish"])("is what %s can parse, where it is installed", async (shell, { skip }) => {
    if (!(await has(shell))) skip(`${shell} is not installed`);
    await using folder = await temporaryFolder();
    const script = join(folder.path, "script");
    await writeFile(script, (await cli(["completion", shell])).stdout);
    await access(script);
    expect(await execa(shell, ["-n", script], { reject: false })).toMatchObject({ exitCode: 0, stderr: "" });
  });
});
