import picomatch from "picomatch";
import { digest } from "../canonical.ts";
import type { Component, Path, Properties, Resource } from "../contract/index.ts";
import { address, at, within } from "../contract/index.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { hasErrors } from "../diagnostic.ts";
import { DeployerError } from "../errors.ts";
import type { Expansion, ProjectFiles, Tenant, TenantFile } from "../manifest/index.ts";
import { nearest } from "../nearest.ts";
import { assemble, infinoKinds, secretPaths } from "../resources/index.ts";
import { withContents } from "./file-contents.ts";
import { tenantMatcher } from "./selection.ts";
import type { IndexEntry, TenantIndex } from "./tenant-index.ts";
import { keysOf } from "./tenant-index.ts";
import type { Selection } from "./types.ts";

/** A tenant, expanded and checked; its secrets are sealed without fingerprints. */
export type ReadTenant = {
  readonly tenant: Tenant;
  readonly expansion: Expansion;
  readonly resources: readonly Resource[];
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

const keyOf = (resource: Resource): string =>
  infinoKinds.find((kind) => kind.name === resource.kind)?.key(resource.properties) ?? resource._id;

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
  return problems.flatMap(({ code, _id, path, message, hint }) => {
    const component = byId.get(_id);
    // A variable without a value leaves an empty text: that it is wrong was said already.
    if (isBroken && component !== undefined && at(component.properties, path) === "") return [];
    const location =
      component === undefined
        ? undefined
        : expansion.locate(component, path, code === "unknown-field" ? "key" : "value");
    const diagnostic: Diagnostic = {
      code,
      severity: "error",
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
const readOne = async (
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
    return { tenant, expansion, resources: [], diagnostics: before, inputs: expansion.digest };
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
    diagnostics: [...before, ...expansion.diagnostics, ...wrong],
    inputs: hasFiles ? digest([expansion.digest, contents]) : expansion.digest,
  };
};

/** Rules of the project that name a kind that there is not: they would protect or ignore nothing. */
const ruleDiagnostics = (files: ProjectFiles): readonly Diagnostic[] => {
  const kinds = infinoKinds.map((kind) => kind.name);
  const names = (glob: string): boolean => kinds.some((kind) => picomatch.isMatch(kind, glob));
  const wrong = (rule: string, value: string, kind: string): Diagnostic[] =>
    names(kind)
      ? []
      : [
          {
            code: "invalid-value",
            severity: "error",
            message: `${rule} "${value}" names no kind of resource`,
            hint: `write KIND/_ID; ${nearest(kind, kinds, "kinds are")}`,
            location: { file: "connector-deployer.yaml", line: 1, column: 1 },
          },
        ];
  return [
    ...files.protected.flatMap((glob) => {
      // `**` alone is everything.
      const kind = glob === "**" ? "*" : glob.includes("/") ? glob.slice(0, glob.indexOf("/")) : "";
      return wrong("protected:", glob, kind === "" ? "(none)" : kind);
    }),
    ...files.ignore.flatMap(({ kind }) => wrong("ignore:", kind, kind)),
    ...Object.keys(files.on_drift.kinds).flatMap((kind) => wrong("on_drift:", kind, kind)),
  ];
};

/** Names what two tenants share: only now are both looked at in full. */
const clashDiagnostics = (a: ReadTenant, b: ReadTenant): readonly Diagnostic[] => {
  const diagnostics: Diagnostic[] = [];
  const component = (of: ReadTenant, _id: string): Component | undefined =>
    of.expansion.components.find((item) => item._id === _id);
  const report = (code: Diagnostic["code"], _id: string, message: string): void => {
    const own = component(b, _id);
    const location = own === undefined ? undefined : b.expansion.locate(own, "");
    diagnostics.push({
      code,
      severity: "error",
      message,
      hint: "use <<@ system @>> in the name, so that each tenant has its own",
      ...(location === undefined ? {} : { location }),
      tenant: b.tenant.id,
      component: _id,
    });
  };
  const ids = new Set(a.resources.map((item) => address(item.kind, item._id)));
  const keys = new Map(a.resources.map((item) => [address(item.kind, keyOf(item)), item]));
  for (const item of b.resources) {
    if (ids.has(address(item.kind, item._id))) {
      report(
        "duplicate-id",
        item._id,
        `tenants ${a.tenant.id} and ${b.tenant.id} both have the ${item.kind} "${item._id}"`,
      );
      continue;
    }
    const other = keys.get(address(item.kind, keyOf(item)));
    if (other === undefined) continue;
    report(
      "duplicate-natural-key",
      item._id,
      `"${item._id}" of tenant ${b.tenant.id} and "${other._id}" of tenant ${a.tenant.id} would be the same ${item.kind} on the target: ${keyOf(item)}`,
    );
  }
  return diagnostics;
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
    index.set(file.file, { signature: file.signature, readAt, tenant: header, keys });
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

type Invalid = { readonly id: string; readonly file: string; readonly diagnostics: readonly Diagnostic[] };

/** One warning for all tenants that have the same trouble, such as with a value of `--set` that they do not know. */
const notSelected = (invalid: readonly Invalid[]): readonly Diagnostic[] => {
  const firstOf = ({ diagnostics }: Invalid): Diagnostic | undefined =>
    diagnostics.find((diagnostic) => diagnostic.severity === "error");
  const alike = Map.groupBy(invalid, (item) => firstOf(item)?.message.replaceAll(item.id, "*"));
  return [...alike.values()].flatMap((items) => {
    const [item] = items;
    if (item === undefined) return [];
    const first = firstOf(item);
    const why = first?.message ?? "it cannot be read";
    return {
      code: "invalid-tenant-not-selected",
      severity: "warning",
      message:
        items.length === 1
          ? `tenant ${item.id} is not selected and is invalid: ${why}`
          : `${items.length} tenants that are not selected are invalid, such as ${item.id}: ${why}`,
      hint: items.length === 1 ? `connector-deployer validate -t ${item.id}` : "connector-deployer validate",
      location: first?.location ?? { file: item.file, line: 1, column: 1 },
      tenant: item.id,
    };
  });
};

const duplicateTenants = (entries: ReadonlyMap<string, IndexEntry["tenant"]>): readonly Diagnostic[] => {
  const files = new Map<string, string>();
  return [...entries].flatMap(([file, { id }]): Diagnostic[] => {
    const other = files.get(id);
    if (other === undefined) {
      files.set(id, file);
      return [];
    }
    return [
      {
        code: "duplicate-tenant",
        severity: "error",
        message: `the tenant id "${id}" stands in ${other} and in ${file}`,
        hint: "give one of them another id",
        location: { file, line: 1, column: 1 },
        tenant: id,
      },
    ];
  });
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
