import type { Base, Component, Json, Resource } from "../contract/index.ts";
import { address, within } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Expansion, PlacedInProject } from "../manifest/index.ts";
import { infinoKinds, secretPaths } from "../resources/index.ts";
import type { Context } from "./context.ts";
import type { Prepared, Seen } from "./plan-project.ts";
import { planAndSee, prepareTenants } from "./plan-project.ts";
import { ignores, matcher } from "./policies.ts";
import type { Found } from "./pull-find.ts";
import { findEdits } from "./pull-find.ts";
import { findOthers } from "./pull-others.ts";
import type { Pulled, PullField, PullItem, PullOptions } from "./pull-types.ts";
import { explainer } from "./pull-why.ts";
import type { ReadTenant } from "./read-tenants.ts";
import { readTenants, refuseInvalid } from "./read-tenants.ts";
import { checkOnly } from "./selection.ts";
import { secretValues } from "./without-secrets.ts";

const nameOf = ({ resource }: Base): string => address(resource.kind, resource._id);

/** Edits of everything that the tenants own, that the files ask for, and that is there. */
const findAll = async (
  context: Context,
  prepared: readonly Prepared[],
  all: readonly ReadTenant[],
  { targets, observed }: Seen,
  isMeant: (name: string) => boolean,
): Promise<readonly Found[]> => {
  const isIgnored = ignores(context.files);
  const components = new Map(
    all.flatMap(({ tenant, expansion }) =>
      expansion.components.map((one): [string, Component] => [`${tenant.id} ${address(one.type, one._id)}`, one]),
    ),
  );
  const found = prepared.flatMap(({ tenant, target: own, desired, entries, open }) => {
    const wanted = new Map(desired.map((resource) => [address(resource.kind, resource._id), resource]));
    const unsettled = new Set(open.map(({ change }) => address(change.kind, change.entity._id)));
    return entries.flatMap((base): Found[] => {
      const name = nameOf(base);
      const [target, kind] = [targets.get(base.target), infinoKinds.find((one) => one.name === base.resource.kind)];
      // Of what Pulumi drives, Pulumi's state is the record.
      const isOurs = base.state === "live" && base.driver === "engine" && base.target === own;
      const collection = observed.get(base.target)?.collections.get(base.resource.kind);
      const live = collection?.readable === true ? collection.byId.get(base.id) : undefined;
      const [resource, component] = [wanted.get(name), components.get(`${tenant} ${name}`)];
      if (!isOurs || !isMeant(name) || target === undefined || kind === undefined || live === undefined) return [];
      if (resource === undefined || component === undefined) return [];
      const isUnsettled = unsettled.has(name);
      const isDeclared = (other: string): boolean => wanted.has(other);
      const sight = { target, kind, base, desired: resource, live, component, isUnsettled, isDeclared, secrets: [] };
      const edits = findEdits(sight, (field) => isIgnored(kind.name, field));
      return edits === undefined ? [] : [edits];
    });
  });
  const files = new Map(all.map(({ tenant }) => [tenant.id, tenant]));
  const known = new Map<string, readonly string[]>();
  for (const { tenant, entries } of prepared) {
    if (!found.some(({ sight }) => sight.component.tenant === tenant)) continue;
    known.set(tenant, await secretValues(entries, context.secrets(files.get(tenant))));
  }
  return found.flatMap(({ sight }): Found[] => {
    const secrets = known.get(sight.component.tenant) ?? [];
    const edits = findEdits({ ...sight, secrets }, (field) => isIgnored(sight.kind.name, field));
    return edits === undefined ? [] : [edits];
  });
};

/** What placing said of one field: of itself, of a part of it, or of what it is a part of. */
const fieldOf = (
  field: PullField,
  component: Component,
  { placed, unplaced, components }: PlacedInProject,
  why: ReturnType<typeof explainer>,
): PullField => {
  if (field.left.length > 0) return field;
  const isIts = (edit: { readonly name: string; readonly path: string }): boolean =>
    components.get(edit.name) === component && (within([field.path], edit.path) || within([edit.path], field.path));
  return {
    ...field,
    places: placed
      .filter(isIts)
      .map((edit) => ({ into: edit.into, location: edit.location, why: why(edit, component) })),
    left: unplaced
      .filter(isIts)
      .map(({ reason, message, location }) => ({ reason, message, ...(location && { location }) })),
  };
};

const itemOf = ({ sight, touched, sealed }: Found, fields: readonly PullField[]): PullItem => {
  const { base, live } = sight;
  const { tenant, kind, _id } = base.resource;
  const isRead = fields.length === 0 || fields.some(({ to, from }) => to !== undefined || from !== undefined);
  return { tenant, target: base.target, kind, _id, id: live.id, fields, unread: touched && isRead ? sealed : [] };
};

const keyOf = ({ tenant, kind, _id }: Pick<PullItem, "tenant" | "kind" | "_id">): string => `${tenant} ${kind} ${_id}`;

const sorted = <Item extends Pick<PullItem, "tenant" | "kind" | "_id">>(items: readonly Item[]): readonly Item[] =>
  items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

/** What was found, and what it rests on. */
export type Look = {
  readonly pulled: Pulled;
  readonly found: readonly Found[];
  readonly prepared: readonly Prepared[];
};

/** What placing says of components that nobody edited live: they would become something else. */
const strangers = (found: readonly Found[], { unplaced, components }: PlacedInProject): readonly PullItem[] => {
  const known = new Set(found.map(({ sight }) => sight.component));
  return unplaced.flatMap(({ name, path, from, to, reason, message, location }): PullItem[] => {
    const component = components.get(name);
    if (component === undefined || known.has(component)) return [];
    const { tenant, type, _id } = component;
    const left = [{ reason, message, ...(location && { location }) }];
    const field = { path, ...(from !== undefined && { from }), ...(to !== undefined && { to }), places: [], left };
    return [{ tenant, target: "", kind: type, _id, id: "", fields: [field], unread: [] }];
  });
};

const placeAll = async (
  { files, set }: Context,
  expansions: readonly Expansion[],
  found: readonly Found[],
  isTenantOnly: boolean,
): Promise<Pick<Pulled, "items" | "files">> => {
  const edited = new Map<Component, Json>(found.map((one) => [one.sight.component, one.edited]));
  if (found.every(({ fields }) => fields.every(({ left }) => left.length > 0))) {
    return { items: found.map((one) => itemOf(one, one.fields)), files: [] };
  }
  const placement = await files.placeEdits(expansions, edited, isTenantOnly ? "always" : "where-needed", {
    set,
    secretPaths: (type, properties) => secretPaths(files.catalog, type, properties),
  });
  const why = explainer(expansions, edited, isTenantOnly);
  const items = found.map((one) =>
    itemOf(
      one,
      one.fields.map((field) => fieldOf(field, one.sight.component, placement, why)),
    ),
  );
  return { items: [...items, ...strangers(found, placement)], files: placement.files };
};

const resourcesOf = (prepared: readonly Prepared[]): ReadonlySet<string> =>
  new Set(
    prepared.flatMap(({ desired, entries }) => [
      ...desired.map(({ kind, _id }) => address(kind, _id)),
      ...entries.map(nameOf),
    ]),
  );

/** Finds what was edited live, and where it belongs in the files. Writes nothing. */
export const lookForEdits = async (context: Context, options: PullOptions): Promise<Look> => {
  const { resources = [], tenantOnly = false, tenants: ids, labels, wave, acceptTarget, signal } = options;
  const planning = {
    ...(ids && { tenants: ids }),
    ...(labels && { labels }),
    ...(wave !== undefined && { wave }),
    ...(acceptTarget !== undefined && { acceptTarget }),
    ...(signal && { signal }),
  };
  // A shared value may have uses with any tenant.
  const all = await readTenants(context.files, await context.index(), {}, context.set);
  refuseInvalid(all.diagnostics);
  const { prepared, tenants } = await prepareTenants(context, planning);
  checkOnly(resources, resourcesOf(prepared));
  const { plan, seen } = await planAndSee(context, prepared, tenants, planning);
  const refusal = plan.refusals.find(({ tenant, guard }) => tenant === undefined && guard === "other-endpoint");
  if (refusal !== undefined) throw new DeployerError("blocked", refusal.message, { hint: refusal.hint });

  const isMeant = resources.length === 0 ? () => true : matcher(resources);
  const found = await findAll(context, prepared, all.selected, seen, isMeant);
  const desired = all.selected.flatMap(({ tenant, resources }) =>
    resources.map((resource: Resource) => ({ target: tenant.target, resource })),
  );
  const others = (await findOthers(context, plan, prepared, desired, seen)).filter(({ kind, _id }) =>
    isMeant(address(kind, _id)),
  );
  const expansions = all.selected.map(({ expansion }) => expansion);
  const { items, files } = await placeAll(context, expansions, found, tenantOnly);
  return { pulled: { items: sorted(items), others: sorted(others), files }, found, prepared };
};
