import type { Diagnostic } from "../../diagnostic.ts";
import { DeployerError } from "../../errors.ts";

/** Words without the folders of this machine. */
export const withoutFolder = (folder: string, text: string): string =>
  text.replaceAll(`${folder}/`, "").replaceAll(folder, ".");

const flags: Readonly<Record<string, (value: string) => string>> = {
  "--max-deletes": (value) => `maxDeletes: ${value}`,
  "--adopt": (value) => `adopt: ["${value}"]`,
};
const switches: Readonly<Record<string, string>> = {
  "--project": "project",
  "--set": "set",
  "--prune": "prune: true",
  "--delete-data": "deleteData: true",
  "--accept-target": "acceptTarget: true",
  "--accept-unresolved": "acceptUnresolved: true",
  "--recreate-missing": "recreateMissing: true",
  "--rewrite-unknown": "rewriteUnknown: true",
};

/** A hint of the library, which names flags of the command line, with the arguments in their place. */
export const inArguments = (hint: string): string =>
  hint
    .replaceAll(/(--max-deletes|--adopt) (\S+)/g, (all, flag: string, value: string) => flags[flag]?.(value) ?? all)
    .replaceAll(/--[a-z]+(?:-[a-z]+)*/g, (flag) => switches[flag] ?? flag);

/** What happened, and what to do. */
export const wording = (message: string, hint: string | undefined): string =>
  hint === undefined || hint === "" ? message : `${message}; ${inArguments(hint)}`;

/** One line for a thing in the files, with its place. */
export const diagnosticLine = ({ code, message, hint, location, component }: Diagnostic): string => {
  const place =
    location === undefined ? (component ?? "project") : `${location.file}:${location.line}:${location.column}`;
  return wording(`${place} ${code}: ${message}`, hint);
};

/** The errors that an `invalid-files` error lists; empty for others. */
export const invalidFiles = (error: unknown): readonly Diagnostic[] => {
  const found = error instanceof DeployerError ? error.details?.["diagnostics"] : undefined;
  return Array.isArray(found) ? (found as Diagnostic[]).filter(({ severity }) => severity === "error") : [];
};

/** An error in words, with everything that the files have wrong. */
export const errorText = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error);
  const invalid = invalidFiles(error);
  if (invalid.length > 0) return [`${message}:`, ...invalid.slice(0, 20).map(diagnosticLine)].join("\n");
  return wording(message, error instanceof DeployerError ? error.hint : undefined);
};
