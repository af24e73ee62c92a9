import { isUtf8 } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import type { Diagnostic, DiagnosticCode } from "../../diagnostic.ts";
import { hasErrors } from "../../diagnostic.ts";
import { parseJson } from "./parse-json.ts";
import { parseYaml } from "./parse-yaml.ts";
import { placeAt } from "./place.ts";
import type { Tree } from "./tree.ts";
import type { Dialect } from "./variable-marks.ts";

/** Larger files are refused before they are read. */
export const maxFileSize = 10 * 1024 * 1024;

/** Something wrong with a file's text, at offsets into it. */
export type FileProblem = {
  readonly code: DiagnosticCode;
  /** Default: error. */
  readonly severity?: "warning";
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly hint?: string;
};

/** A file that was read. */
export type Source = {
  /** Relative to the project folder, with forward slashes. */
  readonly file: string;
  readonly text: string;
  /** Its documents, with places; a tenant file is parsed again for them, since hardly any is ever asked for. */
  trees(): readonly Tree[];
};

const parse = (
  file: string,
  text: string,
  dialect: Dialect = "own",
): { trees: readonly Tree[]; problems: readonly FileProblem[] } => {
  if (!file.endsWith(".json")) return parseYaml(text);
  const { tree, problems } = parseJson(text, dialect);
  return { trees: tree === undefined ? [] : [tree], problems };
};

/** A file whose places are parsed when they are first asked for, unless `trees` are here already. */
export const sourceOf = (file: string, text: string, trees?: readonly Tree[]): Source => {
  let kept = trees;
  return {
    file,
    text,
    trees: () => {
      kept ??= parse(file, text).trees;
      return kept;
    },
  };
};

/** Parses a file's text. Without `keep` its places are parsed again when they are asked for. */
export const parseSource = (
  file: string,
  content: string,
  { keep = true, dialect }: { keep?: boolean; dialect?: Dialect | undefined } = {},
): { source: Source; trees: readonly Tree[]; diagnostics: readonly Diagnostic[] } => {
  const text = content.startsWith("\ufeff") ? content.slice(1) : content;
  const { trees, problems } = parse(file, text, dialect);
  const source = sourceOf(file, text, keep ? trees : undefined);
  const diagnostics = problems.map(({ code, severity, start, end, message, hint }): Diagnostic => {
    const location = placeAt(source, start, end);
    return { code, severity: severity ?? "error", message, ...(hint === undefined ? {} : { hint }), location };
  });
  return { source, trees: hasErrors(diagnostics) ? [] : trees, diagnostics };
};

const fileError = (code: DiagnosticCode, message: string, file: string, hint: string): Diagnostic => ({
  code,
  severity: "error",
  message,
  hint,
  location: { file, line: 1, column: 1 },
});

/**
 * The text of a file; a diagnostic where it is missing, too large or not UTF-8. Reading at once takes a tenth of the time
 * that parsing the same file takes; five turns through the thread pool would take longer than both.
 */
export const readText = (path: string, file: string): string | Diagnostic => {
  let descriptor: number | undefined;
  try {
    // A named pipe would keep the whole process waiting for whoever writes into it.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = fstatSync(descriptor);
    const { size } = stats;
    if (!stats.isFile()) {
      const what = stats.isDirectory() ? "a folder" : "a pipe or a device";
      return fileError("file-not-found", `${file} is ${what}, and no file`, file, "put a file there");
    }
    if (size > maxFileSize) {
      const message = `${file} has ${(size / 1024 / 1024).toFixed(1)} MB; at most 10 MB are read`;
      return fileError("file-too-large", message, file, "split it, or move data out of it");
    }
    const bytes = readFileSync(descriptor);
    if (!isUtf8(bytes)) return fileError("yaml-syntax", `${file} is not UTF-8 text`, file, "save it as UTF-8");
    return bytes.toString("utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const why = code === "ENOENT" ? `${file} does not exist` : `${file} cannot be read: ${code}`;
    return fileError("file-not-found", why, file, "check the name and its permissions");
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
};
