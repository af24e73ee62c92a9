import type { Component, Json } from "../../contract/index.ts";
import { address } from "../../contract/index.ts";
import { placeEdits } from "../placing/place-edits.ts";
import type { Instance, PlaceOptions } from "../placing/types.ts";
import type { ExpandOptions, Expansion, PlacedInProject, ProjectFiles } from "../types.ts";

type Named = { readonly component: Component; readonly instance: Instance };

/** An `_id` is unique on a target, and a project may have several. */
const named = (expansions: readonly Expansion[]): readonly Named[] => {
  const all = expansions.flatMap((expansion) => {
    const instances = expansion.instances();
    return expansion.components.flatMap((component, index): Named[] => {
      const instance = instances[index];
      return instance === undefined ? [] : [{ component, instance }];
    });
  });
  const uses = Map.groupBy(all, ({ instance }) => instance.name);
  return all.map(({ component, instance }) => {
    const { name, tenant } = instance;
    const isOnly = uses.get(name)?.length === 1;
    return { component, instance: isOnly ? instance : { ...instance, name: `${name} of tenant ${tenant}` } };
  });
};

const keyOf = (tenant: string, type: string, _id: string): string => `${tenant} ${address(type, _id)}`;

/** Whole components by the names of their instances, as the files say them with some texts changed. */
const expandAgain = async (
  files: ProjectFiles,
  expansions: readonly Expansion[],
  names: ReadonlyMap<string, string>,
  options: ExpandOptions,
): Promise<ReadonlyMap<string, Json>> => {
  const found = new Map<string, Json>();
  for (const { tenant: before } of expansions) {
    const { tenant } = await files.readTenant(before.file);
    if (tenant === undefined) continue;
    for (const { _id, type, properties } of files.expandTenant(tenant, options).components) {
      const key = keyOf(tenant.id, type, _id);
      found.set(names.get(key) ?? key, { _id, type, ...properties });
    }
  }
  return found;
};

/** Finds the places in a project's files for what components became; `again` reads it with some texts changed. */
export const placeInProject = async (
  again: (texts: ReadonlyMap<string, string>) => Promise<ProjectFiles>,
  expansions: readonly Expansion[],
  edited: ReadonlyMap<Component, Json>,
  tenantFiles: PlaceOptions["tenantFiles"],
  options: ExpandOptions,
): Promise<PlacedInProject> => {
  const all = named(expansions);
  const names = new Map(
    all.map(({ component: { tenant, type, _id }, instance }) => [keyOf(tenant, type, _id), instance.name]),
  );
  const instances = all.map(({ component, instance }) => ({
    ...instance,
    edited: edited.get(component) ?? instance.edited,
  }));
  const placement = await placeEdits(instances, [], {
    tenantFiles,
    reexpand: async (overlay) => expandAgain(await again(overlay), expansions, names, options),
  });
  return { ...placement, components: new Map(all.map(({ component, instance }) => [instance.name, component])) };
};
