import { resolve } from "node:path";
import { at, joinPath } from "../contract/index.ts";
import { hasErrors } from "../diagnostic.ts";
import { DeployerError } from "../errors.ts";
import { readProject } from "../manifest/index.ts";
import { nearest } from "../nearest.ts";
import { applyProject } from "./apply-project.ts";
import type { Context } from "./context.ts";
import { createContext } from "./context.ts";
import { driftOf, sourcesOf } from "./look.ts";
import { planEntities } from "./plan-entities.ts";
import { planDestroy, planProject } from "./plan-project.ts";
import type { ReadTenants } from "./read-tenants.ts";
import { readTenants, refuseInvalid } from "./read-tenants.ts";
import { checkSelection } from "./selection.ts";
import { collectSide, shareSide, transformSide } from "./sides.ts";
import { statusOf } from "./status.ts";
import type { Explanation, OpenOptions, Project, Selection } from "./types.ts";
import { strictly } from "./validate-connector.ts";

const read = async (context: Context, selection: Selection): Promise<ReadTenants> => {
  const found = await readTenants(context.files, await context.index(), selection, context.set);
  // Where the shared files are broken no tenant was looked at, and what is wrong with them is what counts.
  if (!hasErrors(context.files.diagnostics)) checkSelection(selection, found.ids, context.files.waves);
  return found;
};

/** A JSON Pointer as it is, `config.base_url` as a pointer. */
const pointer = (path: string): string =>
  path === "" || path.startsWith("/") ? path : path.split(".").reduce(joinPath, "");

const explain = async (context: Context, name: string, path: string, selection: Selection): Promise<Explanation> => {
  const { selected, diagnostics } = await read(context, selection);
  refuseInvalid(diagnostics);
  const where = pointer(path);
  const names: string[] = [];
  for (const { tenant, expansion } of selected) {
    for (const component of expansion.components) {
      names.push(component._id);
      if (component._id !== name && `${component.type}/${component._id}` !== name) continue;
      const value = at({ _id: component._id, type: component.type, ...component.properties }, where);
      return {
        tenant: tenant.id,
        component: component._id,
        path: where,
        value,
        origin: expansion.origin(component, where),
      };
    }
  }
  throw new DeployerError("usage", `there is no component "${name}"`, { hint: nearest(name, names, "components are") });
};

/**
 * Opens a project folder. Reads the shared files now and tenants when they are needed; opens the ledger and the targets
 * when a call needs them. Throws `no-project`; what is wrong in the files shows as diagnostics.
 */
export const openProject = async (dir: string, options: OpenOptions = {}): Promise<Project> => {
  const env = options.env ?? process.env;
  const files = await readProject(resolve(dir), options.environment ?? "default", { env });
  const context = createContext(files, options);
  return {
    files,
    tenants: async (selection = {}) => {
      const { selected, diagnostics } = await read(context, selection);
      refuseInvalid(diagnostics);
      context.warn(diagnostics);
      const ledger = await context.ledger();
      return Promise.all(
        selected.map(async ({ tenant }) => ({ ...tenant, owned: (await ledger.entries(tenant.id)).length })),
      );
    },
    chooseTenants: async (selection = {}, others = []) =>
      (await import("./choose-tenants.ts")).chooseTenants(files, selection, others),
    expand: async (selection = {}) => {
      const { selected, diagnostics } = await read(context, selection);
      refuseInvalid(diagnostics);
      context.warn(diagnostics);
      const present = selected.filter(({ tenant }) => tenant.state === "present");
      const components = present.flatMap(({ expansion }) => expansion.components);
      return { type: "components", schemaVersion: 1, environment: files.environment, components };
    },
    desired: async (tenant) => (await import("./desired.ts")).desiredOf(context, tenant),
    validate: async ({ strict = false, ...selection } = {}) => {
      const { selected, diagnostics } = await read(context, selection);
      return {
        type: "validation",
        schemaVersion: 1,
        environment: files.environment,
        tenants: selected.length,
        resources: selected.reduce((sum, { resources }) => sum + resources.length, 0),
        rendered: selected.reduce((sum, { rendered }) => sum + rendered.length, 0),
        diagnostics: strictly([...diagnostics, ...files.review()], strict),
      };
    },
    explain: (component, path, selection = {}) => explain(context, component, path, selection),
    plan: async (options = {}) => {
      context.warn(files.review());
      return planProject(context, options);
    },
    planEntities: (text, options = {}) => planEntities(context, text, options),
    entities: (side, options = {}) => {
      if (side === "transform") return transformSide(context, options);
      return side === "share" ? shareSide(context, options) : collectSide(context, options);
    },
    planDestroy: (tenant, options = {}) => planDestroy(context, tenant, options),
    apply: (plan, options = {}) => applyProject(context, plan, options),
    deployTenant: async (tenant, options = {}) => {
      const plan = await planProject(context, { ...options, tenants: [tenant] });
      return applyProject(context, plan, { command: "deploy-tenant", ...options });
    },
    drift: ({ signal, ...selection } = {}) => driftOf(context, selection, signal),
    status: (options = {}) => statusOf(context, options),
    export: async (options) => (await import("./export-project.ts")).exportProject(context, options),
    pull: async (options = {}) => (await import("./pull.ts")).pullEdits(context, options),
    adopt: async (options) => (await import("./adopt.ts")).adoptResources(context, options),
    handOver: async (options) => (await import("./hand-over.ts")).handOver(context, options),
    takeBack: async (options) => (await import("./take-back.ts")).takeBack(context, options),
    forget: async (options) => (await import("./forget.ts")).forgetResources(context, options),
    move: async (options) => (await import("./move-entry.ts")).moveEntry(context, options),
    history: async (last = 20) => (await import("./history.ts")).historyOf(context, last),
    run: async (id) => (await import("./history.ts")).runOf(context, id),
    outputs: async (selection = {}) => (await import("./outputs.ts")).outputsOf(context, selection),
    desiredDigest: async (tenant, set) =>
      (await import("./desired-digest.ts")).desiredDigestOf(context, tenant, set ?? context.set),
    owned: async (tenant) => (await import("./desired-digest.ts")).ownedOf(context, tenant),
    ownerOf: async (place) => (await import("./owner-of.ts")).ownerOf(context, place),
    withoutSecrets: async (tenant, texts, also = []) =>
      (await import("./quiet.ts")).quietOf(context, tenant, texts, also),
    leases: async () => (await import("./care.ts")).leasesOf(context),
    unlock: async (tenant, epoch) => (await context.ledger()).unlock(tenant, epoch),
    ledger: async () => (await import("./care.ts")).ledgerOf(context),
    rekey: async (options = {}) => (await import("./rekey.ts")).rekeyLedger(context, options),
    doctor: async (options = {}) => (await import("./doctor.ts")).examine(context, options),
    names: async (what, options = {}) => (await import("./names.ts")).namesOf(context, what, options),
    querySource: async (connection, dataset, query, options = {}) =>
      (await import("./query.ts")).querySource(context, connection, dataset, query, options),
    queryDatasets: async (sql, options = {}) => (await import("./query.ts")).queryDatasets(context, sql, options),
    queryDatasetsInParts: async function* (sql, options) {
      yield* (await import("./query-parts.ts")).queryDatasetsInParts(context, sql, options);
    },
    queryDataset: async (dataset, query, options = {}) =>
      (await import("./query.ts")).queryDataset(context, dataset, query, options),
    sourceMetadata: async (connection, dataset, options = {}) =>
      (await import("./query.ts")).sourceMetadata(context, connection, dataset, options),
    datasetMetadata: async (dataset, options = {}) =>
      (await import("./query.ts")).datasetMetadata(context, dataset, options),
    uploadFile: async (dataset, path, options = {}) =>
      (await import("./upload.ts")).uploadFile(context, dataset, path, options),
    runImport: async (job, options = {}) => (await import("./run-import.ts")).runImport(context, job, options),
    sources: (target, signal) => sourcesOf(context, target, signal),
    [Symbol.asyncDispose]: () => context.close(),
  };
};
