import { address } from "../contract/index.ts";
import type { StatusItem, StatusReport } from "../deploy/index.ts";
import { printable } from "./escape.ts";
import { healthLine } from "./health.ts";
import type { Style } from "./style.ts";
import { styleOf } from "./style.ts";
import { table } from "./table.ts";
import { count, counted } from "./words.ts";

const mostUnhealthy = 50;
const mostTenants = 50;

/** `2026-01-15T10:30:00.000Z` is shown to the second. */
const moment = (iso: string): string => printable(iso.replace("T", " ").replace(/\.\d+/, ""));

const facts = ({ records, lastRun }: StatusItem): string => {
  const processed = lastRun?.processed === undefined ? [] : [counted(lastRun.processed, "record")];
  const failed = (lastRun?.failed ?? 0) > 0 ? [`${count(lastRun?.failed ?? 0)} failed`] : [];
  const parts = [
    ...(records === undefined ? [] : [counted(records, "record")]),
    ...(lastRun === undefined ? [] : [[`last run ${moment(lastRun.at)}`, ...processed, ...failed].join(", ")]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
};

const itemLine = (item: StatusItem, style: Style): string => {
  const retained = item.state === "retained" ? " (retained)" : "";
  const driver = item.driver === "pulumi" ? " (driven by Pulumi)" : "";
  const note = item.note === undefined ? "" : `; ${printable(item.note)}`;
  const line = healthLine(address(item.kind, item._id), { ...item, status: item.health }, style);
  return `${line}${note}${facts(item)}${retained}${driver}`;
};

/** What to do about import jobs that failed. */
const cure = (items: readonly StatusItem[]): readonly string[] => {
  const [first, ...more] = items.filter(({ kind, health, state }) => {
    return kind === "import-job" && health === "failed" && state === "live";
  });
  if (first === undefined) return [];
  const next = [first, ...more].some(({ schedule }) => schedule !== undefined) ? ", or wait for the schedule" : "";
  const others = more.length === 0 ? "" : `; so the other ${counted(more.length, "failed import job")}`;
  return [`when the cause is mended: connector-deployer run ${printable(first._id)} --wait${next}${others}`];
};

/** What is deployed and how it is: what needs a person first, then a line for each tenant. No line feed at the end. */
export const renderStatus = (
  report: StatusReport,
  options: { readonly colour: boolean; readonly detail: boolean },
): string => {
  const style = styleOf(options.colour);
  const unhealthy = report.items.filter((item) => !item.healthy);
  const items = options.detail ? report.items : unhealthy.slice(0, mostUnhealthy);
  const lines = items.map((item) => itemLine(item, style));
  if (!options.detail && unhealthy.length > items.length) {
    lines.push(style.dim(`and ${count(unhealthy.length - items.length)} more; --detail shows every one`));
  }
  lines.push(...cure(unhealthy).map(style.cyan));
  const open = (tenant: StatusReport["tenants"][number]): string =>
    tenant.open === 0 ? "" : `${counted(tenant.open, "change")} left open by an interrupted run`;
  const byTenant = Map.groupBy(report.items, (item) => item.tenant);
  /** `2 connected, 1 pending`. */
  const healthOf = (tenant: string): string =>
    [...Map.groupBy(byTenant.get(tenant) ?? [], (item) => item.health)]
      .map(([health, items]) => `${count(items.length)} ${printable(health)}`)
      .join(", ");
  const shown = options.detail ? report.tenants : report.tenants.slice(0, mostTenants);
  const rows = shown.map((tenant) => [
    printable(tenant.tenant),
    count(tenant.resources),
    healthOf(tenant.tenant),
    open(tenant),
  ]);
  const tenants = table(["TENANT", "RESOURCES", "HEALTH", ""], rows);
  if (shown.length < report.tenants.length) {
    tenants.push(style.dim(`and ${counted(report.tenants.length - shown.length, "more tenant")}`));
  }
  const last = `${counted(report.items.length, "resource")}, ${count(unhealthy.length)} unhealthy across ${counted(report.tenants.length, "tenant")}`;
  return [lines, rows.length === 0 ? [] : tenants, [style.bold(last)]]
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n");
};
