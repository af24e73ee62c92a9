import type { Base, Entity, Resource } from "../contract/index.ts";
import { collectEntity, shareEntity, transformEntity } from "../contract/index.ts";
import type { Context } from "./context.ts";
import { observeTargets } from "./context.ts";
import { ownedBy } from "./look.ts";
import { readTenants, refuseInvalid } from "./read-tenants.ts";
import { checkSelection } from "./selection.ts";
import type { EntityReport, Selection, SideOptions } from "./types.ts";
import { withoutSecrets } from "./without-secrets.ts";

const never = new AbortController().signal;

const report = (context: Context, side: EntityReport["side"], entities: readonly Entity[]): EntityReport => ({
  type: "entities",
  schemaVersion: 1,
  side,
  environment: context.files.environment,
  entities: entities.toSorted((a, b) => (a._id < b._id ? -1 : 1)),
});

type Wanted = { readonly target: string; readonly resource: Resource };

/** What the selected tenants' files ask for. */
const wanted = async (context: Context, selection: Selection): Promise<readonly Wanted[]> => {
  const { files } = context;
  const { selected, ids, diagnostics } = await readTenants(files, await context.index(), selection, context.set);
  checkSelection(selection, [...ids, ...(await (await context.ledger()).tenants())], files.waves);
  refuseInvalid(diagnostics);
  context.warn(diagnostics);
  return selected.flatMap(({ tenant, resources }) =>
    resources.map((resource) => ({ target: tenant.target, resource })),
  );
};

/** What the files ask for, in the contract's form. Offline. */
export const transformSide = async (context: Context, selection: Selection): Promise<EntityReport> => {
  const { files } = context;
  const { selected, ids, diagnostics } = await readTenants(files, await context.index(), selection, context.set);
  checkSelection(selection, ids, files.waves);
  refuseInvalid(diagnostics);
  context.warn(diagnostics);
  const resources = selected.flatMap((tenant) => tenant.resources);
  return report(
    context,
    "transform",
    resources.map((resource) => transformEntity(files.vendor, resource)),
  );
};

/** What we sent, as the ledger has it. */
export const shareSide = async (context: Context, selection: Selection): Promise<EntityReport> => {
  const { entries } = await ownedBy(context, selection);
  return report(
    context,
    "share",
    entries.map((base) => shareEntity(context.files.vendor, base)),
  );
};

/** What is live: what the selected tenants own and what has the name of something that they ask for; or everything. */
export const collectSide = async (
  context: Context,
  { all = false, signal = never, ...selection }: SideOptions,
): Promise<EntityReport> => {
  const ledger = await context.ledger();
  const { tenants, entries } = await ownedBy(context, selection);
  const asked = await wanted(context, selection);
  const known = all
    ? (await Promise.all((await ledger.tenants()).map((tenant) => ledger.entries(tenant)))).flat()
    : entries;
  const names = [
    ...asked.map(({ target }) => target),
    ...entries.map(({ target }) => target),
    ...(all && tenants.length === 0 && asked.length === 0 ? Object.keys(context.files.targets) : []),
  ];
  const desired = Map.groupBy(asked, ({ target }) => target);
  const byTarget = new Map([...desired].map(([name, list]) => [name, list.map(({ resource }) => resource)]));
  const { targets, observed } = await observeTargets(context, names, known, byTarget, signal);
  const entities: Entity[] = [];
  for (const [name, { collections }] of observed) {
    const own = known.filter(({ target }) => target === name);
    const resources = [
      ...(byTarget.get(name) ?? []),
      ...entries.flatMap((base) => (base.target === name ? base.resource : [])),
    ];
    for (const kind of targets.get(name)?.kinds ?? []) {
      const collection = collections.get(kind.name);
      if (collection === undefined) continue;
      // Half a side would look like things that are gone.
      if (!collection.readable) throw collection.error;
      const bases = new Map(
        own.flatMap((base): [string, Base][] => (base.resource.kind === kind.name ? [[base.id, base]] : [])),
      );
      const declared = Map.groupBy(
        resources.filter((resource) => resource.kind === kind.name),
        ({ properties }) => kind.key(properties),
      );
      for (const live of collection.byId.values()) {
        const base = bases.get(live.id);
        const alike = declared.get(kind.key(live.properties));
        if (!all && base === undefined && alike === undefined) continue;
        const shown = withoutSecrets(
          live,
          base,
          (alike ?? []).map(({ properties }) => properties),
        );
        entities.push(collectEntity(context.files.vendor, kind.name, shown, base));
      }
    }
  }
  return report(context, "collect", entities);
};
