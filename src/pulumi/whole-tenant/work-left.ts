import type { ApplyReport } from "../../deploy/index.ts";
import type { Problems } from "./state.ts";
import { wording } from "./wording.ts";

/** What an apply left to do: changes by address, then what kept it from going on. Empty where all is done. */
export const workLeft = (report: ApplyReport): Problems => {
  const left: Record<string, string> = {};
  for (const { kind, _id, outcome, error } of report.results) {
    if (outcome === "done") continue;
    left[`${kind}/${_id}`] = error === undefined ? outcome : `${outcome}: ${wording(error.message, error.hint)}`;
  }
  for (const { guard, message, hint } of report.refusals) {
    const text = wording(message, hint);
    const before = left[guard];
    left[guard] = before === undefined ? text : `${before}\n${text}`;
  }
  if (report.interrupted) left["interrupted"] = "it was interrupted; run `pulumi up` again";
  if (report.summary.unreadable > 0 && Object.keys(left).length === 0) {
    left["unreadable"] = "some collections of the target could not be read; run `pulumi up` again";
  }
  return left;
};

/** True where something may be on the target, or off it, that was not before. */
export const mayHaveWritten = (report: ApplyReport): boolean =>
  report.results.some(({ op, outcome }) => op !== "noop" && outcome !== "conflict" && outcome !== "skipped");

const most = 20;

/** One line for each thing that is left. */
export const leftLines = (left: Problems): readonly string[] => {
  const lines = Object.entries(left).map(([name, text]) => (name.includes("/") ? `${name} ${text}` : text));
  return lines.length <= most ? lines : [...lines.slice(0, most), `and ${lines.length - most} more`];
};
