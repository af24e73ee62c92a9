import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { programFolder, removeFolder } from "../support/pulumi/dynamic-host.ts";
import { createEngineDouble, type Program, type Run } from "../support/pulumi/engine-double.ts";
import { startProviderHost } from "../support/pulumi/provider-host.ts";

const provider = `
module.exports = {
  diff: async (_id, olds, news) => ({ changes: olds.value !== news.value, replaces: olds.key !== news.key ? ["key"] : [] }),
  create: async (inputs) => {
    if (inputs.value === "half") throw Object.assign(new Error("half made"), { id: "half", properties: inputs, reasons: ["half made"] });
    return { id: inputs.key, outs: inputs };
  },
  update: async (_id, _olds, news) => ({ outs: news }),
  delete: async () => {},
};`;

/** A provider that keeps nothing, and programs of it: each entry is a resource that needs the one before. */
const stageDouble = () => {
  const folder = programFolder();
  onTestFinished(() => removeFolder(folder));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, "provider.cjs"), provider);
  const program = (
    ...resources: readonly { name: string; key: string; value?: string; protect?: boolean }[]
  ): Program => {
    const text = `
      import * as pulumi from "@pulumi/pulumi";
      const __provider = 'exports.handler=()=>require(process.cwd()+"/provider.cjs")';
      let before = [];
      for (const { name, protect, ...own } of ${JSON.stringify(resources)}) {
        const args = { ...own, needs: before.map(({ id }) => id), __provider };
        before = [new pulumi.CustomResource("pulumi-nodejs:dynamic/test:Thing", name, args, { protect })];
      }`;
    writeFileSync(join(folder, "index.js"), text);
    return { folder, file: "index.js" };
  };
  return { program, engine: createEngineDouble(() => startProviderHost(folder, {})) };
};

const changes = ({ steps }: Run) => steps.flatMap(({ op, name }) => (op === "same" ? [] : [`${op} ${name}`]));

it("the double records what was half made, leaves out what needs it, and updates it next time", async () => {
  const { program, engine } = stageDouble();
  const failed = await engine.up(program({ name: "a", key: "a", value: "half" }, { name: "b", key: "b" }));
  expect(failed).toMatchObject({ ok: false, steps: [] });
  expect(failed.diagnostics[0]).toMatchObject({ severity: "error", message: "half made" });
  expect(engine.resources().filter(({ custom }) => custom)).toMatchObject([{ id: "half", initErrors: ["half made"] }]);
  const next = await engine.up(program({ name: "a", key: "a", value: "half" }, { name: "b", key: "b" }));
  expect(changes(next)).toEqual(["update a", "create b"]);
}, 120_000);

it("the double makes the new one first where the provider does not say otherwise, and keeps what is protected", async () => {
  const { program, engine } = stageDouble();
  const both = [
    { name: "a", key: "a" },
    { name: "b", key: "b", protect: true },
  ] as const;
  await engine.up(program(...both));
  expect(changes(await engine.up(program({ name: "a", key: "a2" }, both[1])))).toEqual([
    "replace a",
    "delete-replaced a",
  ]);
  const undeclared = await engine.up(program({ name: "a", key: "a2" }));
  expect(undeclared).toMatchObject({ ok: false });
  expect(undeclared.log).toContain("protected");
  expect(await engine.destroy()).toMatchObject({ ok: false, steps: [] });
  expect(engine.resources().filter(({ custom }) => custom)).toHaveLength(2);
}, 120_000);
