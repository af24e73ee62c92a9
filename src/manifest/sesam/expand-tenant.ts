import { posix } from "node:path";
import type { Json, Properties } from "../../contract/index.ts";
import { isObject, parseReferences, segments } from "../../contract/index.ts";
import type { Collector } from "../collect.ts";
import { collector } from "../collect.ts";
import { checkSet, givenBy } from "../expand/expand.ts";
import type { ProjectState } from "../expand/project-state.ts";
import type { Value } from "../expand/scope.ts";
import type { Binding, Given } from "../expand/variables.ts";
import { bind } from "../expand/variables.ts";
import type { Source } from "../parse/source.ts";
import { findIn } from "../parse/tree.ts";
import type { Use } from "../read/read-connector.ts";
import type { TenantConnector, TenantValues } from "../read/read-tenant.ts";
import type { Tenant } from "../types.ts";
import type { FilledTemplate } from "./assemble-files.ts";
import { assembleFiles } from "./assemble-files.ts";
import { placeholder } from "./development-values.ts";
import { fillLanguage, fillTemplate } from "./fill-template.ts";
import { isTruthy, textOf } from "./python-text.ts";
import { readProfile } from "./read-profile.ts";
import type { SesamExpansion } from "./types.ts";

export type TenantSesamOptions = {
  readonly profile: string;
  /** `--set`: values over everything else. */
  readonly set?: Properties;
};

type Run = {
  readonly state: ProjectState;
  readonly tenant: Tenant;
  readonly values: TenantValues;
  readonly options: TenantSesamOptions;
};

/** How a whole number is written in the tenant's file, where that may be `10.0`; hardly any file has to be parsed for it. */
const spelledInTenant = (source: Source, json: Json, path: string): string | undefined => {
  if (!source.text.includes(`${json}.`)) return undefined;
  const [tree] = source.trees();
  const found = tree && findIn(tree, segments(path))?.tree;
  return found && source.text.slice(found.start, found.end);
};

/** A value as texts of Sesam's dialect take it: references in it are plain text, and what nobody gives is a placeholder. */
const sesamValue = (value: Value | undefined, name: string, tenantSource: Source): Value => {
  if (value === undefined) return placeholder(name);
  const { json, spot, tenantPath } = value;
  const shared = typeof json === "number" && tenantPath === undefined ? spot?.() : undefined;
  const spelled =
    typeof json === "number" && tenantPath !== undefined
      ? spelledInTenant(tenantSource, json, tenantPath)
      : shared?.source.text.slice(shared.start, shared.end);
  return { ...value, text: textOf(json, spelled), pieces: undefined, make: undefined };
};

const fill = (collect: Collector, use: Use, given: Given, source: Source): FilledTemplate | undefined => {
  const { datatype } = use;
  if ("bind" in use) {
    const { bind, template } = use;
    if (bind === undefined) return undefined;
    const binding = (name: string): Binding => {
      const found = bind(name);
      return "resolve" in found ? { resolve: (one) => sesamValue(found.resolve(one), name, source) } : found;
    };
    return fillLanguage(collect, datatype, template, binding, given);
  }
  const { resolvers, template } = use;
  const values = resolvers?.map((resolve, slot) => sesamValue(resolve(given), template.variables[slot] ?? "", source));
  return values && fillTemplate(collect, datatype, template, values);
};

/** The environment with what the tenant, the project and the manifest give; references are nobody's value but the node's. */
const environmentOf = (content: Json, { connector }: TenantConnector, given: Given): Json => {
  if (!isObject(content)) return content;
  const { declarations } = connector;
  const values = Object.keys(declarations.manifest.additional_parameters).flatMap((name): [string, Json][] => {
    const found = bind(declarations, undefined, name);
    const json = "resolve" in found ? found.resolve(given)?.json : undefined;
    return json === undefined || parseReferences(JSON.stringify(json)).some(({ type }) => type !== "text")
      ? []
      : [[name, json]];
  });
  return { ...content, ...Object.fromEntries(values) };
};

const expandConnector = async (run: Run, entry: TenantConnector): Promise<SesamExpansion> => {
  const { state, tenant, values, options } = run;
  const { connector } = entry;
  const { manifest, manifestSpot } = connector.declarations;
  const collect = collector(tenant.id);
  const given = givenBy(run, entry);
  const isOn = (datatype: string | undefined): boolean =>
    datatype === undefined || !Object.hasOwn(given.datatypes, datatype) || given.datatypes[datatype] !== false;
  const uses = connector.uses.filter(({ datatype }) => isOn(datatype));
  const templates = uses.flatMap((use) => fill(collect, use, given, values.source) ?? []);
  const folder = posix.dirname(manifestSpot("").source.file);
  const { root, overlay } = state;
  const reading = { root, collect, dialect: "sesam", ...(overlay && { overlay }) } as const;
  const profile = await readProfile(reading, folder === "." ? "" : folder, manifest, options.profile);
  const { files, diagnostics } = assembleFiles({
    system: String(given.system.json),
    templates,
    datatypes: uses.flatMap(({ datatype }) => datatype ?? []),
    isWebhookOpen: isTruthy(manifest.use_webhook_secret),
    profile: options.profile,
    profileContent: environmentOf(profile.content, entry, given),
  });
  const ofTenant = diagnostics.map((diagnostic) => ({ ...diagnostic, tenant: tenant.id }));
  return { files, diagnostics: [...collect.diagnostics, ...ofTenant] };
};

/** What a tenant's connectors expand to in Sesam's form, with the tenant's values; a tenant that leaves expands to nothing. */
export const expandTenantInSesamForm = async (
  state: ProjectState,
  tenant: Tenant,
  values: TenantValues,
  options: TenantSesamOptions,
): Promise<readonly { readonly connector: string; readonly expansion: SesamExpansion }[]> => {
  if (tenant.state === "absent") return [];
  const collect = collector(tenant.id);
  if (options.set !== undefined) checkSet(options.set, state.parameters, collect);
  return Promise.all(
    values.connectors.map(async (entry) => {
      const { files, diagnostics } = await expandConnector({ state, tenant, values, options }, entry);
      const expansion = { files, diagnostics: [...collect.diagnostics, ...diagnostics] };
      return { connector: entry.connector.id, expansion };
    }),
  );
};
