import { driftSummary, renderDrift } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { exitOfDrift } from "../exit-code.ts";
import { detail, exitCode, project, reporting, selection } from "../shared-flags.ts";
import { selectionOf, withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Compares what is live with what was last written, whatever the files say now: one line for each thing that was changed or deleted behind the deployer's back. Writes nothing; `apply` sets it back.",
  examples: [
    { line: "drift", does: "what differs, for every tenant" },
    { line: "drift --exit-code -q", does: "exits 2 when anything differs, for a scheduled check" },
  ],
  formats: ["text", "json", "yaml", "markdown", "jsonl"],
  flags: { ...project, ...selection, ...detail, ...exitCode, ...reporting },
  run: async (flags, session) => {
    const signal = session.stops.stop;
    const report = await withProject(flags, session, (opened) => opened.drift({ ...selectionOf(flags), signal }));
    await session.output.print({
      document: report,
      items: report.items,
      text: ({ colour }) => renderDrift(report, { format: "text", colour, detail: flags.detail }),
      markdown: () => renderDrift(report, { format: "markdown", colour: false, detail: flags.detail }),
    });
    if (report.items.length > 1) session.output.note(driftSummary(report));
    return exitOfDrift(report, flags.exitCode);
  },
});
