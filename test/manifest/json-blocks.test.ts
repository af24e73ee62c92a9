import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import type { TemporaryProject } from "./temporary-project.ts";
import { temporaryProject } from "./temporary-project.ts";

const projectWith = (
  template: string,
  parameters: { readonly [name: string]: Json } = {},
  tenant = "id: t1\nconnectors: { crm: {} }\n",
): Promise<TemporaryProject> => {
  const declared = Object.entries(parameters).map(([name, value]) => [name, { default: value }]);
  return temporaryProject({
    "crm/manifest.yaml": "",
    "crm/manifest.json": JSON.stringify({
      "system-template": "system.json",
      additional_parameters: Object.fromEntries(declared),
    }),
    "crm/system.json": template,
    "tenants/t1.yaml": tenant,
  });
};

const outcomeOf = async (template: string, parameters: { readonly [name: string]: Json }) => {
  await using project = await projectWith(template, parameters);
  const files = await project.read();
  const { tenant } = await files.readTenant("tenants/t1.yaml");
  const expansion = tenant && files.expandTenant(tenant);
  const diagnostics = [...files.diagnostics, ...(expansion?.diagnostics ?? [])];
  return {
    codes: diagnostics.map(({ code, location }) => `${code} ${location?.line}:${location?.column}`),
    properties: expansion?.components.map(({ properties }) => properties) ?? [],
  };
};

describe("the place of what a JSON template with blocks gave", () => {
  const template = [
    "[{{% for item in list %}}",
    '{ "_id": "{{@ system @}}-{{@ item.name @}}", "type": "dataset",',
    '  "size": {{@ size @}}, "name": "{{@ item.name @}}", "all": "{{@ size @}} {{@ size + 1 @}}",',
    '  "literal": "kept" }{{@ "," if not loop.last @}}',
    "{{% endfor %}}]",
  ].join("\n");

  test("is its mark, in each turn of a loop", async () => {
    await using project = await projectWith(template, { list: [{ name: "a" }, { name: "b" }], size: 5 });
    const expansion = await project.expand("tenants/t1.yaml");
    const places = expansion.components.flatMap((component) =>
      ["/_id", "/size", "/name", "/literal"].map((path) => {
        const place = expansion.locate(component, path);
        return `${component._id}${path} ${place?.line}:${place?.column}-${place?.endColumn}`;
      }),
    );
    const once = ["/_id 2:10-44", "/size 3:11-23", "/name 3:33-52", "/literal 4:14-20"];
    expect(places).toEqual(["a", "b"].flatMap((name) => once.map((place) => `acme-t1-crm-${name}${place}`)));
  });

  test("names the variable and its source; a part of a value is known to be one", async () => {
    const tenant = "id: t1\nconnectors:\n  crm:\n    parameter_values:\n      list: [{ name: z }]\n";
    await using project = await projectWith(template, { list: [], size: 5 }, tenant);
    const expansion = await project.expand("tenants/t1.yaml");
    const [component] = expansion.components;
    if (component === undefined) throw new Error("no component");
    expect(expansion.origin(component, "/size")?.sources).toMatchObject([
      { variable: "{{@ size @}}", from: "default in additional_parameters", value: 5 },
    ]);
    expect(expansion.origin(component, "/name")?.sources).toMatchObject([
      { variable: "{{@ item.name @}}", location: { file: "tenants/t1.yaml", line: 5, column: 22 }, value: "z" },
    ]);
    const [instance] = expansion.instances();
    const parts = instance?.scope.values.map(({ written, within, spot }) => [written, within, spot?.() !== undefined]);
    expect(parts).toEqual([
      ["{{@ system @}}", undefined, false],
      ["{{@ item.name @}}", "/0/name", false],
      ["{{@ size @}}", undefined, true],
      ["{{@ item.name @}}", "/0/name", false],
      ["{{@ size @}}", undefined, true],
      ["{{@ size + 1 @}}", undefined, false],
    ]);
  });
});

describe("a JSON template with blocks", () => {
  test("ends where it would go on for ever", async () => {
    const endless = [
      "{{% for a in range(9999) %}}{{% for b in range(9999) %}}{{% endfor %}}{{% endfor %}}[]",
      "{{% for a in range(10 ** 9) %}}{{% endfor %}}[]",
      "{{% macro m() %}}{{@ m() @}}{{% endmacro %}}{{@ m() @}}",
      "{{@ [] * 10 ** 12 @}}{{@ 'x' * 10 ** 12 @}}",
      "{{% set s = namespace(a='x') %}}{{% for i in range(99) %}}{{% set s.a = s.a ~ s.a %}}{{% endfor %}}[]",
      "{{% set s = namespace(a=[1]) %}}{{% for i in range(99) %}}{{% set s.a = [s.a, s.a] %}}{{% endfor %}}{{@ s.a @}}",
      `{{% set v = "x" %}}${"{{% set v %}}{{@ v @}}-{{@ v @}}{{% endset %}}".repeat(40)}{{@ v @}}`,
      "{{% set s = 'x' * 9999999 %}}{{% for i in range(9999) %}}{{% if 'y' in s %}}{{% endif %}}{{% endfor %}}[]",
      "[{{% for i in range(99999) %}}{{@ i @}},{{% endfor %}}0]",
    ];
    for (const template of endless) {
      const { codes } = await outcomeOf(template, {});
      expect([template, codes]).toEqual([
        template,
        [expect.stringMatching(/^(?:file-too-large|wrong-type|yaml-syntax) /)],
      ]);
    }
  });

  test("is read at once, however its marks are nested or left open", async () => {
    const nested = [
      `{{@ ${"(".repeat(20_000)}1${")".repeat(20_000)} @}}`,
      `{{@ ${"not ".repeat(20_000)}1 @}}`,
      `{{@ ${"1+".repeat(20_000)}1 @}}`,
      `{{@ a${"|upper".repeat(20_000)} @}}`,
      "{{% if a %}}".repeat(20_000),
      "{{@".repeat(100_000),
      "{{% raw %}}".repeat(50_000),
      `${"{#".repeat(100_000)}{{@ x | y @}}`,
      "{{@ a | upper @}} ".repeat(50_000),
    ];
    for (const template of nested) {
      const { codes } = await outcomeOf(template, { a: "" });
      expect(codes).toEqual([expect.stringMatching(/^template-syntax /)]);
    }
  });

  test("never crashes, whatever stands in its marks", async () => {
    const word = fc.constantFrom(
      ..."{{% %}} {{@ @}} {# #} \" ' ( ) [ ] { } , : . | ~ + * if else for in set macro endif endfor endset is not defined".split(
        " ",
      ),
      ..."a b upper join('') 1 {{%- -%}} raw endraw call <<@ @>> \\ = __proto__ range(9)".split(" "),
    );
    const template = fc.array(word, { maxLength: 30 }).map((words) => `{ "_id": "x", "type": "y" ${words.join(" ")} }`);
    await fc.assert(
      fc.asyncProperty(template, async (text) => {
        const { codes } = await outcomeOf(text, { a: "x", b: [1] });
        expect(codes.every((code) => !code.includes("undefined"))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a value in a JSON template with blocks", () => {
  const template = `{{% macro same(v) %}}{{@ v @}}{{% endmacro %}}
    {{% set kept = value %}}{{% set text = key %}}
    { "_id": "x", "type": "dataset", "bare": {{@ value @}}, "quoted": "{{@ value @}}", "set": {{@ kept @}},
      "macro": {{@ same(value) @}}, "loop": [{{% for one in [value, value] %}}{{@ one @}}{{@ "," if loop.first @}}{{% endfor %}}],
      "member": {{@ {"a": [value]}.a[0] @}}, "list": {{@ [value] @}}, "json": {{@ value | tojson @}},
      "longer": "<{{@ text ~ "-" @}}>", "choice": {{% if value == value %}}1{{% endif %}},
      "{{@ text @}}.": 1, "last": 1 }`;

  test("stays what it is and changes nothing else, whatever it is", async () => {
    const nasty = fc.constantFrom(
      '", "injected": "',
      "'",
      "\\",
      "\n",
      "{{@ system @}}",
      "<<@ system @>>",
      "{{% if x %}}",
      "%}}",
      "@}}",
      "{#",
      "#}",
      "<<@ value.0 @>>",
      "\u2028",
      "\ud800",
      "",
    );
    const text = fc.array(fc.oneof(nasty, fc.string({ unit: "binary" }))).map((parts) => parts.join(""));
    const json = fc
      .jsonValue({ maxDepth: 3 })
      .filter((value) => !JSON.stringify(value).match(/__proto__|\$(?:secret|ENV|SECRET)|\d{16}|e\+/));
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, json), text, async (value, key) => {
        const tenant = JSON.stringify({ id: "t1", connectors: { crm: { parameter_values: { value, key } } } });
        await using project = await projectWith(template, { value: null, key: "" }, tenant);
        const { components, diagnostics } = await project.expand("tenants/t1.yaml");
        expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
        const same = JSON.parse(JSON.stringify(value)) as Json;
        expect(components.map(({ properties }) => properties)).toEqual([
          {
            bare: same,
            quoted: same,
            set: same,
            macro: same,
            loop: [same, same],
            member: same,
            list: [same],
            json: same,
            longer: `<${key}->`,
            choice: 1,
            [`${key}.`]: 1,
            last: 1,
          },
        ]);
      }),
      { numRuns: 60 },
    );
  });
});
