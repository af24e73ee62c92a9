import type { StackEvent, StackReport, StackResult } from "../pulumi/stacks/index.ts";
import { codeSpan, markdownText, printable } from "./escape.ts";
import { fenced, shortened } from "./markdown.ts";
import type { Style } from "./style.ts";
import { styleOf } from "./style.ts";
import { table } from "./table.ts";
import { count, counted, duration } from "./words.ts";

export type RenderStacksOptions = {
  readonly format: "text" | "markdown";
  readonly colour: boolean;
  /** Every failure with all that is known of it. */
  readonly detail: boolean;
};

const mostFailures = 20;
const columns = ["create", "update", "replace", "delete", "same"] as const;
const outcomes = ["done", "changes", "unchanged", "skipped", "cancelled", "failed"] as const;

const isBad = ({ outcome }: StackResult): boolean => outcome === "failed" || outcome === "cancelled";
const isSkipped = ({ outcome }: StackResult): boolean => outcome === "skipped";

const cells = ({ tenant, stack, outcome, counts, durationMs, error }: StackResult): readonly string[] => {
  const numbers = outcome === "skipped" ? columns.map(() => "-") : columns.map((key) => known(counts?.[key]));
  const why = outcome === "skipped" && error !== undefined ? ` (${error.code})` : "";
  const time = outcome === "skipped" ? "-" : duration(durationMs);
  return [tenant, stack, `${outcome}${why}`, ...numbers, time].map(printable);
};

/** `?` for what pulumi did not say. */
const known = (value: number | undefined): string => (value === undefined ? "?" : count(value));

const tableLines = (report: StackReport): string[] =>
  table(["TENANT", "STACK", "OUTCOME", ...columns.map((key) => key.toUpperCase()), "TIME"], report.results.map(cells));

const failureLines = ({ tenant, outcome, error, log }: StackResult, style: Style): string[] => [
  style.red(`${printable(tenant)} ${outcome}: ${printable(error?.message ?? "")}`),
  ...(error?.lines ?? []).map((line) => `    ${printable(line)}`),
  ...(error?.hint === undefined ? [] : [`    ${style.cyan("what to do:")} ${printable(error.hint)}`]),
  ...(log === undefined ? [] : [style.dim(`    log: ${printable(log)}`)]),
];

const troubleLines = (report: StackReport, style: Style, detail: boolean): string[] => {
  const bad = report.results.filter(isBad);
  const shown = detail ? bad : bad.slice(0, mostFailures);
  const more = bad.length - shown.length;
  const hints = Map.groupBy(report.results.filter(isSkipped), ({ error }) =>
    JSON.stringify([error?.message, error?.hint]),
  );
  const skips = [...hints.values()].map((alike) => {
    const [first] = alike;
    const who = alike.length === 1 ? printable(first?.tenant ?? "") : counted(alike.length, "stack");
    const hint = first?.error?.hint === undefined ? "" : `; ${printable(first.error.hint)}`;
    return `${who} skipped: ${printable(first?.error?.message ?? "")}${hint}`;
  });
  return [
    ...skips,
    ...shown.flatMap((result) => failureLines(result, style)),
    ...(more > 0 ? [style.dim(`and ${count(more)} more; --detail shows them`)] : []),
  ];
};

const lastLine = ({ summary, results, interrupted }: StackReport): string => {
  const parts = outcomes.flatMap((outcome) => {
    if (summary[outcome] === 0) return [];
    return [outcome === "changes" ? `${count(summary.changes)} with changes` : `${count(summary[outcome])} ${outcome}`];
  });
  const what = parts.length === 0 ? "nothing to do" : parts.join(", ");
  return `${what} of ${counted(results.length, "stack")}${interrupted ? ", interrupted" : ""}`;
};

/** What became of many stacks: a table, then what did not go well; the counts are the last line. No line feed at the end. */
export const renderStacks = (report: StackReport, options: RenderStacksOptions): string => {
  const style = styleOf(options.format === "text" && options.colour);
  const troubles = troubleLines(report, style, options.detail);
  const last = lastLine(report);
  if (options.format === "markdown") {
    const about = `${codeSpan(`pulumi ${report.command}`)}, ${markdownText(`environment ${report.environment}, ${duration(report.durationMs)}`)}`;
    const body = fenced(
      shortened([...tableLines(report), ...(troubles.length === 0 ? [] : ["", ...troubles])]).join("\n"),
      "",
    );
    return [`### connector-deployer: ${last}`, about, body].join("\n\n");
  }
  return [
    ...(report.results.length === 0 ? [] : [tableLines(report).join("\n")]),
    ...(troubles.length === 0 ? [] : [troubles.join("\n")]),
    `${style.dim(duration(report.durationMs))}\n${style.bold(last)}`,
  ].join("\n\n");
};

const changesOf = ({ counts }: StackResult): string => {
  const parts = columns.flatMap((key) => {
    const value = counts?.[key] ?? 0;
    return value === 0 || key === "same" ? [] : [`${count(value)} ${key}`];
  });
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
};

/** One line for what happens while stacks run. */
export const renderStackEvent = (event: StackEvent): string => {
  switch (event.code) {
    case "wave-started":
      return `wave ${printable(event.wave)}: ${counted(event.stacks, "stack")}`;
    case "wave-skipped": {
      const name = event.wave === "" ? "the rest" : `wave ${printable(event.wave)}`;
      return `${name}: ${counted(event.stacks, "stack")} skipped, because ${printable(event.because)} did not end well`;
    }
    case "stack-ended":
      return `${printable(event.result.tenant)} ${event.result.outcome}${changesOf(event.result)}`;
    case "cancelling":
      return event.times === 1
        ? `pulumi is asked to cancel ${counted(event.stacks, "running stack")}; interrupt again to end them at once`
        : `${counted(event.stacks, "running stack")} ended at once; a stack may stay locked (pulumi cancel)`;
    default:
      return event satisfies never;
  }
};
