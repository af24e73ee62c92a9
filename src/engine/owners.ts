import type { Base } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import type { Ledger } from "../ledger/index.ts";
import type { Owned } from "./plan-input.ts";

/** Who owns what, over all tenants and target names: two names may lead to one system. */
export type Owners = {
  /** True where an entry other than this resource's has the object. */
  isOwnedElsewhere(resource: Owned, identity: string, id: string): boolean;
};

const nameOf = ({ tenant, target, kind, _id }: Owned): string => JSON.stringify([tenant, target, address(kind, _id)]);

const ofBase = ({ target, resource }: Base): Owned => ({
  tenant: resource.tenant,
  target,
  kind: resource.kind,
  _id: resource._id,
});

/** Reads every entry; `identities` are of the targets that are open. */
export const readOwners = async (ledger: Ledger, identities: ReadonlyMap<string, string>): Promise<Owners> => {
  const entries = (await Promise.all((await ledger.tenants()).map((tenant) => ledger.entries(tenant)))).flat();
  const known = new Map(identities);
  for (const name of new Set(entries.map(({ target }) => target))) {
    if (!known.has(name)) known.set(name, (await ledger.target(name))?.identity ?? name);
  }
  const owners = new Map<string, Set<string>>();
  for (const base of entries) {
    const key = JSON.stringify([known.get(base.target), base.resource.kind, base.id]);
    owners.set(key, (owners.get(key) ?? new Set()).add(nameOf(ofBase(base))));
  }
  return {
    isOwnedElsewhere: (resource, identity, id) =>
      [...(owners.get(JSON.stringify([identity, resource.kind, id])) ?? [])].some((name) => name !== nameOf(resource)),
  };
};
