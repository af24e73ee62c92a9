import type { Base } from "../contract/index.ts";
import type { Tenant } from "../manifest/index.ts";
import type { Context } from "./context.ts";
import { readTenants } from "./read-tenants.ts";
import { secretValues, withoutValues } from "./without-secrets.ts";

/** A target's words about a tenant's things, without the values of the secrets that these name. */
export type Quiet = (tenant: string, words: string) => Promise<string>;

/** Tenants' files by id; files that are wrong give none. */
export const tenantFiles = async (context: Context, ids: Iterable<string>): Promise<ReadonlyMap<string, Tenant>> => {
  const tenants = [...ids];
  if (tenants.length === 0) return new Map();
  const { selected } = await readTenants(context.files, await context.index(), { tenants }, context.set);
  return new Map(selected.map(({ tenant }) => [tenant.id, tenant]));
};

/** Resolves a tenant's secrets when a target first says something of it. `files`: those that are read already. */
export const quietTenants = (
  context: Context,
  files: ReadonlyMap<string, Tenant>,
  entriesOf: (tenant: string) => Promise<readonly Base[]>,
): Quiet => {
  const known = new Map<string, Promise<readonly string[]>>();
  const read = async (id: string): Promise<readonly string[]> => {
    const file = files.get(id) ?? (await tenantFiles(context, [id])).get(id);
    return secretValues(await entriesOf(id), context.secrets(file));
  };
  return async (tenant, words) => {
    const values = known.get(tenant) ?? read(tenant);
    known.set(tenant, values);
    return withoutValues(words, await values);
  };
};
