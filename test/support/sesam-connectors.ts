import fc from "fast-check";
import type { Json } from "../../src/contract/index.ts";

type Mapping = { readonly [key: string]: Json };

type Datatype = {
  readonly template: string;
  readonly label?: string;
  readonly parent?: string;
  readonly parameters: Mapping;
};

/** How a file's text is laid out; none of it means anything. */
export type Layout = {
  readonly indent: string;
  readonly feed: "\n" | "\r\n";
  readonly end: boolean;
  readonly mark: boolean;
  /** Letters that are not ASCII stand as `\u00e9`. */
  readonly ascii: boolean;
};

/** A connector as it is before it is written: templates as values whose texts hold the marks of variables. */
export type GeneratedConnector = {
  readonly manifest: Mapping & { readonly datatypes: { readonly [name: string]: Datatype } };
  /** Lists of components, by file. */
  readonly templates: { readonly [file: string]: readonly Mapping[] };
  readonly layout: Layout;
  /** Templates have a loop, a condition and a comment of Jinja's. */
  readonly hasBlocks?: boolean;
};

const datatypeNames = ["contact", "order", "sales-invoice", "x", "Deal", "order_line", "a.b"];
const additional = ["base_url", "page_size", "api_version"];
/** Values that break a text that is put together by replacing. */
const parameterValues: Mapping = {
  order_by: "updated",
  page: "10",
  limit: 10,
  ratio: 1.5,
  full: true,
  quoted: 'say "hi"',
  path: "C:\\new\\table",
  lines: "one\ntwo",
  name: "Ærlig ☃ 🎿",
  same: "contact",
};

const literal = fc.oneof(
  fc.constantFrom("copy", "*", "_S.id", "{{ entity.id }}", "{% not ours %}", "$SECRET(token)", "é", "<b>&amp;", "10"),
  fc.string({ maxLength: 8 }).filter((text) => !/[@{<\\]/.test(text)),
);

const mark = (name: string): string => `{{@ ${name} @}}`;

/** A text: literal, one variable, or both. */
const textOf = (names: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: literal },
    { weight: 2, arbitrary: fc.constantFrom(...names).map(mark) },
    {
      weight: 2,
      arbitrary: fc
        .array(fc.oneof(literal, fc.constantFrom(...names).map(mark)), { minLength: 2, maxLength: 4 })
        .map((parts) => parts.join("")),
    },
  );

const treeOf = (names: readonly string[]): fc.Arbitrary<Json> => {
  const text = textOf(names);
  const key = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("a", "b", "url", "with space", "é", "rules", "1", "constructor") },
    { weight: 1, arbitrary: fc.constantFrom("datatype", "system").map((name) => `${mark(name)}-key`) },
  );
  return fc.letrec<{ tree: Json }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      text,
      text,
      fc.integer({ min: -1000, max: 100_000 }),
      fc.constantFrom(0.25, true, false, null, "", [], {}),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(key, tie("tree"), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).tree;
};

const memberKeys = ["transform", "pump", "namespaced_identifiers", "metadata", "exclude_completeness"];

const componentOf = (suffix: string, names: readonly string[]): fc.Arbitrary<Mapping> =>
  fc
    .tuple(
      fc.constantFrom("dataset", "rest", "http_endpoint"),
      textOf(names),
      fc.dictionary(fc.constantFrom(...memberKeys), treeOf(names), { maxKeys: 3, noNullPrototype: true }),
      fc.boolean(),
    )
    .map(([source, detail, more, typeFirst]) => {
      const id = { _id: `{{@ system @}}-{{@ datatype @}}-${suffix}` };
      const type = { type: "pipe", source: { type: source, detail, system: "{{@ system @}}" } };
      return typeFirst ? { ...more, ...type, ...id } : { ...id, ...type, ...more };
    });

const layouts: fc.Arbitrary<Layout> = fc.record({
  indent: fc.constantFrom("  ", "    ", "\t", ""),
  feed: fc.constantFrom("\n", "\r\n"),
  end: fc.boolean(),
  mark: fc.constantFrom(false, false, false, true),
  ascii: fc.boolean(),
});

const names = fc.uniqueArray(fc.constantFrom(...datatypeNames), { minLength: 1, maxLength: 4 });

/** A template with the parameters that its texts may use; every datatype of it gives them values. */
const templateFor = (parents: boolean): fc.Arbitrary<{ parameters: string[]; components: readonly Mapping[] }> =>
  fc.uniqueArray(fc.constantFrom(...Object.keys(parameterValues)), { maxLength: 3 }).chain((parameters) => {
    const known = ["system", "datatype", ...additional, ...parameters, ...(parents ? ["parent"] : [])];
    return fc
      .uniqueArray(fc.constantFrom("collect", "share", "all", "event", "extra"), { minLength: 1, maxLength: 3 })
      .chain((suffixes) => fc.tuple(...suffixes.map((suffix) => componentOf(suffix, known))))
      .map((components) => ({ parameters, components }));
  });

/** Connectors with parents, shared templates, parameters and texts of every kind; structural templates only. */
export const sesamConnectors: fc.Arbitrary<GeneratedConnector> = fc
  .tuple(names, fc.boolean(), fc.boolean(), layouts)
  .chain(([datatypes, parents, shared, layout]) => {
    const files = shared ? datatypes.map((_, index) => `templates/${datatypes[index % 2] ?? "x"}.json`) : undefined;
    const fileOf = (index: number): string => files?.[index] ?? `templates/${datatypes[index] ?? "x"}.json`;
    const distinct = [...new Set(datatypes.map((_, index) => fileOf(index)))];
    return fc
      .tuple(fc.tuple(...distinct.map(() => templateFor(parents))), treeOf(["system", ...additional]))
      .map(([made, operations]): GeneratedConnector => {
        const system: Mapping = { _id: "{{@ system @}}", type: "system:rest", url: "{{@ base_url @}}/api", operations };
        const manifest = {
          auth: "api_key",
          additional_parameters: Object.fromEntries(additional.map((name) => [name, {}])),
          "system-template": "templates/system.json",
          datatypes: Object.fromEntries(
            datatypes.map((name, index): [string, Datatype] => {
              const { parameters } = made[distinct.indexOf(fileOf(index))] ?? { parameters: [] };
              const own = parameters.map((one): [string, Json] => [one, valueFor(one, index)]);
              const parent = parents ? { parent: datatypes[0] ?? name } : {};
              return [name, { template: fileOf(index), ...parent, parameters: Object.fromEntries(own) }];
            }),
          ),
        };
        const templates = Object.fromEntries(distinct.map((file, index) => [file, made[index]?.components ?? []]));
        return { manifest, templates: { "templates/system.json": [system], ...templates }, layout };
      });
  });

/** The value of a parameter in one datatype: of some parameters every datatype has its own. */
const valueFor = (name: string, index: number): Json => {
  const value = parameterValues[name] ?? null;
  return name === "order_by" && index > 0 ? `${String(value)}_${index}` : value;
};

const textIn = ({ indent, feed, end, mark: marked, ascii }: Layout, value: Json): string => {
  const plain = JSON.stringify(value, null, indent);
  const escaped = ascii
    ? plain.replaceAll(/[^\0-~]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : plain;
  return `${marked ? "\ufeff" : ""}${escaped.replaceAll("\n", feed)}${end ? feed : ""}`;
};

const blocks =
  '{{# made by a template #}{{% if system %}}"made": "{{@ system @}}", "kept": [1, "x"], {{% endif %}}' +
  '"looped": [{{% for n in [1, 2] %}}"{{@ system @}}-{{@ n @}}"{{% if not loop.last %}}, {{% endif %}}{{% endfor %}}], ';

/** As other connectors, half of them with templates that a language renders. */
export const connectorsWithBlocks: fc.Arbitrary<GeneratedConnector> = fc
  .tuple(sesamConnectors, fc.boolean())
  .map(([connector, hasBlocks]) => ({ ...connector, hasBlocks }));

/** The connector's files, by path. */
export const filesOf = ({
  manifest,
  templates,
  layout,
  hasBlocks = false,
}: GeneratedConnector): { readonly [path: string]: string } => ({
  "manifest.json": textIn(layout, manifest),
  ...Object.fromEntries(
    Object.entries(templates).map(([file, components]) => {
      const [only, second] = components;
      const text = textIn(layout, second === undefined && only !== undefined ? only : [...components]);
      return [file, hasBlocks ? text.replace("{", () => blocks) : text];
    }),
  ),
});
