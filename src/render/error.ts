import type { Diagnostic } from "../diagnostic.ts";
import type { DeployerError } from "../errors.ts";
import { renderDiagnostics } from "./diagnostics.ts";
import { printable, printableLines } from "./escape.ts";
import { styleOf } from "./style.ts";

/** The diagnostics that an `invalid-files` error carries in its details; empty for other errors. */
export const diagnosticsOf = (error: DeployerError): readonly Diagnostic[] => {
  const found = error.details?.["diagnostics"];
  return Array.isArray(found) ? (found as readonly Diagnostic[]) : [];
};

/** An error for people: what happened and why, what to do, and its stack where asked. No line feed at the end. */
export const renderError = (
  error: DeployerError,
  options: { readonly colour: boolean; readonly stack: boolean },
): string => {
  const style = styleOf(options.colour);
  const diagnostics = diagnosticsOf(error);
  const defect = error.code === "internal" ? "this is a defect of connector-deployer: " : "";
  return [
    ...(diagnostics.length === 0 ? [] : [renderDiagnostics(diagnostics, options), ""]),
    `${style.red("error")} ${error.code}: ${defect}${printable(error.message)}`,
    ...(error.hint === undefined ? [] : [`  ${style.cyan("what to do:")} ${printable(error.hint)}`]),
    ...(options.stack ? causes(error) : []),
  ].join("\n");
};

const causes = (error: Error): string[] => {
  const lines = printableLines(error.stack ?? "").split("\n");
  const below = error.cause instanceof Error ? ["caused by:", ...causes(error.cause)] : [];
  return [...lines, ...below].map((line) => `  ${line.trimStart()}`);
};
