import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import { readSesamConnector } from "../../src/manifest/index.ts";
import { pythonNumber } from "../../src/manifest/sesam/python-text.ts";

const dir = join(import.meta.dirname, "../fixtures/sesam/only-a-system");

const hostile = fc.constantFrom(
  '"}], "_id": "other", "x": [{"',
  "{{@ system @}}",
  "<<@ datatype @>>",
  "{{% if x %}}",
  "{# x #}",
  "$ENV(HOME)",
  "\\",
  "\\u0022",
  "\u0000\n\r\t",
  "__proto__",
  "\u2028 Ærlig ☃ 🎿",
  "x".repeat(100_000),
);
const whole = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
const scalar = fc.oneof(hostile, fc.string({ unit: "binary" }), whole, fc.boolean());
const key = fc.string({ maxLength: 5 }).filter((text) => text !== "__proto__" && text !== "$secret");
const { anything } = fc.letrec<{ anything: Json }>((tie) => ({
  anything: fc.oneof(
    { maxDepth: 3, depthIdentifier: "json" },
    scalar,
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Number.isInteger(number)),
    fc.array(tie("anything"), { maxLength: 3, depthIdentifier: "json" }),
    fc.dictionary(key, tie("anything"), { maxKeys: 3, depthIdentifier: "json" }),
  ),
}));

const textOf = (json: Json): string =>
  typeof json === "number" ? pythonNumber(json, JSON.stringify(json)) : String(json);

/** A text alone keeps its value; only a number becomes text. */
const alone = (json: Json): Json => (typeof json === "number" ? textOf(json) : json);

test("no value of a parameter changes what a Sesam connector's expansion is made of", async () => {
  await fc.assert(
    fc.asyncProperty(anything, scalar, hostile, async (any, part, text) => {
      const manifest = {
        datatypes: { contact: { template: "templates/contact.json", parameters: { any, part, text } } },
      };
      const template = {
        _id: "x",
        type: "pipe",
        a: "{{@ any @}}",
        b: [{ c: "-{{@ part @}}-<<@text@>>-" }],
        d: { "k {{@ part @}}{{@ text @}}": "{{@part@}}" },
        e: "{{@ part @}}{{@ part @}}",
      };
      const overlay = new Map([
        ["manifest.json", JSON.stringify(manifest)],
        ["templates/contact.json", JSON.stringify(template)],
      ]);
      const connector = await readSesamConnector(dir, { overlay });
      const { files, diagnostics } = connector.expand();
      expect([...connector.diagnostics, ...diagnostics].filter(({ severity }) => severity === "error")).toEqual([]);
      const written = textOf(part);
      expect(files.find(({ path }) => path === "pipes/x.conf.json")?.content).toEqual({
        _id: "x",
        type: "pipe",
        a: alone(any),
        b: [{ c: `-${written}-${text}-` }],
        d: { [`k ${written}${text}`]: alone(part) },
        e: `${written}${written}`,
      });
      expect(files).toHaveLength(4);
    }),
    { numRuns: 300 },
  );
});
