import { renderImportRun } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { exitOfUpload } from "../exit-code.ts";
import { filled, single, toggle } from "../flag.ts";
import { project, reporting } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Runs an import job now, such as one that failed, whatever its schedule. The job is named by its _id or its live id. It says when the run has begun; with --wait how it ended (exit 1 when it failed, 4 when records could not be taken). Not every target can: the local service does.",
  args: [{ name: "job", description: "its _id or live id", required: true }],
  examples: [
    { line: "run acme-t042-crm-contact-import", does: "begins a run" },
    { line: "run acme-t042-crm-contact-import --wait --timeout 10m", does: "and says how it ended" },
  ],
  formats: ["text", "json", "yaml"],
  flags: {
    ...project,
    wait: toggle("--wait", "until the run has ended"),
    target: single(
      "--target <name>",
      "a target of the project; default that of the job, else `default`",
      filled("--target"),
    ),
    ...reporting,
  },
  run: async (flags, session, [job = ""]) => {
    const report = await withProject(flags, session, (opened) =>
      opened.runImport(job, {
        wait: flags.wait,
        ...(flags.target === undefined ? {} : { target: flags.target }),
        signal: session.stops.stop,
      }),
    );
    await session.output.print({ document: report, text: () => renderImportRun(report) });
    return exitOfUpload(report);
  },
});
