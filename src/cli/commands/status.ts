import { renderStatus } from "../../render/index.ts";
import { waitOf } from "../apply-plan.ts";
import { defineCommand } from "../command.ts";
import { entityLines } from "../entities.ts";
import { exitOfStatus } from "../exit-code.ts";
import { oneOf, single, toggle, usage } from "../flag.ts";
import { showProgress } from "../progress.ts";
import { detail, project, reporting, selection, waiting } from "../shared-flags.ts";
import { selectionOf, withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Shows what is deployed and what the target says of its health: connections that cannot reach their source, failed jobs, things that vanished, and what an interrupted run left open. With --wait it looks until all of that is well, or will not be, and exits 4 when something is not. --as prints a side of the connector contract instead, an entity a line: collect, what is live of what is ours or has the name of something that the files ask for; share, what was sent last. No secret is in them.",
  examples: [
    { line: "status", does: "what needs a person, and a line for each tenant" },
    { line: "status -t t042 --detail", does: "everything of one tenant" },
    { line: "status --wait --timeout 5m", does: "until connections work and import jobs have run" },
    { line: "status --as collect -t t042 > live.jsonl", does: "what is live, to edit and give to plan --from" },
  ],
  formats: ["text", "json", "yaml", "jsonl"],
  flags: {
    ...project,
    ...selection,
    ...waiting,
    ...detail,
    as: single(
      "--as <side>",
      "print entities of the connector contract: collect or share",
      oneOf("--as", ["collect", "share"]),
    ),
    all: toggle("--all", "with --as collect: everything that is live, whosever it is"),
    ...reporting,
  },
  run: async (flags, session) => {
    const signal = session.stops.stop;
    const { as: side, all } = flags;
    if (all && side !== "collect") throw usage("--all belongs to --as collect", "add --as collect, or take --all out");
    if (flags.wait && side !== undefined)
      throw usage("--wait has nothing to wait for with --as", "leave one of them out");
    if (side !== undefined) {
      const options = { ...selectionOf(flags), all, signal };
      await session.output.print(
        entityLines(await withProject(flags, session, (opened) => opened.entities(side, options))),
      );
      return 0;
    }
    const wait = flags.wait ? { wait: waitOf(flags.timeout) } : {};
    const hide = flags.wait ? await showProgress(session, 0) : undefined;
    const report = await withProject(flags, session, (opened) =>
      opened.status({ ...selectionOf(flags), signal, ...wait }),
    ).finally(hide);
    await session.output.print({
      document: report,
      items: report.items,
      text: ({ colour }) => renderStatus(report, { colour, detail: flags.detail }),
    });
    return session.stops.reason() === "interrupt" ? 130 : exitOfStatus(report, flags.wait);
  },
});
