import type { Plan, Resource } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import type { InfinoClient } from "../infino/index.ts";
import type { ResourceKind } from "../resources/index.ts";
import { infinoKinds } from "../resources/index.ts";
import type { Context } from "./context.ts";
import { carries } from "./guard-targets.ts";
import type { Prepared, Seen } from "./plan-project.ts";
import type { PullOther } from "./pull-types.ts";

/** What of ours is gone, or is there without being ours. */
const ofPlan = (plan: Plan): readonly PullOther[] => [
  ...plan.changes.flatMap(({ op, marks, duplicates = [], tenant, target, kind, id, entity: { _id } }): PullOther[] => {
    if (duplicates.length > 0) {
      const hint = "it is what ours is, too: delete it on the target if nobody uses it";
      return [{ tenant, target, kind, _id, ids: duplicates, what: "duplicate", hint }];
    }
    if (op !== "insert" || marks?.includes("vanished") !== true) return [];
    const hint = `apply makes it anew; if it is meant to be gone, take it out of the files, and connector-deployer forget ${address(kind, _id)}`;
    return [{ tenant, target, kind, _id, ids: id === undefined ? [] : [id], what: "vanished", hint }];
  }),
  ...plan.findings.flatMap(({ finding, tenant = "", target, kind, _id = "", ids, reason }): PullOther[] => {
    const other = { tenant, target, kind, _id, ids };
    switch (finding) {
      case "adoption": {
        const hint = `if it is the same under another id: connector-deployer adopt ${address(kind, _id)}, then pull again`;
        return [{ ...other, what: "adoption", hint }];
      }
      case "ambiguous":
        return [
          { ...other, what: "ambiguous", hint: "delete or rename all but one on the target, then adopt that one" },
        ];
      case "unreadable":
        return [{ ...other, what: "unreadable", hint: `pull again${reason === undefined ? "" : `: ${reason}`}` }];
      default:
        return [];
    }
  }),
];

/** Natural keys of a kind that a resource asks for: its own, and of what comes with it, such as an import job's dataset. */
const namesOf = (kind: ResourceKind<InfinoClient>, resource: Resource): readonly string[] => {
  if (resource.kind === kind.name) return [kind.key(resource.properties)];
  const references = infinoKinds.find(({ name }) => name === resource.kind)?.references(resource.properties) ?? [];
  return references.flatMap((one) => (one.kind === kind.name ? [one._id] : []));
};

/** What carries the name of a tenant's system, and is neither ours nor asked for. */
const undeclared = async (
  context: Context,
  prepared: readonly Prepared[],
  desired: readonly { readonly target: string; readonly resource: Resource }[],
  { targets, observed }: Seen,
): Promise<readonly PullOther[]> => {
  const ledger = await context.ledger();
  const owned = (await Promise.all((await ledger.tenants()).map((tenant) => ledger.entries(tenant)))).flat();
  const found: PullOther[] = [];
  for (const [name, target] of targets) {
    for (const kind of target.kinds) {
      const collection = observed.get(name)?.collections.get(kind.name);
      if (collection?.readable !== true || kind.declare === undefined) continue;
      const ours = new Set(
        owned.flatMap((entry) => (entry.target === name && entry.resource.kind === kind.name ? [entry.id] : [])),
      );
      const asked = new Set(
        desired.flatMap(({ target, resource }) => (target === name ? namesOf(kind, resource) : [])),
      );
      for (const [key, all] of collection.byKey) {
        const ids = all.flatMap(({ id }) => (ours.has(id) ? [] : [id]));
        if (ids.length === 0 || asked.has(key)) continue;
        const owner = prepared.find(
          ({ target, systems }) => target === name && systems.some((system) => carries(key, system)),
        );
        if (owner === undefined) continue;
        const { tenant } = owner;
        const hint = `connector-deployer export -t ${tenant} writes files for it`;
        found.push({ tenant, target: name, kind: kind.name, _id: key, ids, what: "undeclared", hint });
      }
    }
  }
  return found;
};

/** What was made or deleted live: nothing that could be written into the files at its place. */
export const findOthers = async (
  context: Context,
  plan: Plan,
  prepared: readonly Prepared[],
  desired: readonly { readonly target: string; readonly resource: Resource }[],
  seen: Seen,
): Promise<readonly PullOther[]> => [...ofPlan(plan), ...(await undeclared(context, prepared, desired, seen))];
