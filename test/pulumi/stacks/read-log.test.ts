import { describe, expect, it } from "vitest";
import { readLog } from "../../../src/pulumi/stacks/read-log.ts";

const inPieces = async function* (text: string, size: number): AsyncGenerator<string> {
  for (let start = 0; start < text.length; start += size) yield text.slice(start, start + size);
};
const read = (text: string, size = 7) => readLog(inPieces(text, size));

const zero = { create: 0, update: 0, replace: 0, delete: 0, same: 0, other: 0 };

describe("the counts of a log", () => {
  it.each([
    ["an update", "Resources:\n    + 2 created\n", { create: 2 }],
    [
      "several kinds",
      "Resources:\n    + 1 created\n    ~ 3 updated\n    - 2 deleted\n    +-4 replaced\n    10 changes. 7 unchanged\n",
      { create: 1, update: 3, delete: 2, replace: 4, same: 7 },
    ],
    ["a preview", "Resources:\n    ~ 1 to update\n    +-1 to replace\n    2 changes\n", { update: 1, replace: 1 }],
    ["nothing", "Resources:\n\nDuration: 1s\n", {}],
    ["one with errors", "Resources:\n    1 unchanged\n    2 errored\n", { same: 1 }],
    ["an import", "Resources:\n    = 3 imported\n", { other: 3 }],
    ["what a later pulumi may say", "Resources:\n    % 3 teleported\n", { other: 3 }],
    ["the last summary", "Resources:\n    + 9 created\n\nResources:\n    + 1 created\n", { create: 1 }],
  ])("are those of %s", async (_, text, counts) => {
    expect((await read(text)).counts).toEqual({ ...zero, ...counts });
  });

  it.each([
    ["nothing was printed", ""],
    [
      "the program says something alike",
      "Diagnostics:\n  pulumi:pulumi:Stack (x):\n    Resources:\n        + 9 created\n",
    ],
  ])("are unknown where %s", async (_, text) => {
    expect((await read(text)).counts).toBeUndefined();
  });
});

describe("the errors of a log", () => {
  it("name their resource, and leave out that the whole failed and where a program was", async () => {
    const text = [
      "Diagnostics:",
      "  pulumi-nodejs:dynamic/connector-deployer:Connection (acme-t001-crm):",
      "    error: read connection: cannot be reached",
      "    warning: something else",
      "    of no interest",
      "",
      "  pulumi:pulumi:Stack (p-t001):",
      "    error: Running program 'index.js' failed with an unhandled exception:",
      "    Error: \u001b[31mboom\u001b[39m",
      "        at file:///index.js:5:38",
      "    error: update failed",
      "",
      "Outputs:",
      "    error: this is an output",
      "",
    ].join("\n");
    expect((await read(text)).errors).toEqual([
      "acme-t001-crm: read connection: cannot be reached",
      "p-t001: Running program 'index.js' failed with an unhandled exception: Error: boom",
    ]);
  });

  it("are pulumi's own where no resource has one, and the general one where there is no other", async () => {
    expect((await read("error: no stack named 'nope' found\n")).errors).toEqual(["no stack named 'nope' found"]);
    expect((await read("error: update canceled")).errors).toEqual(["update canceled"]);
  });

  it("are few, and each is said once", async () => {
    expect((await read("error: same\n".repeat(50))).errors).toEqual(["same"]);
    const many = Array.from({ length: 50 }, (_, index) => `error: number ${index}\n`).join("");
    expect((await read(many)).errors).toHaveLength(20);
  });

  it("of a program that only stops are its last lines", async () => {
    expect(await read("one\n\ntwo\nthree\nfour\n")).toMatchObject({ errors: [], last: ["two", "three", "four"] });
  });

  it("are cut where a line does not end", async () => {
    const { last } = await read("x".repeat(100_000), 1000);
    expect(last.map((line) => line.length)).toEqual([4096]);
  });
});
