import { defineCommand } from "../command.ts";
import { project, reporting, selection } from "../shared-flags.ts";
import { selectionOf, withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Prints the components that manifests, templates, multi-tenant configuration and tenants describe, with every variable expanded. Works offline and needs no credentials; secrets stand as references.",
  examples: [
    { line: "expand -t t042", does: "the components of one tenant, as YAML" },
    {
      line: "expand -o json > components.json",
      does: "those of all tenants as one document; the same bytes every time",
    },
  ],
  formats: ["text", "json", "yaml", "jsonl"],
  flags: { ...project, ...selection, ...reporting },
  run: async (flags, session) => {
    const report = await withProject(flags, session, (opened) => opened.expand(selectionOf(flags)));
    await session.output.print({
      document: report,
      items: report.components,
      text: async () => {
        const { componentsText } = await import("../components-text.ts");
        return componentsText(report.components);
      },
    });
    return 0;
  },
});
