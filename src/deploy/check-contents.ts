import { equal } from "../canonical.ts";
import type { Change, Json, Plan, Resource } from "../contract/index.ts";
import { address, entityProperties, mapSealed } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Tenant } from "../manifest/index.ts";
import { some } from "./some.ts";

/** Fingerprints are checked where the secrets are: here the texts count. */
const unsealed = (properties: Json): Json => mapSealed(properties, (_, { $secret }) => ({ $secret }));

const declares = (op: Change["op"]): boolean => ["insert", "update", "replace", "rename", "adopt"].includes(op);

/** What a tenant's files ask for, on its target. */
type Desired = { readonly tenant: Pick<Tenant, "id" | "target">; readonly resources: readonly Resource[] };

/**
 * What a plan makes must be what the files ask for, to the letter, and what it takes away must not be: its digest can be
 * made anew by whoever changes it. A plan from entities has no files to compare with; what goes on with an interrupted
 * replacement is held against its open intent instead. Throws `invalid-plan`.
 */
export const checkContents = (plan: Plan, desired: readonly Desired[]): void => {
  const known = new Map(
    desired.flatMap(({ tenant, resources }) =>
      resources.map(
        (resource) => [`${tenant.id} ${tenant.target} ${address(resource.kind, resource._id)}`, resource] as const,
      ),
    ),
  );
  const wrong = plan.changes.flatMap((change) => {
    const { tenant, target, kind, op, entity, resumes } = change;
    if (plan.tenants[tenant]?.from !== undefined || resumes !== undefined) return [];
    const name = address(kind, entity._id);
    const resource = known.get(`${tenant} ${target} ${name}`);
    const fits = declares(op)
      ? resource !== undefined && equal(unsealed(entityProperties(entity)), unsealed(resource.properties))
      : resource === undefined || op === "noop";
    return fits ? [] : [`${op} ${name}`];
  });
  if (wrong.length === 0) return;
  throw new DeployerError("invalid-plan", `the plan says what the files do not: ${some(wrong)}; nothing was written`, {
    hint: "make it again with: connector-deployer plan --out plan.json",
  });
};
