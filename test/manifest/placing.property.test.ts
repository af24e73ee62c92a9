import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { equal } from "../../src/canonical.ts";
import type { Json } from "../../src/contract/index.ts";
import { placeEdits } from "../../src/manifest/index.ts";
import type { Instance } from "../../src/manifest/placing/types.ts";
import type { Subject } from "./placing-subjects.ts";
import { checkPlacement, projectSubject } from "./placing-subjects.ts";

type Mapping = { readonly [key: string]: Json };

const runs = { numRuns: Number(process.env["PLACING_RUNS"] ?? 60) };
const mark = (name: string): string => `<<@ ${name} @>>`;
const variables = ["system", "datatype", "base_url", "a", "b", "c"];

const literal = fc.constantFrom("x", "of ", "/", "-", "é☃", "{{ r }}", "a: b", "10", "contact", " # ", "'", '"');
const text = fc
  .array(fc.oneof(literal, fc.constantFrom(...variables).map(mark)), { maxLength: 4 })
  .map((parts) => parts.join(""));
const tree = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    text,
    text,
    fc.constantFrom<Json>(1, 2.5, true, null, [], {}),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("k", "l", "with space", "<<@ datatype @>>_key"), tie("value"), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  ),
})).value;
const parameter = fc.constantFrom<Json>("updated", "v1", 10, 2.5, true, "https://h.example/p");

type Generated = {
  readonly properties: readonly Mapping[];
  readonly values: { readonly a: Json; readonly b: Json; readonly c: Json; readonly contact: Json };
  /** What the second tenant has of its own; undefined without a second tenant. */
  readonly second: Mapping | undefined;
};

const generated: fc.Arbitrary<Generated> = fc.record({
  properties: fc.array(fc.dictionary(fc.constantFrom("p", "q", "r"), tree, { minKeys: 1, noNullPrototype: true }), {
    minLength: 1,
    maxLength: 2,
  }),
  values: fc.record({ a: parameter, b: parameter, c: parameter, contact: parameter }),
  second: fc.option(fc.dictionary(fc.constantFrom("a", "b"), parameter, { noNullPrototype: true }), { nil: undefined }),
});

const filesOf = ({ properties, values: { a, b, c, contact }, second }: Generated): { [file: string]: string } => ({
  "connector-deployer.yaml": stringify({
    vendor: "acme",
    targets: {
      default: { type: "infino", endpoint: "https://api.example", access_key: "a", secret_key: "$SECRET(s)" },
    },
    connectors: { crm: { path: "crm", auth: { api_base_url: "https://crm.example" }, parameter_values: { b } } },
    secrets: { s: { env: "S" } },
  }),
  "crm/manifest.yaml": stringify({
    additional_parameters: { base_url: {}, a: { default: a }, b: {}, c: { default: c } },
    datatypes: { contact: { template: "t.yaml", parameters: { c: contact } }, deal: { template: "t.yaml" } },
  }),
  "crm/t.yaml": stringify(
    properties.map((members, index) => ({
      _id: `${mark("system")}-${mark("datatype")}-${index}`,
      type: "import-job",
      ...members,
    })),
    { lineWidth: 0, aliasDuplicateObjects: false },
  ),
  "tenants/t1.yaml": "id: t1\nconnectors: { crm: {} }\n",
  "tenants/t2.yaml":
    second === undefined ? "" : stringify({ id: "t2", connectors: { crm: { parameter_values: second } } }),
});

type Pick = <T>(from: readonly T[]) => T;
const picks = (numbers: readonly number[]): Pick => {
  let at = 0;
  return (from) => from[(numbers[at++ % numbers.length] ?? 0) % from.length] as (typeof from)[number];
};

const spellings = ["edited", "\\<<@ x @>>", "\\$ENV(X) y", "a: b # c", "two\nlines", "{{ s }}", "contact's"];
const replacements: readonly Json[] = [...spellings, 7, false, null, ["x"], { y: 1 }];

/** A literal of a template, or a part of a text between variables, written anew; items and members that are new. */
const withLiteral = (value: Json, pick: Pick): Json => {
  if (Array.isArray(value)) {
    const at = pick([...value.keys(), value.length]);
    if (at === value.length) return [...value, "a new item"];
    return value.map((item: Json, index) => (index === at ? withLiteral(item, pick) : item));
  }
  if (typeof value === "object" && value !== null) {
    const key = pick([...Object.keys(value), "a new key"]);
    const old = (value as Mapping)[key];
    return { ...value, [key]: old === undefined ? pick(replacements) : withLiteral(old, pick) };
  }
  if (typeof value !== "string" || !value.includes("<<@")) return pick(replacements.filter((one) => one !== value));
  const parts = value.split(/(<<@ \w+ @>>)/);
  const places = parts.flatMap((part, index) => (index % 2 === 0 && part !== "" ? [index] : []));
  if (places.length === 0) return value;
  const at = pick(places);
  return parts.map((part, index) => (index === at ? pick([`${part}/y`, pick(spellings)]) : part)).join("");
};

const withEdits = (one: Generated, pick: Pick): Generated => {
  if (pick(["literal", "value"]) === "value") {
    const name = pick(["a", "b", "c", "contact"] as const);
    const now = typeof one.values[name] === "number" ? 77 : pick(["other", "https://i.example/q", "n 1"]);
    return { ...one, values: { ...one.values, [name]: now } };
  }
  return { ...one, properties: one.properties.map((members) => withLiteral(members, pick) as Mapping) };
};

/** Some value of an expansion changed, taken out or added, whatever it came from. */
const wild = (value: Json, pick: Pick): Json => {
  if (Array.isArray(value) && pick([true, true, false])) {
    const at = pick([...value.keys(), value.length]);
    const what = pick(["in", "out", "within", "within"]);
    if (what === "in") return [...value.slice(0, at), pick(replacements), ...value.slice(at)];
    return value.flatMap((item: Json, index) => (index !== at ? [item] : what === "out" ? [] : [wild(item, pick)]));
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value) && pick([true, true, false])) {
    const key = pick([...Object.keys(value).filter((name) => name !== "type"), "a new key"]);
    const { [key]: old, ...others } = value as Mapping;
    const what = pick(["out", "name", "within", "within", "within"]);
    if (old === undefined) return { ...value, [key]: pick(replacements) };
    if (what === "within") return { ...value, [key]: wild(old, pick) };
    return what === "out" ? others : { ...others, [`${key}s`]: old };
  }
  if (typeof value !== "string") return pick(replacements);
  return pick([`${value}x`, `/${value}`, value.slice(1), value.replaceAll("contact", "kontakt"), pick(spellings)]);
};

const counts = { placed: 0, listed: 0 };
afterAll(() => {
  const { placed, listed } = counts;
  process.stdout.write(`edits of any kind: ${placed} of ${placed + listed} placed, the others listed\n`);
});

const withSubject = async (one: Generated, use: (subject: Subject) => Promise<void>): Promise<void> => {
  // A list or mapping within a text, or two keys that become one, is no expansion that could be edited.
  const subject = await projectSubject(filesOf(one)).catch(() => undefined);
  if (subject === undefined) return;
  await use(subject).finally(() => subject[Symbol.asyncDispose]());
};

const numbers = fc.array(fc.nat(1_000_000), { minLength: 12, maxLength: 12 });

describe("edits of a project's expansion", () => {
  test("that its files could hold are all placed", { timeout: 120_000 }, async () => {
    let tried = 0;
    await fc.assert(
      fc.asyncProperty(generated, numbers, async (one, some) => {
        await withSubject(one, async ({ instances, reexpand }) => {
          const files = new Map(Object.entries(filesOf(withEdits(one, picks(some)))));
          const now = await reexpand(files).catch(() => undefined);
          if (now === undefined) return;
          const edited = instances.map((instance): Instance => ({ ...instance, edited: now.get(instance.name) }));
          const placement = await placeEdits(edited, [], { tenantFiles: "never", reexpand });
          expect(placement.unplaced).toEqual([]);
          await checkPlacement(edited, [], placement, reexpand);
          if (placement.placed.length > 0) tried++;
        });
      }),
      runs,
    );
    process.stdout.write(`edits that files could hold: ${tried} of ${tried} placed\n`);
    expect(tried).toBeGreaterThan(runs.numRuns / 4);
  });

  test("come out again, or are listed", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        generated,
        numbers,
        fc.constantFrom("never" as const, "where-needed" as const, "always" as const),
        async (one, some, tenantFiles) => {
          await withSubject(one, async ({ instances, reexpand }) => {
            const pick = picks(some);
            const chosen = pick([(): boolean => true, ({ name }: Instance) => name === pick(instances).name]);
            const edited = instances.map((instance): Instance => {
              const value = chosen(instance) ? wild(instance.expanded, picks(some)) : instance.expanded;
              return equal(value, instance.expanded) ? instance : { ...instance, edited: value };
            });
            const placement = await placeEdits(edited, [], { tenantFiles, reexpand });
            await checkPlacement(edited, [], placement, reexpand);
            counts.placed += placement.placed.length;
            counts.listed += placement.unplaced.length;
          });
        },
      ),
      runs,
    );
  });
});
