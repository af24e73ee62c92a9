import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { startSearchServer } from "../support/search-server.ts";
import type { Stage } from "./stage.ts";
import { startStage } from "./stage.ts";
import { main } from "./support.ts";

/** The fixture with connections and nothing else. */
const onlyConnections = async (): Promise<Stage> => {
  const stage = await startStage();
  const file = join(stage.dir, "connectors/crm/manifest.yaml");
  await writeFile(file, (await readFile(file, "utf8")).replace(/^datatypes:[\s\S]*/m, "datatypes: {}\n"));
  return stage;
};

const at = (url: string): readonly string[] => ["--set", `base_url=${url}`];

/** Resolves when the process has said this on standard error. */
const said = (child: Pick<ReturnType<typeof start>, "stderr">, words: RegExp): Promise<void> =>
  new Promise((resolve) => {
    let text = "";
    child.stderr?.on("data", (part: Buffer) => {
      text += part.toString();
      if (words.test(text)) resolve();
    });
  });

const start = (stage: Stage, args: readonly string[]) =>
  execa(process.execPath, [main, ...args], {
    cwd: stage.dir,
    env: { PATH: process.env["PATH"] ?? "", ...stage.env },
    extendEnv: false,
    reject: false,
  });

describe("--wait", () => {
  test("succeeds when connections work; exits 4, with the reason, when they do not", async () => {
    await using stage = await onlyConnections();
    const search = await startSearchServer();
    const good = await stage.run("apply", "--yes", "--wait", ...at(search.url), "-o", "json");
    expect(good.exit).toBe(0);
    expect(JSON.parse(good.stdout)).toMatchObject({ waited: { healthy: 2, unhealthy: 0 } });
    expect(good.stderr).toMatch(/waiting for 2 resources .* 1 min/);
    expect((await stage.run("status", "--wait")).exit).toBe(0);

    search.accepts = () => false;
    const bad = await stage.run("apply", "--yes", "--wait", ...at(`${search.url}/moved`));
    expect(bad.exit).toBe(4);
    expect(bad.stdout).toMatch(/! connection\/acme-t001-crm error: .*refuses/);
    expect(bad.stdout.trimEnd()).toMatch(/2 changed.*, 2 unhealthy$/);
    const looked = await stage.run("status", "--wait", "-t", "t001", "-o", "json");
    expect(looked.exit).toBe(4);
    expect(JSON.parse(looked.stdout)).toMatchObject({ type: "status", items: [{ health: "error", healthy: false }] });
    expect((await stage.run("status")).exit).toBe(0);
  });

  test("ends with --timeout, and by an interrupt, with what was seen last", async () => {
    await using stage = await onlyConnections();
    const late = await stage.run("apply", "--yes", "--wait", "--timeout", "4s", "-o", "json");
    expect(late.exit).toBe(4);
    expect(JSON.parse(late.stdout)).toMatchObject({ waited: { healthy: 0, unhealthy: 2 }, summary: { insert: 2 } });
    expect(JSON.parse(late.stdout).interrupted).toBe(false);
    expect((await stage.run("history", "--last", "1")).stdout).toContain("unhealthy");
    const looked = await stage.run("status", "--wait", "--timeout", "2s", "-o", "json");
    expect(looked.exit).toBe(4);
    expect(JSON.parse(looked.stdout).items).toHaveLength(2);

    const child = start(stage, ["apply", "--yes", "--wait", "--set", "timeout_secs=7"]);
    await said(child, /waiting for 2 resources/);
    child.kill("SIGINT");
    const { exitCode, stdout } = await child;
    expect(exitCode).toBe(130);
    expect(stdout).toMatch(/2 changed.*, 2 unhealthy, interrupted/);

    const looking = start(stage, ["status", "--wait"]);
    await said(looking, /waiting for 2 resources/);
    looking.kill("SIGINT");
    const left = await looking;
    expect(left.exitCode).toBe(130);
    expect(left.stdout).toContain("2 unhealthy");
  });
});
