import type { Change, Plan } from "../contract/index.ts";
import { markdownText, printable } from "./escape.ts";
import { findingLines } from "./findings.ts";
import { fencedDiff, mostMarkdown, shortened } from "./markdown.ts";
import type { ChangeGroup } from "./plan-groups.ts";
import { groupChanges } from "./plan-groups.ts";
import { changeLines, groupLines } from "./plan-lines.ts";
import { refusalLines } from "./refusals.ts";
import { renderedLines } from "./rendered.ts";
import type { Style } from "./style.ts";
import { styleOf } from "./style.ts";
import { planSummary } from "./summary.ts";
import { count, counted } from "./words.ts";

export type RenderPlanOptions = {
  readonly format: "text" | "markdown";
  /** Terminal colours; text only. */
  readonly colour: boolean;
  /** Every change with all its values, instead of groups. Markdown always carries it, folded. */
  readonly detail: boolean;
};

const mostGroups = 100;
const mostPrunable = 20;

/** What happens to nothing and has nothing to say is left out. */
const worthShowing = (change: Change): boolean => change.op !== "noop" || (change.marks ?? []).length > 0;

const grouped = (changes: readonly Change[], style: Style, most: number): string[] => {
  const groups = groupChanges(changes);
  const lines = groups.slice(0, most).flatMap((group) => groupLines(group, style));
  if (groups.length > most) {
    const rest = groups.slice(most).reduce((sum: number, group: ChangeGroup) => sum + group.changes.length, 0);
    lines.push(style.dim(`  and ${counted(rest, "more change")}; --detail shows every one`));
  }
  return lines;
};

const prunableLines = (plan: Plan, style: Style, detail: boolean): string[] => {
  if (plan.prunable.length === 0) return [];
  const lines = detail
    ? plan.prunable.flatMap((change) => changeLines(change, style, false))
    : grouped(plan.prunable, style, mostPrunable);
  return [
    `${counted(plan.prunable.length, "resource")} would be deleted with --prune:`,
    ...lines.map((line) => `  ${line}`),
  ];
};

const targetLines = (plan: Plan): string[] => [
  `environment ${printable(plan.environment)}`,
  ...Object.entries(plan.targets).map(([name, target]) => `target ${printable(name)} ${printable(target.endpoint)}`),
];

const parts = (blocks: readonly (readonly string[])[]): string =>
  blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n");

const renderText = (plan: Plan, style: Style, detail: boolean): string => {
  const changes = plan.changes.filter(worthShowing);
  const changed = plan.changes.some((change) => change.op !== "noop");
  return parts([
    detail ? targetLines(plan) : [],
    detail ? changes.flatMap((change) => changeLines(change, style, true)) : grouped(changes, style, mostGroups),
    prunableLines(plan, style, detail),
    findingLines(plan.findings, style, detail),
    refusalLines(plan.refusals, style, detail),
    renderedLines(plan, style, detail),
    [
      ...(changed ? [] : [plan.refusals.length === 0 ? "no changes" : "no changes that may be made"]),
      style.bold(planSummary(plan.summary)),
    ],
  ]);
};

/** What stands in a list behind its first line, folded; nothing where it does not fit. */
const foldedList = ([title, ...lines]: readonly string[], room: number): readonly string[] =>
  title === undefined || lines.join("\n").length > room
    ? []
    : [`<details><summary>${markdownText(title)}</summary>`, "", fencedDiff(lines), "", "</details>"];

const renderMarkdown = (plan: Plan, style: Style): string => {
  const changes = plan.changes.filter(worthShowing);
  const changed = plan.changes.some((change) => change.op !== "noop");
  const overview = shortened([
    ...grouped(changes, style, mostGroups),
    ...prunableLines(plan, style, false),
    ...findingLines(plan.findings, style, false),
    ...refusalLines(plan.refusals, style, false),
    ...renderedLines(plan, style, false),
  ]);
  const every = changes.flatMap((change) => changeLines(change, style, true));
  const summary = planSummary(plan.summary);
  const room = mostMarkdown - overview.join("\n").length;
  return parts([
    [`### connector-deployer: ${changed ? "" : "no changes, "}${summary}`],
    [targetLines(plan).map(markdownText).join(" · ")],
    plan.refusals.length === 0 ? [] : [`**${counted(plan.refusals.length, "refusal")}**: applying would exit 7.`],
    overview.length === 0 ? [] : [fencedDiff(overview)],
    every.length === 0
      ? []
      : every.join("\n").length > room
        ? ["The whole plan does not fit here: `connector-deployer plan --detail` shows every change."]
        : [
            `<details><summary>every change (${count(changes.length)})</summary>`,
            "",
            fencedDiff(every),
            "",
            "</details>",
          ],
    foldedList(renderedLines(plan, style, true), room - every.join("\n").length),
    [summary],
  ]);
};

/**
 * A plan for people: what is the same in many tenants on one line, deletes and outliers first, refusals with their cure,
 * and `3 to add, 1 to change, 0 to delete across 12 tenants` as the last line. No line feed at the end.
 */
export const renderPlan = (plan: Plan, options: RenderPlanOptions): string =>
  options.format === "markdown"
    ? renderMarkdown(plan, styleOf(false))
    : renderText(plan, styleOf(options.colour), options.detail);
