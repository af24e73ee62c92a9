import { describe, expect, it, test } from "vitest";
import { builtinCatalog } from "../../src/catalog/index.ts";
import type { Component, Properties } from "../../src/contract/index.ts";
import { assemble, infinoKinds } from "../../src/resources/index.ts";

const s = "acme-t001-crm";
const component = (_id: string, type: string, properties: Properties, datatype?: string): Component => ({
  tenant: "t001",
  connector: "crm",
  system: s,
  _id,
  type,
  properties,
  ...(datatype === undefined ? {} : { datatype }),
});

const system = component(s, "system:rest", { operations: { "contact-list": {}, "contact-update": {} } });
const pipe = (properties: Properties, _id = `${s}-contact-collect`): Component =>
  component(_id, "pipe", properties, "contact");
const rest = { type: "rest", system: s, operation: "contact-list" };

const problems = (...components: readonly Component[]): string[] =>
  assemble([system, ...components], infinoKinds, builtinCatalog()).problems.map(
    ({ code, path, severity, hint }) =>
      `${severity ?? "error"} ${code} ${path}${hint?.startsWith("did you mean") === true ? ` ${hint}` : ""}`,
  );

describe("pipes and systems", () => {
  it("are rendered, and are no resources", () => {
    const assembled = assemble([system, pipe({ source: rest })], infinoKinds, builtinCatalog());
    expect(assembled.resources).toEqual([]);
    expect(assembled.problems).toEqual([]);
    expect(assembled.rendered.map(({ type }) => type)).toEqual(["system:rest", "pipe"]);
  });

  it("may be misspelled", () => {
    expect(problems(component("x", "pip", {}))).toEqual(['error unknown-kind /type did you mean "pipe"?']);
    expect(problems(component("x", "system:", {}))).toEqual(["error invalid-value /type"]);
  });

  const wrong: readonly (readonly [string, Properties, readonly string[]])[] = [
    ["no source", {}, ["error missing-field /source"]],
    ["a source that is text", { source: "crm" }, ["error wrong-type /source"]],
    ["a source without a type", { source: { dataset: "x" } }, ["error missing-field /source/type"]],
    ["a type that is a list", { source: { type: [] } }, ["error wrong-type /source/type"]],
    ["a dataset source without its dataset", { source: { type: "dataset" } }, ["error missing-field /source/dataset"]],
    ["a dataset that is a number", { source: { type: "dataset", dataset: 7 } }, ["error wrong-type /source/dataset"]],
    ["datasets that are text", { source: { type: "merge", datasets: "x" } }, ["error wrong-type /source/datasets"]],
    [
      "a REST source without system and operation",
      { source: { type: "rest" } },
      ["error missing-field /source/system", "error missing-field /source/operation"],
    ],
    [
      "an SQL sink without its table",
      { source: rest, sink: { type: "sql", system: s } },
      ["error missing-field /sink/table"],
    ],
    ["a sink that is a list", { source: rest, sink: [] }, ["error wrong-type /sink"]],
    [
      "alternatives of a wrong form",
      { source: { type: "conditional", condition: "$ENV(node-env)", alternatives: { prod: { type: "dataset" } } } },
      ["error missing-field /source/alternatives/prod/dataset"],
    ],
  ];
  for (const [name, properties, expected] of wrong) {
    it(`cannot have ${name}`, () => expect(problems(pipe(properties))).toEqual(expected));
  }

  it("may have sources of types that nobody here knows, unless that looks like a slip", () => {
    expect(problems(pipe({ source: { type: "solar_wind" } }))).toEqual([]);
    expect(problems(pipe({ source: { type: "datasett" } }))).toEqual([
      'warning invalid-value /source/type did you mean "dataset"?',
    ]);
  });

  it("may hold secrets where text is needed", () => {
    expect(problems(pipe({ source: { ...rest, system: { $secret: "$SECRET(system)" } } }))).toEqual([]);
  });
});

describe("references of pipes", () => {
  const collect = pipe({ source: rest });
  const reading = (source: Properties): Component => pipe({ source }, `${s}-contact-all`);

  it("lead to systems of the tenant and their operations", () => {
    expect(problems(pipe({ source: { ...rest, system: "acme-t001-crn" } }))).toEqual([
      `warning dangling-reference /source/system did you mean "SYSTEM"?`,
    ]);
    expect(problems(pipe({ source: { ...rest, operation: "contact-lst" } }))).toEqual([
      'warning dangling-reference /source/operation did you mean "contact-list"?',
    ]);
    const transform = [{ type: "dtl" }, { type: "chained", transforms: [{ ...rest, operation: "contact-updat" }] }];
    expect(problems(pipe({ source: rest, transform }))).toEqual([
      'warning dangling-reference /transform/1/transforms/0/operation did you mean "contact-update"?',
    ]);
  });

  it("lead to datasets that pipes of the tenant fill", () => {
    const share = pipe(
      { source: { type: "dataset", dataset: `${s}-contact-transform` }, sink: { dataset: `${s}-contact-share` } },
      `${s}-contact-writer`,
    );
    expect(problems(collect, share, reading({ type: "dataset", dataset: `${s}-contact-share` }))).toEqual([]);
    const merge = { type: "merge_datasets", datasets: [`${s}-contact-collect c`, `${s}-contact-colect x`] };
    expect(problems(collect, reading(merge))).toEqual([
      `warning dangling-reference /source/datasets/1 did you mean "SYSTEM-contact-collect"?`,
    ]);
  });

  it("are not looked up where they are others', the node's own, or known when it runs", () => {
    for (const dataset of ["global-person", "system:pump", `$ENV(x)`, "{{ runtime }}"]) {
      expect(problems(collect, reading({ type: "dataset", dataset }))).toEqual([]);
    }
    expect(problems(reading({ ...rest, operation: "{{ properties.operation }}" }))).toEqual([]);
  });
});

test("what is wrong in many tenants is said in the same words", () => {
  const inTenant = (tenant: string): Component => ({
    ...pipe({ source: { type: "dataset", dataset: `acme-${tenant}-crm-x` } }, `acme-${tenant}-crm-person-collect`),
    tenant,
    system: `acme-${tenant}-crm`,
  });
  const said = (tenant: string) =>
    assemble([inTenant(tenant)], infinoKinds, builtinCatalog()).problems.map(({ message, hint }) => [message, hint]);
  expect(said("t1")).toHaveLength(2);
  expect(said("t1")).toEqual(said("t2"));
});

describe("datasets of the connector contract", () => {
  it("are called SYSTEM-DATATYPE-collect, -transform or -share", () => {
    expect(problems(pipe({ source: rest }, `${s}-person-collect`))).toEqual(["warning dataset-name-convention /_id"]);
    expect(problems(pipe({ source: rest, sink: { dataset: "contact-share" } }, "x"))).toEqual([
      "warning dataset-name-convention /sink/dataset",
    ]);
  });

  it("may have any name that does not end so", () => {
    expect(problems(pipe({ source: rest }, `${s}-contact-all`), pipe({ source: rest }, "x"))).toEqual([]);
    expect(problems(pipe({ source: rest, sink: { type: "null" } }, "x-collect"))).toEqual([]);
  });
});
