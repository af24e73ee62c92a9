import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Quickstart } from "../support/pulumi/quickstart.ts";
import { startQuickstart } from "../support/pulumi/quickstart.ts";
import { missingEngine, type RealEngine, startRealEngine } from "../support/pulumi/real-engine.ts";
import { skip } from "../support/skip.ts";

const what =
  "examples/quickstart goes from the ledger into Pulumi's real engine and back with no difference at any step";
const reason = missingEngine();

const story = async ({ folder, run, clean, expectNoSecret }: Quickstart, engine: RealEngine): Promise<void> => {
  const pulumi = async (...args: readonly string[]) => {
    const outcome = await engine.run(...args);
    expect(outcome.ok, outcome.text).toBe(true);
    expectNoSecret(outcome.text);
    return outcome;
  };
  await run(0, "apply", "--yes");
  expect(await run(0, "plan", "--exit-code")).toMatchObject({ changes: [], refusals: [] });

  const handed = await run(0, "adopt", "--pulumi-import", "t001.json", "-t", "t001", "--yes");
  expect(handed).toMatchObject({ left: [] });
  expect(handed["items"]).toHaveLength(10);
  await clean("t001.json");
  expect(await run(7, "apply", "--yes")).toMatchObject({ refusals: [{ guard: "handed-over", tenant: "t001" }] });

  // As the command's last lines say.
  const imported = await pulumi("import", "--file", "t001.json", "--protect=false", "--generate-code=false", "--yes");
  expect(imported.text).not.toMatch(/validate/);
  expect(await pulumi("preview", "--expect-no-changes")).toMatchObject({ counts: { unchanged: 12 } });
  expect(await pulumi("up", "--yes", "--skip-preview")).toMatchObject({ counts: { unchanged: 12 } });
  expect(await pulumi("refresh", "--yes", "--skip-preview")).toMatchObject({ counts: { unchanged: 12 } });
  expect(await pulumi("up", "--yes", "--skip-preview")).toMatchObject({ counts: { unchanged: 12 } });

  await pulumi("stack", "export", "--file", "state.json");
  expectNoSecret(await readFile(join(folder, "state.json"), "utf8"));
  const back = await run(0, "adopt", "--from-pulumi-state", "state.json", "--yes");
  expect(back).toMatchObject({ left: [], commands: ["pulumi stack rm t001 --force"] });
  expect(back["items"]).toHaveLength(10);
  expect(await run(0, "plan", "--exit-code")).toMatchObject({ changes: [], refusals: [] });
  await pulumi("stack", "rm", "--force", "--yes");
  expect(await run(0, "apply", "--yes")).toMatchObject({ results: [], refusals: [] });
};

if (reason !== undefined) skip(what, reason);
else {
  it(what, { timeout: 300_000 }, async () => {
    await using quickstart = await startQuickstart();
    const engine = await startRealEngine(quickstart.folder, quickstart.env, "t001");
    try {
      await story(quickstart, engine);
    } finally {
      engine.remove();
    }
  });
}
