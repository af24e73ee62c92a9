import { renderAdoption, renderAdoptReport } from "../../render/index.ts";
import { refuseUnasked } from "../apply-plan.ts";
import { defineCommand } from "../command.ts";
import { exitOfAdopt } from "../exit-code.ts";
import { oneOf, resourceGlob, single, toggle } from "../flag.ts";
import { acceptTarget, detail, project, reporting, selection, yes } from "../shared-flags.ts";
import { selectionOf, withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Takes over live objects for what the files ask for: from then on they are ours, and the next apply makes them what the files say. Writes nothing to the target. Shows what would be taken over and what differs, then asks. What cannot be taken over is named with its reason and left, and the exit code is 7.",
  args: [
    {
      name: "kind/_id",
      description: "resources of the files (globs); taken over is what is live, by its name, and nobody's",
      required: false,
      repeats: true,
    },
  ],
  examples: [
    { line: "adopt connection/acme-t042-crm", does: "one connection; shows what differs, and asks" },
    { line: "adopt 'connection/*' 'dataset/*' -t t042 --yes", does: "all connections and datasets of a tenant" },
    {
      line: "adopt --match name --trust-secrets --yes",
      does: "everything whose name is live, such as after the ledger was lost; no secret is written afterwards",
    },
  ],
  formats: ["text", "json", "yaml"],
  endsItself: "writes",
  flags: {
    ...project,
    ...selection,
    match: single(
      "--match <name>",
      "`name`: everything whose name is live, without naming it",
      oneOf("--match", ["name"]),
    ),
    trustSecrets: toggle(
      "--trust-secrets",
      "what the target never returns counts as what the files say; without it, it is written once by the next apply",
    ),
    ...acceptTarget,
    ...yes,
    ...detail,
    ...reporting,
  },
  run: async (flags, session, names) => {
    refuseUnasked("adopt", flags.yes, session);
    const { output, stops } = session;
    const report = await withProject(flags, session, (opened) =>
      opened.adopt({
        ...selectionOf(flags),
        resources: names.map(resourceGlob),
        ...(flags.match === undefined ? {} : { match: flags.match }),
        trustSecrets: flags.trustSecrets,
        acceptTarget: flags.acceptTarget,
        signal: stops.stop,
        abort: stops.abort,
        confirm: async (adoption) => {
          output.note(`${renderAdoption(adoption, { colour: output.colour, detail: flags.detail })}\n`);
          if (flags.yes) return;
          const { confirm } = await import("../confirm.ts");
          await confirm(`take over ${adoption.items.length} of what is live? [y/N]`, ["y", "yes", "Y", "YES"], session);
        },
      }),
    );
    await output.print({
      document: report,
      text: ({ colour }) => renderAdoptReport(report, { colour, detail: flags.detail }),
    });
    return stops.reason() === "deadline" ? 1 : exitOfAdopt(report);
  },
});
