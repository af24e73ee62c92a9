import type { Json } from "../contract/index.ts";
import type { Explanation } from "../deploy/index.ts";
import type { Location } from "../diagnostic.ts";
import { printable } from "./escape.ts";
import { styleOf } from "./style.ts";
import { dotted, formatValue, longValue } from "./value.ts";

const place = (location: Location): string => `${printable(location.file)}:${location.line}:${location.column}`;

/** Where one value came from: its place in the template, then each variable and reference in it. No line feed at the end. */
export const renderExplain = (explanation: Explanation, options: { readonly colour: boolean }): string => {
  const style = styleOf(options.colour);
  const { component, tenant, path, value, origin } = explanation;
  const name = path.startsWith("/") || path === "" ? dotted(path) : printable(path);
  const head = `${style.bold(`${printable(component)} ${name}`)} = ${formatValue(value as Json | undefined, longValue)}`;
  const lines = [head, `  tenant ${printable(tenant)}`];
  if (origin === undefined) return [...lines, "  not from a template: a default of the deployer"].join("\n");
  lines.push(`  template ${place(origin.template)}`);
  for (const source of origin.sources) {
    const at = source.location === undefined ? "" : ` (${place(source.location)})`;
    const given = source.value === undefined ? "" : ` = ${formatValue(source.value, longValue)}`;
    lines.push(`  ${style.cyan(printable(source.variable))} from ${printable(source.from)}${at}${given}`);
  }
  return lines.join("\n");
};
