import type { Check, DoctorReport } from "../deploy/index.ts";
import { printable, printableLines } from "./escape.ts";
import type { Style } from "./style.ts";
import { styleOf } from "./style.ts";
import { counted } from "./words.ts";

const signs: Readonly<Record<Check["status"], (style: Style) => string>> = {
  ok: (style) => style.green("ok  "),
  warn: (style) => style.yellow("warn"),
  bad: (style) => style.red("bad "),
};

const nameOf = ({ check, trait }: Check): string => (trait === undefined ? check : `${check} ${trait}`);

/** Checks, those of each target together, and what to set in the files. No line feed at the end. */
export const renderDoctor = (report: DoctorReport, options: { readonly colour: boolean }): string => {
  const style = styleOf(options.colour);
  const widest = Math.max(...report.checks.map((check) => nameOf(check).length));
  const lines: string[] = [];
  let target: string | undefined;
  for (const check of report.checks) {
    if (check.target !== target) lines.push("", style.bold(`target ${printable(check.target ?? "")}`));
    target = check.target;
    lines.push(`${signs[check.status](style)}  ${nameOf(check).padEnd(widest)}  ${printable(check.message)}`);
    if (check.hint !== undefined) lines.push(`      ${style.cyan("what to do:")} ${printable(check.hint)}`);
  }
  const found = (status: Check["status"]): number => report.checks.filter((check) => check.status === status).length;
  const settings = report.settings.trimEnd();
  return [
    ...lines,
    ...(settings === "" ? [] : ["", "set in connector-deployer.yaml:", "", printableLines(settings)]),
    "",
    style.bold(`${counted(report.checks.length, "check")}, ${found("warn")} to look at, ${found("bad")} bad`),
  ].join("\n");
};
