import type { Base } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Context } from "./context.ts";
import { ledgerRun } from "./ledger-run.ts";
import type { Look } from "./pull-look.ts";
import { lookForEdits } from "./pull-look.ts";
import type { Pulled, PullItem, PullOptions, PullReport } from "./pull-types.ts";
import { tool } from "./version.ts";
import { writeChanges } from "./write-changes.ts";

const isTaken = ({ fields }: PullItem): boolean => fields.every(({ left }) => left.length === 0);

/** True where something that was edited live stays where it is. */
const isLeft = ({ items }: Pick<Pulled, "items">): boolean => !items.every(isTaken);

/**
 * Entries of what is taken over as a whole, as seen at that moment: nothing tells whether a secret was written too, and
 * the next apply would write the old one over it.
 */
const seenBases = ({ pulled, found }: Look): readonly Base[] => {
  const taken = new Set(pulled.items.filter(isTaken).map(({ tenant, kind, _id }) => `${tenant} ${address(kind, _id)}`));
  return found.flatMap(({ sight: { base, live }, touched }): Base[] => {
    const { tenant, kind, _id } = base.resource;
    if (!touched || live.updatedAt === undefined || !taken.has(`${tenant} ${address(kind, _id)}`)) return [];
    return [{ ...base, updatedAt: live.updatedAt }];
  });
};

/** Writes the files and, where something is to be noted, the ledger; gives the run's id in that case. */
const write = async (context: Context, look: Look): Promise<string | undefined> => {
  const writeFiles = (): Promise<void> => writeChanges(context.files.dir, look.pulled.files, "pull");
  const bases = seenBases(look);
  if (bases.length === 0) {
    await writeFiles();
    return undefined;
  }
  const tenants = [...new Set(bases.map(({ resource }) => resource.tenant))];
  const revisions = new Map(look.prepared.map(({ tenant, ledger }) => [tenant, ledger]));
  return ledgerRun(context, "pull", tenants, async (ledger, leaseOf) => {
    for (const tenant of tenants) {
      if ((await ledger.revision(tenant)) === revisions.get(tenant)) continue;
      throw new DeployerError(
        "stale-plan",
        `tenant ${tenant} was deployed by another run in the meantime; nothing was written`,
        { hint: "pull again" },
      );
    }
    await writeFiles();
    for (const tenant of tenants) {
      const own = bases.filter(({ resource }) => resource.tenant === tenant);
      // As the ledger has them: a rename that no apply has done yet is not for a pull to do.
      for (const entry of await ledger.entries(tenant)) {
        const isEntry = ({ target, id, resource }: Base): boolean =>
          target === entry.target && id === entry.id && resource.kind === entry.resource.kind;
        const seen = own.find(isEntry);
        if (seen?.updatedAt !== undefined) await ledger.put(leaseOf(tenant), { ...entry, updatedAt: seen.updatedAt });
      }
    }
    return {};
  });
};

/** Writes live edits of what is ours back into the files. */
export const pullEdits = async (context: Context, options: PullOptions): Promise<PullReport> => {
  const { dryRun = false, partial = false, confirm, signal } = options;
  const look = await lookForEdits(context, options);
  const { pulled } = look;
  const isNothing = pulled.files.length === 0 && seenBases(look).length === 0;
  const report = { type: "pull-report", schemaVersion: 1, tool, environment: context.files.environment } as const;
  if (dryRun || isNothing || (isLeft(pulled) && !partial)) {
    return { ...report, ...pulled, dryRun, written: false };
  }
  await confirm?.(pulled);
  if (signal?.aborted === true) throw new DeployerError("cancelled", "interrupted before anything was written");
  const run = await write(context, look);
  return { ...report, ...pulled, dryRun, written: true, ...(run !== undefined && { run }) };
};
