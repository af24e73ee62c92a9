import picomatch from "picomatch";
import type { Base } from "../contract/index.ts";
import { address, deleteEntity } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { Context } from "./context.ts";
import { ledgerRun } from "./ledger-run.ts";
import type { ForgetItem, ForgetOptions, ForgetReport } from "./ownership-types.ts";
import { readTenants } from "./read-tenants.ts";
import { checkSelection, idMatcher } from "./selection.ts";
import { tool } from "./version.ts";

const nameOf = ({ resource }: Base): string => address(resource.kind, resource._id);

/** Addresses that the files of some tenants ask for, as `tenant kind/_id`; undefined where the files cannot be read. */
export const declaredBy = async (
  context: Context,
  tenants: readonly string[],
): Promise<ReadonlySet<string> | undefined> => {
  try {
    const { selected } = await readTenants(context.files, await context.index(), { tenants }, context.set);
    return new Set(
      selected.flatMap(({ tenant, resources }) =>
        resources.map(({ kind, _id }) => `${tenant.id} ${address(kind, _id)}`),
      ),
    );
  } catch {
    return undefined;
  }
};

/** An open intent says that a request of ours may be under way, or that nobody knows what became of it. */
export const refuseOpen = async (
  context: Context,
  tenant: string,
  isMeant: (name: string) => boolean,
): Promise<void> => {
  const open = await (await context.ledger()).open(tenant);
  const names = [...new Set(open.map(({ change }) => address(change.kind, change.entity._id)))].filter(isMeant);
  if (names.length === 0) return;
  throw new DeployerError(
    "blocked",
    `an earlier run left open what became of ${names.sort().join(", ")} (tenant ${tenant})`,
    {
      hint: `run connector-deployer apply -t ${tenant}, which finds out, then try again`,
    },
  );
};

const staleEntries = (tenant: string): DeployerError =>
  new DeployerError("stale-plan", `tenant ${tenant} was deployed by another run in the meantime; nothing was changed`, {
    hint: "run the same command again",
  });

/** Lets entries go: the live objects stay as they are and are nobody's from then on. Sends nothing. */
export const forgetResources = async (context: Context, options: ForgetOptions): Promise<ForgetReport> => {
  const { resources: globs, tenants: wanted, confirm } = options;
  if (globs.length === 0) {
    throw new DeployerError("usage", "nothing says what to forget", { hint: "name it: forget KIND/_ID (globs)" });
  }
  const ledger = await context.ledger();
  const all = await ledger.tenants();
  checkSelection(wanted === undefined ? {} : { tenants: wanted }, all, []);
  const tenants = all.filter(idMatcher(wanted));
  const revisions = new Map<string, string>();
  const entries: Base[] = [];
  for (const tenant of tenants) {
    revisions.set(tenant, await ledger.revision(tenant));
    entries.push(...(await ledger.entries(tenant)));
  }
  for (const glob of globs) {
    const matches = picomatch(glob, { dot: true });
    if (entries.some((entry) => matches(nameOf(entry)))) continue;
    throw new DeployerError("usage", `the ledger has nothing that matches ${JSON.stringify(glob)}`, {
      hint: nearest(glob, entries.map(nameOf), "it has"),
    });
  }
  const isMeant = picomatch([...globs], { dot: true });
  const chosen = entries.filter((entry) => isMeant(nameOf(entry)));
  const touched = [...new Set(chosen.map((entry) => entry.resource.tenant))];
  for (const tenant of touched) await refuseOpen(context, tenant, isMeant);
  const declared = await declaredBy(context, touched);
  const items = chosen.map(({ resource: { tenant, kind, _id }, target, id, state }): ForgetItem => {
    const asked = declared?.has(`${tenant} ${address(kind, _id)}`);
    return { tenant, target, kind, _id, id, state, ...(asked === undefined ? {} : { declared: asked }) };
  });
  await confirm?.(items);
  const run = await ledgerRun(context, "forget", touched, async (_, lease) => {
    for (const tenant of touched) {
      if ((await ledger.revision(tenant)) !== revisions.get(tenant)) throw staleEntries(tenant);
      await refuseOpen(context, tenant, isMeant);
    }
    for (const { resource, target, id } of chosen) {
      const { tenant, kind } = resource;
      const change = {
        tenant,
        target,
        kind,
        id,
        op: "forget",
        entity: deleteEntity(resource, {}),
        dependsOn: [],
      } as const;
      await ledger.settle(lease(tenant), change, "done", undefined);
    }
    return { forget: chosen.length };
  });
  return { type: "forget", schemaVersion: 1, tool, environment: context.files.environment, run, items };
};
