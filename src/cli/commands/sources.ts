import { renderSources } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { filled, single } from "../flag.ts";
import { project, reporting } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Lists the connector types that a target offers, with the connection types that the catalog knows of them.",
  examples: [
    { line: "sources", does: "of the target named `default`" },
    { line: "sources --target eu -o json", does: "of another target of the project" },
  ],
  formats: ["text", "json", "yaml", "jsonl"],
  flags: {
    ...project,
    target: single("--target <name>", "a target of the project; default `default`", filled("--target")),
    ...reporting,
  },
  run: async (flags, session) => {
    const signal = session.stops.stop;
    const sources = await withProject(flags, session, (opened) => opened.sources(flags.target, signal));
    await session.output.print({
      document: { type: "sources", schemaVersion: 1, sources },
      items: sources,
      text: () => renderSources(sources),
    });
    return 0;
  },
});
