import type { Change, Finding, Refusal } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import { missingAllowance } from "./observe.ts";

export type DeleteBudget = number | `${number}%`;

/** What the guards need to know of one tenant. */
export type GuardedTenant = {
  readonly tenant: string;
  /** Entries in state `live`. */
  readonly owned: number;
  readonly desired: number;
  /** `state: absent`, or `destroy`: deleting everything is what was asked for. */
  readonly leaving: boolean;
  /** The ledger has it, the files do not. */
  readonly vanished: boolean;
  readonly prune: boolean;
  /** Addresses whose intents are still open. */
  readonly unsettled: ReadonlySet<string>;
  /** Addresses of entries that Pulumi drives. */
  readonly handedOver: readonly string[];
  readonly changes: readonly Change[];
  readonly findings: readonly Finding[];
};

const limitOf = (budget: DeleteBudget, owned: number): number => {
  if (typeof budget === "number") return budget;
  const share = Number.parseFloat(budget);
  return share === 0 ? 0 : Math.max(1, Math.floor((owned * share) / 100));
};

/** Owned objects that are gone, but for those that an interrupted run of ours took away itself, or that Pulumi drives. */
const missingOf = (tenant: GuardedTenant): readonly Change[] =>
  tenant.leaving || tenant.handedOver.length > 0
    ? []
    : tenant.changes.filter((change) => {
        const isGone = change.op === "forget" || change.marks?.includes("vanished") === true;
        return isGone && !tenant.unsettled.has(address(change.kind, change.entity._id));
      });

const names = (items: readonly Change[]): string[] => items.map((change) => address(change.kind, change.entity._id));

const mostNames = 5;

const someOf = (all: readonly string[]): string =>
  all.length > mostNames ? `${all.slice(0, mostNames).join(", ")} and ${all.length - mostNames} more` : all.join(", ");

const findingNames = (items: readonly Finding[]): string[] => items.map((item) => address(item.kind, item._id ?? "?"));

/** Deletes, and replacements of what holds data. */
const destructive = (change: Change, holdsData: (kind: string) => boolean): boolean =>
  change.op === "delete" || (change.op === "replace" && holdsData(change.kind));

/** One tenant's refusals: its writes are skipped while others go on. */
export const guardTenant = (
  tenant: GuardedTenant,
  budget: DeleteBudget,
  recreateMissing: boolean,
  holdsData: (kind: string) => boolean,
): readonly Refusal[] => {
  const { tenant: id, changes, findings, owned } = tenant;
  const refusals: Refusal[] = [];
  const of = (type: Finding["finding"]): Finding[] => findings.filter((item) => item.finding === type);
  if (tenant.vanished) {
    refusals.push({
      guard: "vanished-tenant",
      tenant: id,
      message: `tenant ${id} has no file any more but still owns ${owned} resource${owned === 1 ? "" : "s"}; nothing of it is touched`,
      hint: `bring the file back; to offboard the tenant write "state: absent" in it, or run: connector-deployer destroy -t ${id}`,
      resources: [],
    });
    return refusals;
  }
  if (tenant.handedOver.length > 0) {
    refusals.push({
      guard: "handed-over",
      tenant: id,
      message: `tenant ${id}: Pulumi drives ${someOf(tenant.handedOver)}; nothing of the tenant is touched`,
      hint: `deploy it with pulumi up; or take it back with: connector-deployer adopt --from-pulumi-state FILE, made by pulumi stack export; or, where Pulumi has destroyed it: connector-deployer forget ${tenant.handedOver[0] ?? ""} -t ${id}`,
      resources: tenant.handedOver,
    });
    return refusals;
  }
  if (tenant.prune && !tenant.leaving && tenant.desired === 0 && owned > 0) {
    refusals.push({
      guard: "empty-desired",
      tenant: id,
      message: `the files ask for nothing for tenant ${id}, which owns ${owned} resource${owned === 1 ? "" : "s"}`,
      hint: 'if it is meant, write "state: absent" in the tenant\'s file',
      resources: [],
    });
  }
  const deletes = changes.filter((change) => destructive(change, holdsData));
  const limit = limitOf(budget, owned);
  if (!tenant.leaving && deletes.length > limit) {
    refusals.push({
      guard: "tenant-delete-budget",
      tenant: id,
      message: `tenant ${id} would lose ${deletes.length} of its ${owned} resources; the budget is ${limit}`,
      hint: `look at them; if they are meant, run again with --max-deletes ${deletes.length}`,
      resources: names(deletes),
    });
  }
  const protectedOnes = of("protected");
  if (protectedOnes.length > 0) {
    const because = protectedOnes.map(
      (item) => `${address(item.kind, item._id ?? "?")} (${item.reason ?? "protected"})`,
    );
    refusals.push({
      guard: "protected",
      tenant: id,
      message: `tenant ${id}: what may not be deleted or replaced would be: ${because.join(", ")}`,
      hint: "keep the component, or take away the reason: the glob under protected:, the foreign user, or, for data, allow its loss with on_delete: delete and --delete-data",
      resources: findingNames(protectedOnes),
    });
  }
  const foreign = of("adoption");
  const renames = foreign.filter((item) => item.owner?.tenant === id);
  if (renames.length > 0) {
    const pairs = renames.map((item) => [
      address(item.kind, item.owner?._id ?? "?"),
      address(item.kind, item._id ?? "?"),
    ]);
    refusals.push({
      guard: "adoption-needed",
      tenant: id,
      message: `tenant ${id}: what has the name of ${pairs.map(([from, to]) => `${to} is its own ${from}`).join(", ")}`,
      hint: `if it was renamed in the files, say so: moved: [ { from: ${pairs[0]?.[0]}, to: ${pairs[0]?.[1]} } ], or connector-deployer mv ${pairs[0]?.[0]} ${pairs[0]?.[1]}`,
      resources: findingNames(renames),
    });
  }
  const adoptions = foreign.filter((item) => !renames.includes(item));
  if (adoptions.length > 0) {
    refusals.push({
      guard: "adoption-needed",
      tenant: id,
      message: `tenant ${id}: ${adoptions.length === 1 ? "1 resource exists on the target and is" : `${adoptions.length} resources exist on the target and are`} not ours`,
      hint: `take them over with: connector-deployer adopt ${findingNames(adoptions)[0]} (or a glob), or give the components other names`,
      resources: findingNames(adoptions),
    });
  }
  const halfDone = of("ambiguous").filter((item) => item.reason !== undefined);
  if (halfDone.length > 0) {
    refusals.push({
      guard: "ambiguous",
      tenant: id,
      message: `tenant ${id}: nobody can tell what became of ${findingNames(halfDone).join(", ")}: ${halfDone[0]?.reason ?? ""}`,
      hint: "look at what is there; mend it by hand and take it as it is with: connector-deployer adopt KIND/_ID",
      resources: findingNames(halfDone),
    });
  }
  const ambiguous = of("ambiguous").filter((item) => item.reason === undefined);
  if (ambiguous.length > 0) {
    refusals.push({
      guard: "ambiguous",
      tenant: id,
      message: `tenant ${id}: several live objects have the same identity as ${findingNames(ambiguous).join(", ")}: ${ambiguous.flatMap((item) => item.ids).join(", ")}`,
      hint: "delete or rename all but one on the target, then take that one over with: connector-deployer adopt KIND/_ID",
      resources: findingNames(ambiguous),
    });
  }
  const missing = missingOf(tenant);
  if (!recreateMissing && missing.length > missingAllowance(owned)) {
    refusals.push({
      guard: "missing-objects",
      tenant: id,
      message: `tenant ${id}: ${missing.length} of its ${owned} owned objects are gone from the target, also on a second look`,
      hint: "find out who deleted them; to make them anew run again with --recreate-missing",
      resources: names(missing),
    });
  }
  return refusals;
};

/**
 * The whole run: zero writes when it would delete more than its budget (tenants that are refused or leaving do not
 * count), or when so much is gone that the target must be broken or another one.
 */
export const guardRun = (
  tenants: readonly GuardedTenant[],
  refused: ReadonlySet<string>,
  budget: DeleteBudget,
  recreateMissing: boolean,
  holdsData: (kind: string) => boolean,
): readonly Refusal[] => [
  ...guardMissing(tenants, recreateMissing),
  ...guardDeletes(tenants, refused, budget, holdsData),
];

const guardMissing = (tenants: readonly GuardedTenant[], recreateMissing: boolean): readonly Refusal[] => {
  const owned = tenants.reduce((sum, tenant) => sum + tenant.owned, 0);
  const missing = tenants.flatMap(missingOf);
  if (recreateMissing || tenants.length < 2 || missing.length <= missingAllowance(owned)) return [];
  return [
    {
      guard: "missing-objects",
      message: `${missing.length} of ${owned} owned objects are gone from the target, also on a second look; nothing is written`,
      hint: "find out who deleted them, or whether this is the right target; to make them anew run again with --recreate-missing",
      resources: names(missing),
    },
  ];
};

const guardDeletes = (
  tenants: readonly GuardedTenant[],
  refused: ReadonlySet<string>,
  budget: DeleteBudget,
  holdsData: (kind: string) => boolean,
): readonly Refusal[] => {
  const counted = tenants.filter((tenant) => !tenant.leaving && !refused.has(tenant.tenant));
  const deletes = counted.flatMap((tenant) => tenant.changes.filter((change) => destructive(change, holdsData)));
  const owned = tenants.reduce((sum, tenant) => sum + tenant.owned, 0);
  const limit = limitOf(budget, owned);
  if (deletes.length <= limit) return [];
  return [
    {
      guard: "delete-budget",
      message: `the run would delete ${deletes.length} of ${owned} owned resources; the budget is ${limit}; nothing is written`,
      hint: `look at them; if they are meant, run again with --max-deletes ${deletes.length}`,
      resources: names(deletes),
    },
  ];
};
