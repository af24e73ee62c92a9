import { createReadStream } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import type { StackCounts } from "./types.ts";

/** What pulumi's display said, as far as it was understood. */
export type LogFacts = {
  readonly counts: StackCounts | undefined;
  /** Errors of resources and of pulumi itself, a line or a few each; the same one once. */
  readonly errors: readonly string[];
  /** The last lines that are not empty. */
  readonly last: readonly string[];
};

const longestLine = 4096;
const mostErrors = 20;
/** Lines after one that says `error:`. */
const mostFollowing = 2;
const mostLast = 3;

/** Lines of a stream, each cut at `longestLine`: a program may print megabytes without a line feed. */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let line = "";
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", start)) {
      yield stripVTControlCharacters((line + chunk.slice(start, end)).slice(0, longestLine)).trimEnd();
      line = "";
      start = end + 1;
    }
    line = (line + chunk.slice(start)).slice(0, longestLine);
  }
  if (line !== "") yield stripVTControlCharacters(line).trimEnd();
}

const none: StackCounts = { create: 0, update: 0, replace: 0, delete: 0, same: 0, other: 0 };

/** pulumi's words for what it did (`created`) or would do (`to create`). */
const counted: Readonly<Record<string, keyof StackCounts>> = {
  create: "create",
  created: "create",
  update: "update",
  updated: "update",
  replace: "replace",
  replaced: "replace",
  delete: "delete",
  deleted: "delete",
};
/** Steps of replacements that are counted already, and reads. */
const uncounted: ReadonlySet<string> = new Set(["errored", "refresh", "refreshed"]);

/** A line of the summary, such as `    +-1 replaced` or `    3 changes. 1 unchanged`; undefined where it is none. */
const withLine = (counts: StackCounts, line: string): StackCounts | undefined => {
  const [, same] = /^ {4}(?:\d+ changes?\. )?(\d+) unchanged$/.exec(line) ?? [];
  if (same !== undefined) return { ...counts, same: counts.same + Number(same) };
  if (/^ {4}\d+ changes?$/.test(line)) return counts;
  const [, number, word = ""] = /^ {4}[^\s\w]{0,2} ?(\d+) (?:to )?([a-z-]+)$/.exec(line) ?? [];
  if (number === undefined) return undefined;
  if (uncounted.has(word)) return counts;
  const key = counted[word] ?? "other";
  return { ...counts, [key]: counts[key] + Number(number) };
};

const generic = /^(?:(?:update|preview|destroy|refresh|resource [\w ]+) (?:failed|canceled|cancelled)|\w+ failed)$/;
const isStackFrame = (line: string): boolean => /^\s+at /.test(line);

type Found = { readonly resource: string; readonly lines: string[] };

/**
 * Reads what `pulumi --color never` printed, from any part of it that is there. The display is for people, but the other
 * forms (`--json`, the event log) hold debug messages of the SDK with secrets in clear.
 */
export const readLog = async (chunks: AsyncIterable<string>): Promise<LogFacts> => {
  let counts: StackCounts | undefined;
  let section = "";
  let resource = "";
  let open: Found | undefined;
  const found: Found[] = [];
  const last: string[] = [];
  const begin = (of: string, text: string): void => {
    open = { resource: of, lines: [text] };
    if (found.length < mostErrors) found.push(open);
  };
  for await (const line of linesOf(chunks)) {
    if (line !== "") {
      last.push(line.trim());
      if (last.length > mostLast) last.shift();
    }
    if (/^\S/.test(line)) {
      section = line;
      open = undefined;
      resource = "";
      if (line === "Resources:") counts = none;
      const [, error] = /^error: (.*)/.exec(line) ?? [];
      if (error !== undefined) begin("", error);
      continue;
    }
    if (section === "Resources:") {
      const next = counts === undefined ? undefined : withLine(counts, line);
      if (next === undefined) section = "";
      else counts = next;
    } else if (section === "Diagnostics:") {
      const [, name] = /^ {2}\S.* \((.+)\):$/.exec(line) ?? [];
      const [, severity, text = ""] = /^ {4}(error|warning|info|debug): (.*)/.exec(line) ?? [];
      if (name !== undefined) {
        resource = name;
        open = undefined;
      } else if (severity === "error") begin(resource, text);
      else if (severity !== undefined || line === "") open = undefined;
      else if (open !== undefined && open.lines.length <= mostFollowing && !isStackFrame(line)) {
        open.lines.push(line.trim());
      }
    }
  }
  const specific = found.filter(({ lines: [first = ""] }) => !generic.test(first));
  const errors = (specific.length > 0 ? specific : found).map(({ resource: of, lines }) =>
    `${of === "" ? "" : `${of}: `}${lines.join(" ")}`.trim(),
  );
  return { counts, errors: [...new Set(errors)], last };
};

/** A log that somebody took away meanwhile says nothing. */
export const readLogFile = (path: string): Promise<LogFacts> =>
  readLog(createReadStream(path, { encoding: "utf8" }) as AsyncIterable<string>).catch(() => ({
    counts: undefined,
    errors: [],
    last: [],
  }));
