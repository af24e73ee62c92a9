import { readdirSync, rmdirSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Diagnostic } from "../diagnostic.ts";
import { DeployerError } from "../errors.ts";
import type { SesamFile } from "../manifest/index.ts";
import { readProject, readSesamConnector } from "../manifest/index.ts";
import { chooseTenants } from "./choose-tenants.ts";
import { refuseInvalid } from "./read-tenants.ts";
import { refuseLink } from "./refuse-link.ts";
import type { SesamFolder } from "./sesam-folder.ts";
import { prepareSesamFolder, writeSesamFolder } from "./sesam-folder.ts";
import { indexName, readIndex } from "./sesam-index.ts";
import type { OpenOptions, Selection } from "./types.ts";
import { isConnectorFolder } from "./validate-connector.ts";

export type SesamExpandOptions = Pick<OpenOptions, "environment" | "env" | "set" | "report"> & {
  /** Of a project. */
  readonly selection?: Selection;
  /** Default `.expanded` in the folder that is expanded. */
  readonly out?: string;
  /** First part of `PROFILE-env.json`; default `test`. */
  readonly profile?: string;
  /** What stands for the system of a connector that is expanded by itself; default `xxxxxx`. */
  readonly system?: string;
  /** Edits of an earlier expansion may be lost; default false. */
  readonly force?: boolean;
};

/** What `expand --format sesam` wrote. */
export type SesamExpandReport = {
  readonly type: "sesam-expansion";
  readonly schemaVersion: 1;
  readonly profile: string;
  readonly folders: readonly (SesamFolder & { readonly tenant?: string; readonly connector?: string })[];
};

type Expanded = {
  readonly tenant: string;
  readonly connector: string;
  readonly folder: string;
  readonly files: readonly SesamFile[];
};

const warn = (diagnostics: readonly Diagnostic[], { report }: SesamExpandOptions): void => {
  for (const diagnostic of diagnostics)
    if (diagnostic.severity === "warning") report?.({ code: "warning", diagnostic });
};

type ReadConnector = { readonly dir: string; readonly out: string; readonly files: readonly SesamFile[] };

/** Where a diagnostic is, seen from outside of its connector. */
const within = (dir: string, diagnostic: Diagnostic): Diagnostic => {
  const { location } = diagnostic;
  if (location === undefined) return { ...diagnostic, message: `${dir}: ${diagnostic.message}` };
  return { ...diagnostic, location: { ...location, file: join(dir, location.file) } };
};

const expandOne = async (
  dir: string,
  out: string,
  { profile = "test", system }: SesamExpandOptions,
): Promise<ReadConnector & { readonly diagnostics: readonly Diagnostic[] }> => {
  const connector = await readSesamConnector(dir, { profile, ...(system !== undefined && { system }) });
  const { files, diagnostics } = connector.expand();
  return { dir, out, files, diagnostics: [...new Set([...connector.diagnostics, ...diagnostics])] };
};

const report = (profile: string, folders: SesamExpandReport["folders"]): SesamExpandReport => ({
  type: "sesam-expansion",
  schemaVersion: 1,
  profile,
  folders,
});

const expandConnector = async (dir: string, options: SesamExpandOptions): Promise<SesamExpandReport> => {
  const { out = join(dir, ".expanded"), profile = "test", force = false } = options;
  const { files, diagnostics } = await expandOne(dir, out, options);
  if (options.out === undefined) refuseLink(dir, "--out");
  refuseInvalid(diagnostics);
  warn(diagnostics, options);
  return report(profile, [writeSesamFolder(out, files, { force })]);
};

/**
 * Expands the folders of several Sesam connectors, each into its own `.expanded` or, with `out`, into a folder of its name
 * there; nothing is written unless the files of all are valid. Throws as `expandInSesamForm` does, and `usage` where two have
 * one name in `out`.
 */
export const expandConnectors = async (
  dirs: readonly string[],
  options: SesamExpandOptions = {},
): Promise<SesamExpandReport> => {
  const { out, profile = "test", force = false } = options;
  const names = dirs.map((dir) => basename(resolve(dir)));
  const twice = out === undefined ? undefined : names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    const hint = "expand them one by one, or without --out";
    throw new DeployerError("usage", `two of the folders are called ${JSON.stringify(twice)}`, { hint });
  }
  const all: ReadConnector[] = [];
  const found: Diagnostic[] = [];
  for (const [index, dir] of dirs.entries()) {
    if (!isConnectorFolder(dir)) {
      const hint = "name folders with a manifest and without connector-deployer.yaml";
      throw new DeployerError("usage", `${JSON.stringify(dir)} is not the folder of a connector`, { hint });
    }
    if (out === undefined) refuseLink(dir, "--out");
    const folder = out === undefined ? join(dir, ".expanded") : join(out, names[index] ?? "");
    const { diagnostics, ...one } = await expandOne(dir, folder, options);
    found.push(...diagnostics.map((diagnostic) => within(dir, diagnostic)));
    all.push(one);
  }
  refuseInvalid(found);
  warn(found, options);
  const prepared = all.map(({ dir, out: folder, files }) => {
    return { connector: dir, write: prepareSesamFolder(folder, files, { force }) };
  });
  return report(
    profile,
    prepared.map(({ connector, write }) => ({ connector, ...write() })),
  );
};

const foldersIn = (folder: string): readonly string[] => {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
};

/** Takes away what is left of the folder of a connector that a tenant does not have any more. */
const removeFolder = (folder: string): void => {
  rmSync(join(folder, indexName), { force: true });
  for (const path of [join(folder, "pipes"), join(folder, "systems"), folder, join(folder, "..")]) {
    try {
      rmdirSync(path);
    } catch {
      // Something that we did not write is in it.
    }
  }
};

const expandProject = async (dir: string, options: SesamExpandOptions): Promise<SesamExpandReport> => {
  const {
    out = join(dir, ".expanded"),
    profile = "test",
    selection = {},
    environment = "default",
    force = false,
  } = options;
  const files = await readProject(resolve(dir), environment, { env: options.env ?? process.env, dialect: "sesam" });
  if (options.out === undefined) refuseLink(dir, "--out");
  const { tenants, broken } = await chooseTenants(files, selection, []);
  refuseInvalid(broken.flatMap(({ diagnostics }) => diagnostics));
  const found: Diagnostic[] = [...files.diagnostics];
  const expanded: Expanded[] = [];
  for (const tenant of tenants) {
    const one = { profile, ...(options.set && { set: options.set }) };
    for (const { connector, expansion } of await files.expandInSesamForm(tenant, one)) {
      found.push(...expansion.diagnostics);
      expanded.push({ tenant: tenant.id, connector, folder: join(out, tenant.id, connector), files: expansion.files });
    }
  }
  refuseInvalid(found);
  warn(found, options);
  const wanted = new Set(expanded.map(({ folder }) => folder));
  const isWhole = Object.keys(selection).length === 0;
  const chosen = new Set(tenants.map(({ id }) => id));
  const gone = foldersIn(out)
    .filter((tenant) => isWhole || chosen.has(tenant))
    .flatMap((tenant) =>
      foldersIn(join(out, tenant)).map((connector) => ({ tenant, connector, folder: join(out, tenant, connector) })),
    )
    .filter(({ folder }) => !wanted.has(folder) && readIndex(folder) !== undefined)
    .map((one) => ({ ...one, files: [] }));
  // All of them are looked at before the first one is written.
  const prepared = [...expanded, ...gone].map(({ tenant, connector, folder, files }) => {
    return { tenant, connector, write: prepareSesamFolder(folder, files, { force }) };
  });
  const folders = prepared.map(({ tenant, connector, write }) => ({ tenant, connector, ...write() }));
  for (const { folder } of gone) removeFolder(folder);
  return { type: "sesam-expansion", schemaVersion: 1, profile, folders };
};

/**
 * Expands the folder of a Sesam connector, or the connectors of a project's tenants with their values, into the files that
 * Sesam's own client writes. Throws `invalid-files` where the files have errors, and `usage` where what was written before
 * was edited since; then nothing is written.
 */
export const expandInSesamForm = async (dir: string, options: SesamExpandOptions = {}): Promise<SesamExpandReport> => {
  if (!isConnectorFolder(dir)) {
    if (options.system === undefined) return expandProject(dir, options);
    const hint = "take --system out";
    throw new DeployerError("usage", "the system's name follows from vendor, tenant and connector in a project", {
      hint,
    });
  }
  const { selection = {}, environment, set = {} } = options;
  if (Object.keys(selection).length > 0 || environment !== undefined || Object.keys(set).length > 0) {
    const message = `${JSON.stringify(dir)} is a connector's folder: it has no tenants, environments and values of them`;
    throw new DeployerError("usage", message, { hint: "name a project with --project, or take these flags out" });
  }
  return expandConnector(dir, options);
};
