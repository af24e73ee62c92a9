import { renderMetadata } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { filled, single } from "../flag.ts";
import { project, reporting } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

export const command = defineCommand({
  description:
    "Shows what a connected source says of one of its indexes or tables, or, with one name, what the target says of a dataset: its fields with their types, and its size. A connection is named by its _id or its live id, a dataset by its _id or its name.",
  args: [
    { name: "name", description: "a connection, with DATASET; alone a dataset of the target", required: true },
    { name: "dataset", description: "index or table of the source", required: false },
  ],
  examples: [
    { line: "metadata acme-t042-crm contacts", does: "an index or table, through its connection" },
    { line: "metadata acme-t042-crm-contact-collect", does: "a dataset of the target" },
    { line: "metadata acme-t042-crm contacts -o json", does: "all that the source says" },
  ],
  formats: ["text", "json", "yaml"],
  flags: {
    ...project,
    target: single(
      "--target <name>",
      "a target of the project; default that of the connection or dataset, else `default`",
      filled("--target"),
    ),
    ...reporting,
  },
  run: async (flags, session, [name = "", dataset]) => {
    const options = {
      ...(flags.target === undefined ? {} : { target: flags.target }),
      signal: session.stops.stop,
    };
    const report = await withProject(flags, session, (opened) =>
      dataset === undefined ? opened.datasetMetadata(name, options) : opened.sourceMetadata(name, dataset, options),
    );
    await session.output.print({ document: report, text: () => renderMetadata(report) });
    return 0;
  },
});
