import type { Component, Json, Path } from "../contract/index.ts";
import { isObject, isSealed, joinPath } from "../contract/index.ts";
import { nearest, nearestName } from "../nearest.ts";
import type { Problem } from "./types.ts";

type Shape = { readonly [type: string]: readonly string[] };

/** What each type of source needs; other types are taken as they are. */
const sourceNeeds: Shape = {
  conditional: ["condition", "alternatives"],
  csv: ["system", "url"],
  dataset: ["dataset"],
  diff_datasets: ["datasets"],
  embedded: ["entities"],
  empty: [],
  http_endpoint: [],
  json: ["system", "url"],
  kafka: ["system", "topic"],
  ldap: ["system"],
  merge: ["datasets"],
  merge_datasets: ["datasets"],
  rdf: ["system", "url"],
  rest: ["system", "operation"],
  sdshare: ["system", "url"],
  sparql: ["system", "url"],
  sql: ["system"],
  union_datasets: ["datasets"],
  xml: ["system", "url"],
};

/** The same of sinks; without a type it is a dataset. */
const sinkNeeds: Shape = {
  conditional: ["condition", "alternatives"],
  csv_endpoint: [],
  dataset: [],
  elasticsearch: ["system"],
  http_endpoint: [],
  json: ["system", "url"],
  kafka: ["system", "topic"],
  mail: ["system"],
  null: [],
  rest: ["system", "operation"],
  sms: ["system"],
  solr: ["system"],
  sparql: ["system", "url"],
  sql: ["system", "table"],
  xml_endpoint: [],
};

const lists = ["datasets", "entities"];
const mappings = ["alternatives"];

type Properties = { readonly [name: string]: Json };

const isText = (value: Json | undefined): boolean => (typeof value === "string" && value !== "") || isSealed(value);

const what = (value: Json): string =>
  Array.isArray(value) ? "a list" : isObject(value) ? "a mapping" : value === "" ? "empty" : JSON.stringify(value);

/** Problems of one component by itself. */
const checkShape = ({ _id, type, properties }: Component): readonly Problem[] => {
  const problems: Problem[] = [];
  const report = (code: Problem["code"], path: Path, message: string, hint: string): void => {
    problems.push({ code, _id, path, message, hint });
  };
  if (type !== "pipe") {
    if (/^system:[\w-]+$/.test(type)) return [];
    report("invalid-value", "/type", `"${type}" is no type of system`, "write its type behind it, such as system:rest");
    return problems;
  }
  const part = (name: "source" | "sink", value: Json, needs: Shape, path: Path): void => {
    if (!isObject(value)) {
      report(
        "wrong-type",
        path,
        `"${name}" of a pipe has to be a mapping, not ${what(value)}`,
        `write ${name}: { type: … }`,
      );
      return;
    }
    const kind = value["type"] ?? (name === "sink" ? "dataset" : undefined);
    if (kind === undefined) {
      report("missing-field", joinPath(path, "type"), `"${name}.type" is required`, "add it, such as type: dataset");
      return;
    }
    if (typeof kind !== "string" || kind === "") {
      report("wrong-type", `${path}/type`, `"${name}.type" has to be text, not ${what(kind)}`, "write type: dataset");
      return;
    }
    if (!Object.hasOwn(needs, kind)) {
      const near = nearestName(kind, Object.keys(needs));
      if (near !== undefined) warn("invalid-value", `${path}/type`, `no ${name} of type "${kind}" is known`, near);
      return;
    }
    for (const field of needs[kind] ?? []) {
      const at = joinPath(path, field);
      const given = value[field];
      if (given === undefined || given === null) {
        report("missing-field", at, `a ${name} of type ${kind} needs "${field}"`, `add ${field}`);
      } else if (lists.includes(field)) {
        if (!Array.isArray(given))
          report("wrong-type", at, `"${field}" has to be a list, not ${what(given)}`, "write [ … ]");
      } else if (mappings.includes(field)) {
        if (!isObject(given))
          report("wrong-type", at, `"${field}" has to be a mapping, not ${what(given)}`, "write { … }");
        else for (const [key, other] of Object.entries(given)) part(name, other, needs, joinPath(at, key));
      } else if (!isText(given)) {
        report("wrong-type", at, `"${field}" has to be text, not ${what(given)}`, `write ${field}: as text`);
      }
    }
  };
  const warn = (code: Problem["code"], path: Path, message: string, near: string): void => {
    problems.push({ code, severity: "warning", _id, path, message, hint: `did you mean "${near}"?` });
  };
  const { source, sink } = properties;
  if (source === undefined) {
    report("missing-field", "/source", 'a pipe needs "source"', "add source: { type: dataset, dataset: … }");
  } else part("source", source, sourceNeeds, "/source");
  if (sink !== undefined) part("sink", sink, sinkNeeds, "/sink");
  return problems;
};

/** Every mapping with a type below a source, a sink or a transform: what may name datasets and systems. */
const stepsIn = (
  value: Json | undefined,
  path: Path,
): readonly { readonly step: Properties; readonly path: Path }[] => {
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => stepsIn(item, `${path}/${index}`));
  if (value === undefined || !isObject(value)) return [];
  const { transforms, alternatives } = value;
  const below = isObject(alternatives)
    ? Object.entries(alternatives).flatMap(([key, step]) => stepsIn(step, joinPath(`${path}/alternatives`, key)))
    : [];
  return [{ step: value, path }, ...stepsIn(transforms, `${path}/transforms`), ...below];
};

/** What is computed when the node runs cannot be looked up. */
const isFixed = (value: Json | undefined): value is string =>
  typeof value === "string" && value !== "" && !/\{\{|\{%|\$(?:ENV|SECRET)\(/.test(value);

const sinkDataset = ({ _id, properties: { sink } }: Component): string | undefined => {
  if (sink === undefined || !isObject(sink)) return _id;
  const { type = "dataset", dataset } = sink;
  if (type !== "dataset") return undefined;
  return typeof dataset === "string" ? dataset : _id;
};

/** Words that are the same in every tenant, so that the same thing in many of them is said once. */
const inAllTenants = (text: string, system: string): string => text.replaceAll(system, "SYSTEM");

const contractName = /-(collect|transform|share)$/;

/** Datasets of the connector contract are called `SYSTEM-DATATYPE-collect`, `-transform` and `-share`. */
const checkName = (pipe: Component): readonly Problem[] => {
  const { _id, system, datatype, properties } = pipe;
  const dataset = sinkDataset(pipe);
  const [ending] = (isFixed(dataset) ? contractName.exec(dataset) : undefined) ?? [];
  if (dataset === undefined || ending === undefined) return [];
  const wanted = `${system}-${datatype ?? "DATATYPE"}${ending}`;
  const fits =
    datatype === undefined
      ? dataset.startsWith(`${system}-`) && dataset.length >= wanted.length - 7
      : dataset === wanted;
  if (fits) return [];
  const isGiven = isObject(properties["sink"] ?? null) && dataset !== _id;
  return [
    {
      code: "dataset-name-convention",
      severity: "warning",
      _id,
      path: isGiven ? "/sink/dataset" : "/_id",
      message: inAllTenants(
        `the dataset "${dataset}" is none of the connector contract, in which it would be "${wanted}"`,
        system,
      ),
      hint: `call it <<@ system @>>-<<@ datatype @>>${ending}, or let it end otherwise`,
    },
  ];
};

/**
 * Problems of the pipes and systems of one tenant. What is missing or of a wrong form is an error; names that lead nowhere
 * within the tenant are warnings, because a node may hold more than what is declared here.
 */
export const checkRendered = (components: readonly Component[]): readonly Problem[] => {
  const pipes = components.filter(({ type }) => type === "pipe");
  const systems = new Map(components.filter(({ type }) => type !== "pipe").map((system) => [system._id, system]));
  const systemNames = [...systems.keys()];
  const datasets = new Set(pipes.flatMap((pipe) => sinkDataset(pipe) ?? []));
  // The expansion in Sesam's form adds a pipe that fills it.
  for (const { system, datatype } of pipes) if (datatype !== undefined) datasets.add(`${system}-${datatype}-transform`);
  const problems = components.flatMap(checkShape);
  for (const pipe of pipes) {
    const { _id, system, properties } = pipe;
    const dangling = (path: Path, message: string, hint: string): void => {
      const [said, cure] = [inAllTenants(message, system), inAllTenants(hint, system)];
      problems.push({ code: "dangling-reference", severity: "warning", _id, path, message: said, hint: cure });
    };
    const checkDataset = (given: Json | undefined, path: Path): void => {
      if (!isFixed(given)) return;
      const [name = ""] = given.split(" ");
      // Datasets of others are theirs; those of the node itself begin with "system:".
      if (datasets.has(name) || name.startsWith("system:")) return;
      if (!name.startsWith(`${system}-`) && nearestName(name, [...datasets]) === undefined) return;
      dangling(path, `no pipe here fills the dataset "${name}"`, nearest(name, [...datasets], "they fill"));
    };
    for (const name of ["source", "sink", "transform"] as const) {
      for (const { step, path } of stepsIn(properties[name], `/${name}`)) {
        const { system: given, operation } = step;
        if (name === "source") {
          checkDataset(step["dataset"], `${path}/dataset`);
          if (Array.isArray(step["datasets"])) {
            step["datasets"].forEach((one: Json, index) => {
              checkDataset(one, `${path}/datasets/${index}`);
            });
          }
        }
        if (!isFixed(given) || given.startsWith("system:")) continue;
        const known = systems.get(given);
        if (known === undefined) {
          dangling(`${path}/system`, `there is no system "${given}" here`, nearest(given, systemNames, "systems are"));
          continue;
        }
        const { operations } = known.properties;
        if (!isFixed(operation) || operations === undefined || !isObject(operations)) continue;
        if (Object.hasOwn(operations, operation)) continue;
        const hint = nearest(operation, Object.keys(operations), "its operations are");
        dangling(`${path}/operation`, `the system "${given}" has no operation "${operation}"`, hint);
      }
    }
    problems.push(...checkName(pipe));
  }
  return problems;
};
