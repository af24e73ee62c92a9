import { renderHistory, renderRun } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { singleOr, wholeNumber } from "../flag.ts";
import { project, reporting } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Lists the last runs, newest first, with their outcome, duration, requests and changes. With a run's id, or as much of its start as tells it from others, shows what that run did: each operation with its outcome, duration and reason, and which ones are still open. Sends nothing to any target.",
  args: [{ name: "run", description: "start of a run's id", required: false }],
  examples: [
    { line: "history -n 5", does: "the last five runs" },
    { line: "history 3f2a", does: "what one of them did" },
  ],
  formats: ["text", "json", "yaml", "jsonl"],
  flags: {
    ...project,
    last: singleOr("-n, --last <n>", "how many runs; default 20", wholeNumber("--last", 1, 1_000), 20),
    ...reporting,
  },
  run: async (flags, session, [run]) => {
    if (run === undefined) {
      const report = await withProject(flags, session, (opened) => opened.history(flags.last));
      await session.output.print({ document: report, items: report.runs, text: () => renderHistory(report) });
      return 0;
    }
    const report = await withProject(flags, session, (opened) => opened.run(run));
    await session.output.print({
      document: report,
      items: report.operations,
      text: ({ colour }) => renderRun(report, { colour }),
    });
    return 0;
  },
});
