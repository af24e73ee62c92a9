import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createEngineDouble, type Run } from "../support/pulumi/engine-double.ts";
import { startProviderHost } from "../support/pulumi/provider-host.ts";
import { startQuickstart } from "../support/pulumi/quickstart.ts";

const opsOf = ({ ok, steps, log }: Run): readonly string[] => {
  expect(ok, log).toBe(true);
  return [...new Set(steps.map(({ op }) => op))];
};

it("examples/quickstart goes from the ledger to Pulumi and back with no difference at any step", {
  timeout: 300_000,
}, async () => {
  await using quickstart = await startQuickstart();
  const { folder, env, run, clean, expectNoSecret } = quickstart;
  const program = { folder, file: "index.js", env };
  const engine = createEngineDouble(() => startProviderHost(folder, env));
  await run(0, "apply", "--yes");
  expect(await run(0, "plan", "--exit-code")).toMatchObject({ changes: [], refusals: [] });

  const handed = await run(0, "adopt", "--pulumi-import", "t001.json", "-t", "t001", "--yes");
  expect(handed).toMatchObject({ left: [] });
  expect(handed["items"]).toHaveLength(10);
  expect(await run(7, "apply", "--yes")).toMatchObject({ refusals: [{ guard: "handed-over", tenant: "t001" }] });

  engine.importFile(await clean("t001.json"));
  expectNoSecret(engine.rawState());
  // The double has no stack before the first run.
  const preview = await engine.preview(program);
  expect(preview.ok, preview.log).toBe(true);
  expect(preview.steps.filter(({ op, type }) => op !== "same" && type !== "pulumi:pulumi:Stack")).toEqual([]);
  const up = await engine.up(program);
  expect(up.steps.filter(({ op, type }) => op !== "same" && type !== "pulumi:pulumi:Stack")).toEqual([]);
  expect(opsOf(await engine.refresh())).toEqual(["same"]);
  expect(opsOf(await engine.up(program))).toEqual(["same"]);

  expectNoSecret(engine.rawState());
  await writeFile(join(folder, "state.json"), engine.rawState());
  const back = await run(0, "adopt", "--from-pulumi-state", "state.json", "--yes");
  expect(back).toMatchObject({ left: [], commands: ["pulumi stack rm acme --force"] });
  expect(back["items"]).toHaveLength(10);
  expect(await run(0, "plan", "--exit-code")).toMatchObject({ changes: [], refusals: [] });
});
