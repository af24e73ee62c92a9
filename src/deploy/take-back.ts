import type { Base, Change, Resource } from "../contract/index.ts";
import { address, compare, updateEntity } from "../contract/index.ts";
import { readOwners } from "../engine/index.ts";
import { DeployerError } from "../errors.ts";
import type { Context } from "./context.ts";
import { refuseOpen } from "./forget.ts";
import { refuseOtherTarget, secretKeyOf, staleLedger } from "./hand-over.ts";
import { withReferences } from "./hand-over-item.ts";
import type { TakeBackItem, TakeBackOptions, TakeBackReport } from "./hand-over-types.ts";
import { ledgerRun } from "./ledger-run.ts";
import type { PreparedTenants } from "./plan-project.ts";
import { planAndSee, prepareTenants } from "./plan-project.ts";
import { keepsField, matcher } from "./policies.ts";
import { resolveSealed } from "./seal.ts";
import { takenBase } from "./take-back-base.ts";
import { idKey, type Match, search, stillOut } from "./take-back-search.ts";
import { tool } from "./version.ts";

const nameOf = ({ kind, _id }: Pick<Resource, "kind" | "_id">): string => address(kind, _id);

/** A match with the entry that it becomes. */
type Taken = { readonly match: Match; readonly base: Base };

const basesOf = async (
  context: Context,
  matches: readonly Match[],
  tenants: PreparedTenants["tenants"],
  declared: ReadonlyMap<string, string>,
  fingerprint: TakeBackOptions["fingerprint"],
): Promise<readonly Taken[]> => {
  const print = await context.fingerprint();
  const taken: Taken[] = [];
  for (const match of matches) {
    const { state, kind, prepared, target, resource, live } = match;
    const asEntry: Base = {
      target,
      resource,
      id: live.id,
      applied: resource.properties,
      echo: {},
      driver: "engine",
      state: "live",
    };
    const values = await resolveSealed([asEntry], context.secrets(tenants.get(prepared.tenant)));
    const secretKey = Object.keys(state.fingerprints).length === 0 ? "" : await secretKeyOf(context, target);
    const convert = (other: string, id: string): string | undefined => declared.get(idKey(other, id));
    const properties = withReferences(kind, state.properties, convert);
    taken.push({
      match,
      base: takenBase({
        target,
        resource,
        shape: kind.shape(resource.properties, context.files.catalog),
        state: {
          ...state,
          properties,
          ...(state.live === undefined ? {} : { live: withReferences(kind, state.live, convert) }),
        },
        live: { ...live, properties: withReferences(kind, live.properties, convert) },
        values,
        print: (path, value) => print(nameOf(resource), path, value),
        fingerprint: (path, value) => fingerprint(secretKey, state.id, path, value),
      }),
    });
  }
  return taken;
};

const changeOf = ({ target, resource, id }: Base): Change => ({
  tenant: resource.tenant,
  target,
  kind: resource.kind,
  id,
  op: "adopt",
  entity: updateEntity(resource, {}),
  dependsOn: [],
});

/**
 * Makes resources of a Pulumi state the ledger's: entries that were handed over are taken back, and what the ledger does
 * not have is taken over, with what the state says of it. Nothing is written to the target.
 */
export const takeBack = async (context: Context, options: TakeBackOptions): Promise<TakeBackReport> => {
  const { state, resources: globs = [], fingerprint, confirm, acceptTarget = false, signal, ...selection } = options;
  const planOptions = { ...selection, acceptTarget, adopt: ["**"], ...(signal === undefined ? {} : { signal }) };
  const { prepared: all, tenants } = await prepareTenants(context, planOptions);
  const prepared = all.filter(({ vanished }) => !vanished);
  const { plan, seen } = await planAndSee(context, prepared, tenants, planOptions);
  refuseOtherTarget(plan);
  const ledger = await context.ledger();
  const entries = (await Promise.all((await ledger.tenants()).map((tenant) => ledger.entries(tenant)))).flat();
  const { isOwnedElsewhere } = await readOwners(
    ledger,
    new Map([...seen.targets].map(([name, { identity }]) => [name, identity])),
  );
  const declared = new Map(entries.map(({ resource, id }) => [idKey(resource.kind, id), resource._id]));
  const isMeant = globs.length === 0 ? () => true : matcher(globs);
  const found = search({ prepared, seen, entries, isOwnedElsewhere, acceptTarget, declared }, state, isMeant);
  const { matches, known } = found;
  const taken = await basesOf(context, matches, tenants, declared, fingerprint);
  const keeps = keepsField(context.files, tenants);
  const items = taken.map(({ match: { kind, live, entry, state: one }, base }): TakeBackItem => {
    const { tenant, _id, properties } = base.resource;
    const shape = kind.shape(properties, context.files.catalog);
    const fields = compare(shape, properties, live, base, false).filter((field) => keeps(tenant, kind.name, field));
    const { target, id } = base;
    return { tenant, target, kind: kind.name, _id, id, urn: one.urn, adopted: entry === undefined, fields };
  });
  const left = [...found.left, ...stillOut(prepared, found, isMeant)];
  const facts = { type: "take-back", schemaVersion: 1, tool, environment: context.files.environment } as const;
  const report = { ...facts, items, left, known };
  if (items.length === 0) return report;
  await confirm?.({ items, left, known });
  if (signal?.aborted === true) throw new DeployerError("cancelled", "interrupted before anything was written");
  const touched = [...new Set(items.map(({ tenant }) => tenant))].sort();
  const names = new Set(items.map(nameOf));
  const run = await ledgerRun(context, "take-back", touched, async (_, lease) => {
    for (const { tenant, ledger: revision } of prepared) {
      if (!touched.includes(tenant)) continue;
      if ((await ledger.revision(tenant)) !== revision) throw staleLedger(tenant);
      await refuseOpen(context, tenant, (name) => names.has(name));
    }
    for (const [name, { endpoint, identity, account }] of seen.targets) {
      if (!taken.some(({ base }) => base.target === name)) continue;
      await ledger.pinTarget(name, { endpoint, identity, ...(account === undefined ? {} : { account }) });
    }
    for (const { base } of taken) {
      const change = changeOf(base);
      await ledger.settle(lease(change.tenant), change, "done", base);
    }
    return { adopt: taken.length };
  });
  return { ...report, run };
};
