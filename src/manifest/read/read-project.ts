import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import picomatch from "picomatch";
import { digest } from "../../canonical.ts";
import { builtinConnectorTypes, createCatalog } from "../../catalog/index.ts";
import type { Diagnostic } from "../../diagnostic.ts";
import { hasErrors } from "../../diagnostic.ts";
import { DeployerError } from "../../errors.ts";
import type { Collector } from "../collect.ts";
import { collector } from "../collect.ts";
import { expand } from "../expand/expand.ts";
import type { ProjectState } from "../expand/project-state.ts";
import { environmentIn } from "../expand/references.ts";
import { allParameters } from "../expand/variables.ts";
import type { Dialect } from "../parse/variable-marks.ts";
import type { ProjectContent } from "../schemas/project.ts";
import type { ProjectFiles, Tenant } from "../types.ts";
import { checkLedger } from "./check-ledger.ts";
import { checkMoved } from "./check-moved.ts";
import type { Folder } from "./folder.ts";
import { outsideProject } from "./folder.ts";
import { insideOf } from "./jail.ts";
import { readCatalog } from "./read-catalog.ts";
import type { Connector } from "./read-connector.ts";
import { readConnector } from "./read-connector.ts";
import type { ProjectFile, ReadContent } from "./read-project-file.ts";
import { readProjectFile } from "./read-project-file.ts";
import type { TenantValues } from "./read-tenant.ts";
import { readTenantFile } from "./read-tenant.ts";
import { review } from "./review.ts";
import { credentialsIn, secretSources } from "./secret-sources.ts";
import { checkPlainSecrets, credentialTexts, serviceUrls, targetFiles } from "./targets.ts";
import { listTenantFiles, matchesNothing } from "./tenant-files.ts";
import type { Locate } from "./validate.ts";
import { locateIn } from "./validate.ts";

type ReadOptions = {
  /** Environment variables, as they are at this moment. */
  readonly env: { readonly [name: string]: string | undefined };
  /** Texts that count in place of what the files hold, by path relative to the project folder. */
  readonly overlay?: ReadonlyMap<string, string>;
  /** How templates are read; default: our own way. */
  readonly dialect?: Dialect;
};

const rootOf = (dir: string): string => {
  try {
    return realpathSync.native(dir);
  } catch {
    throw new DeployerError("no-project", `there is no folder ${dir}`, {
      hint: "name the project folder with --project",
    });
  }
};

const tenantGlobs = (
  { tenants }: ProjectContent,
  root: string,
  locate: Locate,
  collect: Collector,
): readonly string[] =>
  [tenants].flat().filter((glob, index) => {
    if (insideOf(root, "", picomatch.scan(glob).base) !== undefined) return true;
    const place = locate(typeof tenants === "string" ? "/tenants" : `/tenants/${index}`);
    collect.add(outsideProject(glob, place));
    return false;
  });

/** A glob with a slip of the pen would otherwise look like a project without tenants. */
const checkGlobs = async (
  { root, collect }: Folder,
  { tenants }: ProjectContent,
  globs: readonly string[],
  locate: Locate,
): Promise<void> => {
  for (const glob of globs) {
    if (!(await matchesNothing(root, glob))) continue;
    const given = locate(typeof tenants === "string" ? "/tenants" : `/tenants/${tenants.indexOf(glob)}`);
    const hint = "paths are relative to the project folder; set tenants: to where the tenant files are";
    collect.warning("no-tenants", given ?? locate(""), `no tenant file matches "${glob}"`, hint);
  }
};

const readConnectors = async (
  folder: Folder,
  { connectors }: ReadContent,
  { sources }: ProjectFile,
): Promise<ReadonlyMap<string, Connector>> => {
  const read = new Map<string, Connector>();
  for (const [id, configuration] of Object.entries(connectors)) {
    const connector = await readConnector(folder, id, configuration, sources);
    if (connector !== undefined) read.set(id, connector);
  }
  return read;
};

const stateOf = async (
  folder: Folder,
  file: ProjectFile,
  content: ReadContent,
  environment: ReadonlyMap<string, string>,
) => {
  const { root, collect, overlay } = folder;
  const locate = locateIn(...file.sources);
  const secrets = secretSources(content.secrets, environment, locate, collect);
  const texts = credentialTexts(content);
  checkPlainSecrets(texts, locate, collect);
  const credentials = credentialsIn(texts, secrets, root, locate, collect);
  const connectors = await readConnectors({ ...folder, declared: new Set(Object.keys(secrets)) }, content, file);
  const globs = [content.allow_env].flat();
  const parameters = [...connectors.values()].flatMap(({ declarations }) => allParameters(declarations));
  const state: ProjectState = {
    root,
    ...(overlay && { overlay }),
    vendor: content.vendor,
    connectors,
    connectorNames: Object.keys(content.connectors),
    serviceUrls: serviceUrls(content, file.sources),
    waves: content.waves,
    secrets,
    locate,
    ledger: content.ledger,
    credentials,
    allowed: globs.length === 0 ? () => false : picomatch(globs),
    environment,
    parameters: new Set(parameters),
  };
  return state;
};

/** Of everything but the tenants' own files: equal digests mean that an unchanged tenant expands to the same. */
const sharedDigest = (state: ProjectState, content: ProjectContent, own: unknown, environment: string): string => {
  const { targets, secrets } = content;
  const texts = Object.values(targets).map(({ endpoint, service_url }) => [endpoint, service_url ?? null]);
  const names = new Set([
    ...environmentIn([texts, secrets]),
    ...[...state.connectors.values()].flatMap((connector) => [...connector.environment]),
  ]);
  const values = [...names].sort().map((name) => [name, state.environment.get(name) ?? null]);
  const connectors = [...state.connectors.values()].map(({ id, content }) => [id, content]);
  return digest({ environment, content, own, connectors, values });
};

const nothing: ReadContent = {
  vendor: "",
  targets: {},
  connectors: {},
  secrets: {},
  tenants: [],
  waves: [],
  ledger: "",
  ledger_durability: "normal",
  on_drift: "revert",
  protected: [],
  moved: [],
  ignore: [],
  allow_env: [],
};

/**
 * Reads a project folder: everything but its tenants. Throws `no-project` where there is no `connector-deployer.yaml`;
 * whatever else is wrong is in `diagnostics`.
 */
export const readProject = async (
  dir: string,
  environment: string,
  { env, overlay, dialect }: ReadOptions,
): Promise<ProjectFiles> => {
  const root = rootOf(dir);
  const collect = collector();
  const folder: Folder = {
    root,
    collect,
    declared: new Set(),
    templates: new Map(),
    ...(overlay && { overlay }),
    ...(dialect && { dialect }),
  };
  const file = await readProjectFile(folder, environment);
  const content = file.content ?? nothing;
  const variables = new Map(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const {
    catalog,
    own,
    files: catalogFiles,
  } = file.content === undefined
    ? { catalog: createCatalog(builtinConnectorTypes()), own: [], files: [] }
    : await readCatalog(folder);
  const state = await stateOf(folder, file, content, variables as ReadonlyMap<string, string>);
  const globs = tenantGlobs(content, root, state.locate, collect);
  if (file.content !== undefined) {
    await checkGlobs(folder, content, globs, state.locate);
    checkMoved(folder, content, state.locate);
    checkLedger(content, state.locate, folder.collect);
  }
  const { on_drift } = content;
  const kept = new WeakMap<Tenant, TenantValues>();
  let reviewed: readonly Diagnostic[] | undefined;
  return {
    dir: resolve(dir),
    environment,
    vendor: content.vendor,
    targets: targetFiles(content),
    connectors: state.connectorNames,
    secrets: state.secrets,
    waves: content.waves,
    ledger: content.ledger,
    ledger_key: content.ledger_key,
    ledger_durability: content.ledger_durability,
    on_drift:
      typeof on_drift === "string"
        ? { default: on_drift, kinds: {} }
        : { default: on_drift.default, kinds: on_drift.kinds ?? {} },
    protected: content.protected,
    moved: content.moved,
    ignore: content.ignore,
    catalog,
    catalogFiles,
    shared: sharedDigest(state, content, own, environment),
    diagnostics: collect.diagnostics,
    review: () => {
      const connectors = [...state.connectors.values()];
      // Of files that are wrong too little is known.
      reviewed ??= hasErrors(collect.diagnostics)
        ? []
        : review(
            root,
            connectors.map(({ declarations, uses }) => ({ declarations, uses, system: { vendor: content.vendor } })),
          );
      return reviewed;
    },
    tenantFiles: () => listTenantFiles(root, globs),
    readTenant: async (name) => {
      const { tenant, values, diagnostics } = await readTenantFile(state, name);
      if (tenant !== undefined) kept.set(tenant, values ?? noValues(name));
      return { tenant, diagnostics };
    },
    expandTenant: (tenant, options = {}) => {
      const values = kept.get(tenant);
      if (values === undefined) {
        throw new DeployerError("internal", `tenant ${tenant.id} was not read by this project`);
      }
      return expand(state, tenant, values, options);
    },
    expandInSesamForm: async (tenant, options) => {
      const values = kept.get(tenant);
      if (values === undefined || dialect !== "sesam") {
        throw new DeployerError("internal", `tenant ${tenant.id} was not read in Sesam's dialect by this project`);
      }
      const { expandTenantInSesamForm } = await import("../sesam/expand-tenant.ts");
      return expandTenantInSesamForm(state, tenant, values, options);
    },
    placeEdits: async (expansions, edited, tenantFiles, options = {}) => {
      const again = (texts: ReadonlyMap<string, string>): Promise<ProjectFiles> =>
        readProject(dir, environment, { env, overlay: new Map([...(overlay ?? []), ...texts]) });
      const { placeInProject } = await import("./place-in-project.ts");
      return placeInProject(again, expansions, edited, tenantFiles, options);
    },
  };
};

/** Of a tenant whose file is wrong: it expands to nothing. */
const noValues = (file: string): TenantValues => ({
  source: { file, text: "", trees: () => [] },
  service_url: undefined,
  connectors: [],
});
