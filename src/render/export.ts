import { address } from "../contract/index.ts";
import type { ExportReport } from "../deploy/index.ts";
import { printable, printableLines } from "./escape.ts";
import { styleOf } from "./style.ts";
import { counted } from "./words.ts";

const indented = (text: string): string =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line}`))
    .join("\n");

/** What was written, or would be, and what was left; whole files with `detail`. No line feed at the end. */
export const renderExport = (
  report: ExportReport,
  options: { readonly colour: boolean; readonly detail: boolean },
): string => {
  const style = styleOf(options.colour);
  const files = report.files.flatMap(({ path, action, text }) => [
    `${action === "create" ? style.green("+") : style.yellow("~")} ${printable(path)}`,
    ...(options.detail || action === "edit" ? [style.dim(indented(printableLines(text)))] : []),
  ]);
  const items = report.items.map(
    (item) =>
      `${style.cyan("=")} ${printable(address(item.kind, item._id))}${item.name === item._id ? "" : ` (${printable(item.name)})`} ${style.dim(printable(item.id))}`,
  );
  const left = report.left.map(
    (item) =>
      `${style.yellow("?")} ${printable(item.kind)} ${printable(item.name)} (${printable(item.id)}) is left: ${printable(item.reason)}`,
  );
  const secrets = report.secrets.map(
    ({ name, env, resource, path }) =>
      `  ${printable(env)}: ${printable(resource)} ${printable(path.slice(1).replaceAll("/", "."))} as $SECRET(${printable(name)})`,
  );
  const last =
    report.items.length === 0
      ? "nothing that nobody declared could be exported"
      : `${counted(report.items.length, "live object")} ${report.dryRun ? "would be written" : "written"} into ${counted(report.files.length, "file")} for tenant ${printable(report.tenant)}${report.left.length === 0 ? "" : `, ${report.left.length} left`}`;
  return [
    items,
    left,
    files,
    secrets.length === 0 ? [] : ["variables that hold their secrets:", ...secrets],
    [style.bold(last)],
  ]
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n");
};
