import type { Outcome } from "../contract/index.ts";
import { address, emptySummary } from "../contract/index.ts";
import type { ApplyReport } from "../deploy/index.ts";
import type { Result } from "../engine/index.ts";
import { markdownText, printable } from "./escape.ts";
import { genericText } from "./generic.ts";
import { healthLines } from "./health.ts";
import { fencedDiff } from "./markdown.ts";
import { fieldText, symbolOf } from "./plan-lines.ts";
import { refusalLines } from "./refusals.ts";
import type { Style } from "./style.ts";
import { styleOf } from "./style.ts";
import { doneSummary } from "./summary.ts";
import { shortValue } from "./value.ts";
import { count, counted, duration } from "./words.ts";

export type RenderReportOptions = {
  readonly format: "text" | "markdown";
  readonly colour: boolean;
  /** What went well too, line by line. */
  readonly detail: boolean;
};

const mostAlike = 10;
const mostKinds = 20;
const mostFields = 5;

/** What a person has to look at first comes last, next to the prompt. */
const notDone = ["skipped", "conflict", "failed", "uncertain"] as const satisfies readonly Outcome[];

const explained: Readonly<Record<(typeof notDone)[number], string>> = {
  skipped: "not started",
  conflict: "not written, because the target changed since the plan",
  failed: "failed",
  uncertain: "may or may not have happened; look at the target, then plan again",
};

const resultLine = (result: Result, style: Style): string =>
  `${symbolOf(result.op, style)} ${printable(address(result.kind, result._id))} ${result.outcome}`;

/** A guard refused it; the refusal says so once for all. */
const isRefused = ({ outcome, error }: Result): boolean => outcome === "skipped" && error?.code === "blocked";

/** Results with the same cause stand together, with the cause and its cure once. */
const troubles = (results: readonly Result[], style: Style, detail: boolean): string[] => {
  const lines: string[] = [];
  for (const outcome of notDone) {
    const members = results.filter(
      (result) => result.outcome === outcome && result.op !== "noop" && !isRefused(result),
    );
    if (members.length === 0) continue;
    lines.push(style.bold(`${count(members.length)} ${outcome}: ${explained[outcome]}`));
    const causes = Map.groupBy(members, ({ tenant, _id, error }) =>
      JSON.stringify([error?.code, genericText(tenant, (error?.message ?? "").replaceAll(_id, "<_id>")), error?.hint]),
    );
    const shown = detail ? [...causes.values()] : [...causes.values()].slice(0, mostKinds);
    for (const alike of shown) {
      const listed = detail ? alike : alike.slice(0, mostAlike);
      for (const result of listed) {
        lines.push(`  ${resultLine(result, style)}`);
        for (const field of outcome === "conflict" ? (result.fields ?? []).slice(0, mostFields) : []) {
          lines.push(`      ${fieldText(field, style, shortValue, true)}`);
        }
      }
      if (listed.length < alike.length) lines.push(style.dim(`  and ${count(alike.length - listed.length)} more`));
      const error = alike[0]?.error;
      if (error !== undefined) lines.push(`      ${style.red(printable(error.code))}: ${printable(error.message)}`);
      if (error?.hint !== undefined) lines.push(`      ${style.cyan("what to do:")} ${printable(error.hint)}`);
    }
    const hidden = [...causes.values()].slice(shown.length).reduce((sum, alike) => sum + alike.length, 0);
    if (hidden > 0) lines.push(style.dim(`  and ${count(hidden)} more with other causes; --detail shows them`));
  }
  return lines;
};

/** `3 added, 1 changed, 0 deleted across 12 tenants`, then what did not go well. */
const lastLine = (report: ApplyReport): string => {
  const done = { ...emptySummary, retained: report.summary.retained };
  const other = new Map<Outcome, number>();
  let refused = 0;
  let earlier = 0;
  for (const result of report.results) {
    const { op, outcome, isEarlier } = result;
    if (outcome === "done" && isEarlier === true) earlier += 1;
    else if (outcome === "done") done[op] += 1;
    else if (op === "noop") continue;
    else if (isRefused(result)) refused += 1;
    else other.set(outcome, (other.get(outcome) ?? 0) + 1);
  }
  const rest = [...notDone].reverse().flatMap((outcome) => {
    const number = other.get(outcome) ?? 0;
    return number === 0 ? [] : [`, ${count(number)} ${outcome}`];
  });
  if (earlier > 0) rest.unshift(`, ${count(earlier)} done by an earlier run`);
  if (refused > 0) rest.push(`, ${count(refused)} refused`);
  if (report.waited !== undefined) {
    const { healthy, unhealthy } = report.waited;
    if (healthy > 0) rest.push(`, ${count(healthy)} healthy`);
    if (unhealthy > 0) rest.push(`, ${count(unhealthy)} unhealthy`);
  }
  const interrupted = report.interrupted ? ", interrupted" : "";
  return `${doneSummary(done)} across ${counted(report.summary.tenants, "tenant")}${rest.join("")}${interrupted}`;
};

const blocks = (report: ApplyReport, style: Style, detail: boolean): string[][] => [
  detail
    ? report.results
        .filter(({ op, outcome, health }) => outcome === "done" && !(op === "noop" && health !== undefined))
        .map((result) => resultLine(result, style))
    : [],
  troubles(report.results, style, detail),
  refusalLines(report.refusals, style, detail),
  healthLines(report.results, style, detail),
];

/** What an apply did, for people; the counts are the last line. No line feed at the end. */
export const renderApplyReport = (report: ApplyReport, options: RenderReportOptions): string => {
  const style = styleOf(options.format === "text" && options.colour);
  const bodies = blocks(report, style, options.detail).filter((block) => block.length > 0);
  const last = lastLine(report);
  const cost = `${duration(report.durationMs)}, ${counted(report.requests, "request")}`;
  if (options.format === "markdown") {
    const body = bodies.length === 0 ? [] : [fencedDiff(bodies.flat())];
    return [
      `### connector-deployer: ${last}`,
      markdownText(`environment ${report.environment}, ${cost}`),
      ...body,
      last,
    ].join("\n\n");
  }
  return [...bodies.map((block) => block.join("\n")), `${style.dim(cost)}\n${style.bold(last)}`].join("\n\n");
};
