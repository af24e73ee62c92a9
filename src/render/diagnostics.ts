import type { Validation } from "../deploy/index.ts";
import type { Diagnostic, DiagnosticCode, Location } from "../diagnostic.ts";
import { hasErrors } from "../diagnostic.ts";
import { printable } from "./escape.ts";
import type { Style } from "./style.ts";
import { styleOf } from "./style.ts";
import { textWidth } from "./width.ts";
import { count, counted, listed } from "./words.ts";

export type RenderDiagnosticsOptions = {
  readonly colour: boolean;
  /** Shown of each code; default 20. */
  readonly most?: number;
};

const defaultMost = 20;
const mostTenants = 3;
const tab = "  ";
/** Characters before and after the range that a long line keeps. */
const before = 60;
const after = 40;

/** What stands between two columns, as it is shown: tabs become spaces, controls become escapes. */
const shown = (text: string): string => text.split("\t").map(printable).join(tab);

/** The line's text with a caret under the range; nothing where the text is not known. */
const excerpt = (location: Location, style: Style): string[] => {
  if (location.text === undefined) return [];
  const text = location.text.toWellFormed();
  const start = Math.min(Math.max(location.column - 1, 0), text.length);
  const end = Math.min(
    Math.max(location.endColumn === undefined ? start + 1 : location.endColumn - 1, start),
    text.length,
  );
  const from = Math.max(0, start - before);
  const to = Math.min(text.length, Math.max(end, start + 1) + after);
  const lead = `${from > 0 ? "…" : ""}${shown(text.slice(from, start).toWellFormed())}`;
  const range = shown(text.slice(start, end).toWellFormed());
  const rest = `${shown(text.slice(end, to).toWellFormed())}${to < text.length ? "…" : ""}`;
  const number = String(location.line);
  const gutter = " ".repeat(number.length);
  const carets = "^".repeat(Math.max(1, textWidth(range)));
  return [
    `  ${style.dim(`${number} |`)} ${lead}${range}${rest}`,
    `  ${style.dim(`${gutter} |`)} ${" ".repeat(textWidth(lead))}${style.red(carets)}`,
  ];
};

const where = (diagnostic: Diagnostic): string => {
  const { location, component, tenant } = diagnostic;
  if (location !== undefined) return `${printable(location.file)}:${location.line}:${location.column}`;
  return printable(component ?? tenant ?? "project");
};

type Group = { readonly diagnostic: Diagnostic; readonly tenants: Set<string> };

/** The same thing at the same place in many tenants is said once. */
const merged = (diagnostics: readonly Diagnostic[]): Group[] => {
  const groups = new Map<string, Group>();
  for (const diagnostic of diagnostics) {
    const { severity, code, message, location } = diagnostic;
    const place = location === undefined ? [diagnostic.component] : [location.file, location.line, location.column];
    const key = JSON.stringify([severity, code, message, ...place]);
    const group = groups.get(key) ?? { diagnostic, tenants: new Set() };
    groups.set(key, group);
    if (diagnostic.tenant !== undefined) group.tenants.add(diagnostic.tenant);
  }
  return [...groups.values()];
};

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Warnings first, so that the errors end up next to the prompt; then by place. */
const order = ({ diagnostic: a }: Group, { diagnostic: b }: Group): number =>
  (a.severity === "warning" ? 0 : 1) - (b.severity === "warning" ? 0 : 1) ||
  compareText(a.location?.file ?? "", b.location?.file ?? "") ||
  (a.location?.line ?? 0) - (b.location?.line ?? 0) ||
  (a.location?.column ?? 0) - (b.location?.column ?? 0) ||
  compareText(a.code, b.code) ||
  compareText(a.message, b.message);

const lines = ({ diagnostic, tenants }: Group, style: Style): string[] => {
  const severity = diagnostic.severity === "error" ? style.red("error") : style.yellow("warning");
  const names = [...tenants];
  const many =
    names.length > 1 ? style.dim(` (in ${count(names.length)} tenants: ${printable(listed(names, mostTenants))})`) : "";
  const who = names.length === 1 && names[0] !== undefined ? style.dim(` (tenant ${printable(names[0])})`) : many;
  const hint = diagnostic.hint === undefined ? [] : [`  ${style.cyan("hint:")} ${printable(diagnostic.hint)}`];
  return [
    `${style.bold(where(diagnostic))} ${severity} ${diagnostic.code}: ${printable(diagnostic.message)}${who}`,
    ...(diagnostic.location === undefined ? [] : excerpt(diagnostic.location, style)),
    ...hint,
  ];
};

/** What `validate` found: diagnostics, or that there are none. No line feed at the end. */
export const renderValidation = (validation: Validation, options: RenderDiagnosticsOptions): string => {
  const rendered = validation.rendered === 0 ? "" : `, ${counted(validation.rendered, "rendered component")}`;
  const size = `${counted(validation.tenants, "tenant")}, ${counted(validation.resources, "resource")}${rendered}`;
  if (validation.diagnostics.length === 0) return `valid: ${size}`;
  const verdict = hasErrors(validation.diagnostics) ? "invalid" : "valid";
  return `${renderDiagnostics(validation.diagnostics, options)}\n${verdict}: ${size}`;
};

/** Diagnostics with place, line, caret and hint, ending with their number. No line feed at the end. */
export const renderDiagnostics = (diagnostics: readonly Diagnostic[], options: RenderDiagnosticsOptions): string => {
  if (diagnostics.length === 0) return "0 errors, 0 warnings";
  const style = styleOf(options.colour);
  const most = options.most ?? defaultMost;
  const groups = merged(diagnostics).sort(order);
  const blocks: string[] = [];
  const left = new Map<DiagnosticCode, number>();
  for (const group of groups) {
    const { code } = group.diagnostic;
    const seen = (left.get(code) ?? 0) + 1;
    left.set(code, seen);
    if (seen <= most) blocks.push(lines(group, style).join("\n"));
  }
  const more = [...left]
    .filter(([, seen]) => seen > most)
    .map(([code, seen]) => `and ${count(seen - most)} more ${code}`);
  if (more.length > 0) blocks.push(style.dim(more.join("\n")));
  const errors = groups.filter(({ diagnostic }) => diagnostic.severity === "error").length;
  blocks.push(style.bold(`${counted(errors, "error")}, ${counted(groups.length - errors, "warning")}`));
  return blocks.join("\n\n");
};
