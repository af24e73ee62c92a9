import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import type { TemporaryProject } from "./temporary-project.ts";
import { temporaryProject } from "./temporary-project.ts";

const manifest = (parameters: { readonly [name: string]: Json }): string =>
  JSON.stringify({
    "system-template": "system.yaml.hbs",
    additional_parameters: Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [name, { default: value }]),
    ),
  });

const projectWith = (
  template: string,
  parameters: { readonly [name: string]: Json } = {},
  tenant = "",
): Promise<TemporaryProject> =>
  temporaryProject({
    "crm/manifest.yaml": "",
    "crm/manifest.json": manifest(parameters),
    "crm/system.yaml.hbs": template,
    "tenants/t1.yaml": tenant === "" ? "id: t1\nconnectors: { crm: {} }\n" : tenant,
  });

const diagnosticsOf = async (project: TemporaryProject) => {
  const files = await project.read();
  const { tenant } = await files.readTenant("tenants/t1.yaml");
  const expansion = tenant && files.expandTenant(tenant);
  return [...files.diagnostics, ...(expansion?.diagnostics ?? [])].map(
    ({ code, location }) => `${code} ${location?.file}:${location?.line}:${location?.column}`,
  );
};

describe("what a Handlebars template gives", () => {
  test("stops at 10 MB", async () => {
    const list = Array.from({ length: 2000 }, (_, index) => index);
    const text = "x".repeat(10_000);
    await using project = await projectWith(`_id: x\n{{#each list}}{{#each ../list}}\n# ${text}\n{{/each}}{{/each}}`, {
      list,
    });
    expect(await diagnosticsOf(project)).toEqual(["file-too-large crm/system.yaml.hbs:2:32"]);
  });

  test("stops after a million steps, where nothing comes out", async () => {
    const list = Array.from({ length: 2000 }, (_, index) => index);
    await using project = await projectWith("_id: x\n{{#each list}}{{#each ../list}}{{/each}}{{/each}}", { list });
    expect(await diagnosticsOf(project)).toEqual(["file-too-large crm/system.yaml.hbs:2:15"]);
  });

  test("may be nothing at all", async () => {
    await using project = await projectWith("{{#if no}}_id: x{{/if}}", { no: false });
    expect(await diagnosticsOf(project)).toEqual([]);
  });

  test("does not count blocks within each other for ever", async () => {
    const depth = 20_000;
    await using project = await projectWith(`${"{{#if a}}".repeat(depth)}${"{{/if}}".repeat(depth)}`, { a: 1 });
    expect(await diagnosticsOf(project)).toEqual([expect.stringMatching(/^handlebars-syntax /)]);
  });
});

describe("the place of what came out of a Handlebars template", () => {
  const template = [
    "{{#each list}}",
    "# a comment that takes a line",
    "- _id: {{concat @root.system '-' name}}",
    "  type: dataset",
    "  size: {{../size}}",
    "  {{#if deep}}",
    "  deep: { name: {{name}}, more: <<@ size @>>, secret: $SECRET(target) }",
    "  {{/if}}",
    "{{/each}}",
  ].join("\r\n");
  const parameters = { list: [{ name: "a" }, { name: "b", deep: true }], size: 5 };

  test("is its place in the template, in each turn of a loop", async () => {
    await using project = await projectWith(template, parameters);
    const expansion = await project.expand("tenants/t1.yaml");
    const places = expansion.components.flatMap((component) =>
      ["/_id", "/type", "/size", "/deep/name", "/deep/more", "/deep/secret"].map((path) => {
        const place = expansion.locate(component, path);
        return `${component._id}${path} ${place?.line}:${place?.column}-${place?.endColumn}`;
      }),
    );
    expect(places).toEqual([
      "acme-t1-crm-a/_id 3:8-40",
      "acme-t1-crm-a/type 4:9-16",
      "acme-t1-crm-a/size 5:9-20",
      "acme-t1-crm-a/deep/name 3:3-4",
      "acme-t1-crm-a/deep/more 3:3-4",
      "acme-t1-crm-a/deep/secret 3:3-4",
      "acme-t1-crm-b/_id 3:8-40",
      "acme-t1-crm-b/type 4:9-16",
      "acme-t1-crm-b/size 5:9-20",
      "acme-t1-crm-b/deep/name 7:17-25",
      "acme-t1-crm-b/deep/more 7:33-45",
      "acme-t1-crm-b/deep/secret 7:55-70",
    ]);
  });

  test("names the variable and where its value is from", async () => {
    await using project = await projectWith(
      template,
      { ...parameters, list: [] },
      "id: t1\nconnectors:\n  crm:\n    parameter_values:\n      list: [{ name: z, deep: 1 }]\n",
    );
    const expansion = await project.expand("tenants/t1.yaml");
    const [component] = expansion.components;
    if (component === undefined) throw new Error("no component");
    expect(expansion.origin(component, "/deep/name")?.sources).toMatchObject([
      {
        variable: "{{name}}",
        from: "tenant parameter_values",
        location: { file: "tenants/t1.yaml", line: 5, column: 22 },
        value: "z",
      },
    ]);
    expect(expansion.origin(component, "/size")?.sources).toMatchObject([
      { variable: "{{../size}}", from: "default in additional_parameters", value: 5 },
    ]);
    expect(expansion.origin(component, "/deep/secret")?.sources).toMatchObject([{ variable: "$SECRET(target)" }]);
  });
});

describe("a value in a Handlebars template", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.stringMatching(/^[\s"'\\:#\-{}[\],<>@$&*|!%]{0,12}$/),
    fc.constantFrom(
      "<<@ system @>>",
      "{{system}}",
      "$SECRET(target)",
      "$ENV(X)",
      "\\<<@ a @>>",
      "\n---\n_id: y",
      "__proto__",
    ),
  );
  const { json } = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 3 },
      hostile,
      fc.oneof(fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie("json"), { maxLength: 3 }),
      fc.dictionary(
        hostile.filter((key) => key !== "__proto__"),
        tie("json"),
        { maxKeys: 3, noNullPrototype: true },
      ),
    ),
  }));
  const template = [
    "_id: x",
    "type: dataset",
    "alone: {{value}}",
    "list: [{{value}}, {{value}} ]",
    "block:",
    "  - {{value}}",
    "  - { a: {{value}} }",
    "quoted: '{{value}}'",
    "literal: |-",
    "  {{value}}",
    "each: [ {{#each list}}{{this}}, {{/each}} ]",
    "last: 1",
  ].join("\n");

  test("stays what it is and changes nothing else, whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        const tenant = JSON.stringify({
          id: "t1",
          connectors: { crm: { parameter_values: { value, list: [value] } } },
        });
        await using project = await projectWith(template, { value: 0, list: [] }, tenant);
        const { components } = await project.expand("tenants/t1.yaml");
        const [component] = components;
        expect(components).toHaveLength(1);
        const { quoted, literal, ...others } = component?.properties ?? {};
        expect(others).toEqual({
          alone: value,
          list: [value, value],
          block: [value, { a: value }],
          each: [value],
          last: 1,
        });
        expect([JSON.parse(String(quoted)), JSON.parse(String(literal))]).toEqual([value, value]);
      }),
      { numRuns: 100 },
    );
  });
});

describe("Handlebars", () => {
  const loaded = async (dir: string): Promise<readonly string[]> => {
    const script = `
      import { createRequire } from "node:module";
      import { readProject } from ${JSON.stringify(join(import.meta.dirname, "../../src/manifest/index.ts"))};
      const { diagnostics } = await readProject(process.argv[1], "default", { env: {} });
      const files = Object.keys(createRequire(process.cwd() + "/x.js").cache).filter((file) => file.includes("handlebars"));
      console.log(JSON.stringify([diagnostics.length, files.length > 0]));`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script, dir]);
    return JSON.parse(stdout) as readonly string[];
  };

  test("is loaded where a template needs it, and nowhere else", async () => {
    await using plain = await temporaryProject();
    await using other = await projectWith("_id: x\ntype: dataset\n");
    expect(await loaded(plain.dir)).toEqual([0, false]);
    expect(await loaded(other.dir)).toEqual([0, true]);
  });
});
