import type { Base, Summary } from "../contract/index.ts";
import { emptySummary } from "../contract/index.ts";
import { findDrift } from "../engine/index.ts";
import type { Context } from "./context.ts";
import { observeTargets } from "./context.ts";
import { ignores } from "./policies.ts";
import type { ReadTenants } from "./read-tenants.ts";
import { readTenants, refuseInvalid } from "./read-tenants.ts";
import { answersAll, checkLabels, checkSelection, idMatcher, selectsById } from "./selection.ts";
import type { DriftReport, Selection, SourceItem, StatusItem, StatusReport } from "./types.ts";
import { tool } from "./version.ts";
import { secretValues, withoutValues } from "./without-secrets.ts";

const never = new AbortController().signal;

type Owners = { readonly tenants: readonly string[]; readonly entries: readonly Base[] };

/** What the selected tenants own, as the ledger says; tenants without a file can be selected by id. */
export const ownedBy = async (context: Context, selection: Selection): Promise<Owners> => {
  const ledger = await context.ledger();
  const owners = await ledger.tenants();
  const read = async (): Promise<ReadTenants> =>
    readTenants(context.files, await context.index(), selection, context.set);
  let tenants = owners.filter(idMatcher(selection.tenants));
  if (!selectsById(selection)) {
    const { selected, ids, diagnostics } = await read();
    // A tenant whose labels cannot be read must not be left out in silence.
    refuseInvalid(diagnostics);
    context.warn(diagnostics);
    checkSelection(selection, ids, context.files.waves);
    checkLabels(selection, selected.length);
    const chosen = new Set(selected.map(({ tenant }) => tenant.id));
    tenants = tenants.filter((id) => chosen.has(id));
  } else if (!answersAll(selection, owners)) checkSelection(selection, [...owners, ...(await read()).ids], []);
  const entries = (await Promise.all(tenants.map((tenant) => ledger.entries(tenant)))).flat();
  return { tenants, entries };
};

/** Live against what we last wrote, whatever the files say now. */
export const driftOf = async (
  context: Context,
  selection: Selection,
  signal: AbortSignal = never,
): Promise<DriftReport> => {
  const { tenants, entries } = await ownedBy(context, selection);
  const { targets, observed } = await observeTargets(
    context,
    entries.map((entry) => entry.target),
    entries,
    new Map(),
    signal,
  );
  const isIgnored = ignores(context.files);
  const items = findDrift(entries, targets, observed, (_tenant, kind, field) => !isIgnored(kind, field));
  const unreadable = [...observed.values()]
    .flatMap((target) => [...target.collections.values()])
    .filter((collection) => !collection.readable);
  const summary: Summary = {
    ...emptySummary,
    insert: items.filter((item) => item.drift === "vanished").length,
    update: items.filter((item) => item.drift === "changed").length,
    noop: entries.filter((entry) => entry.state === "live").length - items.length,
    retained: entries.filter((entry) => entry.state === "retained").length,
    unreadable: unreadable.length,
    tenants: tenants.length,
  };
  return { type: "drift", schemaVersion: 1, tool, environment: context.files.environment, items, summary };
};

/** What the targets call well; anything else wants a look. */
const healthyStates: readonly string[] = ["connected", "pending", "running", "completed", "green", "yellow"];

/** The values that a target may quote in what it says of some tenants' things, by tenant. Files that are wrong give none. */
const quotable = async (
  context: Context,
  ids: ReadonlySet<string>,
  entries: readonly Base[],
): Promise<ReadonlyMap<string, readonly string[]>> => {
  if (ids.size === 0) return new Map();
  const { selected } = await readTenants(context.files, await context.index(), { tenants: [...ids] }, context.set);
  const files = new Map(selected.map(({ tenant }) => [tenant.id, tenant]));
  const values = new Map<string, readonly string[]>();
  for (const id of ids) {
    const own = entries.filter((entry) => entry.resource.tenant === id);
    values.set(id, await secretValues(own, context.secrets(files.get(id))));
  }
  return values;
};

/** Health of what is deployed, as the targets tell it. */
export const statusOf = async (
  context: Context,
  selection: Selection,
  signal: AbortSignal = never,
): Promise<StatusReport> => {
  const { tenants, entries } = await ownedBy(context, selection);
  const { observed } = await observeTargets(
    context,
    entries.map((entry) => entry.target),
    entries,
    new Map(),
    signal,
  );
  const ledger = await context.ledger();
  const liveOf = ({ target, resource, id }: Base) => {
    const collection = observed.get(target)?.collections.get(resource.kind);
    return collection?.readable === true ? collection.byId.get(id) : undefined;
  };
  const saidOf = ({ target, resource, id }: Base): string | undefined => {
    const collection = observed.get(target)?.collections.get(resource.kind);
    return collection?.readable === false ? collection.error.message : collection?.byId.get(id)?.health?.reason;
  };
  const talking = entries.filter((entry) => saidOf(entry) !== undefined);
  const values = await quotable(context, new Set(talking.map(({ resource }) => resource.tenant)), entries);
  const items = entries.map((entry): StatusItem => {
    const { tenant, kind, _id } = entry.resource;
    const collection = observed.get(entry.target)?.collections.get(kind);
    const live = liveOf(entry);
    const health =
      collection?.readable === false
        ? "unreadable"
        : live === undefined
          ? "vanished"
          : (live.health?.status ?? "present");
    const said = saidOf(entry);
    const reason = said === undefined ? undefined : withoutValues(said, values.get(tenant) ?? []);
    return {
      tenant,
      target: entry.target,
      kind,
      _id,
      id: entry.id,
      health,
      ...(reason === undefined ? {} : { reason }),
      healthy:
        health === "present" || healthyStates.includes(health) || (entry.state === "retained" && health === "vanished"),
      state: entry.state,
      ...(entry.driver === "pulumi" ? { driver: entry.driver } : {}),
    };
  });
  const key = (item: StatusItem): string => `${item.tenant} ${item.kind} ${item._id}`;
  items.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const byTenant = Map.groupBy(items, (item) => item.tenant);
  const rows = await Promise.all(
    tenants.map(async (tenant) => {
      const own = byTenant.get(tenant) ?? [];
      const open = (await ledger.open(tenant)).length;
      return { tenant, resources: own.length, unhealthy: own.filter((item) => !item.healthy).length, open };
    }),
  );
  return { type: "status", schemaVersion: 1, tool, environment: context.files.environment, items, tenants: rows };
};

/** What one target offers, with the catalog's connection types. */
export const sourcesOf = async (
  context: Context,
  target: string | undefined,
  signal: AbortSignal = never,
): Promise<readonly SourceItem[]> => {
  const names = Object.keys(context.files.targets).sort();
  const name = target ?? (names.includes("default") ? "default" : (names[0] ?? "default"));
  const { api, catalog } = await context.target(name);
  return (await api.listSources(signal)).map(({ id, name: title, description, category }) => ({
    target: name,
    id,
    name: title,
    description,
    category,
    connections: catalog.get(id)?.connections.map((connection) => connection.type) ?? [],
  }));
};
