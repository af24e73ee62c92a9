import type { Properties } from "../../contract/index.ts";
import type { OwnedReport, Project } from "../../deploy/index.ts";
import { DeployerError } from "../../errors.ts";

/**
 * Throws `blocked` where the state has resources of a tenant that this ledger never had anything of: it was lost, or
 * another one is meant. One that owned the tenant and let it go says that it is gone.
 */
export const refuseStrangeLedger = async (project: Project, owned: OwnedReport, olds: Properties): Promise<void> => {
  const had = Object.keys(olds["resources"] ?? {}).length;
  if (had === 0 || owned.known) return;
  const { tenant } = owned;
  const { address } = await project.ledger();
  throw new DeployerError(
    "blocked",
    `the ledger ${address} knows nothing of tenant ${tenant}, though the state has ${had} resource${had === 1 ? "" : "s"} of it: it was lost, or another one is meant; nothing is written`,
    {
      hint: "restore the ledger, or share the one that is in use (ledger:); where the tenant is really gone from the target, `pulumi state delete` lets it go",
    },
  );
};
