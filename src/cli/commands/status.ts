import { renderStatus } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { detail, project, reporting, selection } from "../shared-flags.ts";
import { selectionOf, withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Shows what is deployed and what the target says of its health: connections that cannot reach their source, failed jobs, things that vanished, and what an interrupted run left open.",
  examples: [
    { line: "status", does: "what needs a person, and a line for each tenant" },
    { line: "status -t t042 --detail", does: "everything of one tenant" },
  ],
  formats: ["text", "json", "yaml", "jsonl"],
  flags: { ...project, ...selection, ...detail, ...reporting },
  run: async (flags, session) => {
    const signal = session.stops.stop;
    const report = await withProject(flags, session, (opened) => opened.status({ ...selectionOf(flags), signal }));
    await session.output.print({
      document: report,
      items: report.items,
      text: ({ colour }) => renderStatus(report, { colour, detail: flags.detail }),
    });
    return 0;
  },
});
