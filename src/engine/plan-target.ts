import type { Base, Finding, FindingKind, Resource, Situation, Verdict } from "../contract/index.ts";
import { address, classify, isFinding, isTouched } from "../contract/index.ts";
import type { ResourceKind, Target } from "../resources/index.ts";
import type { Collection, Observed } from "./observe.ts";
import { planOrphans } from "./orphans.ts";
import type { PlanInput, Planned, TenantInput } from "./plan-input.ts";
import { isWorthListing, resumed, unrepeatable } from "./verdicts.ts";

const makesNewId = (verdict: Verdict): boolean =>
  !isFinding(verdict) && (verdict.op === "insert" || verdict.op === "replace");

const foreign = new WeakMap<Observed, ReadonlyMap<string, readonly string[]>>();

/** Live objects that are nobody's, by the address of ours that they refer to: deleting that would break them. */
const foreignUsers = <Api>(target: Target<Api>, observed: Observed): ReadonlyMap<string, readonly string[]> => {
  const known = foreign.get(observed);
  if (known !== undefined) return known;
  const users = new Map<string, string[]>();
  for (const kind of target.kinds) {
    const collection = observed.collections.get(kind.name);
    if (collection === undefined || !collection.readable) continue;
    for (const live of collection.byId.values()) {
      if (observed.ids.declared(kind.name, live.id) !== undefined) continue;
      for (const reference of kind.references(live.properties)) {
        if (reference.optional !== true) push(users, address(reference.kind, reference._id), live.id);
      }
    }
  }
  foreign.set(observed, users);
  return users;
};

const push = (map: Map<string, string[]>, key: string, value: string): void => {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
};

/** What happens to the data when the component goes: the files say it, or the ledger where it is gone already. */
const deletesData = (base: Base | undefined, desired: Resource | undefined): boolean =>
  (desired ?? base?.resource)?.properties["on_delete"] === "delete";

const isFree = (observed: Observed, kind: string, id: string, _id: string): boolean => {
  const owner = observed.ids.declared(kind, id);
  return owner === undefined || owner === _id;
};

/** Whose entry a live object belongs to that carries the name of something else. */
const ownerOf = <Api>(
  input: PlanInput<Api>,
  target: string,
  observed: Observed,
  { kind, _id, ids }: Finding,
): Finding["owner"] => {
  const [id] = ids;
  const known = id === undefined ? undefined : observed.ids.declared(kind, id);
  if (known === undefined || known === _id) return undefined;
  const isIt = ({ entries }: TenantInput): boolean =>
    entries.some((base) => base.target === target && base.resource.kind === kind && base.id === id);
  const tenant = input.tenants.find(isIt)?.tenant;
  return tenant === undefined ? undefined : { tenant, _id: known };
};

const candidates = <Api>(
  collection: Extract<Collection, { readable: true }>,
  kind: ResourceKind<Api>,
  desired: Resource | undefined,
  base: Base | undefined,
): Situation["live"] => {
  const own = base === undefined ? undefined : collection.byId.get(base.id);
  const properties = desired?.properties ?? base?.resource.properties;
  const same = properties === undefined ? [] : (collection.byKey.get(kind.key(properties)) ?? []);
  return own === undefined || same.some((live) => live.id === own.id) ? same : [own, ...same];
};

/** Compares what one tenant wants on one target with what is there. */
export const planTarget = <Api>(
  input: PlanInput<Api>,
  tenant: TenantInput,
  target: Target<Api>,
  observed: Observed,
  desired: readonly Resource[],
  entries: readonly Base[],
): Planned => {
  const planned: Planned = { changes: [], prunable: [], findings: [], noops: 0 };
  const prune = input.prune || tenant.leaving;
  const trustsUpdatedAt = target.traits.updated_at === "config";
  const moving = new Set<string>();
  const blocked = new Set<string>();
  const users = new Map<string, string[]>();
  const protection = ({ finding }: Finding, name: string): string | undefined =>
    finding !== "protected" ? undefined : input.policies.isProtected(name) ? "protected: names it" : "it holds data";
  const unreadable = [...observed.collections.values()].flatMap((item) =>
    item.readable ? [] : [item.error.message],
  )[0];
  const references = (kind: ResourceKind<Api>, of: Resource): string[] =>
    kind.references(of.properties).map((reference) => address(reference.kind, reference._id));

  for (const kind of target.kinds) {
    const collection = observed.collections.get(kind.name);
    const wanted = new Map(desired.flatMap((item) => (item.kind === kind.name ? [[item._id, item]] : [])));
    const owned = new Map(
      entries.flatMap((item) => (item.resource.kind === kind.name ? [[item.resource._id, item]] : [])),
    );
    for (const _id of [...new Set([...wanted.keys(), ...owned.keys()])].sort()) {
      const own = wanted.get(_id);
      const base = owned.get(_id);
      const resource = own ?? base?.resource;
      if (resource === undefined) continue;
      const name = address(kind.name, _id);
      const needs = references(kind, resource);
      const before = base === undefined ? [] : references(kind, base.resource);
      for (const need of new Set([...needs, ...before])) push(users, need, name);
      const live = collection?.readable === true ? candidates(collection, kind, own, base) : [];
      const renamedFrom = tenant.renamed?.get(name);
      const isUnsettled = tenant.unsettled.has(name);
      const isRepeatable = kind.isRepeatable?.(resource.properties) !== false;
      const found = classify({
        tenant: tenant.tenant,
        target: target.name,
        kind: kind.name,
        _id,
        ...(tenant.wave === undefined ? {} : { wave: tenant.wave }),
        shape: kind.shape(resource.properties, target.catalog),
        ...(own === undefined ? {} : { desired: own }),
        ...(base === undefined ? {} : { base }),
        live,
        readable: collection?.readable === true && !needs.some((need) => blocked.has(need)),
        adopt:
          input.policies.mayAdopt(name) &&
          live.every(
            (item) =>
              isFree(observed, kind.name, item.id, _id) &&
              !input.policies.isOwnedElsewhere(
                { tenant: tenant.tenant, target: target.name, kind: kind.name, _id },
                target.identity,
                item.id,
              ),
          ),
        protected: input.policies.isProtected(name),
        keepsData: kind.holdsData && !(deletesData(base, own) && input.deleteData),
        updatable: kind.update !== undefined,
        referenceMoves: needs.some((need) => moving.has(need)),
        trustsUpdatedAt,
        // What a PATCH that replaces does not send is gone.
        canUnset: target.traits.unset === "null" || (kind.isPatched === true && target.traits.patch === "replace"),
        rewritesSecrets: input.policies.rewritesSecrets?.(name) ?? false,
        rewritesUnknown: input.policies.rewritesUnknown ?? false,
        ...(renamedFrom === undefined ? {} : { renamedFrom }),
        keep: (field) =>
          input.policies.keepField(tenant.tenant, kind.name, field) &&
          // What cannot be known is no reason to add once more to what is there.
          (field.class !== "unknown" || isRepeatable || isUnsettled || input.policies.rewritesUnknown === true),
      });
      const decided = resumed(found, base, tenant.leftovers.get(name) ?? [], {
        prune,
        isProtected: input.policies.isProtected(name),
      });
      const verdict = isUnsettled && !isRepeatable ? unrepeatable(decided, input.policies.mayAdopt(name)) : decided;
      if (verdict === undefined) continue;
      if (isFinding(verdict)) {
        // Without --prune nothing of it would be touched anyway.
        if (verdict.finding === "protected" && own === undefined && !prune) continue;
        const reason = collection?.readable === false ? collection.error.message : protection(verdict, name);
        const owner = verdict.finding === "adoption" ? ownerOf(input, target.name, observed, verdict) : undefined;
        planned.findings.push({
          ...verdict,
          ...(reason === undefined ? {} : { reason }),
          ...(owner === undefined ? {} : { owner }),
        });
        if (verdict.finding === "unreadable") blocked.add(name);
        continue;
      }
      const takesAway = verdict.op === "replace" || ((verdict.op === "delete" || verdict.op === "forget") && prune);
      const refuse = (finding: FindingKind, ids: readonly string[], reason: string): void => {
        planned.findings.push({
          finding,
          tenant: tenant.tenant,
          target: target.name,
          kind: kind.name,
          _id,
          ids,
          reason,
        });
        blocked.add(name);
      };
      if (takesAway && unreadable !== undefined) {
        // Who uses it cannot be seen now.
        refuse("unreadable", [], unreadable);
        continue;
      }
      if (takesAway) {
        const users = foreignUsers(target, observed);
        const going = [verdict.id ?? "", ...(verdict.leftovers ?? []).map(({ id }) => id)];
        const strangers = [name, ...going.map((id) => address(kind.name, id))]
          .flatMap((used) => users.get(used) ?? [])
          .sort();
        if (strangers.length > 0) {
          refuse("protected", strangers, `${strangers.join(", ")} uses it and is not ours`);
          continue;
        }
      }
      if (makesNewId(verdict)) moving.add(name);
      const current = live.find((item) => item.id === base?.id);
      const touched = current !== undefined && isTouched(base, current, trustsUpdatedAt);
      if (verdict.op === "noop") planned.noops++;
      if (verdict.op === "noop" && !isWorthListing(verdict, base, touched, own, prune, isUnsettled)) continue;
      if ((verdict.op === "delete" || verdict.op === "forget") && !prune) {
        if (verdict.op === "delete") planned.prunable.push(verdict);
        continue;
      }
      planned.changes.push({ ...verdict, dependsOn: needs });
    }
  }
  const orphaned = planOrphans(tenant.orphans ?? [], target.name, desired, tenant.wave);
  planned.changes.push(...orphaned.changes);
  planned.findings.push(...orphaned.findings);
  const changed = new Set(planned.changes.map((change) => address(change.kind, change.entity._id)));
  planned.changes = planned.changes.map((change) => {
    const name = address(change.kind, change.entity._id);
    // What is taken away waits for those that used it; everything else waits for what it uses.
    const waits = change.op === "delete" || change.op === "forget" ? (users.get(name) ?? []) : change.dependsOn;
    return { ...change, dependsOn: [...new Set(waits)].filter((other) => other !== name && changed.has(other)).sort() };
  });
  return planned;
};
