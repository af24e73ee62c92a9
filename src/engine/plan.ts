import type { Change, Plan, RenderedItem, Summary } from "../contract/index.ts";
import { address, countPlanned, planDigest } from "../contract/index.ts";
import type { GuardedTenant } from "./guards.ts";
import { guardRun, guardTenant } from "./guards.ts";
import { orderChanges } from "./order.ts";
import type { PlanInput, Planned } from "./plan-input.ts";
import { planTarget } from "./plan-target.ts";

/** Only what was asked for, with what depends on it and with what it needs to be made first. */
const select = (changes: readonly Change[], isSelected: (resource: string) => boolean): readonly Change[] => {
  const names = new Set(
    changes.map((change) => address(change.kind, change.entity._id)).filter((name) => isSelected(name)),
  );
  for (let before = -1; before !== names.size; ) {
    before = names.size;
    for (const change of changes) {
      const name = address(change.kind, change.entity._id);
      if (change.dependsOn.some((other) => names.has(other))) names.add(name);
      if (names.has(name)) for (const other of change.dependsOn) names.add(other);
    }
  }
  return changes.filter((change) => names.has(address(change.kind, change.entity._id)));
};

const count = (planned: readonly Planned[], tenants: number): Summary => ({
  ...countPlanned(
    planned.flatMap(({ changes }) => changes),
    planned.flatMap(({ findings }) => findings),
  ),
  noop: planned.reduce((sum, { noops }) => sum + noops, 0),
  tenants,
});

const renderedOf = <Api>({ tenants, policies }: PlanInput<Api>): readonly RenderedItem[] =>
  tenants
    .flatMap(({ rendered = [] }) => rendered)
    .filter(({ type, _id }) => policies.isSelected(address(type, _id)))
    .sort((a, b) => compareText(a.tenant, b.tenant) || compareText(a.type, b.type) || compareText(a._id, b._id));

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Makes the plan from what was read. Pure: the same input gives the same plan. */
export const makePlan = <Api>(input: PlanInput<Api>): Plan => {
  const all: Planned[] = [];
  const guarded: GuardedTenant[] = [];
  const kinds = new Map([...input.targets.values()].flatMap((target) => target.kinds.map((kind) => [kind.name, kind])));
  const holdsData = (kind: string): boolean => kinds.get(kind)?.holdsData === true;
  for (const tenant of input.tenants) {
    const targets = new Set([
      ...(tenant.vanished ? [] : [tenant.target]),
      ...tenant.entries.map((entry) => entry.target),
      ...(tenant.orphans ?? []).map((orphan) => orphan.change.target),
    ]);
    const planned: Planned = { changes: [], prunable: [], findings: [], noops: 0 };
    for (const name of tenant.vanished ? [] : [...targets].sort()) {
      const target = input.targets.get(name);
      const observed = input.observed.get(name);
      if (target === undefined || observed === undefined) continue;
      const desired = name === tenant.target ? tenant.desired : [];
      const part = planTarget(
        input,
        tenant,
        target,
        observed,
        desired,
        tenant.entries.filter((entry) => entry.target === name),
      );
      planned.changes.push(...select(part.changes, input.policies.isSelected));
      planned.prunable.push(...part.prunable);
      planned.findings.push(...part.findings);
      planned.noops += part.noops;
    }
    all.push(planned);
    guarded.push({
      tenant: tenant.tenant,
      owned: tenant.entries.filter((entry) => entry.state === "live").length,
      desired: tenant.desired.length,
      leaving: tenant.leaving,
      vanished: tenant.vanished,
      prune: input.prune,
      unsettled: tenant.unsettled,
      handedOver: tenant.entries
        .filter((entry) => entry.driver === "pulumi")
        .map(({ resource }) => address(resource.kind, resource._id))
        .sort(),
      changes: planned.changes,
      findings: planned.findings,
    });
  }
  const ofTenants = guarded.flatMap((tenant) =>
    guardTenant(tenant, input.maxDeletes, input.recreateMissing, holdsData),
  );
  const refused = new Set(ofTenants.flatMap((refusal) => refusal.tenant ?? []));
  const kindOrder = [...kinds.keys()];
  const rendered = renderedOf(input);
  const rest: Omit<Plan, "digest" | "createdAt"> = {
    type: "plan",
    schemaVersion: 1,
    tool: input.tool,
    environment: input.environment,
    prune: input.prune,
    deleteData: input.deleteData,
    targets: Object.fromEntries(
      [...input.targets]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { endpoint, identity }]) => [name, { endpoint, identity }]),
    ),
    tenants: Object.fromEntries(
      input.tenants.map(({ tenant, target, inputs, ledger }) => [tenant, { target, inputs, ledger }]),
    ),
    changes: orderChanges(
      all.flatMap((planned) => planned.changes),
      input.waves,
      kindOrder,
    ),
    prunable: orderChanges(
      all.flatMap((planned) => planned.prunable),
      input.waves,
      kindOrder,
    ),
    findings: all.flatMap((planned) => planned.findings),
    refusals: [
      ...input.refusals,
      ...guardRun(guarded, refused, input.maxDeletes, input.recreateMissing, holdsData),
      ...ofTenants,
    ],
    ...(rendered.length === 0 ? {} : { rendered }),
    summary: count(all, input.tenants.length),
  };
  return { ...rest, createdAt: input.createdAt, digest: planDigest(rest) };
};
