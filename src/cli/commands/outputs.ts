import { renderOutputs } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { project, reporting, selection } from "../shared-flags.ts";
import { selectionOf, withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Prints the live ids of what is deployed, by tenant and `_id`: `connection_id`, `job_id`, the name of a dataset. They come from the ledger; nothing is sent to any target.",
  examples: [
    { line: "outputs -t t042", does: "everything that one tenant owns" },
    { line: "outputs -t t042 -o json", does: "for scripts: jq -r '.tenants.t042[\"acme-t042-crm\"].connection_id'" },
  ],
  formats: ["text", "json", "yaml", "jsonl"],
  flags: { ...project, ...selection, ...reporting },
  run: async (flags, session) => {
    const report = await withProject(flags, session, (opened) => opened.outputs(selectionOf(flags)));
    await session.output.print({
      document: report,
      items: Object.entries(report.tenants).flatMap(([tenant, outputs]) =>
        Object.entries(outputs).map(([_id, output]) => ({ tenant, _id, ...output })),
      ),
      text: () => renderOutputs(report),
    });
    return 0;
  },
});
