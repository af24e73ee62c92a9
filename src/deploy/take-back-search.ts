import type { Base, Live, Resource } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import type { Owners } from "../engine/index.ts";
import type { InfinoClient } from "../infino/index.ts";
import type { ResourceKind } from "../resources/index.ts";
import { infinoKinds } from "../resources/index.ts";
import { withReferences } from "./hand-over-item.ts";
import type { StateResource } from "./hand-over-types.ts";
import type { AdoptLeft } from "./ownership-types.ts";
import type { Prepared, Seen } from "./plan-project.ts";

const nameOf = ({ kind, _id }: Pick<Resource, "kind" | "_id">): string => address(kind, _id);

/** A resource of the state with what it is here. */
export type Match = {
  readonly state: StateResource;
  readonly kind: ResourceKind<InfinoClient>;
  readonly prepared: Prepared;
  readonly target: string;
  /** What the files ask for, or what the ledger knows of it. */
  readonly resource: Resource;
  readonly entry?: Base;
  readonly live: Live;
};

export type Found = {
  readonly matches: readonly Match[];
  readonly left: readonly AdoptLeft[];
  readonly known: readonly string[];
};

/** What one look-up needs of everything that was read. */
export type Sight = {
  readonly prepared: readonly Prepared[];
  readonly seen: Seen;
  /** Entries of all tenants. */
  readonly entries: readonly Base[];
  readonly isOwnedElsewhere: Owners["isOwnedElsewhere"];
  /** A target may be the same system at a new address. */
  readonly acceptTarget: boolean;
  /** `_id`s by kind and live id, those of matches included. */
  readonly declared: Map<string, string>;
};

type Reason = {
  readonly reason: string;
  readonly hint: string;
  readonly elsewhere?: true;
  readonly tenant?: string;
  readonly _id?: string;
};

export const idKey = (kind: string, id: string): string => JSON.stringify([kind, id]);

/** What the files call it: by natural key, else, where its name is an `_id` of theirs, by that. */
const askedFor = ({ prepared, declared }: Sight, kind: ResourceKind<InfinoClient>, state: StateResource) => {
  const properties = withReferences(kind, state.properties, (other, id) => declared.get(idKey(other, id)));
  const key = kind.key(properties);
  const all = prepared.flatMap((tenant) =>
    tenant.desired.flatMap((resource) => (resource.kind === kind.name ? [{ prepared: tenant, resource }] : [])),
  );
  return (
    all.find(({ resource }) => kind.key(resource.properties) === key) ??
    all.find(({ resource }) => resource._id === state.name)
  );
};

const liveOf = ({ seen, acceptTarget }: Sight, target: string, kind: string, state: StateResource): Live | Reason => {
  const endpoint = seen.targets.get(target)?.endpoint;
  // A name may be taken there too.
  if (!acceptTarget && endpoint !== undefined && state.endpoint !== undefined && state.endpoint !== endpoint) {
    return {
      reason: `${state.id} is at ${state.endpoint}, as the state says, and not at ${endpoint}`,
      hint: "use the environment or the target of that endpoint; if it is the same system at a new address, run again with --accept-target",
      elsewhere: true,
    };
  }
  const collection = seen.observed.get(target)?.collections.get(kind);
  if (collection?.readable !== true) {
    const reason = collection === undefined ? "its target was not looked at" : collection.error.message;
    return { reason, hint: "run again; if it stays so, look at the health of the target" };
  }
  const live = collection.byId.get(state.id);
  return live ?? { reason: `${state.id} is not on the target`, hint: "apply makes it anew" };
};

/** What a resource of the state is here, `known` where the ledger has it as its own, or why it can be nothing. */
const look = (
  sight: Sight,
  kind: ResourceKind<InfinoClient>,
  state: StateResource,
): Match | Reason | "known" | "skip" => {
  const owner = sight.entries.find((base) => base.resource.kind === kind.name && base.id === state.id);
  if (owner !== undefined) {
    const { tenant, _id } = owner.resource;
    if (owner.driver === "engine") return "known";
    const prepared = sight.prepared.find((one) => one.tenant === tenant);
    const entry = prepared?.entries.find(
      (base) => base.target === owner.target && base.id === owner.id && base.resource.kind === kind.name,
    );
    // Of a tenant that was not selected.
    if (prepared === undefined || entry === undefined) return "skip";
    const live = liveOf(sight, owner.target, kind.name, state);
    if ("reason" in live) {
      if (live.elsewhere === true) return { ...live, tenant, _id };
      const name = address(kind.name, _id);
      const hint = `where Pulumi has destroyed it: connector-deployer forget ${name} -t ${tenant}; else use the target that has it`;
      return { ...live, hint, tenant, _id };
    }
    const desired =
      entry.target === prepared.target
        ? prepared.desired.find((one) => nameOf(one) === nameOf(entry.resource))
        : undefined;
    return { state, kind, prepared, target: owner.target, resource: desired ?? entry.resource, entry, live };
  }
  const asked = askedFor(sight, kind, state);
  if (asked === undefined) {
    return {
      reason: "the selected tenants' files ask for nothing of its name",
      hint: "declare it, or leave it in Pulumi's hands",
    };
  }
  const { prepared, resource } = asked;
  const { tenant, target } = prepared;
  const about = { tenant, _id: resource._id };
  const other = prepared.entries.find((base) => base.target === target && nameOf(base.resource) === nameOf(resource));
  if (other !== undefined) {
    return {
      ...about,
      reason: `the ledger's ${nameOf(resource)} is ${other.id}`,
      hint: "one of the two has to go; connector-deployer forget lets the ledger's go",
    };
  }
  const live = liveOf(sight, target, kind.name, state);
  if ("reason" in live) return { ...live, ...about };
  const identity = sight.seen.targets.get(target)?.identity ?? target;
  if (sight.isOwnedElsewhere({ tenant, target, kind: kind.name, _id: resource._id }, identity, state.id)) {
    return {
      ...about,
      reason: "the ledger has it under another target",
      hint: "connector-deployer outputs shows where",
    };
  }
  return { state, kind, prepared, target, resource, live };
};

/** What the resources of a state are here, and why some can be nothing. */
export const search = (sight: Sight, states: readonly StateResource[], isMeant: (name: string) => boolean): Found => {
  const matches: Match[] = [];
  const left: AdoptLeft[] = [];
  const known: string[] = [];
  const taken = new Set<string>();
  // What others refer to comes first.
  for (const kind of infinoKinds) {
    for (const state of states.filter((one) => one.kind === kind.name)) {
      const found = look(sight, kind, state);
      if (found === "skip") continue;
      if (found === "known") {
        if (isMeant(address(kind.name, state.name))) known.push(state.urn);
        continue;
      }
      const isMatch = "live" in found;
      const _id = isMatch ? found.resource._id : (found._id ?? state.name);
      if (isMatch) sight.declared.set(idKey(kind.name, state.id), _id);
      const name = address(kind.name, _id);
      if (!isMeant(name)) continue;
      const tenant = isMatch ? found.prepared.tenant : (found.tenant ?? "");
      if (isMatch && !taken.has(name)) {
        taken.add(name);
        matches.push(found);
        continue;
      }
      const why = isMatch
        ? { reason: `the state has ${name} twice`, hint: "name the one that is meant by its live id" }
        : found;
      const target = isMatch ? found.target : "";
      left.push({ tenant, target, kind: kind.name, _id, ids: [state.id], reason: why.reason, hint: why.hint });
    }
  }
  return { matches, left, known };
};

/** Entries that stay in Pulumi's hands, of tenants of which something is taken back. */
export const stillOut = (
  prepared: readonly Prepared[],
  { matches, left }: Found,
  isMeant: (name: string) => boolean,
): AdoptLeft[] => {
  const touched = new Set(matches.map((match) => match.prepared.tenant));
  const said = new Set([
    ...matches.map(({ kind, state }) => idKey(kind.name, state.id)),
    ...left.flatMap(({ kind, ids }) => ids.map((id) => idKey(kind, id))),
  ]);
  return prepared.flatMap(({ tenant, entries }) =>
    entries.flatMap((entry): AdoptLeft[] => {
      const { kind, _id } = entry.resource;
      if (!touched.has(tenant) || entry.driver !== "pulumi" || said.has(idKey(kind, entry.id))) return [];
      if (!isMeant(address(kind, _id))) return [];
      return [
        {
          tenant,
          target: entry.target,
          kind,
          _id,
          ids: [entry.id],
          reason: "Pulumi drives it, and the state does not have it",
          hint: `use the state that has it; or, where Pulumi has destroyed it: connector-deployer forget ${address(kind, _id)} -t ${tenant}`,
        },
      ];
    }),
  );
};
