import { digest } from "../../canonical.ts";
import type { Component, Json, Path, Properties } from "../../contract/index.ts";
import { address, hasReference, isObject, joinPath } from "../../contract/index.ts";
import type { Diagnostic, Location } from "../../diagnostic.ts";
import { nearest } from "../../nearest.ts";
import type { Collector } from "../collect.ts";
import { collector } from "../collect.ts";
import { renderTemplate } from "../language/render-template.ts";
import { reservedKeys } from "../parse/tree.ts";
import type { Instance } from "../placing/types.ts";
import { insideOf } from "../read/jail.ts";
import type { Use } from "../read/read-connector.ts";
import type { TenantConnector, TenantValues } from "../read/read-tenant.ts";
import { locateIn } from "../read/validate.ts";
import type { ExpandOptions, Expansion, Origin, Tenant } from "../types.ts";
import type { ComponentTemplate, Template } from "./compile-template.ts";
import { instantiate } from "./instantiate.ts";
import type { Provenance } from "./origin.ts";
import { locateComponent, originOf } from "./origin.ts";
import type { ProjectState } from "./project-state.ts";
import type { Scope, Value } from "./scope.ts";
import type { Given } from "./variables.ts";
import { plainValue } from "./variables.ts";

type Run = {
  readonly state: ProjectState;
  readonly tenant: Tenant;
  readonly values: TenantValues;
  readonly options: ExpandOptions;
  readonly collect: Collector;
  readonly components: Component[];
  /** In step with `components`. */
  readonly templates: ComponentTemplate[];
  readonly scopes: Scope[];
  /** Those that a template language made. */
  readonly rendered: Set<ComponentTemplate>;
  readonly ids: Map<string, number>;
};

/** What a tenant gives to one of its connectors. */
export const givenBy = (
  { state, tenant, values, options }: Pick<Run, "state" | "tenant" | "values" | "options">,
  { connector, entry }: TenantConnector,
): Given => {
  const { account_id, is_fullsync } = entry.auth;
  const accountPath = `${joinPath("/connectors", connector.id)}/auth/account_id`;
  const system = `${state.vendor}-${tenant.id}-${connector.id}`;
  return {
    system: plainValue(system, "vendor, tenant id and connector name"),
    account_id: account_id === undefined ? undefined : plainValue(account_id, "tenant auth.account_id", accountPath),
    is_fullsync,
    service_url:
      values.service_url === undefined
        ? state.serviceUrls.get(tenant.target)
        : plainValue(values.service_url, "tenant service_url", "/service_url"),
    parameter_values: entry.parameter_values as Properties,
    datatypes: entry.datatypes as Given["datatypes"],
    set: options.set ?? {},
  };
};

/** Every declared parameter needs a value somewhere, also where no template uses it. */
const checkParameters = (run: Run, { connector }: TenantConnector, given: Given): void => {
  for (const name of connector.valueless) {
    const somewhere =
      Object.hasOwn(given.set, name) ||
      Object.hasOwn(given.parameter_values, name) ||
      Object.values(given.datatypes).some(
        (said) => typeof said === "object" && Object.hasOwn(said.parameter_values, name),
      );
    if (!somewhere) withoutValue(run, connector.id, name);
  }
};

const withoutValue = ({ values, tenant, collect }: Run, connector: string, name: string): void => {
  const place = (): Location | undefined => locateIn(values.source)(joinPath("/connectors", connector), "key");
  const account = name === "account_id";
  collect.error(
    "parameter-without-value",
    place,
    `"${name}" of the connector ${connector} has no value for tenant ${tenant.id}`,
    account
      ? `set connectors.${connector}.auth.account_id in ${values.source.file}`
      : `give it in parameter_values of ${values.source.file} or of the project, or a default in the manifest`,
  );
};

const scopeOf = (
  { state, tenant, collect }: Run,
  variables: readonly string[] = [],
  values: readonly Value[] = [],
): Scope => ({
  variables,
  values,
  environment: state.environment,
  secretDeclared: (name) => Object.hasOwn(tenant.secrets, name) || Object.hasOwn(state.secrets, name),
  secretNames: () => [...Object.keys(tenant.secrets), ...Object.keys(state.secrets)],
  report: collect.error,
  deferred: false,
  keepsReferences: false,
});

type Filled = { readonly template: Template; readonly scope: Scope; readonly rendered: boolean };

/** A template with the values of its variables; undefined, and reported, where one has none. */
const fill = (run: Run, use: Use, connector: string, given: Given): Filled | undefined => {
  if ("bind" in use) {
    const missing = (name: string): void => withoutValue(run, connector, name);
    const { bind, template } = use;
    const made = bind && renderTemplate(template, bind, given, scopeOf(run), missing, run.collect);
    return made && { ...made, rendered: true };
  }
  const { resolvers, template } = use;
  if (resolvers === undefined) return undefined;
  const values: Value[] = [];
  for (const [slot, resolve] of resolvers.entries()) {
    const value = resolve(given);
    if (value === undefined) withoutValue(run, connector, template.variables[slot] ?? "");
    else values.push(value);
  }
  if (values.length < resolvers.length) return undefined;
  return { template, scope: scopeOf(run, template.variables, values), rendered: false };
};

const inDatatype = (component: Component | undefined): string =>
  component?.datatype === undefined ? "" : ` (datatype ${component.datatype})`;

const checkComponent = (run: Run, component: Component, provenance: Provenance): void => {
  const { state, collect, ids, components } = run;
  const { _id, type, properties } = component;
  const other = ids.get(_id);
  if (other !== undefined) {
    const before = locateComponent({ ...provenance, at: other }, "/_id");
    const first = `${before?.file}:${before?.line}${inDatatype(components[other])}`;
    const message = `the _id "${_id}" is made at ${first}, and here${inDatatype(component)} again`;
    const hint = "put what tells them apart into the _id, such as <<@ datatype @>>";
    collect.error("duplicate-id", () => locateComponent(provenance, "/_id"), message, hint);
  }
  const path = properties["path"];
  if (type === "file" && typeof path === "string" && insideOf(state.root, "", path) === undefined) {
    const message = `"${path}" leaves the project folder`;
    collect.error("path-outside-project", () => locateComponent(provenance, "/path"), message, "keep data inside it");
  }
};

const expandConnector = (run: Run, entry: TenantConnector): void => {
  const { tenant, options, components, templates, scopes, rendered, ids } = run;
  const { connector } = entry;
  const given = givenBy(run, entry);
  const system = String(given.system.json);
  checkParameters(run, entry, given);
  for (const use of connector.uses) {
    const { datatype, schedule } = use;
    if (datatype !== undefined && Object.hasOwn(given.datatypes, datatype) && given.datatypes[datatype] === false)
      continue;
    const filled = fill(run, use, connector.id, given);
    if (filled === undefined) continue;
    const { scope } = filled;
    const identity = { tenant: tenant.id, connector: connector.id, datatype, system, schedule };
    for (const template of filled.template.components) {
      const component = instantiate(template, scope, identity, options.secretPaths);
      if (component === undefined) continue;
      const at = components.push(component) - 1;
      templates.push(template);
      scopes.push(scope);
      if (filled.rendered) rendered.add(template);
      if (ids.has(component._id) || component.type === "file") checkComponent(run, component, provenanceOf(run, at));
      ids.set(component._id, at);
    }
  }
};

const provenanceOf = ({ templates, scopes, components, values, state, tenant }: Run, at: number): Provenance => ({
  at,
  templates,
  scopes,
  components,
  tenantSource: values.source,
  tenant,
  state,
});

/** `--set` is not part of any file: what it names and holds is checked once for each tenant. */
export const checkSet = (set: Properties, parameters: ReadonlySet<string>, collect: Collector): void => {
  const visit = (name: string, value: Json): void => {
    if (typeof value === "string" && hasReference(value)) {
      const hint = "name secrets in templates or in connector-deployer.yaml";
      collect.warning("reference-not-resolved", undefined, `references are plain text in --set ${name}`, hint);
    } else if (Array.isArray(value)) for (const item of value) visit(name, item);
    else if (isObject(value)) {
      for (const [key, member] of Object.entries(value)) {
        if (!reservedKeys.has(key)) visit(name, member);
        else
          collect.error("invalid-value", undefined, `--set ${name}: the key "${key}" is reserved`, "use another name");
      }
    }
  };
  for (const [name, value] of Object.entries(set)) {
    visit(name, value);
    if (parameters.has(name)) continue;
    const hint = nearest(name, [...parameters], "parameters are");
    collect.error("unknown-parameter", undefined, `--set ${name}: no connector has this parameter`, hint);
  }
};

/**
 * What came out of a run. A class, since an object literal with a getter gets a hidden class of its own each time, which
 * keeps all that it reaches from being collected cheaply.
 */
class Expanded implements Expansion {
  readonly tenant: Tenant;
  readonly components: readonly Component[];
  readonly diagnostics: readonly Diagnostic[];
  readonly #run: Run;
  #digest: string | undefined;

  constructor(run: Run) {
    this.tenant = run.tenant;
    this.components = run.components;
    this.diagnostics = run.collect.diagnostics;
    this.#run = run;
  }

  get digest(): string {
    const { id, state, target, wave, on_drift } = this.tenant;
    this.#digest ??= digest({ tenant: { id, state, target, wave, on_drift }, components: this.components });
    return this.#digest;
  }

  locate(component: Component, path: Path, part: "key" | "value" = "value"): Location | undefined {
    const provenance = this.#find(component);
    return provenance && locateComponent(provenance, path, part);
  }

  origin(component: Component, path: Path): Origin | undefined {
    const provenance = this.#find(component);
    return provenance && originOf(provenance, path);
  }

  instances(): readonly Instance[] {
    const { components, templates, scopes, rendered, values } = this.#run;
    return components.flatMap((component, index): Instance[] => {
      const [template, scope] = [templates[index], scopes[index]];
      if (template === undefined || scope === undefined) return [];
      const { tenant, connector, datatype, _id, type, properties } = component;
      const expanded: Json = { _id, type, ...properties };
      return [
        {
          name: address(type, _id),
          tenant,
          connector,
          datatype,
          template,
          rendered: rendered.has(template),
          scope,
          tenantSource: values.source,
          expanded,
          edited: expanded,
        },
      ];
    });
  }

  #find(component: Component): Provenance | undefined {
    const at = this.components.indexOf(component);
    const index = at === -1 ? this.#run.ids.get(component._id) : at;
    return index === undefined ? undefined : provenanceOf(this.#run, index);
  }
}

/** Expands one tenant's components, in the order of its connectors and their manifests. */
export const expand = (
  state: ProjectState,
  tenant: Tenant,
  values: TenantValues,
  options: ExpandOptions,
): Expansion => {
  const collect = collector(tenant.id);
  const run: Run = {
    state,
    tenant,
    values,
    options,
    collect,
    components: [],
    templates: [],
    scopes: [],
    rendered: new Set(),
    ids: new Map(),
  };
  if (options.set !== undefined) checkSet(options.set, state.parameters, collect);
  if (tenant.state === "present") for (const entry of values.connectors) expandConnector(run, entry);
  return new Expanded(run);
};
