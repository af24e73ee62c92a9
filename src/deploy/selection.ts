import picomatch from "picomatch";
import { DeployerError } from "../errors.ts";
import type { Tenant } from "../manifest/index.ts";
import { nearest } from "../nearest.ts";
import type { Selection } from "./types.ts";

/** True where one of the globs matches. Compiling a glob is slow, and most are plain names. */
const matchesAny = (globs: readonly string[]): ((text: string) => boolean) => {
  const isPlain = (glob: string): boolean => !/[*?[\]{}()!+@|\\]/.test(glob);
  const names = new Set(globs.filter(isPlain));
  const others = globs.filter((glob) => !isPlain(glob));
  if (others.length === 0) return (text) => names.has(text);
  const matches = picomatch(others, { dot: true });
  return (text) => names.has(text) || matches(text);
};

/** Globs where `!x` excludes; only excluding ones start from everything. */
export const idMatcher = (globs: readonly string[] | undefined): ((id: string) => boolean) => {
  if (globs === undefined || globs.length === 0) return () => true;
  const including = globs.filter((glob) => !glob.startsWith("!"));
  const excluding = globs.filter((glob) => glob.startsWith("!")).map((glob) => glob.slice(1));
  const isIn = including.length === 0 ? () => true : matchesAny(including);
  const isOut = matchesAny(excluding);
  return (id) => isIn(id) && !isOut(id);
};

/** Whether a selection is about a tenant. */
export const tenantMatcher = (selection: Selection): ((tenant: Pick<Tenant, "id" | "labels" | "wave">) => boolean) => {
  const matches = idMatcher(selection.tenants);
  const labels = Object.entries(selection.labels ?? {});
  return (tenant) =>
    matches(tenant.id) &&
    labels.every(([label, value]) => tenant.labels[label] === value) &&
    (selection.wave === undefined || tenant.wave === selection.wave);
};

/** True where only ids select: then tenants that have no file any more can be selected too. */
export const selectsById = (selection: Selection): boolean =>
  Object.keys(selection.labels ?? {}).length === 0 && selection.wave === undefined;

/** Refuses labels that no tenant has. */
export const checkLabels = (selection: Selection, selected: number): void => {
  const labels = Object.entries(selection.labels ?? {}).map(([label, value]) => `${label}=${value}`);
  if (labels.length === 0 || selected > 0) return;
  throw new DeployerError("usage", `no selected tenant has ${labels.join(" and ")}`, {
    hint: "connector-deployer tenants shows the labels",
  });
};

/** Refuses a glob that no resource answers to. */
export const checkOnly = (only: readonly string[] | undefined, resources: ReadonlySet<string>): void => {
  for (const glob of only ?? []) {
    const matches = picomatch(glob, { dot: true });
    if ([...resources].some((name) => matches(name))) continue;
    throw new DeployerError("usage", `no resource of the selected tenants matches "${glob}"`, {
      hint: nearest(glob, [...resources], "resources are"),
    });
  }
};

/** True where some id answers to each glob. */
export const answersAll = (selection: Selection, ids: readonly string[]): boolean =>
  (selection.tenants ?? []).every((glob) => glob.startsWith("!") || ids.some(idMatcher([glob])));

/** Refuses a glob that no tenant answers to: a typo must not look like "nothing to do". */
export const checkSelection = (selection: Selection, ids: readonly string[], waves: readonly string[]): void => {
  if (selection.wave !== undefined && !waves.includes(selection.wave)) {
    throw new DeployerError("usage", `the project has no wave "${selection.wave}"`, {
      hint: nearest(selection.wave, waves, "waves are"),
    });
  }
  for (const glob of selection.tenants ?? []) {
    if (glob.startsWith("!") || ids.some(idMatcher([glob]))) continue;
    throw new DeployerError("usage", `no tenant matches "${glob}"`, { hint: nearest(glob, ids, "tenants are") });
  }
};
