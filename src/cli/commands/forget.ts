import { renderForget, renderForgetReport } from "../../render/index.ts";
import { refuseUnasked } from "../apply-plan.ts";
import { defineCommand } from "../command.ts";
import { resourceGlob } from "../flag.ts";
import { detail, project, reporting, selection, yes } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Lets go of what the ledger owns: the live objects stay as they are and are nobody's from then on. Sends nothing to the target. Shows what would be let go, then asks. What the files still ask for has to be adopted before the next apply. Refused where an interrupted run left something open.",
  args: [
    {
      name: "kind/_id",
      description: "resources as the ledger has them (globs)",
      required: true,
      repeats: true,
    },
  ],
  examples: [
    { line: "forget connection/acme-t042-crm", does: "one connection, after a question" },
    {
      line: "forget '**' -t t042 --yes",
      does: "everything that a tenant owns, such as before another project takes it",
    },
  ],
  formats: ["text", "json", "yaml"],
  endsItself: "writes",
  flags: { ...project, tenant: selection.tenant, ...yes, ...detail, ...reporting },
  run: async (flags, session, names) => {
    refuseUnasked("forget", flags.yes, session);
    const { output } = session;
    const report = await withProject(flags, session, (opened) =>
      opened.forget({
        resources: names.map(resourceGlob),
        ...(flags.tenant.length === 0 ? {} : { tenants: flags.tenant }),
        confirm: async (items) => {
          output.note(`${renderForget(items, { colour: output.colour, detail: flags.detail })}\n`);
          if (flags.yes) return;
          const { confirm } = await import("../confirm.ts");
          await confirm(`let go of ${items.length} resources? [y/N]`, ["y", "yes", "Y", "YES"], session);
        },
      }),
    );
    await output.print({
      document: report,
      text: ({ colour }) => renderForgetReport(report, { colour, detail: flags.detail }),
    });
    return 0;
  },
});
