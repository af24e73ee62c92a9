import type { EntityReport } from "../deploy/index.ts";
import { printableJson } from "../render/index.ts";
import type { Printable } from "./output.ts";

/** Entities as JSON lines; as one document where json or yaml is asked for. */
export const entityLines = (report: EntityReport): Printable => ({
  document: report,
  items: report.entities,
  text: () => report.entities.map((entity) => printableJson(JSON.stringify(entity))).join("\n"),
});
