import { renderMove } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { address } from "../flag.ts";
import { oneTenant } from "../one-tenant.ts";
import { project, reporting, selection } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Gives something that is owned another _id in the ledger, with the fingerprints of its secrets and whatever refers to it. Sends nothing to the target. The component has to be renamed in the files as well; `moved:` in the project file does the same for everybody with the next apply.",
  args: [
    { name: "from", description: "kind/_id as the ledger has it", required: true },
    { name: "to", description: "kind/_id of the same kind that the ledger does not have yet", required: true },
  ],
  examples: [
    {
      line: "mv connection/acme-t042-old connection/acme-t042-crm",
      does: "after the component was renamed in the files",
    },
  ],
  formats: ["text", "json", "yaml"],
  endsItself: "writes",
  flags: { ...project, tenant: selection.tenant, ...reporting },
  run: async (flags, session, [from = "", to = ""]) => {
    const report = await withProject(flags, session, (opened) =>
      opened.move({
        from: address("the first name")(from),
        to: address("the second name")(to),
        ...(flags.tenant.length === 0 ? {} : { tenant: oneTenant("mv", flags.tenant) }),
      }),
    );
    await session.output.print({ document: report, text: ({ colour }) => renderMove(report, { colour }) });
    return 0;
  },
});
