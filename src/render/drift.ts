import type { DriftItem, Field } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import type { DriftReport } from "../deploy/index.ts";
import type { RenderReportOptions } from "./apply-report.ts";
import { printable } from "./escape.ts";
import { fencedDiff } from "./markdown.ts";
import type { Style } from "./style.ts";
import { styleOf } from "./style.ts";
import { dotted, formatDifference, longValue, shortValue } from "./value.ts";
import { count, counted } from "./words.ts";

const mostFields = 5;

/** What we wrote → what is there now. */
const fieldText = (field: Field, limit: number): string => `${dotted(field.path)} ${formatDifference(field, limit)}`;

const itemLines = (item: DriftItem, style: Style, detail: boolean): string[] => {
  const name = printable(address(item.kind, item._id));
  if (item.drift === "vanished") return [`${style.red("-")} ${name} vanished (${printable(item.id)})`];
  const head = `${style.yellow("~")} ${name} changed`;
  if (detail) return [head, ...item.fields.map((field) => `    ${fieldText(field, longValue)}`)];
  const shown = item.fields.slice(0, mostFields).map((field) => fieldText(field, shortValue));
  const more = item.fields.length > mostFields ? [`and ${count(item.fields.length - mostFields)} more`] : [];
  // Only the time of its last write tells.
  if (item.fields.length === 0) return [`${head}: somebody wrote to it; no declared field that can be read differs`];
  return [`${head}: ${[...shown, ...more].join(", ")}`];
};

/** What `drift` says at its end: `1 drifted of 12 …`; apart from the lines, which are one for each thing. */
export const driftSummary = (report: DriftReport): string => {
  const tenants = counted(report.summary.tenants, "tenant");
  return report.items.length === 0
    ? `no drift across ${tenants}`
    : `${count(report.items.length)} drifted across ${tenants}`;
};

/**
 * Exactly one line for each thing that differs from what we last wrote: what we wrote → what is there. With `detail` its
 * fields stand below it. Nothing drifted: `no drift across 3 tenants`. No line feed at the end.
 */
export const renderDrift = (report: DriftReport, options: RenderReportOptions): string => {
  const style = styleOf(options.format === "text" && options.colour);
  const lines = report.items.flatMap((item) => itemLines(item, style, options.detail));
  if (options.format === "markdown") {
    const body = lines.length === 0 ? [] : [fencedDiff(lines)];
    return [`### connector-deployer: ${driftSummary(report)}`, ...body].join("\n\n");
  }
  return lines.length === 0 ? driftSummary(report) : lines.join("\n");
};
