import type { Json, Path } from "../../contract/index.ts";
import { hasReference, isObject, joinPath, segments } from "../../contract/index.ts";
import type { Diagnostic } from "../../diagnostic.ts";
import { nearest } from "../../nearest.ts";
import type { Collector, Where } from "../collect.ts";
import { collector } from "../collect.ts";
import type { ProjectState } from "../expand/project-state.ts";
import { allParameters, declaredParameters } from "../expand/variables.ts";
import { placeAt } from "../parse/place.ts";
import type { Source } from "../parse/source.ts";
import type { Tree } from "../parse/tree.ts";
import { findIn } from "../parse/tree.ts";
import { idPattern } from "../schemas/shared.ts";
import type { TenantContent } from "../schemas/tenant.ts";
import { tenantSchema } from "../schemas/tenant.ts";
import type { Tenant } from "../types.ts";
import type { Connector } from "./read-connector.ts";
import { parameterHint } from "./read-connector.ts";
import type { DocumentFile } from "./read-document.ts";
import { readDocument } from "./read-document.ts";
import { checkTenantSecrets, secretSources } from "./secret-sources.ts";
import type { Finding, Locate } from "./validate.ts";
import { dotted, locateIn, quotesHint, validate, validator } from "./validate.ts";

type ConnectorEntry = Exclude<TenantContent["connectors"][string], boolean | null>;

/** What one tenant says to one connector. */
export type TenantConnector = {
  readonly connector: Connector;
  readonly entry: ConnectorEntry;
};

/** What `expandTenant` needs of a tenant's file. */
export type TenantValues = {
  readonly source: Source;
  readonly service_url: string | undefined;
  readonly connectors: readonly TenantConnector[];
};

export type TenantRead = {
  readonly tenant: Tenant | undefined;
  readonly values: TenantValues | undefined;
  readonly diagnostics: readonly Diagnostic[];
};

const checkTenant = validator<TenantContent>(tenantSchema);

const nothingSaid: ConnectorEntry = { auth: { is_fullsync: false }, parameter_values: {}, datatypes: {} };

const waveOf = ({ waves }: ProjectState, labels: { [label: string]: string }, locate: Locate, collect: Collector) => {
  const wave = Object.hasOwn(labels, "wave") ? labels["wave"] : undefined;
  if (waves.length === 0) return undefined;
  if (wave === undefined) return waves.at(-1);
  if (waves.includes(wave)) return wave;
  const hint = nearest(wave, waves, "waves are");
  collect.error("unknown-wave", locate("/labels/wave"), `the project has no wave "${wave}"`, hint);
  return undefined;
};

const checkNames = (
  given: object,
  known: readonly string[],
  path: Path,
  locate: Locate,
  unknown: (name: string, place: Where) => void,
): void => {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) unknown(name, locate(joinPath(path, name), "key"));
  }
};

const checkConnector = (
  { declarations, datatypes, id }: Connector,
  entry: ConnectorEntry,
  locate: Locate,
  collect: Collector,
): void => {
  const path = joinPath("/connectors", id);
  const unknownDatatype = (name: string, place: Where): void =>
    collect.error(
      "unknown-datatype",
      place,
      `${id} has no datatype "${name}"`,
      nearest(name, datatypes, "datatypes are"),
    );
  const unknownParameter =
    (declared: readonly string[], of: string) =>
    (name: string, place: Where): void =>
      collect.error("unknown-parameter", place, `${of} has no parameter "${name}"`, parameterHint(name, declared));

  const all = allParameters(declarations);
  checkNames(entry.parameter_values, all, `${path}/parameter_values`, locate, unknownParameter(all, id));
  checkNames(entry.datatypes, datatypes, `${path}/datatypes`, locate, unknownDatatype);
  const { is_fullsync } = entry.auth;
  if (typeof is_fullsync === "object") {
    checkNames(is_fullsync, datatypes, `${path}/auth/is_fullsync`, locate, unknownDatatype);
  }
  for (const [name, datatype] of Object.entries(entry.datatypes)) {
    if (typeof datatype === "boolean" || !datatypes.includes(name)) continue;
    const declared = declaredParameters(declarations, name);
    const below = `${joinPath(`${path}/datatypes`, name)}/parameter_values`;
    checkNames(
      datatype.parameter_values,
      declared,
      below,
      locate,
      unknownParameter(declared, `${id}, datatype ${name},`),
    );
  }
};

const connectorsOf = (
  state: ProjectState,
  content: TenantContent,
  locate: Locate,
  collect: Collector,
): readonly TenantConnector[] =>
  Object.entries(content.connectors).flatMap(([id, said]): TenantConnector[] => {
    if (!state.connectorNames.includes(id)) {
      const place = locate(joinPath("/connectors", id), "key");
      const hint = nearest(id, state.connectorNames, "connectors are");
      collect.error("unknown-connector", place, `the project has no connector "${id}"`, hint);
      return [];
    }
    const connector = state.connectors.get(id);
    if (connector === undefined || said === false) return [];
    const entry = said === null || said === true ? nothingSaid : said;
    checkConnector(connector, entry, locate, collect);
    return [{ connector, entry }];
  });

/** Warns of texts that look like references where they are none: everywhere but in `secrets`. */
const warnOfReferences = (source: Source, collect: Collector): void => {
  if (!source.text.includes("ENV(") && !source.text.includes("SECRET(")) return;
  const visit = (tree: Tree): void => {
    if (tree.type === "list") tree.items.forEach(visit);
    else if (tree.type === "map") for (const { value } of tree.members) visit(value);
    else if (typeof tree.value === "string" && hasReference(tree.value)) {
      const message = "references are plain text in a tenant's file";
      const hint = "name the secret in the template, and give its value under secrets:";
      collect.warning("reference-not-resolved", placeAt(source, tree.start, tree.end), message, hint);
    }
  };
  for (const tree of source.trees()) {
    if (tree.type === "map") for (const { key, value } of tree.members) if (key !== "secrets") visit(value);
  }
};

/**
 * Account ids may be whole numbers, but only ones that are written the way numbers are: 0088120 and 1e3 would become other
 * ids.
 */
const checkAccounts = (source: Source, { connectors }: TenantContent, locate: Locate, collect: Collector): void => {
  const written = [...source.text.matchAll(/account_id["']?\s*:\s*(?:[&!]\S*\s+)*([-+.\d*][^\s,}#]*)/g)];
  if (written.every(([, text = ""]) => text === String(Number(text)))) return;
  for (const [id, said] of Object.entries(connectors)) {
    if (typeof said !== "object" || typeof said?.auth.account_id !== "number") continue;
    const path = `${joinPath("/connectors", id)}/auth/account_id`;
    const [tree] = source.trees();
    const found = tree && findIn(tree, segments(path))?.tree;
    if (found === undefined || source.text.slice(found.start, found.end) === String(said.auth.account_id)) continue;
    const place = locate(path);
    const message = `"${dotted(path)}" is read as the number ${said.auth.account_id}`;
    collect.error("wrong-type", place, message, quotesHint(place));
  }
};

/** The schema says only that tenants have no such source; this says why. */
const explainCommand = (found: Finding): Finding =>
  found.code === "unknown-field" && /^\/secrets\/[^/]+\/command$/.test(found.path)
    ? {
        code: "command-in-tenant",
        path: found.path,
        message: "a tenant's file cannot run commands",
        hint: "use env or file, or declare the secret in connector-deployer.yaml",
      }
    : found;

const tenantOf = (
  state: ProjectState,
  { source }: DocumentFile,
  content: TenantContent,
  collect: Collector,
): { tenant: Tenant; values: TenantValues } => {
  const locate = locateIn(source);
  const { id, state: presence, labels, target, on_drift } = content;
  if (!state.serviceUrls.has(target)) {
    const hint = nearest(target, [...state.serviceUrls.keys()], "targets are");
    collect.error("unknown-target", locate("/target") ?? locate("/id"), `the project has no target "${target}"`, hint);
  }
  const secrets = secretSources(content.secrets, state.environment, locate, collect);
  checkTenantSecrets(content.secrets, secrets, state, locate, collect);
  warnOfReferences(source, collect);
  checkAccounts(source, content, locate, collect);
  const tenant: Tenant = {
    id,
    file: source.file,
    state: presence,
    labels,
    target,
    wave: waveOf(state, labels, locate, collect),
    secrets,
    ...(on_drift === undefined ? {} : { on_drift }),
  };
  const connectors = connectorsOf(state, content, locate, collect);
  return { tenant, values: { source, service_url: content.service_url, connectors } };
};

/** A tenant whose file is wrong otherwise, so that it can be selected, or not, by its id and labels. */
const unusable = (file: string, content: Json): Tenant | undefined => {
  const { id, labels } = isObject(content) ? content : {};
  if (typeof id !== "string" || !new RegExp(idPattern).test(id)) return undefined;
  const texts = Object.entries(isObject(labels) ? labels : {}).filter((label) => typeof label[1] === "string");
  const known = Object.fromEntries(texts) as Tenant["labels"];
  return { id, file, state: "present", labels: known, target: "default", wave: undefined, secrets: {} };
};

/** Reads and checks one tenant file. Where its content is wrong the tenant may still be known by its id. */
export const readTenantFile = async (state: ProjectState, file: string): Promise<TenantRead> => {
  const collect = collector();
  const { root, overlay } = state;
  const read = await readDocument({ root, collect, ...(overlay && { overlay }) }, file, { keep: false });
  if (read === undefined) return { tenant: undefined, values: undefined, diagnostics: collect.diagnostics };
  const { content, diagnostics } = validate(checkTenant(), read.content, locateIn(read.source), explainCommand);
  collect.add(...diagnostics);
  const { tenant, values } =
    content === undefined
      ? { tenant: unusable(file, read.content), values: undefined }
      : tenantOf(state, read, content, collect);
  const ofTenant = (diagnostic: Diagnostic): Diagnostic =>
    tenant === undefined ? diagnostic : { ...diagnostic, tenant: tenant.id };
  return { tenant, values, diagnostics: collect.diagnostics.map(ofTenant) };
};
