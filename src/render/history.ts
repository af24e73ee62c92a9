import { address } from "../contract/index.ts";
import type { HistoryReport, RunItem, RunReport } from "../deploy/index.ts";
import { printable } from "./escape.ts";
import type { Style } from "./style.ts";
import { styleOf } from "./style.ts";
import { doneSummary } from "./summary.ts";
import { table } from "./table.ts";
import { count, counted, duration } from "./words.ts";

/** As much of a run's id as tells it from the others, in practice. */
const shortId = (run: string): string => run.slice(0, 8);

const outcomeText = (outcome: string, style: Style): string =>
  outcome === "done" ? style.green(outcome) : outcome === "running" ? style.cyan(outcome) : style.red(outcome);

const moment = (iso: string): string => iso.replace("T", " ").replace(/\.\d+Z$/, "Z");

/** `3 added, 0 changed, 0 deleted, 1 failed`. */
const changes = ({ summary }: RunItem): string => {
  if (summary === undefined) return "";
  const trouble = (["conflict", "failed", "skipped", "uncertain"] as const)
    .filter((outcome) => summary[outcome] > 0)
    .map((outcome) => `, ${count(summary[outcome])} ${outcome}`);
  return doneSummary(summary) + trouble.join("");
};

/** Runs, newest first. No line feed at the end. */
export const renderHistory = (report: HistoryReport): string => {
  if (report.runs.length === 0) return "no runs";
  const rows = report.runs.map((run) =>
    [
      shortId(run.run),
      moment(run.startedAt),
      run.durationMs === undefined ? "" : duration(run.durationMs),
      run.command,
      run.outcome,
      run.requests === undefined ? "" : count(run.requests),
      run.open === 0 ? changes(run) : `${changes(run)} (${counted(run.open, "operation")} open)`.trimStart(),
    ].map(printable),
  );
  return table(["RUN", "STARTED", "TOOK", "COMMAND", "OUTCOME", "REQUESTS", "CHANGES"], rows).join("\n");
};

/** One run with its operations. No line feed at the end. */
export const renderRun = (report: RunReport, options: { readonly colour: boolean }): string => {
  const style = styleOf(options.colour);
  const { run, operations } = report;
  const head = [
    `${style.bold(`run ${printable(run.run)}`)} ${outcomeText(run.outcome, style)}`,
    `  ${printable(run.command)} at ${printable(moment(run.startedAt))}${run.durationMs === undefined ? "" : `, took ${duration(run.durationMs)}`}${run.requests === undefined ? "" : `, ${counted(run.requests, "request")}`}`,
    ...(run.planDigest === undefined ? [] : [`  plan ${printable(run.planDigest)}`]),
  ];
  if (operations.length === 0) return [...head, "", "no operations"].join("\n");
  const rows = operations.map((operation) =>
    [
      operation.tenant,
      operation.op,
      address(operation.kind, operation._id),
      operation.open ? `${operation.outcome ?? "no outcome"}, open` : (operation.outcome ?? "no outcome"),
      operation.durationMs === undefined ? "" : duration(operation.durationMs),
      operation.reason ?? "",
    ].map(printable),
  );
  const open = operations.filter((operation) => operation.open).length;
  return [
    ...head,
    "",
    ...table(["TENANT", "OPERATION", "RESOURCE", "OUTCOME", "TOOK", "WHY"], rows),
    "",
    `${counted(operations.length, "operation")}, ${count(open)} open`,
  ].join("\n");
};
