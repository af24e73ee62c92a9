import type { LeaseItem } from "../../deploy/index.ts";
import { printable, renderLease } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { usage } from "../flag.ts";
import { oneTenant } from "../one-tenant.ts";
import type { Session } from "../session.ts";
import { project, reporting, selection, yes } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

const isAtWork = (lease: LeaseItem): boolean => lease.alive && lease.here;

const stern = ({ tenant, holder }: LeaseItem): string =>
  printable(
    `warning: the holder is alive: process ${holder.pid} on this machine works on tenant ${tenant} now. What it has under way cannot be called back, and the next run has to find out what became of it. End that process instead (kill ${holder.pid}), and wait for it`,
  );

/** Shows who holds the lease and asks. */
const ask = async (lease: LeaseItem, isConfirmed: boolean, session: Session): Promise<void> => {
  session.output.note(renderLease(lease, { colour: session.output.colour }));
  if (isAtWork(lease)) session.output.warn(stern(lease));
  if (isConfirmed) return;
  if (!session.interactive) {
    throw usage(
      `unlock asks before it takes a lease away, and there is no terminal to ask on`,
      "give --yes when the holder is surely gone",
    );
  }
  const { confirm } = await import("../confirm.ts");
  if (isAtWork(lease))
    await confirm("type the tenant's name to take its lease away all the same:", [lease.tenant], session);
  else await confirm("take the lease away? [y/N]", ["y", "yes", "Y", "YES"], session);
};

const whoElse = (leases: readonly LeaseItem[]): string =>
  leases.length === 0 ? "" : `; leases are held of: ${leases.map(({ tenant }) => printable(tenant)).join(", ")}`;

export const command = defineCommand({
  description:
    "Takes a tenant's lease away from a run that is gone but cannot be seen to be, such as one on another host. Shows who holds it and asks. The holder is fenced from then on: should it wake up, it writes nothing more to the ledger and starts no further request.",
  examples: [
    { line: "unlock -t t042", does: "shows the holder, and asks" },
    { line: "unlock -t t042 --yes", does: "without a terminal" },
  ],
  formats: ["text", "json", "yaml"],
  flags: { ...project, tenant: selection.tenant, ...yes, ...reporting },
  run: async (flags, session) => {
    const tenant = oneTenant("unlock", flags.tenant);
    const result = await withProject(flags, session, async (opened) => {
      const leases = await opened.leases();
      const lease = leases.find((item) => item.tenant === tenant);
      if (lease === undefined) return { leases, unlocked: false };
      await ask(lease, flags.yes, session);
      return { leases, lease, unlocked: await opened.unlock(tenant, lease.epoch) };
    });
    const { lease, unlocked } = result;
    const text =
      lease === undefined
        ? `nobody holds the lease of tenant ${printable(tenant)}${whoElse(result.leases)}`
        : unlocked
          ? `the lease of tenant ${printable(tenant)} is free; its holder is fenced`
          : `the lease of tenant ${printable(tenant)} was given back, or taken by another run, in the meantime; nothing was changed`;
    await session.output.print({
      document: { type: "unlock", schemaVersion: 1, tenant, unlocked, ...(lease === undefined ? {} : { lease }) },
      text: () => text,
    });
    return 0;
  },
});
