import { digest } from "../canonical.ts";
import type { Component, Path, Properties, Resource } from "../contract/index.ts";
import { at, within } from "../contract/index.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { hasErrors } from "../diagnostic.ts";
import { DeployerError } from "../errors.ts";
import type { Expansion, ProjectFiles, Tenant, TenantFile } from "../manifest/index.ts";
import { assemble, infinoKinds, secretPaths } from "../resources/index.ts";
import { withContents } from "./file-contents.ts";
import { tenantMatcher } from "./selection.ts";
import type { Invalid } from "./tenant-diagnostics.ts";
import { clashDiagnostics, duplicateTenants, keyOf, notSelected, ruleDiagnostics } from "./tenant-diagnostics.ts";
import type { IndexEntry, TenantIndex } from "./tenant-index.ts";
import { keysOf } from "./tenant-index.ts";
import type { Selection } from "./types.ts";

/** A tenant, expanded and checked; its secrets are sealed without fingerprints. */
export type ReadTenant = {
  readonly tenant: Tenant;
  readonly expansion: Expansion;
  readonly resources: readonly Resource[];
  /** Pipes and systems: checked, never deployed. */
  readonly rendered: readonly Component[];
  readonly diagnostics: readonly Diagnostic[];
  /** Digest of the expansion and of the files that it uploads. */
  readonly inputs: string;
};

export type ReadTenants = {
  /** Sorted by id. */
  readonly selected: readonly ReadTenant[];
  /** Ids of all tenants that have a file; a file that cannot be read counts by its name. */
  readonly ids: readonly string[];
  /** Of the project, the selected tenants, and what tenants clash about. */
  readonly diagnostics: readonly Diagnostic[];
};

const nameOf = (file: string): string => file.slice(file.lastIndexOf("/") + 1).replace(/\.(ya?ml|json)$/, "");

const problemDiagnostics = (
  expansion: Expansion,
  problems: ReturnType<typeof assemble>["problems"],
  catalog: ProjectFiles["catalog"],
): readonly Diagnostic[] => {
  const byId = new Map(expansion.components.map((component) => [component._id, component]));
  const isSecret = (component: Component | undefined, path: Path): boolean =>
    component !== undefined && within(secretPaths(catalog, component.type, component.properties), path);
  const isBroken = hasErrors(expansion.diagnostics);
  return problems.flatMap(({ code, severity, _id, path, message, hint }) => {
    const component = byId.get(_id);
    // A variable without a value leaves an empty text: that it is wrong was said already.
    if (isBroken && component !== undefined && at(component.properties, path) === "") return [];
    const location =
      component === undefined
        ? undefined
        : expansion.locate(component, path, code === "unknown-field" ? "key" : "value");
    const diagnostic: Diagnostic = {
      code,
      severity: severity ?? "error",
      message,
      ...(hint === undefined ? {} : { hint }),
      // The line of a secret that is written in clear would show it.
      ...(location === undefined ? {} : { location: isSecret(component, path) ? withoutText(location) : location }),
      tenant: expansion.tenant.id,
      component: _id,
    };
    return [diagnostic];
  });
};

const withoutText = <T extends { readonly text?: string }>(location: T): Omit<T, "text"> => {
  const { text: _, ...rest } = location;
  return rest;
};

/** Expands one tenant and checks everything that can be checked without the others. */
export const readOne = async (
  files: ProjectFiles,
  tenant: Tenant,
  before: readonly Diagnostic[],
  set: Properties,
): Promise<ReadTenant> => {
  const expansion = files.expandTenant(tenant, {
    set,
    secretPaths: (type, properties) => secretPaths(files.catalog, type, properties),
  });
  // A tenant that leaves asks for nothing, so nothing of it can be wrong.
  if (tenant.state === "absent") {
    return { tenant, expansion, resources: [], rendered: [], diagnostics: before, inputs: expansion.digest };
  }
  const assembled = assemble(expansion.components, infinoKinds, files.catalog);
  const { resources, contents, problems } = await withContents(files, assembled.resources);
  const isSaid = ({ code, message }: (typeof problems)[number]): boolean =>
    expansion.diagnostics.some((diagnostic) => diagnostic.code === code && diagnostic.message === message);
  const unsaid = problems.filter((problem) => !isSaid(problem));
  const wrong = problemDiagnostics(expansion, [...assembled.problems, ...unsaid], files.catalog);
  const hasFiles = Object.keys(contents).length > 0;
  return {
    tenant,
    expansion,
    resources,
    rendered: assembled.rendered,
    diagnostics: [...before, ...expansion.diagnostics, ...wrong],
    inputs: hasFiles ? digest([expansion.digest, contents]) : expansion.digest,
  };
};

/**
 * Reads the selected tenants in full; of the others only those whose file changed since the index was made, so that
 * `_id`s and natural keys are unique over all tenants, whatever is selected.
 */
export const readTenants = async (
  files: ProjectFiles,
  index: TenantIndex,
  selection: Selection,
  set: Properties,
): Promise<ReadTenants> => {
  const found: Diagnostic[] = [...files.diagnostics, ...ruleDiagnostics(files)];
  if (hasErrors(found)) return { selected: [], ids: [], diagnostics: found };
  const isSelected = tenantMatcher(selection);
  const tenantFiles = await files.tenantFiles();
  const selected: ReadTenant[] = [];
  const entries = new Map<string, IndexEntry["tenant"] & { readonly keys: BigUint64Array }>();
  const ids: string[] = [];
  const read = new Map<string, ReadTenant>();
  const others: Invalid[] = [];

  const readFile = async (file: TenantFile): Promise<ReadTenant | undefined> => {
    const readAt = Date.now();
    const { tenant, diagnostics } = await files.readTenant(file.file);
    if (tenant === undefined) {
      const id = nameOf(file.file);
      ids.push(id);
      const wanted = isSelected({ id, labels: {}, wave: undefined }) || selection.tenants === undefined;
      if (wanted) found.push(...diagnostics);
      else others.push({ id, file: file.file, diagnostics });
      return undefined;
    }
    const one = await readOne(files, tenant, diagnostics, set);
    ids.push(tenant.id);
    const wanted = isSelected(tenant);
    if (wanted) selected.push(one);
    if (hasErrors(one.diagnostics)) {
      if (wanted) found.push(...one.diagnostics);
      else others.push({ id: tenant.id, file: file.file, diagnostics: one.diagnostics });
      return undefined;
    }
    if (wanted) found.push(...one.diagnostics);
    const keys = keysOf(tenant.target, one.resources, keyOf);
    const { id, labels, wave, target, state } = tenant;
    const header = { id, labels, wave, target, state };
    index.set(file, { signature: file.signature, readAt, tenant: header, keys });
    entries.set(file.file, { ...header, keys });
    read.set(file.file, one);
    return one;
  };

  for (const file of tenantFiles) {
    const known = index.get(file);
    if (known === undefined || isSelected(known.tenant)) {
      await readFile(file);
      continue;
    }
    ids.push(known.tenant.id);
    entries.set(file.file, { ...known.tenant, keys: known.keys });
  }
  found.push(...notSelected(others), ...duplicateTenants(entries));
  const owner = new Map<bigint, string>();
  const clashes = new Set<string>();
  for (const [file, { keys }] of entries) {
    for (const key of keys) {
      const other = owner.get(key);
      if (other === undefined) owner.set(key, file);
      else if (other !== file) clashes.add(JSON.stringify([other, file]));
    }
  }
  for (const clash of clashes) {
    const [first, second] = JSON.parse(clash) as [string, string];
    const one = read.get(first) ?? (await reread(files, first, set));
    const two = read.get(second) ?? (await reread(files, second, set));
    if (one !== undefined && two !== undefined) found.push(...clashDiagnostics(one, two));
  }
  await index.save(new Set(tenantFiles.map((file) => file.file)));
  selected.sort((a, b) => (a.tenant.id < b.tenant.id ? -1 : 1));
  return { selected, ids: ids.sort(), diagnostics: found };
};

const reread = async (files: ProjectFiles, file: string, set: Properties): Promise<ReadTenant | undefined> => {
  const { tenant, diagnostics } = await files.readTenant(file);
  return tenant === undefined ? undefined : readOne(files, tenant, diagnostics, set);
};

/** Throws `invalid-files` with every diagnostic where one is an error. */
export const refuseInvalid = (diagnostics: readonly Diagnostic[]): void => {
  if (!hasErrors(diagnostics)) return;
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
  throw new DeployerError(
    "invalid-files",
    `the files have ${errors} error${errors === 1 ? "" : "s"}; nothing was written`,
    {
      details: { diagnostics },
    },
  );
};
