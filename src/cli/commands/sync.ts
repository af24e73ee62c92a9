import { applyPlan, confirmPlan, isWork, refuseUnasked, showPlan } from "../apply-plan.ts";
import { defineCommand } from "../command.ts";
import { planOptionsOf } from "../plan-options.ts";
import { applying, detail, planning, project, reporting, selection, waiting, yes } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Plans with --prune, shows the plan, asks, and does it: what is owned and no longer declared is deleted, within the delete budget. A tenant whose file is gone is refused, not deleted: say `state: absent`, or use destroy.",
  examples: [
    { line: "sync", does: "plan, ask, apply and delete" },
    { line: "sync --yes --max-deletes 5%", does: "unattended, refused when more than 5% would be deleted" },
  ],
  formats: ["text", "json", "yaml", "markdown"],
  endsItself: "writes",
  flags: { ...project, ...selection, ...planning, ...applying, ...waiting, ...yes, ...detail, ...reporting },
  run: async (flags, session) => {
    refuseUnasked("sync", flags.yes, session);
    return withProject(flags, session, async (opened) => {
      const plan = await opened.plan({ ...planOptionsOf(flags, session), prune: true });
      showPlan(plan, flags.detail, session);
      if (!flags.yes && isWork(plan)) await confirmPlan(plan, session);
      return applyPlan(opened, plan, "sync", flags, session);
    });
  },
});
