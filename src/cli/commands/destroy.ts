import { applyPlan, isWork, showPlan } from "../apply-plan.ts";
import { defineCommand } from "../command.ts";
import { single, usage } from "../flag.ts";
import { oneTenant } from "../one-tenant.ts";
import { acceptTarget, applying, deleteData, detail, project, reporting, selection } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Deletes everything that one tenant owns, and nothing else; data only where the files say `on_delete: delete` and --delete-data is given. The tenant's name has to be typed, or given with --confirm.",
  examples: [
    { line: "destroy -t t042", does: "shows what is deleted, and asks for the name" },
    { line: "destroy -t t042 --confirm t042", does: "without a terminal" },
  ],
  formats: ["text", "json", "yaml", "markdown"],
  endsItself: "writes",
  flags: {
    ...project,
    tenant: selection.tenant,
    confirm: single("--confirm <tenant>", "the tenant's name, instead of typing it", (text) => text),
    ...deleteData,
    ...acceptTarget,
    ...applying,
    ...detail,
    ...reporting,
  },
  run: async (flags, session) => {
    const tenant = oneTenant("destroy", flags.tenant);
    if (flags.confirm === undefined && !session.interactive) {
      throw usage("destroy asks for the tenant's name, and there is no terminal to ask on", `give --confirm ${tenant}`);
    }
    if (flags.confirm !== undefined && flags.confirm !== tenant) {
      throw usage(
        `--confirm is ${JSON.stringify(flags.confirm)}, and the tenant is ${JSON.stringify(tenant)}`,
        "give the same name twice",
      );
    }
    return withProject(flags, session, async (opened) => {
      const { stop: signal } = session.stops;
      const plan = await opened.planDestroy(tenant, {
        deleteData: flags.deleteData,
        acceptTarget: flags.acceptTarget,
        signal,
      });
      showPlan(plan, flags.detail, session);
      if (flags.confirm === undefined && isWork(plan)) {
        const { confirm } = await import("../confirm.ts");
        await confirm(`type the tenant's name to delete ${plan.summary.delete} of its resources:`, [tenant], session);
      }
      return applyPlan(opened, plan, "destroy", flags, session);
    });
  },
});
