import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const main = join(root, "dist/cli/main.js");

const versionOf = (node: string): number =>
  Number(execFileSync(node, ["-p", "process.versions.node"]).toString().split(".")[0]);

/** A Node of this machine that is too old for the command line, if there is one. */
const oldNode = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter((folder) => folder !== "" && !folder.includes("node_modules"))
  .map((folder) => join(folder, "node"))
  .find((node) => existsSync(node) && versionOf(node) < 24 && versionOf(node) >= 18);

describe.skipIf(oldNode === undefined)("on a Node that is too old (skipped where the machine has none)", () => {
  const run = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
    const child = spawn(oldNode ?? "", [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    const code = await new Promise<number | null>((done) => child.once("close", done));
    return { code, output };
  };

  it("a checkout runs with its own Node, with the same output and exit code", async () => {
    expect(await run("--version")).toMatchObject({ code: 0, output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(await run("no-such-command")).toMatchObject({ code: 3 });
  });

  it("killing it kills what it started", async () => {
    const child = spawn(oldNode ?? "", [main, "serve", "--port", "0"], { stdio: ["ignore", "pipe", "ignore"] });
    const line = await new Promise<string>((done) =>
      child.stdout.once("data", (chunk: Buffer) => done(chunk.toString())),
    );
    const url = line.trim().replace("listening on ", "");
    expect((await fetch(url)).status).toBe(401);
    child.kill("SIGKILL");
    for (let wait = 0; wait < 100; wait++) {
      const isUp = await fetch(url).then(
        () => true,
        () => false,
      );
      if (!isUp) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    expect.unreachable("the service outlived the process that was started");
  });
});
