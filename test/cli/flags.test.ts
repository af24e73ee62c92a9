import { describe, expect, test } from "vitest";
import { chooseCommand, wantedFormat } from "../../src/cli/choose-command.ts";
import { defineCommand } from "../../src/cli/command.ts";
import { milliseconds, numberOrShare, wholeNumber } from "../../src/cli/flag.ts";
import { parseCommand } from "../../src/cli/parse-command.ts";
import { readSet } from "../../src/cli/read-set.ts";
import { applying, planning, project, reporting, selection } from "../../src/cli/shared-flags.ts";
import { shellText } from "../../src/cli/shell-text.ts";

const command = defineCommand({
  description: "d",
  args: [{ name: "file", description: "a file", required: false }],
  examples: [],
  formats: ["text"],
  flags: { ...project, ...selection, ...planning, ...applying, ...reporting },
  run: async () => 0,
});

const given = (...argv: readonly string[]) => parseCommand("test", command, argv);
const refused = (act: () => unknown, pattern: RegExp): void => {
  expect(act).toThrowError(expect.objectContaining({ code: "usage" }));
  try {
    act();
  } catch (error) {
    const { message, hint } = error as { readonly message: string; readonly hint: string };
    expect(`${message}\n${hint}`).toMatch(pattern);
  }
};

describe("flags", () => {
  test("are read in every way that people write them", () => {
    const { given: flags, args } = given(
      "-t",
      "a",
      "--tenant=!b",
      "-tc",
      "--delete-data",
      "-qv",
      "plan.json",
      "-e",
      "stage",
    );
    expect(flags).toEqual({
      tenant: ["a", "!b", "c"],
      deleteData: [""],
      quiet: [""],
      verbose: [""],
      environment: ["stage"],
    });
    expect(args).toEqual(["plan.json"]);
    expect(given("--no-color", "--set", "k=-1", "--", "-x").given).toEqual({ noColor: [""], set: ["k=-1"] });
    expect(given("--", "-x").args).toEqual(["-x"]);
  });

  test("that are not known are refused with the nearest that is", () => {
    refused(() => given("--tenat", "a"), /--tenat[\s\S]*did you mean --tenant\?/);
    refused(() => given("--delete-dat"), /did you mean --delete-data\?/);
    refused(() => given("-t", "a", "--xyzzy=1"), /"--xyzzy"/);
    refused(() => given("--prune"), /test has no use for --prune/);
    refused(() => given("--waits"), /unknown flag "--waits"/);
    refused(() => given("-X"), /"-X"/);
  });

  test("without their value, and arguments that are too many, are refused", () => {
    refused(() => given("--tenant"), /--tenant <glob>' argument missing/);
    refused(() => given("a", "b"), /does not take "b"/);
  });

  test.each([
    ["90s", 90_000],
    ["10m", 600_000],
    ["1.5h", 5_400_000],
    ["500ms", 500],
  ])("take the duration %s", (text, expected) => {
    expect(milliseconds("--timeout")(text)).toBe(expected);
  });

  test.each(["", "10", "-5s", "0s", "1d", "99999h", "10 m", "NaNs"])("refuse the duration %j", (text) => {
    refused(() => milliseconds("--timeout")(text), /10m/);
  });

  test("take numbers and shares, and refuse what is neither", () => {
    expect(numberOrShare("--max-deletes")("0")).toBe(0);
    expect(numberOrShare("--max-deletes")("12")).toBe(12);
    expect(numberOrShare("--max-deletes")("2.5%")).toBe("2.5%");
    for (const text of ["", "-1", "101%", "1.5", "%", "ten", "1e3"]) {
      refused(() => numberOrShare("--max-deletes")(text), /10%/);
    }
    expect(wholeNumber("--parallelism", 1, 1000)("10")).toBe(10);
    for (const text of ["0", "1001", "1.5", "", "0x10"])
      refused(() => wholeNumber("--parallelism", 1, 1000)(text), /1000/);
  });
});

describe("a word of a command line", () => {
  test.each([
    ["plan.json", "plan.json"],
    ["-p", "-p"],
    ["my projects/a", "'my projects/a'"],
    ["it's", "'it'\\''s'"],
    ["$HOME", "'$HOME'"],
    ["", "''"],
  ])("%j is given to a shell as %j", (word, expected) => {
    expect(shellText(word)).toBe(expected);
  });
});

describe("--set", () => {
  test("reads each value as YAML reads a scalar; the last one of a name counts", async () => {
    const texts = [
      "a=5",
      "b=v5",
      'c="5"',
      "d=true",
      "e=",
      "f=null",
      "g=1.5",
      "h=x=y",
      "i=https://h:1/p?q=1",
      "a=6",
      "__proto__=x",
    ];
    const set = await readSet(texts);
    expect(Object.entries(set)).toEqual([
      ["a", 6],
      ["b", "v5"],
      ["c", "5"],
      ["d", true],
      ["e", null],
      ["f", null],
      ["g", 1.5],
      ["h", "x=y"],
      ["i", "https://h:1/p?q=1"],
      ["__proto__", "x"],
    ]);
  });

  test.each([
    "novalue",
    "=x",
    "a=[1]",
    "a={b: 1}",
    "a=x # cut",
    "a=#x",
    "a=*x",
    "a=b: c",
    'a="x',
    "a=.nan",
    "a=12345678901234567890",
  ])("refuses %j instead of guessing", async (text) => {
    await expect(readSet([text])).rejects.toMatchObject({ code: "usage" });
  });
});

describe("the command", () => {
  test.each([
    [["plan", "-t", "a"], "plan", ["-t", "a"]],
    [["-p", "plan", "apply", "x"], "apply", ["-p", "plan", "x"]],
    [["--project=dir", "-q", "drift"], "drift", ["--project=dir", "-q"]],
    [["--help"], undefined, ["--help"]],
    [[], undefined, []],
  ])("of %j is found wherever it stands", (argv, name, rest) => {
    expect(chooseCommand(argv)).toEqual({ name, rest });
  });

  test.each([
    [["plan", "-o", "json"], "json"],
    [["plan", "--output=yaml"], "yaml"],
    [["plan", "-ojson"], "json"],
    [["plan", "--out", "f"], undefined],
  ])("%j wants its errors in the form of its output", (argv, format) => {
    expect(wantedFormat(argv)).toBe(format);
  });
});
