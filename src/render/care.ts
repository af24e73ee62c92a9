import type { LeaseItem, LedgerReport, OutputsReport, RekeyReport } from "../deploy/index.ts";
import { printable } from "./escape.ts";
import { styleOf } from "./style.ts";
import { table } from "./table.ts";
import { count, counted } from "./words.ts";

/** Live ids by tenant. No line feed at the end. */
export const renderOutputs = (report: OutputsReport): string => {
  const rows = Object.entries(report.tenants).flatMap(([tenant, outputs]) =>
    Object.entries(outputs).map(([_id, output]) =>
      [tenant, output.kind, _id, output.id, output.state === "live" ? "" : output.state].map(printable),
    ),
  );
  return rows.length === 0 ? "nothing is deployed" : table(["TENANT", "KIND", "_ID", "ID", ""], rows).join("\n");
};

/** Who holds a lease, in one line. */
const holderText = ({ holder, since, expires, alive, here }: LeaseItem): string => {
  const life = alive ? (here ? "alive" : "as far as is known alive") : "dead or expired";
  return printable(
    `run ${holder.run} on ${holder.host}${here ? " (this machine)" : ""}, pid ${holder.pid}, started ${holder.started}; since ${since}, expires ${expires}: ${life}`,
  );
};

/** A lease with its holder. No line feed at the end. */
export const renderLease = (lease: LeaseItem, options: { readonly colour: boolean }): string => {
  const style = styleOf(options.colour);
  const { holder } = lease;
  const life = lease.alive
    ? lease.here
      ? style.red("alive")
      : style.yellow("alive, as far as is known")
    : "dead, or its lease expired";
  return [
    style.bold(`tenant ${printable(lease.tenant)}`),
    `  run      ${printable(holder.run)}`,
    `  host     ${printable(holder.host)}${lease.here ? " (this machine)" : ""}`,
    `  process  ${holder.pid}, started ${printable(holder.started)}`,
    `  since    ${printable(lease.since)}`,
    `  expires  ${printable(lease.expires)}`,
    `  holder   ${life}`,
  ].join("\n");
};

/** Bytes as people say them. */
const bytes = (size: number): string => {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, size)) / 10));
  return step === 0 ? `${count(size)} bytes` : `${(size / 1024 ** step).toFixed(1)} ${units[step] ?? ""}`;
};

/** What the ledger is. No line feed at the end. */
export const renderLedger = (report: LedgerReport, options: { readonly colour: boolean }): string => {
  const style = styleOf(options.colour);
  const { lastRun } = report;
  return [
    `${style.bold("ledger")}       ${printable(report.address)}`,
    `environment  ${printable(report.environment)}`,
    `key          ${printable(report.key)}`,
    `schema       ${report.schema}`,
    ...(report.size === undefined ? [] : [`size         ${bytes(report.size)}`]),
    `holds        ${counted(report.entries, "resource")} of ${counted(report.tenants, "tenant")}, ${counted(report.open, "open operation")}`,
    `last run     ${lastRun === undefined ? "none" : printable(`${lastRun.run.slice(0, 8)} ${lastRun.command} at ${lastRun.startedAt}: ${lastRun.outcome}`)}`,
    ...report.leases.map((lease) => `lease        tenant ${printable(lease.tenant)}: ${holderText(lease)}`),
  ].join("\n");
};

const mostUnknown = 50;

/** What a change of the key does. No line feed at the end. */
export const renderRekey = (
  report: RekeyReport,
  options: { readonly colour: boolean; readonly done: boolean },
): string => {
  const style = styleOf(options.colour);
  if (!report.changed) return `the ledger has the key of ${printable(report.key)} already; nothing was changed`;
  const { unknown } = report;
  const shown = unknown.slice(0, mostUnknown).map(({ tenant, resource, path, because }) => {
    const why = because === "missing" ? "has no value here" : "has another value than the one that was written";
    return `  ${style.yellow("?")} ${printable(`${resource} ${path.slice(1).replaceAll("/", ".")}`)} (tenant ${printable(tenant)}): ${why}`;
  });
  const verb = options.done ? "" : " to be";
  return [
    ...(unknown.length === 0
      ? []
      : [
          `${counted(unknown.length, "secret")} of unknown value, written once by the next apply that has ${unknown.length === 1 ? "it" : "them"}:`,
          ...shown,
        ]),
    ...(unknown.length > mostUnknown ? [style.dim(`  and ${count(unknown.length - mostUnknown)} more`)] : []),
    `${counted(report.fingerprints, "fingerprint")} of ${counted(report.entries, "resource")}${verb} made anew with the key of ${printable(report.key)}`,
  ].join("\n");
};
