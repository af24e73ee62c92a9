import { renderValidation } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { exitOfValidation } from "../exit-code.ts";
import { project, reporting, selection } from "../shared-flags.ts";
import { selectionOf, withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Reads all files and lists everything that is wrong with them, with file, line and column. Works offline and needs no credentials. Exits 3 when there are errors; warnings alone exit 0.",
  examples: [
    { line: "validate", does: "every tenant of the project in this folder" },
    { line: "validate -e stage -o json", does: "with environments/stage.yaml, for a program" },
  ],
  formats: ["text", "json", "yaml", "jsonl"],
  flags: { ...project, ...selection, ...reporting },
  run: async (flags, session) => {
    const validation = await withProject(flags, session, (opened) => opened.validate(selectionOf(flags)));
    await session.output.print({
      document: validation,
      items: validation.diagnostics,
      text: ({ colour }) => renderValidation(validation, { colour }),
    });
    return exitOfValidation(validation);
  },
});
