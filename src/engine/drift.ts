import type { Base, DriftItem, Field } from "../contract/index.ts";
import { driftFields, isTouched } from "../contract/index.ts";
import type { Target } from "../resources/index.ts";
import type { Observed } from "./observe.ts";

/**
 * Owned things whose live state is not what the verifying read returned, sorted by tenant, kind and `_id`. Of what Pulumi
 * drives, Pulumi's state is the record.
 */
export const findDrift = <Api>(
  entries: readonly Base[],
  targets: ReadonlyMap<string, Target<Api>>,
  observed: ReadonlyMap<string, Observed>,
  keep: (tenant: string, kind: string, field: Field) => boolean,
): readonly DriftItem[] => {
  const items: DriftItem[] = [];
  for (const base of entries) {
    if (base.state !== "live" || base.driver === "pulumi") continue;
    const target = targets.get(base.target);
    const { kind: kindName, tenant, _id, properties } = base.resource;
    const kind = target?.kinds.find((item) => item.name === kindName);
    const collection = observed.get(base.target)?.collections.get(kindName);
    if (target === undefined || kind === undefined || collection?.readable !== true) continue;
    const live = collection.byId.get(base.id);
    const facts = { tenant, target: base.target, kind: kindName, _id, id: base.id };
    if (live === undefined) {
      items.push({ ...facts, drift: "vanished", fields: [] });
      continue;
    }
    const shape = kind.shape(properties, target.catalog);
    const fields = driftFields(shape, base, live).filter((field) => keep(tenant, kindName, field));
    // Written by somebody, in fields that nothing declares or that are never returned.
    if (fields.length > 0 || isTouched(base, live, target.traits.updated_at === "config"))
      items.push({ ...facts, drift: "changed", fields });
  }
  const key = (item: DriftItem): string => `${item.tenant} ${item.kind} ${item._id}`;
  return items.sort((a, b) => (key(a) < key(b) ? -1 : 1));
};
