import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Component, Json } from "../../src/contract/index.ts";
import { at, isSealed, joinPath, parseReferences } from "../../src/contract/index.ts";
import type { Expansion } from "../../src/manifest/index.ts";
import { temporaryProject } from "./temporary-project.ts";

const runs = { numRuns: 60 };

/** Texts made of everything that means something somewhere. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom("<<@ a @>>", "{{@ a @}}", "<<@", "@>>", "$ENV(HOME)", "$SECRET(target)", "$SECRET(", "\\", '"'),
      fc.constantFrom("'", "\n", ": ", "- ", "#", "{", "}", "[", "]", ",", "&a", "*a", "!!int 1", "|", "%", "yes", "$"),
      fc.string({ maxLength: 4 }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(""));

const key = fc
  .oneof(hostileText, fc.constantFrom("constructor", "toString", "length"))
  .filter((text) => text !== "__proto__" && text !== "$secret");

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    hostileText,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Number.isInteger(number) ? 1.5 : number)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const only = (expansion: Expansion): Component => {
  const [component] = expansion.components;
  if (component === undefined || expansion.components.length > 1) throw new Error("expected one component");
  return component;
};

describe("a value that a tenant gives", () => {
  test("comes out as it went in where it stands alone, whatever it is", async () => {
    await using project = await temporaryProject({
      "crm/manifest.yaml": "additional_parameters: { a: {} }\nsystem-template: system.yaml\n",
      "crm/system.yaml":
        '_id: <<@ system @>>\ntype: connection\nbefore: 1\nlist: [<<@ a @>>, "{{@ a @}}"]\nafter: { b: 2 }\n',
    });
    await fc.assert(
      fc.asyncProperty(json, async (a) => {
        const tenant = { id: "t1", connectors: { crm: { parameter_values: { a } } } };
        await project.write("tenants/t1.json", JSON.stringify(tenant));
        const { properties } = only(await project.expand("tenants/t1.json"));
        expect(properties).toEqual({ before: 1, list: [a, a], after: { b: 2 } });
      }),
      runs,
    );
  });

  test("stays text within a longer text, and names no secret in a sealed one", async () => {
    await using project = await temporaryProject({
      "crm/manifest.yaml": "additional_parameters: { a: {}, b: {} }\nsystem-template: system.yaml\n",
      "crm/system.yaml": `_id: <<@ system @>>
type: connection
plain: x<<@ a @>>{{@ b @}}y
sealed: <<@ a @>>$SECRET(target)<<@ b @>>(x)
x-<<@ a @>>: key
`,
    });
    await fc.assert(
      fc.asyncProperty(hostileText, hostileText, async (a, b) => {
        const tenant = { id: "t1", connectors: { crm: { parameter_values: { a, b } } } };
        await project.write("tenants/t1.json", JSON.stringify(tenant));
        const { properties } = only(await project.expand("tenants/t1.json"));
        expect(Object.keys(properties)).toEqual(["plain", "sealed", `x-${a}`]);
        expect(properties["plain"]).toBe(`x${a}${b}y`);
        const sealed = properties["sealed"];
        const pieces = isSealed(sealed) ? parseReferences(sealed.$secret) : [];
        expect(pieces.map((piece) => (piece.type === "text" ? piece.text : piece))).toEqual([
          ...(a === "" ? [] : [a]),
          expect.objectContaining({ type: "secret", name: "target" }),
          `${b}(x)`,
        ]);
      }),
      runs,
    );
  });
});

describe("a template", () => {
  const escaped = (text: string): string =>
    text.replace(
      /(\\*)(<<@|\{\{@|\$ENV\(|\$SECRET\()/g,
      (_, slashes: string, mark: string) => `${slashes}${slashes}\\${mark}`,
    );

  test("gives every text that it escapes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostileText, { minLength: 1, maxLength: 5 }), async (texts) => {
        const template = { _id: "x", type: "connection", texts: texts.map(escaped) };
        await using project = await temporaryProject({
          "crm/manifest.yaml": "system-template: system.json\n",
          "crm/system.json": JSON.stringify(template),
        });
        expect(only(await project.expand("tenants/t1.yaml")).properties).toEqual({ texts });
      }),
      runs,
    );
  });

  test("says where each of its values stands and where it came from", async () => {
    const leaf = fc.constantFrom("plain", "<<@ a @>>", "x-{{@ b @}}-<<@ a @>>", "$SECRET(target)", 5, true, null);
    const tree = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom("k", "a/b", "c~d", "<<@ a @>>", "", "длинный"), tie("value"), {
          noNullPrototype: true,
        }),
      ),
    })).value;
    const paths = (value: Json, path = ""): [string, Json][] => {
      if (typeof value !== "object" || value === null) return [[path, value]];
      return Object.entries(value).flatMap(([name, member]) =>
        paths(member, joinPath(path, Array.isArray(value) ? Number(name) : name.replace("<<@ a @>>", "A"))),
      );
    };
    await fc.assert(
      fc.asyncProperty(tree, fc.integer({ min: 0, max: 3 }), async (value, indent) => {
        const text = JSON.stringify({ _id: "x", type: "connection", value }, null, indent);
        await using project = await temporaryProject({
          "crm/manifest.yaml":
            "additional_parameters: { a: { default: A }, b: { default: B } }\nsystem-template: s.json\n",
          "crm/s.json": text,
        });
        const expansion = await project.expand("tenants/t1.yaml");
        const component = only(expansion);
        for (const [path, written] of paths({ value })) {
          const place = expansion.locate(component, path);
          const raw = JSON.stringify(written);
          const line = text.split("\n")[(place?.line ?? 0) - 1] ?? "";
          expect(line.slice((place?.column ?? 0) - 1, (place?.endColumn ?? 0) - 1)).toBe(raw);
          const origin = expansion.origin(component, path);
          expect(origin?.template).toEqual(place);
          const marks =
            typeof written === "string" ? (written.match(/<<@ a @>>|\{\{@ b @\}\}|\$SECRET\(target\)/g) ?? []) : [];
          expect(origin?.sources.map(({ variable }) => variable)).toEqual(marks);
          for (const { variable, value, from } of origin?.sources ?? []) {
            expect(value).toBe(variable.startsWith("$") ? undefined : variable === "<<@ a @>>" ? "A" : "B");
            expect(from).toBe(
              variable.startsWith("$") ? "project secrets: env TARGET_SECRET" : "default in additional_parameters",
            );
          }
          expect(at(component.properties, path)).toBeDefined();
        }
      }),
      runs,
    );
  });
});

describe("datatypes that share a template", () => {
  const names = ["contact", "sales-order", "deal"] as const;
  const given = fc.record(
    { default: fc.string(), project: fc.string(), tenant: fc.string() },
    { requiredKeys: ["default"] },
  );
  const perDatatype = fc.record(
    { manifest: fc.string(), tenant: fc.string(), on: fc.boolean() },
    { requiredKeys: ["on"] },
  );

  test("each see their own values and nobody else's", async () => {
    await fc.assert(
      fc.asyncProperty(given, fc.tuple(perDatatype, perDatatype, perDatatype), async (shared, own) => {
        const project = (value: string | undefined) => (value === undefined ? "{}" : JSON.stringify({ a: value }));
        const datatypes = names.map((name, index) => {
          const { manifest } = own[index] ?? { manifest: undefined };
          return [name, { template: "d.yaml", parameters: manifest === undefined ? {} : { a: manifest } }];
        });
        const switches = names.map((name, index) => {
          const { on, tenant } = own[index] ?? { on: true, tenant: undefined };
          return [name, on ? { parameter_values: tenant === undefined ? {} : { a: tenant } } : false];
        });
        await using folder = await temporaryProject({
          "connector-deployer.yaml": `vendor: acme
targets: { default: { type: infino, endpoint: https://x, access_key: a, secret_key: $ENV(S) } }
connectors: { crm: { path: crm, parameter_values: ${project(shared.project)} } }
`,
          "crm/manifest.yaml": "",
          "crm/manifest.json": JSON.stringify({
            additional_parameters: { a: { default: shared.default } },
            datatypes: Object.fromEntries(datatypes),
          }),
          "crm/d.yaml": '{ _id: "<<@ datatype @>>", type: import-job, a: <<@ a @>> }\n',
          "tenants/t1.yaml": "",
          "tenants/t1.json": JSON.stringify({
            id: "t1",
            connectors: {
              crm: {
                ...(shared.tenant === undefined ? {} : { parameter_values: { a: shared.tenant } }),
                datatypes: Object.fromEntries(switches),
              },
            },
          }),
        });
        const { components } = await folder.expand("tenants/t1.json");
        const expected = names.flatMap((name, index) => {
          const { on, tenant, manifest } = own[index] ?? { on: true };
          return on ? [[name, tenant ?? shared.tenant ?? shared.project ?? manifest ?? shared.default]] : [];
        });
        expect(components.map(({ datatype, properties }) => [datatype, properties["a"]])).toEqual(expected);
      }),
      runs,
    );
  });
});
