import { renderPulled, renderPullReport } from "../../render/index.ts";
import { refuseUnasked } from "../apply-plan.ts";
import { defineCommand } from "../command.ts";
import { exitOfPull } from "../exit-code.ts";
import { resourceGlob, toggle } from "../flag.ts";
import { acceptTarget, detail, project, reporting, selection, yes } from "../shared-flags.ts";
import { selectionOf, withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Writes live edits of what is ours back into the tenant's file, the project, the manifest or the template that the value came from, so that the next plan is empty. Shows what was edited, where each edit goes and why, and the files' differences, then asks. Nothing is guessed: an edit that has no place is listed with the reason, nothing is written, and the exit code is 5. Writes nothing to the target.",
  args: [
    {
      name: "kind/_id",
      description: "only these resources (globs); default everything that the tenants own",
      required: false,
      repeats: true,
    },
  ],
  examples: [
    { line: "pull --dry-run", does: "what was edited live, and what would become of the files" },
    { line: "pull connection/acme-t042-crm", does: "one connection; shows the difference, and asks" },
    { line: "pull -t t042 --tenant-only --yes", does: "what is different for one tenant stays in that tenant's file" },
  ],
  formats: ["text", "json", "yaml"],
  endsItself: "writes",
  flags: {
    ...project,
    ...selection,
    tenantOnly: toggle(
      "--tenant-only",
      "values go to the tenant's file, whoever else could share them; default: only where others use another one",
    ),
    dryRun: toggle("--dry-run", "show what would be written, and write nothing"),
    partial: toggle("--partial", "write what has a place, also where something has none"),
    ...acceptTarget,
    ...yes,
    ...detail,
    ...reporting,
  },
  run: async (flags, session, names) => {
    if (!flags.dryRun) refuseUnasked("pull", flags.yes, session);
    const { output, stops } = session;
    const { tenantOnly, dryRun, partial, acceptTarget, detail } = flags;
    const report = await withProject(flags, session, (opened) =>
      opened.pull({
        ...selectionOf(flags),
        resources: names.map(resourceGlob),
        tenantOnly,
        dryRun,
        partial,
        acceptTarget,
        signal: stops.stop,
        confirm: async (pulled) => {
          output.note(`${renderPulled(pulled, { colour: output.colour, detail })}\n`);
          if (flags.yes) return;
          const { confirm } = await import("../confirm.ts");
          const { length } = pulled.files;
          const what =
            length === 0
              ? "take note of this in the ledger"
              : `write ${length === 1 ? "this file" : `these ${length} files`}`;
          await confirm(`${what}? [y/N]`, ["y", "yes", "Y", "YES"], session);
        },
      }),
    );
    await output.print({ document: report, text: ({ colour }) => renderPullReport(report, { colour, detail }) });
    return exitOfPull(report);
  },
});
