import { defineCommand } from "../command.ts";
import { entityLines } from "../entities.ts";
import { filled, oneOf, single } from "../flag.ts";
import { project, reporting, selection } from "../shared-flags.ts";
import { selectionOf, withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Prints the components that manifests, templates, multi-tenant configuration and tenants describe, with every variable expanded. Works offline and needs no credentials; secrets stand as references. --out writes each component into a file of its own, TENANT/KIND/_ID.yaml or .json, and takes away those that an earlier run wrote and no component gives any more; it touches no other file, and none that was edited since. With -o jsonl it names one file. --as transform prints the resources as entities of the connector contract, one a line, which `plan --from` takes.",
  examples: [
    { line: "expand -t t042", does: "the components of one tenant, as YAML" },
    {
      line: "expand -o json > components.json",
      does: "those of all tenants as one document; the same bytes every time",
    },
    { line: "expand --out expanded", does: "a file for each component, to look at or to compare with an earlier run" },
    {
      line: "expand --as transform > desired.jsonl",
      does: "what the files ask for as entities of the connector contract",
    },
  ],
  formats: ["text", "json", "yaml", "jsonl"],
  ownOut: true,
  flags: {
    ...project,
    ...selection,
    as: single("--as <side>", "print entities of the connector contract: transform", oneOf("--as", ["transform"])),
    ...reporting,
    out: single("--out <dir>", "write each component into a file of this folder", filled("--out")),
  },
  run: async (flags, session) => {
    if (flags.as !== undefined) {
      const side = await withProject(flags, session, (opened) => opened.entities("transform", selectionOf(flags)));
      await session.output.print(entityLines(side), flags.out);
      return 0;
    }
    const report = await withProject(flags, session, (opened) => opened.expand(selectionOf(flags)));
    const { componentsText, folderText } = await import("../components-text.ts");
    const { format } = session.output;
    if (flags.out === undefined || format === "jsonl") {
      const text = () => componentsText(report.components);
      await session.output.print({ document: report, items: report.components, text }, flags.out);
      return 0;
    }
    const { writeExpansion } = await import("../../deploy/index.ts");
    const isWhole = flags.tenant.length === 0 && flags.selector.length === 0 && flags.wave === undefined;
    const options = { format: format === "json" ? "json" : "yaml", isWhole } as const;
    const written = await writeExpansion(flags.out, report.components, options);
    await session.output.print({ document: written, text: () => folderText(written) });
    return 0;
  },
});
