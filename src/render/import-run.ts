import type { ImportRunReport } from "../deploy/index.ts";
import { printable } from "./escape.ts";
import { counted } from "./words.ts";

/** What became of a run of an import job. No line feed at the end. */
export const renderImportRun = ({ job, run, status, processed, failed, errors }: ImportRunReport): string => {
  const isOver = status === "completed" || status === "failed";
  const taken = processed === undefined || !isOver ? "" : `, ${counted(processed, "record")} taken`;
  const rest = failed === 0 ? "" : `, ${counted(failed, "record")} could not be taken`;
  const said = isOver ? status : status === "submitted" ? "waits for its turn" : "runs";
  return [`job ${job} ${said} (run ${run})${taken}${rest}`, ...errors.map((error) => `  ${error}`)]
    .map(printable)
    .join("\n");
};
