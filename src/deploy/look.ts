import type { Base, Summary } from "../contract/index.ts";
import { emptySummary } from "../contract/index.ts";
import { findDrift } from "../engine/index.ts";
import type { Context } from "./context.ts";
import { observeTargets } from "./context.ts";
import { chosenTarget } from "./find-place.ts";
import { ignores } from "./policies.ts";
import type { ReadTenants } from "./read-tenants.ts";
import { readTenants, refuseInvalid } from "./read-tenants.ts";
import { answersAll, checkLabels, checkSelection, idMatcher, selectsById } from "./selection.ts";
import type { DriftReport, Selection, SourceItem } from "./types.ts";
import { tool } from "./version.ts";

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

/** What one target offers, with the catalog's connection types. */
export const sourcesOf = async (
  context: Context,
  target: string | undefined,
  signal: AbortSignal = never,
): Promise<readonly SourceItem[]> => {
  const name = chosenTarget(context, target);
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
