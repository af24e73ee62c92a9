import { printable, renderUpload } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { exitOfUpload } from "../exit-code.ts";
import { filled, oneOf, single, singleOr, toggle, wholeNumber } from "../flag.ts";
import { project, reporting } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

const fileFormats = ["auto", "json", "jsonl", "csv"] as const;

export const command = defineCommand({
  description:
    "Sends a file into a dataset of the target, beside the records that are there. It is sent once, as it stands, and streamed. What becomes of it is the target's matter: nothing is kept in the ledger, and no plan knows of it. A component of type `file` is what belongs to a deployment.",
  args: [
    { name: "dataset", description: "its _id or name", required: true },
    { name: "file", description: "JSON, JSONL or CSV", required: true },
  ],
  examples: [
    { line: "upload acme-t042-regions regions.csv", does: "a file whose name says its format" },
    { line: "upload acme-t042-events events.log --format jsonl --async", does: "a long one, in the background" },
    { line: "upload acme-t042-regions regions.csv --target eu -o json", does: "to another target of the project" },
  ],
  formats: ["text", "json", "yaml"],
  flags: {
    ...project,
    format: singleOr(
      "--format <format>",
      "auto, json, jsonl or csv; default auto",
      oneOf("--format", fileFormats),
      "auto",
    ),
    batchSize: single(
      "--batch-size <n>",
      "records that the target takes at once; default its own",
      wholeNumber("--batch-size", 1, 999_999_999),
    ),
    async: toggle("--async", "the target takes the records in the background, and is asked until it has"),
    target: single(
      "--target <name>",
      "a target of the project; default that of the dataset, else `default`",
      filled("--target"),
    ),
    ...reporting,
  },
  run: async (flags, session, [dataset = "", file = ""]) => {
    const report = await withProject(flags, session, (opened) =>
      opened.uploadFile(dataset, file, {
        format: flags.format,
        isAsync: flags.async,
        ...(flags.batchSize === undefined ? {} : { batchSize: flags.batchSize }),
        ...(flags.target === undefined ? {} : { target: flags.target }),
        signal: session.stops.stop,
      }),
    );
    await session.output.print({ document: report, text: () => renderUpload(report) });
    const { dataset: name, similar } = report;
    if (similar !== undefined) {
      const words = `no dataset ${JSON.stringify(name)} was deployed from here; there is ${JSON.stringify(similar)}`;
      session.output.note(printable(words));
    }
    return exitOfUpload(report);
  },
});
