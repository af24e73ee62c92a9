import { renderValidation } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { exitOfValidation } from "../exit-code.ts";
import { toggle } from "../flag.ts";
import { project, reporting, selection } from "../shared-flags.ts";
import { selectionOf, withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Reads all files and lists everything that is wrong with them, with file, line and column. Works offline and needs no credentials. Also lists what a reviewer would want to be told: parameters and templates that nothing uses, addresses, values and names that stand in templates though a variable holds them. Exits 3 when there are errors; warnings alone exit 0, unless --strict makes them errors. The folder may be a connector's own, with a manifest and without a project: then the connector is validated by itself, as it expands in Sesam's form.",
  examples: [
    { line: "validate", does: "every tenant of the project in this folder" },
    { line: "validate -e stage -o json", does: "with environments/stage.yaml, for a program" },
    { line: "validate --strict", does: "before a merge: warnings are errors" },
    { line: "validate -p connectors/crm", does: "one connector by itself, in Sesam's form" },
  ],
  formats: ["text", "json", "yaml", "jsonl"],
  flags: { ...project, ...selection, strict: toggle("--strict", "warnings are errors"), ...reporting },
  run: async (flags, session) => {
    const { strict } = flags;
    const { isConnectorFolder, validateConnector } = await import("../../deploy/index.ts");
    const validation = isConnectorFolder(flags.project)
      ? await validateConnector(flags.project, { strict })
      : await withProject(flags, session, (opened) => opened.validate({ ...selectionOf(flags), strict }));
    await session.output.print({
      document: validation,
      items: validation.diagnostics,
      text: ({ colour }) => renderValidation(validation, { colour }),
    });
    return exitOfValidation(validation);
  },
});
