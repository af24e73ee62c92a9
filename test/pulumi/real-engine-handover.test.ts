import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { expect, it } from "vitest";
import { serve } from "../../src/service/index.ts";
import { cli } from "../cli/support.ts";
import { programFolder, removeFolder, root } from "../support/pulumi/dynamic-host.ts";
import { missingEngine, type RealEngine, startRealEngine } from "../support/pulumi/real-engine.ts";
import { testCredentials } from "../support/service.ts";
import { skip } from "../support/skip.ts";

const what =
  "examples/quickstart goes from the ledger into Pulumi's real engine and back with no difference at any step";
const reason = missingEngine();

const program = `
import * as pulumi from "@pulumi/pulumi";
import { Tenant } from "connector-deployer/pulumi";
const tenant = pulumi.getStack();
export const ids = new Tenant(tenant, { project: "./deploy" }).ids;
`;

const story = async (folder: string, env: Readonly<Record<string, string>>, engine: RealEngine): Promise<void> => {
  const run = async (exit: number, ...args: readonly string[]) => {
    const done = await cli([...args, "-p", "deploy", "-o", "json"], { cwd: folder, env });
    expect(done.exit, done.stderr).toBe(exit);
    expect(done.stdout + done.stderr).not.toContain("placeholder-");
    return JSON.parse(done.stdout);
  };
  const pulumi = async (...args: readonly string[]) => {
    const outcome = await engine.run(...args);
    expect(outcome.ok, outcome.text).toBe(true);
    expect(outcome.text).not.toContain("placeholder-");
    return outcome;
  };
  await run(0, "apply", "--yes");
  expect(await run(0, "plan", "--exit-code")).toMatchObject({ changes: [], refusals: [] });

  const handed = await run(0, "adopt", "--pulumi-import", "t001.json", "-t", "t001", "--yes");
  expect(handed.items).toHaveLength(8);
  expect(handed.left).toEqual([]);
  const file = await readFile(join(folder, "t001.json"), "utf8");
  for (const secret of ["placeholder-", testCredentials.secretKey, folder]) expect(file).not.toContain(secret);
  expect(await run(7, "apply", "--yes")).toMatchObject({ refusals: [{ guard: "handed-over", tenant: "t001" }] });

  // As the command's last lines say.
  const imported = await pulumi("import", "--file", "t001.json", "--protect=false", "--generate-code=false", "--yes");
  expect(imported.text).not.toMatch(/validate/);
  expect(await pulumi("preview", "--expect-no-changes")).toMatchObject({ counts: { unchanged: 10 } });
  expect(await pulumi("up", "--yes", "--skip-preview")).toMatchObject({ counts: { unchanged: 10 } });
  expect(await pulumi("refresh", "--yes", "--skip-preview")).toMatchObject({ counts: { unchanged: 10 } });
  expect(await pulumi("up", "--yes", "--skip-preview")).toMatchObject({ counts: { unchanged: 10 } });

  await pulumi("stack", "export", "--file", "state.json");
  const state = await readFile(join(folder, "state.json"), "utf8");
  for (const secret of ["placeholder-", testCredentials.secretKey]) expect(state).not.toContain(secret);
  const back = await run(0, "adopt", "--from-pulumi-state", "state.json", "--yes");
  expect(back.items).toHaveLength(8);
  expect(back).toMatchObject({ left: [], commands: ["pulumi stack rm t001 --force"] });
  expect(await run(0, "plan", "--exit-code")).toMatchObject({ changes: [], refusals: [] });
  await pulumi("stack", "rm", "--force", "--yes");
  expect(await run(0, "apply", "--yes")).toMatchObject({ results: [], refusals: [] });
};

if (reason !== undefined) skip(what, reason);
else {
  it(what, { timeout: 300_000 }, async () => {
    const server = await serve({ credentials: testCredentials, statusWait: 0 });
    const folder = programFolder();
    try {
      const quickstart = join(root, "examples/quickstart");
      await cp(quickstart, join(folder, "deploy"), {
        recursive: true,
        filter: (path) => !path.endsWith(".connector-deployer"),
      });
      await writeFile(
        join(folder, "Pulumi.yaml"),
        "name: fleet\nruntime: { name: nodejs, options: { typescript: false } }\n",
      );
      await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", main: "index.js" }));
      await writeFile(join(folder, "index.js"), program);
      const env = {
        ...(parseEnv(await readFile(join(quickstart, "demo.env"), "utf8")) as Record<string, string>),
        INFINO_ENDPOINT: server.url,
        INFINO_ACCESS_KEY: testCredentials.accessKey,
        INFINO_SECRET_KEY: testCredentials.secretKey,
      };
      const engine = await startRealEngine(folder, env, "t001");
      try {
        await story(folder, env, engine);
      } finally {
        engine.remove();
      }
    } finally {
      await server.close();
      removeFolder(folder);
    }
  });
}
