import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Component, Properties } from "../../src/contract/index.ts";
import type { Diagnostic } from "../../src/diagnostic.ts";
import { readProject } from "../../src/manifest/index.ts";

/** What a fixture's `expected.json` holds beside what comes out. */
type Options = {
  readonly environment?: string;
  readonly env?: { readonly [name: string]: string };
  readonly set?: Properties;
  /** Secret paths by type of component, as the catalog would give them. */
  readonly secretPaths?: { readonly [type: string]: readonly string[] };
};

type Expected = {
  readonly options?: Options;
  /** `severity code file:line:column [tenant]` of each. */
  readonly diagnostics?: readonly string[];
  readonly components?: readonly Component[];
};

const folder = join(import.meta.dirname, "../fixtures/manifest");

const line = ({ severity, code, location, tenant }: Diagnostic): string => {
  const place = location === undefined ? "nowhere" : `${location.file}:${location.line}:${location.column}`;
  return `${severity} ${code} ${place}${tenant === undefined ? "" : ` [${tenant}]`}`;
};

/** Everything that a project folder gives: diagnostics in the order of their finding, and components. */
const outcomeOf = async (dir: string, options: Options) => {
  const files = await readProject(dir, options.environment ?? "default", { env: options.env ?? {} });
  const diagnostics: Diagnostic[] = [...files.diagnostics];
  const components: Component[] = [];
  for (const { file } of await files.tenantFiles()) {
    const read = await files.readTenant(file);
    diagnostics.push(...read.diagnostics);
    if (read.tenant === undefined) continue;
    const { secretPaths, set } = options;
    const expansion = files.expandTenant(read.tenant, {
      ...(set && { set }),
      ...(secretPaths && { secretPaths: (type) => secretPaths[type] ?? [] }),
    });
    diagnostics.push(...expansion.diagnostics);
    components.push(...expansion.components);
  }
  return { diagnostics, components };
};

describe("a project folder", () => {
  for (const situation of readdirSync(folder)) {
    const dir = join(folder, situation);
    const expected = JSON.parse(readFileSync(join(dir, "expected.json"), "utf8")) as Expected;

    test(situation.replaceAll("-", " "), async () => {
      const { diagnostics, components } = await outcomeOf(dir, expected.options ?? {});
      expect(diagnostics.map(line)).toEqual(expected.diagnostics ?? []);
      if (expected.components !== undefined) expect(components).toEqual(expected.components);
      for (const { code, message, hint } of diagnostics) {
        expect(message).not.toBe("");
        if (code !== "yaml-syntax" && code !== "wrong-type") expect(hint).toMatch(/\w/);
      }
    });
  }
});
