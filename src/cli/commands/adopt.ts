import { renderAdoption, renderAdoptReport } from "../../render/index.ts";
import { refuseUnasked } from "../apply-plan.ts";
import { defineCommand } from "../command.ts";
import { exitOfAdopt } from "../exit-code.ts";
import { filled, oneOf, resourceGlob, single, toggle, usage } from "../flag.ts";
import { acceptTarget, detail, project, reporting, selection, yes } from "../shared-flags.ts";
import { selectionOf, withProject } from "../with-project.ts";

type Flags = {
  readonly match: string | undefined;
  readonly trustSecrets: boolean;
  readonly pulumiImport: string | undefined;
  readonly fromPulumiState: string | undefined;
  readonly flat: boolean;
  readonly cwd: string | undefined;
  readonly force: boolean;
};

/** Flags of one of the three things that are done here are of no use for the others. */
const refuseUnfit = (flags: Flags): void => {
  const { match, trustSecrets, pulumiImport, fromPulumiState, flat, cwd, force } = flags;
  const isPulumi = pulumiImport !== undefined || fromPulumiState !== undefined;
  if (pulumiImport !== undefined && fromPulumiState !== undefined) {
    throw usage("--pulumi-import and --from-pulumi-state are opposites", "give one of them");
  }
  if (isPulumi && (match !== undefined || trustSecrets)) {
    throw usage(
      "--match and --trust-secrets have no use here",
      "leave them out: names are matched, secrets are trusted",
    );
  }
  if (pulumiImport === undefined && (flat || force || cwd !== undefined)) {
    throw usage("--flat, --cwd and --force go with --pulumi-import", "give --pulumi-import FILE, or leave them out");
  }
};

export const command = defineCommand({
  description:
    "Takes over live objects for what the files ask for: from then on they are ours, and the next apply makes them what the files say. Writes nothing to the target. Shows what would be taken over and what differs, then asks. What cannot be taken over is named with its reason and left, and the exit code is 7. With --pulumi-import it hands what is ours over to Pulumi, and with --from-pulumi-state it takes that back.",
  args: [
    {
      name: "kind/_id",
      description:
        "resources of the files (globs); taken over is what is live, by its name, and nobody's; default with the two flags for Pulumi: all",
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
    {
      line: "adopt --pulumi-import t042.json -t t042",
      does: "hands what a tenant owns over to Pulumi: writes a file for pulumi import",
    },
    {
      line: "adopt --from-pulumi-state state.json -t t042",
      does: "takes it back, from the output of pulumi stack export",
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
    pulumiImport: single(
      "--pulumi-import <file>",
      "hand what is ours over to Pulumi: write a file for `pulumi import --file`; a folder: a file for each tenant",
      filled("--pulumi-import"),
    ),
    flat: toggle("--flat", "of --pulumi-import: the program declares the resources itself, without a Tenant"),
    cwd: single(
      "--cwd <dir>",
      "of --pulumi-import: folder of your Pulumi.yaml; default the nearest at or above the file, the working folder or the project",
      filled("--cwd"),
    ),
    force: toggle("--force", "of --pulumi-import: write over a file that holds something else"),
    fromPulumiState: single(
      "--from-pulumi-state <file>",
      "take back from Pulumi what the output of `pulumi stack export` holds",
      filled("--from-pulumi-state"),
    ),
    ...acceptTarget,
    ...yes,
    ...detail,
    ...reporting,
  },
  run: async (flags, session, names) => {
    refuseUnfit(flags);
    refuseUnasked("adopt", flags.yes, session);
    const { output, stops } = session;
    const { yes, detail, acceptTarget, flat, cwd, force, pulumiImport, fromPulumiState } = flags;
    const shared = { yes, detail, acceptTarget, resources: names.map(resourceGlob), selection: selectionOf(flags) };
    if (pulumiImport !== undefined) {
      const { handOver } = await import("../hand-over.ts");
      return withProject(flags, session, (opened) =>
        handOver(opened, { ...shared, file: pulumiImport, flat, cwd, force }, session),
      );
    }
    if (fromPulumiState !== undefined) {
      const { takeBack } = await import("../take-back.ts");
      return withProject(flags, session, (opened) => takeBack(opened, { ...shared, file: fromPulumiState }, session));
    }
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
