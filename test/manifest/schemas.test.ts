import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { schemaFiles } from "../../scripts/schemas.ts";
import { environmentSchema, manifestSchema, projectSchema, tenantSchema } from "../../src/manifest/index.ts";
import { traits } from "../../src/resources/index.ts";

describe("the JSON Schemas for users' files", () => {
  for (const [name, content] of schemaFiles()) {
    test(`${name} is current: node scripts/schemas.ts writes it`, () => {
      expect(readFileSync(join(import.meta.dirname, "../../schemas", name), "utf8")).toBe(content);
    });

    test(`${name} compiles in strict mode`, () => {
      expect(() => new Ajv({ strict: true, allowUnionTypes: true }).compile(JSON.parse(content))).not.toThrow();
    });
  }

  test("name every trait of a target, with its values", () => {
    const { properties } = projectSchema.properties.targets.additionalProperties.properties.traits;
    const values = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, schema.enum]));
    expect(values).toEqual(traits);
  });

  test("ask nothing of an environment, and let it take members out", () => {
    const check = new Ajv({ allowUnionTypes: true }).compile(environmentSchema());
    expect(check({})).toBe(true);
    expect(check({ targets: { default: { endpoint: "https://stage" } }, waves: null, connectors: { crm: null } })).toBe(
      true,
    );
    expect(check({ targets: { default: { endpiont: "https://stage" } } })).toBe(false);
    expect(check({ waves: "canary" })).toBe(false);
  });

  test("describe the examples of docs/files.md", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/files.md"), "utf8");
    const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = ""]) => text);
    for (const [index, schema] of [projectSchema, tenantSchema, manifestSchema].entries()) {
      const check = new Ajv({ allowUnionTypes: true }).compile(schema);
      expect([check(parse(examples[index] ?? "")), check.errors]).toEqual([true, null]);
    }
  });
});
