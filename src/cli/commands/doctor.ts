import { renderDoctor } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { exitOfDoctor } from "../exit-code.ts";
import { toggle, usage } from "../flag.ts";
import { project, reporting, yes } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Checks the files, Node, the ledger and every target, and says what to do about what is not well: credentials, clock, latency, and how the target behaves as far as reading tells, compared with its traits in the files. Only reads. --probe makes one connection on each target, changes it and deletes it again, to find out all of its traits. Exits 1 when something is bad, 6 when it is the credentials.",
  examples: [
    { line: "doctor", does: "only reads" },
    { line: "doctor --probe --yes", does: "finds out all traits, without asking" },
  ],
  formats: ["text", "json", "yaml", "jsonl"],
  endsItself: "writes",
  flags: {
    ...project,
    probe: toggle("--probe", "make, change and delete one connection on each target to see how it behaves"),
    ...yes,
    ...reporting,
  },
  run: async (flags, session) => {
    const { stop } = session.stops;
    if (flags.probe && !flags.yes) {
      if (!session.interactive) {
        throw usage("doctor --probe asks before it writes, and there is no terminal to ask on", "give --yes");
      }
      const { confirm } = await import("../confirm.ts");
      const question = "this makes one connection on each target and deletes it again; go on? [y/N]";
      await confirm(question, ["y", "yes", "Y", "YES"], session);
    }
    const report = await withProject(flags, session, (opened) => opened.doctor({ probe: flags.probe, signal: stop }));
    await session.output.print({
      document: report,
      items: report.checks,
      text: ({ colour }) => renderDoctor(report, { colour }),
    });
    return exitOfDoctor(report);
  },
});
