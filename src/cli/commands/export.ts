import { printable, renderExport } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { filled, resourceGlob, single, toggle } from "../flag.ts";
import { oneTenant } from "../one-tenant.ts";
import { project, reporting, selection } from "../shared-flags.ts";
import { projectWords, withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Writes files for live objects that nobody declared: a new connector with a template, its lines in the project's and the tenant's file, and a $SECRET() for each secret, since the target never returns one. Overwrites nothing and keeps what stands in the files. Writes nothing to the target; adopt takes the objects over afterwards. What the target does not tell, such as the query of an import job, is said in the template.",
  args: [
    {
      name: "kind/name",
      description: "only these, by the names that they have on the target (globs); what they refer to comes along",
      required: false,
      repeats: true,
    },
  ],
  examples: [
    { line: "export -t t042 --dry-run", does: "shows the files, and writes none" },
    {
      line: "export 'connection/legacy-*' -t t042 --connector legacy",
      does: "some connections, as the connector `legacy` of a tenant",
    },
  ],
  formats: ["text", "json", "yaml"],
  flags: {
    ...project,
    tenant: selection.tenant,
    connector: single("--connector <name>", "id of the new connector; default exported", filled("--connector")),
    target: single(
      "--target <name>",
      "a target of the project; default the tenant's, or `default`",
      filled("--target"),
    ),
    dryRun: toggle("--dry-run", "show what would be written, and write nothing"),
    ...reporting,
  },
  run: async (flags, session, names) => {
    const tenant = oneTenant("export", flags.tenant);
    const only = names.map(resourceGlob);
    const report = await withProject(flags, session, (opened) =>
      opened.export({
        tenant,
        only,
        ...(flags.connector === undefined ? {} : { connector: flags.connector }),
        ...(flags.target === undefined ? {} : { target: flags.target }),
        dryRun: flags.dryRun,
        signal: session.stops.stop,
      }),
    );
    await session.output.print({
      document: report,
      text: ({ colour }) => renderExport(report, { colour, detail: flags.dryRun }),
    });
    if (report.items.length > 0 && !flags.dryRun) {
      const words = printable(projectWords(flags));
      session.output.note(
        `next: read the template, set the variables, then connector-deployer validate${words}, and connector-deployer adopt -t ${tenant} --match name${words}`,
      );
    }
    return 0;
  },
});
