import { existsSync } from "node:fs";
import { join } from "node:path";
import { renderCollapsed, renderCollapseReport } from "../../render/index.ts";
import { refuseUnasked } from "../apply-plan.ts";
import { defineCommand } from "../command.ts";
import { exitOfCollapse } from "../exit-code.ts";
import { filled, single, singleOr, toggle, usage } from "../flag.ts";
import { detail, reporting, yes } from "../shared-flags.ts";

/** A project has connectors, and is none: which one is meant cannot be told. */
const refuseOther = (dir: string): void => {
  const has = (name: string): boolean => existsSync(join(dir, name));
  if (["manifest.json", "manifest.yaml", "manifest.yml"].some(has)) return;
  const what = has("connector-deployer.yaml") ? "a project, and collapse takes one connector" : "no connector's folder";
  const hint = "name the folder of a connector, with its manifest: -p connectors/crm";
  throw usage(`${JSON.stringify(dir)} is ${what}: there is no manifest in it`, hint);
};

export const command = defineCommand({
  description:
    "Writes the edits of a Sesam connector's expansion back into its templates and its manifest, and keeps every other byte of them. Shows what was edited, where each edit goes, and the files' differences, then asks. An edit of a value that a variable gave goes to where the variable has it; one of a template that datatypes share counts when all of them have it. Nothing is guessed: an edit that has no place is listed with the reason, nothing is written, and the exit code is 5.",
  examples: [
    { line: "collapse -p connectors/crm --dry-run", does: "what was edited, and what would become of the files" },
    { line: "collapse -p connectors/crm", does: "shows the differences, and asks" },
    { line: "collapse --partial --yes", does: "writes what has a place, and lists the rest" },
  ],
  formats: ["text", "json", "yaml"],
  endsItself: "writes",
  flags: {
    project: singleOr("-p, --project <dir>", "the connector's folder, with its manifest", filled("--project"), "."),
    expanded: single(
      "--expanded <dir>",
      "folder of the edited expansion; default .expanded in the connector's folder",
      filled("--expanded"),
    ),
    profile: single("--profile <name>", "first part of PROFILE-env.json; default test", filled("--profile")),
    system: single(
      "--system <name>",
      "what stands for the system in the expansion; default xxxxxx",
      filled("--system"),
    ),
    dryRun: toggle("--dry-run", "show what would be written, and write nothing"),
    partial: toggle("--partial", "write what has a place, also where something has none"),
    ...yes,
    ...detail,
    ...reporting,
  },
  run: async (flags, session) => {
    const { output } = session;
    const { expanded, profile, system, dryRun, partial, detail } = flags;
    refuseOther(flags.project);
    const { collapseConnector } = await import("../../deploy/index.ts");
    const report = await collapseConnector(flags.project, {
      ...(expanded !== undefined && { expanded }),
      ...(profile !== undefined && { profile }),
      ...(system !== undefined && { system }),
      dryRun,
      partial,
      confirm: async (found) => {
        refuseUnasked("collapse", flags.yes, session);
        output.note(`${renderCollapsed(found, { colour: output.colour, detail })}\n`);
        if (flags.yes) return;
        const { confirm } = await import("../confirm.ts");
        const files = found.files.length === 1 ? "this file" : `these ${found.files.length} files`;
        await confirm(`write ${files}? [y/N]`, ["y", "yes", "Y", "YES"], session);
      },
    });
    await output.print({ document: report, text: ({ colour }) => renderCollapseReport(report, { colour, detail }) });
    return exitOfCollapse(report);
  },
});
