import { isObject } from "../../../src/contract/index.ts";
import type { State } from "./provider-host.ts";
import { decrypted, encrypted, masked, shown } from "./secret-marks.ts";

/** What a program asks of one resource. Secrets are marked. */
export type Goal = {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly parent: string;
  readonly inputs: State;
  readonly dependencies: readonly string[];
  /** Which resources a property's value comes from. */
  readonly propertyDependencies: { readonly [property: string]: readonly string[] };
  readonly secretOutputs: readonly string[];
  readonly hiddenDiffs: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly aliases: readonly string[];
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** Undefined where the program leaves it to the provider. */
  readonly deletesFirst: boolean | undefined;
};

/** What the state holds of one resource. */
export type Resource = Goal & {
  readonly id: string;
  readonly outputs: State;
  /** Only looked up: never written nor deleted. */
  readonly external: boolean;
  /** Why its last write failed after it was made; the next update tries again. */
  readonly initErrors: readonly string[];
};

export const stackType = "pulumi:pulumi:Stack";
export const [project, stack] = ["connector-deployer", "acme"];

const qualifiedType = (urn: string): string => urn.split("::")[2] ?? "";

export const urnOf = (parent: string, type: string, name: string): string => {
  const above = qualifiedType(parent);
  const qualified = above === "" || above === stackType ? type : `${above}$${type}`;
  return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
};

/** All that a resource needs, by its URNs. */
export const needs = ({ parent, dependencies, propertyDependencies }: Resource): readonly string[] => [
  ...(parent === "" ? [] : [parent]),
  ...dependencies,
  ...Object.values(propertyDependencies).flat(),
];

/** All of a state, each after what it needs. */
export const inOrder = (state: ReadonlyMap<string, Resource>): readonly Resource[] => {
  const reached = new Set<string>();
  const found: Resource[] = [];
  const visit = (urn: string): void => {
    const resource = state.get(urn);
    if (resource === undefined || reached.has(urn)) return;
    reached.add(urn);
    for (const needed of needs(resource)) visit(needed);
    found.push(resource);
  };
  for (const urn of state.keys()) visit(urn);
  return found;
};

/** Everything that needs this one, directly or not, of resources that are in order. */
export const dependentsOf = (resources: readonly Resource[], urn: string): readonly Resource[] => {
  const reached = new Set([urn]);
  const found: Resource[] = [];
  for (const resource of resources) {
    if (resource.urn === urn || !needs(resource).some((needed) => reached.has(needed))) continue;
    reached.add(resource.urn);
    found.push(resource);
  }
  return found;
};

export const withoutNeed = (resource: Resource, urn: string): Resource => ({
  ...resource,
  dependencies: resource.dependencies.filter((needed) => needed !== urn),
  propertyDependencies: Object.fromEntries(
    Object.entries(resource.propertyDependencies).map(([key, urns]) => [key, urns.filter((needed) => needed !== urn)]),
  ),
});

const writers = { masked, encrypted, shown } as const;

/** As `pulumi stack export` writes it; secrets are only the word, words that nothing can be read from, or in clear. */
export const exported = (resources: Iterable<Resource>, secrets: keyof typeof writers): string => {
  const write = writers[secrets];
  const entries = [...resources].map((resource) => ({
    urn: resource.urn,
    custom: resource.custom,
    ...(resource.custom ? { id: resource.id } : {}),
    type: resource.type,
    inputs: write(resource.inputs),
    outputs: write(resource.outputs),
    ...(resource.parent === "" ? {} : { parent: resource.parent }),
    ...(resource.protect ? { protect: true } : {}),
    ...(resource.external ? { external: true } : {}),
    dependencies: resource.dependencies,
    propertyDependencies: resource.propertyDependencies,
    ...(resource.initErrors.length === 0 ? {} : { initErrors: resource.initErrors }),
    additionalSecretOutputs: resource.secretOutputs,
    aliases: resource.aliases,
  }));
  return JSON.stringify({ version: 3, deployment: { resources: entries } }, undefined, 2);
};

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
const properties = (value: unknown): State => (isObject(value) ? (decrypted(value) as State) : {});

/** Resources of a file for `pulumi import --file`, or of a stack's export with its secrets shown. */
export const imported = (text: string, known: Iterable<Resource>): readonly Resource[] => {
  const file: unknown = JSON.parse(text);
  if (!isObject(file)) throw new Error("this is no file of resources");
  const deployment = isObject(file["deployment"]) ? file["deployment"] : file;
  const names = isObject(file["nameTable"]) ? file["nameTable"] : {};
  const root = [...known].find(({ type }) => type === stackType)?.urn ?? urnOf("", stackType, `${project}-${stack}`);
  const urns = new Map<string, string>(Object.entries(names).map(([name, urn]) => [name, String(urn)]));
  return (deployment["resources"] as readonly State[]).map((entry) => {
    const type = String(entry["type"]);
    const given = typeof entry["urn"] === "string" ? entry["urn"] : undefined;
    const above = typeof entry["parent"] === "string" ? entry["parent"] : undefined;
    const parent = given === undefined ? (above === undefined ? root : (urns.get(above) ?? above)) : (above ?? "");
    const name =
      given === undefined ? String(entry["logicalName"] ?? entry["name"]) : given.split("::").slice(3).join("::");
    const urn = given ?? urnOf(parent, type, name);
    if (given === undefined) urns.set(String(entry["name"]), urn);
    const from = entry["propertyDependencies"];
    return {
      urn,
      type,
      name,
      custom: given === undefined ? entry["component"] !== true : entry["custom"] === true,
      parent,
      id: String(entry["id"] ?? ""),
      inputs: properties(entry["inputs"]),
      outputs: properties(entry["outputs"]),
      dependencies: texts(entry["dependencies"]),
      propertyDependencies: isObject(from)
        ? Object.fromEntries(Object.entries(from).map(([key, value]) => [key, texts(value)]))
        : {},
      secretOutputs: texts(entry["additionalSecretOutputs"]),
      hiddenDiffs: [],
      ignoreChanges: [],
      aliases: texts(entry["aliases"]),
      protect: entry["protect"] === true,
      retainOnDelete: false,
      deletesFirst: undefined,
      external: entry["external"] === true,
      initErrors: texts(entry["initErrors"]),
    };
  });
};
