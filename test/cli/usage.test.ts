import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { commands } from "../../src/cli/commands/index.ts";
import { cli, main, temporaryFolder } from "./support.ts";

/** Prints the addresses of all modules that a process loads, last. */
const counter = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from "node:module";
const seen = new Set();
registerHooks({ load: (url, context, next) => { seen.add(url); return next(url, context); } });
process.on("exit", () => process.stderr.write("\\nMODULES " + JSON.stringify([...seen]) + "\\n"));
`)}`;

const loaded = async (...args: readonly string[]): Promise<readonly string[]> => {
  const { stderr, exit } = await cli(args, { node: ["--import", counter] });
  expect(exit).toBe(0);
  const urls = JSON.parse(/MODULES (.*)/.exec(stderr)?.[1] ?? "[]") as readonly string[];
  return urls.filter((url) => url.startsWith("file:"));
};

describe("the command line", () => {
  test("prints its version, and nothing else", async () => {
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, "../../package.json"), "utf8"));
    expect(await cli(["--version"])).toEqual({ exit: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("lists its commands", async () => {
    const { exit, stdout, stderr } = await cli(["--help"]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    for (const { name, summary } of commands) expect(stdout).toMatch(new RegExp(`^ {2}${name} +${summary}$`, "m"));
    expect(await cli([])).toEqual({ exit: 3, stdout: "", stderr: stdout });
  });

  test("gives help for a command in two ways, with examples", async () => {
    const [one, two] = await Promise.all([cli(["help", "plan"]), cli(["plan", "--detail", "--help"])]);
    expect(one).toEqual(two);
    expect(one.exit).toBe(0);
    expect(one.stdout).toMatch(/Usage: connector-deployer plan[\s\S]*--exit-code[\s\S]*Examples:/);
  });

  test("needs few modules for its version and its list of commands", async () => {
    const [version, help] = await Promise.all([loaded("--version"), loaded("--help")]);
    // More than this means that a command, the library or a package is loaded where nothing of it is used.
    expect(version.length).toBeLessThanOrEqual(9);
    expect(help.length).toBeLessThanOrEqual(11);
    expect(help.filter((url) => url.includes("node_modules"))).toEqual([]);
  });

  test("loads of a command only what it needs", async () => {
    const urls = await loaded("plan", "--help");
    expect(urls.filter((url) => /\/cli\/commands\/(?!index|plan)/.test(url))).toEqual([]);
    expect(urls.filter((url) => /\/src\/(deploy|engine|manifest|infino|ledger|service)\//.test(url))).toEqual([]);
    expect(urls.filter((url) => /node_modules\/(?!commander|fastest-levenshtein)/.test(url))).toEqual([]);
  });

  test("refuses an old Node before it loads anything, where no newer one is at hand", async () => {
    await using folder = await temporaryFolder();
    // Elsewhere there is no checkout whose own Node could be used.
    const alone = join(folder.path, "dist/cli/main.ts");
    for (const name of ["main.ts", "newer-node.ts"]) await cp(join(main, "..", name), join(alone, "..", name));
    const old = "data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '20.19.0' })";
    const { exitCode, stdout, stderr } = await execa(process.execPath, ["--import", old, alone, "--version"], {
      reject: false,
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toMatch(/Node 24 or newer; this is 20\.19\.0/);
    const text = await readFile(main, "utf8");
    expect(text).not.toMatch(/^import/m);
    expect(text.match(/import\(/g)).toHaveLength(2);
  });
});

describe("wrong usage", () => {
  test.each([
    [["plann"], /unknown command "plann"[\s\S]*did you mean "plan"\?/],
    [["--projct", "x", "plan"], /"--projct"[\s\S]*did you mean "--project"\?/],
    [["--xyzzy"], /unknown flag "--xyzzy"/],
    [["-p", "x"], /no command/],
    [["plan", "--tenat", "x"], /did you mean --tenant\?/],
    [["expand", "--prune"], /expand has no use for --prune/],
    [["apply", "--waits", "--yes"], /unknown flag "--waits"/],
    [["expand", "-o", "markdown"], /expand cannot print markdown/],
    [["plan", "--set", "novalue"], /--set is "novalue"/],
    [["plan", "-t", ""], /--tenant is empty/],
    [["plan", "-l", ""], /--selector is empty/],
    [["plan", "-l", "eu"], /--selector is "eu"[\s\S]*name=value/],
    [["plan", "--only", ""], /--only is empty/],
    [["plan", "--adopt="], /--adopt is empty/],
    [["plan", "--only", "acme-t001-crm"], /--only is "acme-t001-crm"[\s\S]*KIND\/_ID/],
    [["plan", "--adopt", "x"], /--adopt is "x"[\s\S]*KIND\/_ID/],
    [["apply", "--prune=no", "--yes"], /--prune takes no value; "no" was given/],
    [["apply"], /no terminal to ask on[\s\S]*--yes/],
    [["destroy", "-t", "t*", "--confirm", "t*"], /glob "t\*"/],
    [["destroy", "-t", "a", "-t", "b"], /2 were given/],
    [["destroy", "-t", "t001"], /--confirm t001/],
    [["destroy", "-t", "t001", "--confirm", "t002"], /"t002"[\s\S]*"t001"/],
    [["apply", "plan.json", "--prune", "--yes"], /--prune cannot change "plan\.json"/],
    [["apply", "plan.json", "-l", "region=eu", "--yes"], /--selector cannot change/],
    [["apply", "not-there.json", "--yes"], /not-there\.json[\s\S]*ENOENT/],
    [["schema", "tenat"], /"tenat"/],
    [["init", "--connector", "elasticserch"], /did you mean "elasticsearch"\?/],
    [["init", "--auth", "api_kye"], /did you mean "api_key"\?/],
    [["serve", "--trait", "list=bare"], /did you mean "lists"\?/],
    [["serve", "--trait", "lists=short"], /full, bare/],
  ])("%j exits 3 and says what to do", async (args, pattern) => {
    const { exit, stdout, stderr } = await cli(args);
    expect(stderr).toMatch(pattern);
    expect({ exit, stdout }).toEqual({ exit: 3, stdout: "" });
    expect(stderr).toMatch(/what to do: /);
  });

  test("of a file with variables that is not there exits 3, unless Node gets hold of the flag first", async () => {
    const args = ["plan", "--env-file", "not-there.env"];
    // Node looks for this flag of its own even after the script's name, but not after `--`.
    const { exit, stderr } = await cli(args, { node: ["--"] });
    expect(stderr).toMatch(/not-there\.env[\s\S]*ENOENT/);
    expect(exit).toBe(3);
    expect((await cli(args)).exit).not.toBe(0);
  });

  test("is one document where JSON was asked for, and YAML where that was", async () => {
    const [json, yaml] = await Promise.all([cli(["plan", "--prun", "-o", "json"]), cli(["plann", "--output=yaml"])]);
    expect(json.exit).toBe(3);
    expect(JSON.parse(json.stdout)).toEqual({
      type: "error",
      schemaVersion: 1,
      code: "usage",
      message: 'unknown flag "--prun" of plan',
      hint: "did you mean --prune? connector-deployer help plan lists its flags",
      exit: 3,
    });
    expect(yaml.stdout).toMatch(/^type: error\nschemaVersion: 1\ncode: usage\n/);
  });

  test("cannot make the terminal do anything", async () => {
    const { stdout, stderr } = await cli(["\u001b]0;owned\u0007\u009b2J", "-o", "json"]);
    expect((stdout + stderr).replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    expect(JSON.parse(stdout).message).toContain('"\\u001b]0;owned\\u0007\u009b2J"');
  });
});
