import type { Base, Plan, Refusal, Resource } from "../contract/index.ts";
import { address, sealPlan } from "../contract/index.ts";
import type { Observed } from "../engine/index.ts";
import type { InfinoClient } from "../infino/index.ts";
import type { LeaseInfo, Ledger } from "../ledger/index.ts";
import type { Target } from "../resources/index.ts";

type Seen = {
  readonly targets: ReadonlyMap<string, Target<InfinoClient>>;
  readonly observed: ReadonlyMap<string, Observed>;
  readonly entries: readonly Base[];
};

/** So many owned ids are looked for under a new access key. */
const lookedFor = 20;

/** True where one of some owned objects is there, or nothing is owned. */
const holdsOurs = ({ observed, entries }: Seen, target: string): boolean => {
  const owned = entries.filter((entry) => entry.target === target && entry.state === "live").slice(0, lookedFor);
  const collections = observed.get(target)?.collections;
  return (
    owned.length === 0 ||
    owned.some(({ resource, id }) => {
      const collection = collections?.get(resource.kind);
      return collection?.readable === true && collection.byId.has(id);
    })
  );
};

/** A target under the same name that is another system than the ledger knows: everything would look deleted. */
export const guardTargets = async (ledger: Ledger, seen: Seen): Promise<readonly Refusal[]> => {
  const refusals: Refusal[] = [];
  for (const [name, target] of seen.targets) {
    const before = await ledger.target(name);
    if (before === undefined) continue;
    if (before.identity !== target.identity) {
      refusals.push({
        guard: "other-endpoint",
        message: `the target "${name}" was ${before.endpoint} when this ledger was written and is ${target.endpoint} now; nothing is written`,
        hint: "if it is the same system at a new address, run again with --accept-target",
        resources: [],
      });
    } else if (before.account !== undefined && before.account !== target.account && !holdsOurs(seen, name)) {
      refusals.push({
        guard: "other-endpoint",
        message: `the target "${name}" is used with another access key than before, and none of the objects that this ledger owns is there: it may be another account; nothing is written`,
        hint: "use a key of the same account; if everything really is gone, run again with --accept-target",
        resources: [],
      });
    }
  }
  return refusals;
};

/** True where a name is a system's, or begins with it and a separator. */
export const carries = (name: string, system: string): boolean =>
  name.startsWith(system) && !/[A-Za-z0-9]/.test(name.charAt(system.length));

/**
 * A ledger without any tenant, while live objects carry our systems' names: it was lost, or another one is meant. What
 * may be taken over does not count.
 */
export const guardEmptyLedger = async (
  ledger: Ledger,
  { targets, observed }: Pick<Seen, "targets" | "observed">,
  systems: readonly string[],
  desired: ReadonlyMap<string, readonly Resource[]>,
  mayAdopt: (resource: string) => boolean,
): Promise<readonly Refusal[]> => {
  if (systems.length === 0 || (await ledger.tenants()).length > 0) return [];
  const found: string[] = [];
  for (const [name, target] of targets) {
    for (const kind of target.kinds) {
      const collection = observed.get(name)?.collections.get(kind.name);
      if (collection?.readable !== true) continue;
      const adoptable = new Set(
        (desired.get(name) ?? []).flatMap((resource) =>
          resource.kind === kind.name && mayAdopt(address(kind.name, resource._id))
            ? [kind.key(resource.properties)]
            : [],
        ),
      );
      for (const key of collection.byKey.keys()) {
        if (!adoptable.has(key) && systems.some((system) => carries(key, system))) found.push(address(kind.name, key));
      }
    }
  }
  if (found.length === 0) return [];
  return [
    {
      guard: "empty-ledger",
      message: `the ledger is empty, but ${found.length} live objects carry our names, such as ${found.sort().slice(0, 5).join(", ")}; nothing is written`,
      hint: "restore the ledger, or share the one that is in use (ledger:); to start anew with what is live: connector-deployer adopt --match name",
      resources: found,
    },
  ];
};

const muddled: readonly Refusal["guard"][] = ["adoption-needed", "ambiguous", "missing-objects"];

/** Leases of runs that are at work, by tenant. */
export const runsAtWork = async (ledger: Ledger): Promise<ReadonlyMap<string, LeaseInfo>> =>
  new Map((await ledger.leases()).filter(({ alive }) => alive).map((lease) => [lease.tenant, lease]));

/** Who is or was at work on a tenant since its entries were read; undefined where nobody was. */
const workOn = async (
  tenant: string,
  lease: LeaseInfo | undefined,
  ledger: Ledger,
  plan: Plan,
): Promise<Pick<Refusal, "message" | "hint"> | undefined> => {
  if (lease !== undefined) {
    const { holder, since } = lease;
    return {
      message: `tenant ${tenant} is worked on by another run, on ${holder.host} (pid ${holder.pid}), since ${since}`,
      hint: "wait until it has ended, then run the same command again",
    };
  }
  if ((await ledger.revision(tenant)) === plan.tenants[tenant]?.ledger) return undefined;
  return {
    message: `tenant ${tenant} was deployed by another run while this plan was made`,
    hint: "run the same command again",
  };
};

/**
 * Where another run is at work on a tenant, or was while the plan was made, what the ledger and the target held do not
 * belong together: that is what is said, instead of what it looks like. `before` are the runs at work when it was begun.
 */
export const nameRunsAtWork = async (
  ledger: Ledger,
  plan: Plan,
  before: ReadonlyMap<string, LeaseInfo>,
): Promise<Plan> => {
  if (!plan.refusals.some(({ guard }) => muddled.includes(guard))) return plan;
  const now = await runsAtWork(ledger);
  const named = new Set<string>();
  const refusals: Refusal[] = [];
  for (const refusal of plan.refusals) {
    const { guard, tenant } = refusal;
    if (tenant !== undefined && muddled.includes(guard)) {
      if (named.has(tenant)) continue;
      const work = await workOn(tenant, now.get(tenant) ?? before.get(tenant), ledger, plan);
      if (work !== undefined) {
        named.add(tenant);
        refusals.push({ guard: "lease-held", tenant, ...work, resources: [] });
        continue;
      }
    }
    refusals.push(refusal);
  }
  if (named.size === 0) return plan;
  const findings = plan.findings.filter(({ tenant }) => tenant === undefined || !named.has(tenant));
  return sealPlan({ ...plan, findings, refusals });
};
