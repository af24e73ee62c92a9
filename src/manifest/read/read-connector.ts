import type { Json, Path, Properties } from "../../contract/index.ts";
import { isObject, joinPath } from "../../contract/index.ts";
import { nearest, nearestName } from "../../nearest.ts";
import type { Collector } from "../collect.ts";
import type { Template } from "../expand/compile-template.ts";
import { brokenReference, environmentIn } from "../expand/references.ts";
import type { Spot } from "../expand/scope.ts";
import { placeWithin, timesBefore } from "../expand/scope.ts";
import type { Binding, Declarations, Resolve } from "../expand/variables.ts";
import { allParameters, bind, valuelessParameters, webhookVariable } from "../expand/variables.ts";
import { bindingOf, checkNames } from "../language/names.ts";
import type { LanguageTemplate } from "../language/template.ts";
import { isLanguage } from "../language/template.ts";
import type { Source } from "../parse/source.ts";
import type { ManifestContent } from "../schemas/manifest.ts";
import type { ProjectContent } from "../schemas/project.ts";
import type { Folder } from "./folder.ts";
import { jailed, spotIn } from "./folder.ts";
import { readManifest } from "./read-manifest.ts";
import { templateOf } from "./read-template.ts";
import { scheduleOf } from "./schedule.ts";
import type { Locate } from "./validate.ts";
import { locateIn } from "./validate.ts";

/** A template as one datatype uses it, or the connector's system template. */
export type Use = {
  readonly datatype: string | undefined;
  readonly schedule: string | undefined;
} & (
  | {
      readonly template: Template;
      /** By the template's slots; undefined where some of its variables are not there. */
      readonly resolvers: readonly Resolve[] | undefined;
    }
  | {
      readonly template: LanguageTemplate;
      /** How any name gets its value; undefined where some that the template uses are not there. */
      readonly bind: ((name: string) => Binding) | undefined;
    }
);

/** A connector's files, checked and compiled. */
export type Connector = {
  readonly id: string;
  readonly declarations: Declarations;
  readonly datatypes: readonly string[];
  readonly uses: readonly Use[];
  /** Declared parameters that have no value unless a tenant, or --set, gives one. */
  readonly valueless: readonly string[];
  /** What the digest of the shared files covers. */
  readonly content: Json;
  /** Environment variables that its files name. */
  readonly environment: ReadonlySet<string>;
};

type Configuration = Exclude<ProjectContent["connectors"], string>[string];

/** How each variable of a template gets its value; undefined, and reported, where some are not there. */
export const resolversOf = (
  { collect }: Folder,
  binding: (name: string) => Binding,
  template: Template,
): readonly Resolve[] | undefined => {
  const bindings = template.variables.map(binding);
  for (const [slot, binding] of bindings.entries()) {
    if ("resolve" in binding) continue;
    const { code, message, hint } = binding;
    for (const use of template.uses.filter(({ name }) => name === template.variables[slot])) {
      const mark = use.text.slice(use.start).match(/^.*?@(?:>>|\}\})/s)?.[0] ?? "";
      collect.error(code, placeWithin(use.spot, mark, timesBefore(use.text, mark, use.start)), message, hint);
    }
  }
  const resolvers = bindings.flatMap((binding) => ("resolve" in binding ? [binding.resolve] : []));
  return resolvers.length < bindings.length ? undefined : resolvers;
};

/** A hint for a parameter that is not declared. */
export const parameterHint = (name: string, declared: readonly string[]): string => {
  if (["system", "datatype", "account_id", "is_fullsync", "parent"].includes(name)) {
    return `"${name}" is always there and cannot be given`;
  }
  return nearestName(name, declared) === undefined
    ? `declare it in the manifest: additional_parameters: { ${name}: {} }`
    : nearest(name, declared);
};

/** Reports references without a name in values where references count. */
const checkReferences = (json: unknown, path: Path, spotOf: (path: Path) => Spot, collect: Collector): void => {
  if (typeof json === "string") {
    const broken = brokenReference(json);
    if (broken === undefined) return;
    const hint = `a name is letters, digits, "_", "." and "-"; write \\${broken} for the plain text`;
    collect.error("invalid-value", placeWithin(spotOf(path), broken), `no name stands in ${broken})`, hint);
  } else if (typeof json === "object" && json !== null) {
    for (const [key, value] of Object.entries(json)) checkReferences(value, joinPath(path, key), spotOf, collect);
  }
};

const checkAllReferences = (
  collect: Collector,
  { auth, parameter_values }: Configuration,
  { manifest, manifestSpot, projectSpot }: Declarations,
): void => {
  checkReferences(auth, "/auth", projectSpot, collect);
  checkReferences(parameter_values, "/parameter_values", projectSpot, collect);
  checkReferences(manifest.oauth2, "/oauth2", manifestSpot, collect);
  for (const [name, { parameters }] of Object.entries(manifest.datatypes)) {
    checkReferences(parameters, `${joinPath("/datatypes", name)}/parameters`, manifestSpot, collect);
  }
  for (const [name, parameter] of Object.entries(manifest.additional_parameters)) {
    if (!isObject(parameter)) continue;
    const path = `${joinPath("/additional_parameters", name)}/default`;
    checkReferences(parameter["default"], path, manifestSpot, collect);
  }
};

/**
 * Reports each circle of parents once, where its first datatype names its parent. A datatype may be its own parent: its
 * records make a tree.
 */
const checkParents = (collect: Collector, { datatypes }: ManifestContent, locate: Locate): void => {
  const seen = new Set<string>();
  for (const name of Object.keys(datatypes)) {
    const trail: string[] = [];
    for (let next: string | undefined = name; next !== undefined; ) {
      const start = trail.indexOf(next);
      if (start !== -1) {
        const circle = [...trail.slice(start), next].join(" → ");
        const place = locate(`${joinPath("/datatypes", next)}/parent`);
        collect.error("reference-cycle", place, `parents in a circle: ${circle}`, "take one parent: out");
        break;
      }
      if (seen.has(next)) break;
      trail.push(next);
      const parent: string | undefined = Object.hasOwn(datatypes, next) ? datatypes[next]?.parent : undefined;
      next = parent === next ? undefined : parent;
    }
    for (const one of trail) seen.add(one);
  }
};

const checkDatatypes = (collect: Collector, manifest: ManifestContent, locate: Locate): void => {
  for (const [name, datatype] of Object.entries(manifest.datatypes)) {
    const path = joinPath("/datatypes", name);
    const schedule = scheduleOf(datatype);
    if (schedule === undefined || "cron" in schedule) continue;
    const { seconds, cron } = schedule.nearest;
    const message = `five-field cron cannot say "every ${datatype.schedule_interval} s"`;
    const place = locate(`${path}/schedule_interval`);
    collect.error("inexpressible-schedule", place, message, `the nearest it can say is ${seconds} s: ${cron}`);
  }
};

/** Reads a connector's folder: its manifest and templates, each template compiled once. */
export const readConnector = async (
  folder: Folder,
  id: string,
  configuration: Configuration,
  projectSources: readonly Source[],
): Promise<Connector | undefined> => {
  const { collect } = folder;
  const base = joinPath("/connectors", id);
  const locateProject = locateIn(...projectSources);
  const givenAt = locateProject(`${base}/path`);
  const namedAt = givenAt ?? locateProject(base, "key");
  const connectorFolder = jailed(folder, "", configuration.path, namedAt);
  const hint =
    givenAt === undefined ? `put the connector's folder there (url is not fetched), or say path:` : undefined;
  const read = connectorFolder === undefined ? undefined : await readManifest(folder, connectorFolder, namedAt, hint);
  if (connectorFolder === undefined || read === undefined) return undefined;
  const { source, manifest } = read;
  const locate = locateIn(source);
  const start: Spot = { source, start: 0, end: 1 };
  const declarations: Declarations = {
    connector: id,
    manifest,
    auth: configuration.auth,
    parameter_values: configuration.parameter_values as Properties,
    manifestSpot: (path) => spotIn([source], path) ?? start,
    projectSpot: (path) => spotIn(projectSources, `${base}${path}`) ?? start,
  };
  // In Sesam's form schedules do not show, and references are plain text.
  if (folder.dialect !== "sesam") {
    checkDatatypes(collect, manifest, locate);
    checkParents(collect, manifest, locate);
    checkAllReferences(collect, configuration, declarations);
  }
  const declared = allParameters(declarations);
  for (const name of Object.keys(configuration.parameter_values)) {
    if (declared.includes(name)) continue;
    const place = locateProject(joinPath(`${base}/parameter_values`, name), "key");
    collect.error("unknown-parameter", place, `${id} has no parameter "${name}"`, parameterHint(name, declared));
  }

  const uses: Use[] = [];
  const use = async (datatype: string | undefined, path: string, pointer: Path): Promise<void> => {
    const template = await templateOf(folder, connectorFolder, path, locate(pointer));
    if (template === undefined) return;
    const keys = datatype === undefined ? undefined : manifest.datatypes[datatype];
    const found = keys && scheduleOf(keys);
    const schedule = found !== undefined && "cron" in found ? found.cron : undefined;
    if (isLanguage(template)) {
      const binding = bindingOf(declarations, datatype);
      const isBound = checkNames(collect, template, binding);
      uses.push({ datatype, schedule, template, bind: isBound ? binding : undefined });
    } else {
      const resolvers = resolversOf(folder, (name) => bind(declarations, datatype, name), template);
      uses.push({ datatype, schedule, template, resolvers });
    }
  };
  for (const key of ["system-template", "system_template"] as const) {
    const path = manifest[key];
    if (path === undefined) continue;
    await use(undefined, path, `/${key}`);
    break;
  }
  for (const [name, { template }] of Object.entries(manifest.datatypes)) {
    if (template !== undefined) await use(name, template, `${joinPath("/datatypes", name)}/template`);
  }
  const environment = new Set([
    ...uses.flatMap(({ template }) => [...template.environment]),
    ...environmentIn(configuration),
    ...environmentIn(manifest),
    webhookVariable(id),
  ]);
  const content: Json = {
    manifest: manifest as unknown as Json,
    configuration: configuration as unknown as Json,
    templates: uses.map(({ datatype, template }) => [datatype ?? null, template.source.file, template.source.text]),
  };
  const valueless = valuelessParameters(declarations);
  return { id, declarations, datatypes: Object.keys(manifest.datatypes), uses, valueless, content, environment };
};
