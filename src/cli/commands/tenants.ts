import { renderTenants } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { project, reporting, selection } from "../shared-flags.ts";
import { selectionOf, withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Lists the tenants of the project with their state, target, wave, labels and how many resources they own.",
  examples: [
    { line: "tenants -l region=eu", does: "tenants with a label" },
    { line: "tenants -o jsonl", does: "one JSON document a line" },
  ],
  formats: ["text", "json", "yaml", "jsonl"],
  flags: {
    ...project,
    tenant: selection.tenant,
    selector: selection.selector,
    wave: selection.wave,
    ...reporting,
  },
  run: async (flags, session) => {
    const tenants = await withProject(flags, session, (opened) => opened.tenants(selectionOf(flags)));
    await session.output.print({
      document: { type: "tenants", schemaVersion: 1, tenants },
      items: tenants,
      text: () => renderTenants(tenants),
    });
    return 0;
  },
});
