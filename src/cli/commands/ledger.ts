import type { RekeyReport } from "../../deploy/index.ts";
import { renderLedger, renderRekey } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { filled, single, usage } from "../flag.ts";
import type { Session } from "../session.ts";
import { project, reporting, yes } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

/** Secrets that become unknown are written once more: worth a question. */
const accept =
  (isConfirmed: boolean, session: Session) =>
  async (report: RekeyReport): Promise<void> => {
    if (isConfirmed || report.unknown.length === 0) return;
    session.output.note(renderRekey(report, { colour: session.output.colour, done: false }));
    if (!session.interactive) {
      throw usage(
        `${report.unknown.length} secrets would become unknown, and there is no terminal to ask on`,
        "set them to what was written last, or give --yes: the next apply writes them once more",
      );
    }
    const { confirm } = await import("../confirm.ts");
    await confirm("go on? [y/N]", ["y", "yes", "Y", "YES"], session);
  };

export const command = defineCommand({
  description:
    "Shows where the ledger is, its schema, what it holds and the last run. `ledger rekey` changes the key of the fingerprints: the key file gets a new random key, or the ledger moves to the key that `ledger_key` names now. Nothing is sent to any target. Secrets that have no value here, or another one than was written, become unknown: they are listed, and written once by the next apply.",
  args: [{ name: "rekey", description: "change the key of the fingerprints", required: false }],
  examples: [
    { line: "ledger", does: "where it is and what it holds" },
    { line: "ledger rekey", does: "a new key in the key file" },
    { line: "ledger rekey --old-key '$SECRET(old_ledger_key)'", does: "after ledger_key was changed in the files" },
  ],
  formats: ["text", "json", "yaml"],
  endsItself: "writes",
  flags: {
    ...project,
    oldKey: single(
      "--old-key <reference>",
      "the key that the ledger has now, '$SECRET(NAME)' or '$ENV(NAME)'; default the key file",
      filled("--old-key"),
    ),
    ...yes,
    ...reporting,
  },
  run: async (flags, session, [action]) => {
    if (action !== undefined && action !== "rekey") {
      throw usage(`ledger cannot ${JSON.stringify(action)}`, "ledger alone shows it; ledger rekey changes its key");
    }
    if (action === undefined) {
      if (flags.oldKey !== undefined) throw usage("--old-key is for ledger rekey", "leave it out");
      const report = await withProject(flags, session, (opened) => opened.ledger());
      await session.output.print({ document: report, text: ({ colour }) => renderLedger(report, { colour }) });
      return 0;
    }
    const report = await withProject(flags, session, (opened) =>
      opened.rekey({
        ...(flags.oldKey === undefined ? {} : { oldKey: flags.oldKey }),
        accept: accept(flags.yes, session),
      }),
    );
    await session.output.print({
      document: report,
      text: ({ colour }) => renderRekey(report, { colour, done: true }),
    });
    return 0;
  },
});
