import picomatch from "picomatch";
import type { Change, Field } from "../contract/index.ts";
import { segments } from "../contract/index.ts";
import type { Owners, Policies } from "../engine/index.ts";
import type { DriftPolicy, ProjectFiles, Tenant } from "../manifest/index.ts";
import type { PlanOptions } from "./types.ts";

/** True where one of the globs matches; no globs match nothing. */
export const matcher = (globs: readonly string[]): ((name: string) => boolean) =>
  globs.length === 0 ? () => false : picomatch([...globs], { dot: true });

export const driftPolicy = (files: ProjectFiles, tenant: Tenant | undefined, kind: string): DriftPolicy =>
  tenant?.on_drift ?? files.on_drift.kinds[kind] ?? files.on_drift.default;

/** Whether the files want a difference looked at, whoever made it. */
export const ignores = (files: ProjectFiles): ((kind: string, field: Field) => boolean) => {
  const rules = files.ignore.map((rule) => ({ kind: matcher([rule.kind]), path: matcher([rule.path]) }));
  return (kind, field) => {
    const path = segments(field.path).join(".");
    return rules.some((rule) => rule.kind(kind) && rule.path(path));
  };
};

/** Whether the files want a difference written: it is not ignored, and no drift that is to be kept. */
export const keepsField = (
  files: ProjectFiles,
  tenants: ReadonlyMap<string, Tenant>,
): ((tenant: string, kind: string, field: Field) => boolean) => {
  const isIgnored = ignores(files);
  return (tenant, kind, field) =>
    !isIgnored(kind, field) && !(field.class === "drift" && driftPolicy(files, tenants.get(tenant), kind) === "keep");
};

/** What the files and the call say about how to plan. */
export const makePolicies = (
  files: ProjectFiles,
  tenants: ReadonlyMap<string, Tenant>,
  options: PlanOptions,
  owners: Owners,
): Policies => ({
  isProtected: matcher(files.protected),
  mayAdopt: matcher(options.adopt ?? []),
  rewritesSecrets: matcher(options.writeSecrets ?? []),
  rewritesUnknown: options.rewriteUnknown ?? false,
  isOwnedElsewhere: owners.isOwnedElsewhere,
  isSelected: options.only === undefined || options.only.length === 0 ? () => true : matcher(options.only),
  keepField: keepsField(files, tenants),
});

export const refusesDrift =
  (files: ProjectFiles, tenants: ReadonlyMap<string, Tenant>) =>
  (change: Change): boolean =>
    change.marks?.includes("drift") === true && driftPolicy(files, tenants.get(change.tenant), change.kind) === "fail";
