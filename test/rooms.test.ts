import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Room, violations } from "./support/room-edges.ts";

/** Which room may load which (`values`), only when asked (`lazy`), and only for the compiler (`types`). */
const rooms: Readonly<Record<string, Room>> = {
  contract: { values: [], types: [] },
  // A catalog's defaults are the contract's JSON.
  catalog: { values: [], types: ["contract"] },
  secrets: { values: ["contract"], types: [] },
  manifest: { values: ["contract", "catalog"], types: [] },
  infino: { values: ["contract"], types: [] },
  resources: { values: ["contract", "catalog"], types: ["infino"] },
  ledger: { values: ["contract"], types: [] },
  engine: { values: ["contract", "resources"], types: ["ledger"] },
  deploy: {
    values: ["contract", "catalog", "secrets", "manifest", "infino", "resources", "ledger", "engine"],
    types: [],
  },
  // Reports, as `deploy` and the runner over many stacks give them, are what it renders.
  render: { values: ["contract"], types: ["engine", "deploy", "pulumi"] },
  service: { values: ["contract", "catalog"], types: ["infino"] },
  pulumi: {
    values: ["contract", "catalog", "manifest", "resources", "secrets", "infino"],
    lazy: ["deploy"],
    types: [],
    // The runner over many stacks, import files and stack exports: the command line has no SDK.
    doors: ["stacks/index.ts"],
  },
  cli: { values: ["deploy", "render"], lazy: ["service", "pulumi"], types: "any" },
};

const src = join(import.meta.dirname, "../src");

const sources = async (): Promise<ReadonlyMap<string, string>> => {
  const paths = (await readdir(src, { recursive: true })).filter((path) => path.endsWith(".ts")).sort();
  const texts = await Promise.all(paths.map((path) => readFile(join(src, path), "utf8")));
  return new Map(paths.map((path, index) => [path.replaceAll("\\", "/"), texts[index] ?? ""]));
};

const check = (path: string, text: string): readonly string[] => violations(new Map([[path, text]]), rooms);

describe("the rooms", () => {
  it("are reached as the table says, and in no other way", async () => {
    expect(violations(await sources(), rooms)).toEqual([]);
  });

  it("are the folders of src", async () => {
    const folders = (await readdir(src, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    expect(Object.keys(rooms)).toEqual(expect.arrayContaining(folders.map(({ name }) => name)));
  });

  it("make no circle at run time", () => {
    const reach = (name: string, seen: readonly string[]): void => {
      expect(seen).not.toContain(name);
      for (const next of rooms[name]?.values ?? []) reach(next, [...seen, name]);
    };
    for (const name of Object.keys(rooms)) reach(name, []);
  });
});

describe("the check", () => {
  it.each([
    ["a value from a room that the table forbids", 'import { createClient } from "../infino/index.ts";'],
    ["a value where only types are allowed", 'import { openLedger } from "../ledger/index.ts";'],
    ["a type inside a value import", 'import { type Ledger } from "../ledger/index.ts";'],
    ["a re-exported value", 'export { openLedger } from "../ledger/index.ts";'],
    ["everything re-exported", 'export * from "../ledger/index.ts";'],
    ["an import for its effects", 'import "../ledger/index.ts";'],
    ["a lazy import", 'const load = () => import("../ledger/index.ts");'],
    ["a type from a room that the table forbids", 'import type { InfinoClient } from "../infino/index.ts";'],
    ["a type in an expression", 'type Client = import("../infino/index.ts").InfinoClient;'],
    ["a file behind another room's door", 'import { digest } from "../contract/json.ts";'],
    ["a file behind a second door", 'import { runStacks } from "../pulumi/stacks/run-stacks.ts";'],
    ["a type behind another room's door", 'import type { Json } from "../contract/json.ts";'],
    ["something outside src", 'import { x } from "../../test/x.ts";'],
    ["a room that is not in the table", 'import { x } from "../helpers/index.ts";'],
  ])("catches %s", (_, text) => {
    expect(check("engine/planted.ts", text)).toHaveLength(1);
  });

  it("catches a file beside the rooms that imports one, and a room that the table does not have", () => {
    expect(check("planted.ts", 'import type { Json } from "./contract/index.ts";')).toHaveLength(1);
    expect(check("helpers/planted.ts", "export const one = 1;")).toHaveLength(1);
  });

  it("finds the same from a folder inside a room", () => {
    expect(check("cli/commands/planted.ts", 'import { x } from "../../engine/index.ts";')).toHaveLength(1);
    expect(check("cli/commands/planted.ts", 'import { x } from "../../deploy/index.ts";')).toHaveLength(0);
    expect(check("cli/commands/planted.ts", 'import { x } from "../other.ts";')).toHaveLength(0);
  });

  it.each([
    ["engine/planted.ts", 'import { compare } from "../contract/index.ts";'],
    ["engine/planted.ts", 'import type { Ledger } from "../ledger/index.ts";'],
    ["engine/planted.ts", 'export type * from "../ledger/index.ts";'],
    ["engine/planted.ts", 'import { DeployerError } from "../errors.ts";'],
    ["engine/planted.ts", 'import { readFile } from "node:fs/promises";'],
    ["cli/planted.ts", 'const load = () => import("../service/index.ts");'],
    ["cli/planted.ts", 'const load = () => import("../pulumi/stacks/index.ts");'],
    ["cli/planted.ts", 'import type { Plan } from "../contract/index.ts";'],
    ["pulumi/planted.ts", 'const load = () => import("../deploy/index.ts");'],
    ["engine/planted.ts", '// import { x } from "../infino/index.ts";'],
  ])("lets %s have %s", (path, text) => {
    expect(check(path, text)).toEqual([]);
  });

  it.each([
    ["cli/planted.ts", 'import { serve } from "../service/index.ts";'],
    ["pulumi/planted.ts", 'import { deployTenant } from "../deploy/index.ts";'],
  ])("keeps lazy edges lazy: %s", (path, text) => {
    expect(check(path, text)).toHaveLength(1);
  });
});
