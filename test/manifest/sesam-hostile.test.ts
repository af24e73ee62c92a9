import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import { hasErrors } from "../../src/diagnostic.ts";
import { readSesamConnector } from "../../src/manifest/index.ts";

/** Connectors of all three properties together; `npm run test:round-trips` takes ten times as many. */
const runs = Number(process.env["HOSTILE_RUNS"] ?? 10_000);
const longest = 1000;

// The texts come from an overlay: what stands on disk only makes the files be there.
const root = mkdtempSync(join(tmpdir(), "hostile-"));
mkdirSync(join(root, "templates"));
for (const file of ["manifest.json", "templates/system.json", "templates/a.json"])
  writeFileSync(join(root, file), "{}");
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
let slowest = 0;

type Outcome = ReadonlyMap<string, Json> | "refused";

const expand = async (texts: { readonly [file: string]: string }): Promise<Outcome> => {
  // Time of this thread alone: other processes of a busy machine are no hang.
  const start = process.threadCpuUsage();
  const connector = await readSesamConnector(root, { overlay: new Map(Object.entries(texts)) });
  const { files, diagnostics } = connector.expand();
  count++;
  const { user, system } = process.threadCpuUsage(start);
  slowest = Math.max(slowest, (user + system) / 1000);
  if (hasErrors([...connector.diagnostics, ...diagnostics])) return "refused";
  for (const { path } of files) expect(path).toMatch(/^(?:(?:pipes|systems)\/)?[^/\\]+\.json$/);
  return new Map(files.map(({ path, content }) => [path, content]));
};

const nasty = [
  ...[
    '"',
    '\\"',
    "\\",
    '","x":1,"',
    '"}]}',
    "\n",
    "\r\n",
    "\u0000",
    "\u2028",
    "\ud800",
    "{{@",
    "@}}",
    "{{@ system @}}",
  ],
  ...["<<@ x @>>", "{{% if true %}}", "{{% endif %}}", "{#", "#}", "{{ entity.id }}", "$ENV(HOME)", "$SECRET(a)", "$"],
  ...["__proto__", "constructor", "toString", "../../etc/passwd", "%00", "</script>", "true", "null", "1e999", "[1,2]"],
];

const nastyText = fc
  .array(fc.oneof(fc.constantFrom(...nasty), fc.string({ maxLength: 4, unit: "binary" })), { maxLength: 5 })
  .map((parts) => parts.join(""));

const longText = fc.tuple(nastyText, fc.integer({ min: 1000, max: 20_000 })).map(([text, times]) => {
  const unit = text === "" ? "x" : text;
  return unit.repeat(Math.ceil(times / unit.length));
});

const nastyJson = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    { weight: 20, arbitrary: nastyText },
    { weight: 1, arbitrary: longText },
    { weight: 5, arbitrary: fc.oneof(fc.integer(), fc.boolean(), fc.constant(null)) },
    { weight: 3, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
    {
      weight: 3,
      arbitrary: fc.dictionary(fc.oneof(nastyText, fc.constant("__proto__")), tie("value"), { maxKeys: 3 }),
    },
  ),
})).value;

const system = JSON.stringify({ _id: "{{@ system @}}", type: "system:rest" });

const manifestWith = (parameters: string): string =>
  `{"system-template": "templates/system.json", "datatypes": {"a": {"template": "templates/a.json", "parameters": ${parameters}}}}`;

const pipe = JSON.stringify({
  _id: "{{@ system @}}-{{@ datatype @}}-collect",
  type: "pipe",
  source: { type: "dataset", dataset: "x" },
  whole: "{{@ value @}}",
  part: 'before "{{@ value @}}" after {{ entity.id }}',
  twice: ["{{@ value @}}-{{@ value @}}", { inner: "{{@ value @}}" }],
  same: [1, true, null, "text"],
});

const share = (part: number): number => Math.ceil(runs * part);

describe("a hostile connector", () => {
  test("cannot change the structure of a template by a value", { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(nastyText, nastyText, longText), async (value) => {
        const parameters = JSON.stringify({ value });
        const files = await expand({
          "manifest.json": manifestWith(parameters),
          "templates/system.json": system,
          "templates/a.json": pipe,
        });
        if (files === "refused") throw new Error("refused");
        expect([...files.keys()].sort()).toEqual([
          "node-metadata.conf.json",
          "pipes/xxxxxx-a-collect.conf.json",
          "pipes/xxxxxx-a-transform.conf.json",
          "systems/xxxxxx.conf.json",
          "test-env.json",
        ]);
        expect(files.get("pipes/xxxxxx-a-collect.conf.json")).toEqual({
          _id: "xxxxxx-a-collect",
          type: "pipe",
          source: { type: "dataset", dataset: "x" },
          whole: value,
          part: `before "${value}" after {{ entity.id }}`,
          twice: [`${value}-${value}`, { inner: value }],
          same: [1, true, null, "text"],
        });
      }),
      { numRuns: share(0.4) },
    );
  });

  test("with any values and names ends in files or in diagnostics", { timeout: 300_000 }, async () => {
    const keys = ["template", "parameters", "parent", "label", "sync_frequency", "schedule_interval", "webhook"];
    const known = [
      "datatypes",
      "additional_parameters",
      "system-template",
      "system_template",
      "auth",
      "oauth2",
      "use_webhook_secret",
    ];
    const member = (names: readonly string[]) => fc.oneof(fc.constantFrom(...names), nastyText);
    const datatype = fc.oneof(
      nastyJson,
      fc.dictionary(member(keys), fc.oneof(nastyJson, fc.constant("templates/a.json")), { maxKeys: 4 }),
    );
    const manifest = fc.oneof(
      nastyText,
      nastyJson.map((json) => JSON.stringify(json)),
      fc
        .dictionary(member(known), fc.oneof(nastyJson, fc.dictionary(member(["a", "b-c"]), datatype, { maxKeys: 2 })), {
          maxKeys: 5,
        })
        .map((json) => JSON.stringify(json)),
      nastyJson.map((json) => manifestWith(JSON.stringify({ value: json, system: json }))),
    );
    await fc.assert(
      fc.asyncProperty(manifest, async (text) => {
        await expand({ "manifest.json": text, "templates/system.json": system, "templates/a.json": pipe });
      }),
      { numRuns: share(0.3) },
    );
  });

  test("with any template ends in files or in diagnostics", { timeout: 300_000 }, async () => {
    const pieces = [
      ...[
        '{"_id": "{{@ system @}}-x", "type": "pipe", ',
        '"a": ',
        "{{@ value @}}",
        "{{@ value | upper @}}",
        "{{@ nope @}}",
      ],
      ...[
        "{{% if value %}}",
        "{{% else %}}",
        "{{% endif %}}",
        "{{% for x in value %}}",
        "{{% for x in range(99999999) %}}",
      ],
      ...[
        "{{% endfor %}}",
        "{{@ x @}}",
        "{{% set y = value * 99 %}}",
        "{{@ y.constructor @}}",
        "{{@ value ~ value @}}",
      ],
      ...["{{% macro m(a) %}}", "{{@ m(1) @}}", "{{% endmacro %}}", "{{% raw %}}", "{{% endraw %}}", "{{%- ", " -%}}"],
      ...["}", "]", ",", ":", "[", "{", '"', "1", "{# ", " #}", "{{@", "@}}", "{{%", "%}}", "((((((((", "not not "],
    ];
    const text = fc.oneof(
      fc.array(fc.oneof(fc.constantFrom(...pieces), nastyText), { maxLength: 12 }).map((parts) => parts.join("")),
      fc
        .tuple(fc.constantFrom(...pieces), fc.integer({ min: 1, max: 3000 }))
        .map(([piece, times]) => piece.repeat(times)),
    );
    await fc.assert(
      fc.asyncProperty(text, nastyJson, async (template, value) => {
        const manifest = manifestWith(JSON.stringify({ value }));
        await expand({ "manifest.json": manifest, "templates/system.json": system, "templates/a.json": template });
      }),
      { numRuns: share(0.3) },
    );
  });

  afterAll(() => {
    process.stdout.write(`hostile connectors: ${count} expanded, the slowest in ${slowest.toFixed(0)} ms\n`);
    expect(slowest).toBeLessThan(longest);
  });
});
