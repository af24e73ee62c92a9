import picomatch from "picomatch";
import type { Base, Change, Live, Plan, Resource } from "../contract/index.ts";
import { address, eachSealed, updateEntity } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { infinoKinds } from "../resources/index.ts";
import type { Context } from "./context.ts";
import { refuseOpen } from "./forget.ts";
import type { Owned } from "./hand-over-item.ts";
import { itemOf } from "./hand-over-item.ts";
import type { HandOverItem, HandOverOptions, HandOverReport } from "./hand-over-types.ts";
import { ledgerRun } from "./ledger-run.ts";
import type { AdoptLeft } from "./ownership-types.ts";
import type { Prepared, Seen } from "./plan-project.ts";
import { planAndSee, prepareTenants } from "./plan-project.ts";
import { matcher } from "./policies.ts";
import { resolveSealed } from "./seal.ts";
import { tool } from "./version.ts";
import { secretValues } from "./without-secrets.ts";

const nameOf = ({ resource }: Base): string => address(resource.kind, resource._id);

const leftOf = (entry: Base, reason: string, hint: string): AdoptLeft => ({
  tenant: entry.resource.tenant,
  target: entry.target,
  kind: entry.resource.kind,
  _id: entry.resource._id,
  ids: [entry.id],
  reason,
  hint,
});

type Reason = readonly [reason: string, hint: string];

/** Why the plan is not empty where an entry is concerned. */
const unsettledBy = (entry: Base, plan: Plan): Reason | undefined => {
  const { tenant, kind, _id } = entry.resource;
  const isIt = (one: { readonly tenant?: string; readonly target: string; readonly kind: string }, id?: string) =>
    one.tenant === tenant && one.target === entry.target && one.kind === kind && id === _id;
  const apply = `connector-deployer apply -t ${tenant}, then hand it over`;
  const finding = plan.findings.find((one) => isIt(one, one._id));
  if (finding !== undefined) return [`it is ${finding.finding}`, "connector-deployer plan shows why; mend that first"];
  if (plan.prunable.some((change) => isIt(change, change.entity._id)))
    return ["the files no longer ask for it", "bring it back, or: connector-deployer sync takes it away"];
  const change = plan.changes.find((one) => isIt(one, one.entity._id));
  if (change === undefined || (change.op === "noop" && (change.marks ?? []).every((mark) => mark === "duplicate")))
    return undefined;
  if (change.marks?.includes("vanished") === true) return ["it is gone from the target", apply];
  if (change.marks?.includes("unresolved") === true)
    return ["a secret of it has no value here", "set it, then run the same command again"];
  return entry.driver === "pulumi"
    ? ["Pulumi drives it already, and it is not as the files say", "pulumi refresh shows what differs there"]
    : [`the next apply would ${change.op} it`, apply];
};

type Candidate = Omit<Owned, "endpoint"> & { readonly prepared: Prepared };

const liveOf = (seen: Seen, { target, resource, id }: Base): Live | undefined => {
  const collection = seen.observed.get(target)?.collections.get(resource.kind);
  return collection?.readable === true ? collection.byId.get(id) : undefined;
};

/** What may be handed over, and why the rest of what is meant may not. */
const choose = (
  context: Context,
  prepared: readonly Prepared[],
  plan: Plan,
  seen: Seen,
  isMeant: (name: string) => boolean,
): { readonly candidates: readonly Candidate[]; readonly left: readonly AdoptLeft[] } => {
  const left: AdoptLeft[] = [];
  const candidates: Candidate[] = [];
  for (const tenant of prepared) {
    const desired = new Map(tenant.desired.map((resource) => [address(resource.kind, resource._id), resource]));
    const open = new Set(tenant.open.map(({ change }) => address(change.kind, change.entity._id)));
    const refused = new Set<string>();
    // In dependency order: what needs something that is left is left.
    for (const kind of infinoKinds) {
      for (const entry of tenant.entries.filter(({ resource }) => resource.kind === kind.name)) {
        const name = nameOf(entry);
        if (!isMeant(name)) continue;
        const asked = desired.get(name);
        const live = liveOf(seen, entry);
        const needs = (asked === undefined ? [] : kind.references(asked.properties)).flatMap((reference) =>
          reference.optional === true ? [] : [address(reference.kind, reference._id)],
        );
        const missing = needs.find((need) => refused.has(need));
        const reason = ((): Reason | undefined => {
          if (entry.state === "retained")
            return ["its data was kept, and the files no longer ask for it", "there is nothing for Pulumi to do"];
          if (open.has(name))
            return [
              "an earlier run left open what became of it",
              `run connector-deployer apply -t ${tenant.tenant}, which finds out`,
            ];
          if (asked === undefined || entry.target !== tenant.target)
            return ["the files no longer ask for it", "bring it back, or: connector-deployer sync takes it away"];
          if (missing !== undefined) return [`it needs ${missing}, which is left`, `see to ${missing} first`];
          return unsettledBy(entry, plan);
        })();
        if (reason === undefined && asked !== undefined && live !== undefined) {
          const shape = kind.shape(asked.properties, context.files.catalog);
          candidates.push({ entry, desired: asked, live, shape, kind, prepared: tenant });
          continue;
        }
        refused.add(name);
        const [why, hint] = reason ?? ["it is gone from the target", `connector-deployer apply -t ${tenant.tenant}`];
        left.push(leftOf(entry, why, hint));
      }
    }
  }
  return { candidates, left };
};

/** A glob that nothing answers to is most often a typo. */
const checkGlobs = (globs: readonly string[], prepared: readonly Prepared[]): void => {
  const names = prepared.flatMap(({ entries }) => entries.map(nameOf));
  for (const glob of globs) {
    const matches = picomatch(glob, { dot: true });
    if (names.some((name) => matches(name))) continue;
    throw new DeployerError("usage", `the selected tenants own nothing that matches ${JSON.stringify(glob)}`, {
      hint: nearest(glob, names, "they own"),
    });
  }
};

/** Which target a ledger means is as much in doubt here as when applying. */
export const refuseOtherTarget = (plan: Plan): void => {
  const refusal = plan.refusals.find(({ guard }) => guard === "other-endpoint" || guard === "empty-ledger");
  if (refusal !== undefined) throw new DeployerError("blocked", refusal.message, { hint: refusal.hint });
};

export const staleLedger = (tenant: string): DeployerError =>
  new DeployerError("stale-plan", `tenant ${tenant} was deployed by another run in the meantime; nothing was changed`, {
    hint: "run the same command again",
  });

/** The secret key of a target, by which fingerprints in other states are keyed. */
export const secretKeyOf = (context: Context, target: string): Promise<string> =>
  context.secrets(undefined).resolve(context.files.targets[target]?.secret_key ?? "");

const itemsOf = async (
  context: Context,
  candidates: readonly Candidate[],
  tenants: ReadonlyMap<string, Parameters<Context["secrets"]>[0]>,
  seen: Seen,
  fingerprint: HandOverOptions["fingerprint"],
): Promise<readonly HandOverItem[]> => {
  const values = new Map<string, ReadonlyMap<string, string>>();
  const quotable = new Map<string, readonly string[]>();
  const keys = new Map<string, string>();
  const items: HandOverItem[] = [];
  for (const candidate of candidates) {
    const { entry, desired, prepared } = candidate;
    const { tenant } = prepared;
    const asked = prepared.desired.map((resource) => ({ ...entry, resource, applied: resource.properties }));
    const secrets = context.secrets(tenants.get(tenant));
    const own = values.get(tenant) ?? (await resolveSealed(asked, secrets));
    values.set(tenant, own);
    const quoted = quotable.get(tenant) ?? (await secretValues([...asked, ...prepared.entries], secrets));
    quotable.set(tenant, quoted);
    const secretKey = keys.get(entry.target) ?? (await secretKeyOf(context, entry.target));
    keys.set(entry.target, secretKey);
    eachSealed(desired.properties, (_, { $secret }) => {
      if (!own.has($secret)) throw new DeployerError("missing-secret", `${$secret} has no value here any more`);
    });
    const ids = new Map(
      prepared.entries.filter(({ target }) => target === entry.target).map((one) => [nameOf(one), one.id]),
    );
    const endpoint = seen.targets.get(entry.target)?.endpoint ?? "";
    items.push(
      itemOf(
        { ...candidate, endpoint },
        own,
        quoted,
        (kind, _id) => ids.get(address(kind, _id)),
        (path, value) => fingerprint(secretKey, entry.id, path, value),
      ),
    );
  }
  return items;
};

/** The entry of something that Pulumi drives from now on. */
const markedBase = ({ entry, desired }: Candidate): { readonly change: Change; readonly base: Base } => {
  const resource: Resource = desired;
  const { tenant, kind } = resource;
  return {
    base: { ...entry, driver: "pulumi" },
    change: {
      tenant,
      target: entry.target,
      kind,
      id: entry.id,
      op: "noop",
      entity: updateEntity(resource, {}),
      dependsOn: [],
    },
  };
};

/**
 * Hands resources that the ledger owns, and that are as the files say, over to Pulumi: `write` gets them first, then their
 * entries are marked, so that nothing of their tenants is applied here any more. Nothing is written to the target.
 */
export const handOver = async (context: Context, options: HandOverOptions): Promise<HandOverReport> => {
  const { resources: globs = [], fingerprint, confirm, write, acceptTarget = false, signal, ...selection } = options;
  const planOptions = { ...selection, acceptTarget, ...(signal === undefined ? {} : { signal }) };
  const { prepared: all, tenants } = await prepareTenants(context, planOptions);
  const prepared = all.filter(({ vanished }) => !vanished);
  checkGlobs(globs, prepared);
  const { plan, seen } = await planAndSee(context, prepared, tenants, planOptions);
  refuseOtherTarget(plan);
  const isMeant = globs.length === 0 ? () => true : matcher(globs);
  const { candidates, left } = choose(context, prepared, plan, seen, isMeant);
  const items = await itemsOf(context, candidates, tenants, seen, fingerprint);
  const report = {
    type: "hand-over",
    schemaVersion: 1,
    tool,
    environment: context.files.environment,
    items: items.map(({ tenant, target, kind, _id, id, handedOver }) => ({
      tenant,
      target,
      kind,
      _id,
      id,
      handedOver,
    })),
    left,
  } as const;
  if (items.length === 0) return report;
  await confirm?.({ items, left });
  if (signal?.aborted === true) throw new DeployerError("cancelled", "interrupted before anything was written");
  const touched = [...new Set(items.map(({ tenant }) => tenant))].sort();
  const names = new Set(items.map(({ kind, _id }) => address(kind, _id)));
  const run = await ledgerRun(context, "hand-over", touched, async (ledger, lease) => {
    for (const { tenant, ledger: revision } of prepared) {
      if (!touched.includes(tenant)) continue;
      if ((await ledger.revision(tenant)) !== revision) throw staleLedger(tenant);
      await refuseOpen(context, tenant, (name) => names.has(name));
    }
    await write(items);
    for (const candidate of candidates) {
      if (candidate.entry.driver === "pulumi") continue;
      const { change, base } = markedBase(candidate);
      await ledger.settle(lease(change.tenant), change, "done", base);
    }
    return { noop: candidates.length };
  });
  return { ...report, run };
};
