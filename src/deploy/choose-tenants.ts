import { parse } from "node:path/posix";
import { hasErrors } from "../diagnostic.ts";
import type { ProjectFiles, Tenant } from "../manifest/index.ts";
import { refuseInvalid } from "./read-tenants.ts";
import { checkLabels, checkSelection, idMatcher, selectsById, tenantMatcher } from "./selection.ts";
import { duplicateTenants } from "./tenant-diagnostics.ts";
import type { BrokenTenant, ChosenTenants, Selection } from "./types.ts";

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);

/** Reads tenants' files and nothing else: no expansion, no ledger. */
export const chooseTenants = async (
  files: ProjectFiles,
  selection: Selection,
  others: readonly string[],
): Promise<ChosenTenants> => {
  refuseInvalid(files.diagnostics);
  const isSelected = tenantMatcher(selection);
  const broken: BrokenTenant[] = [];
  const read = new Map<string, Tenant>();
  const ids: string[] = [];
  for (const { file } of await files.tenantFiles()) {
    const { tenant, diagnostics } = await files.readTenant(file);
    const id = tenant?.id ?? parse(file).name;
    ids.push(id);
    if (tenant !== undefined) read.set(file, tenant);
    // What cannot be read may be what was meant.
    const isWanted =
      tenant === undefined
        ? selection.tenants === undefined || idMatcher(selection.tenants)(id)
        : isSelected(tenant) && hasErrors(diagnostics);
    if (isWanted) broken.push({ id, wave: tenant?.wave, diagnostics });
  }
  refuseInvalid(duplicateTenants(read));
  const isNamed = (id: string): boolean =>
    selectsById(selection) && !ids.includes(id) && selection.tenants?.includes(id) === true;
  const gone = others.filter((id) => isNamed(id) && isSelected({ id, labels: {}, wave: undefined })).sort();
  checkSelection(selection, [...ids, ...gone], files.waves);
  const isBroken = new Set(broken.map(({ id }) => id));
  const selected = [...read.values()].filter(isSelected).sort(byId);
  checkLabels(selection, selected.length);
  return { tenants: selected.filter(({ id }) => !isBroken.has(id)), broken: broken.sort(byId), gone };
};
