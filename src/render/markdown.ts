import { count } from "./words.ts";

/** A GitHub comment holds 65,536 characters. */
export const mostMarkdown = 50_000;

/** A block that keeps its text as it is, whatever backticks that holds. */
export const fenced = (text: string, language: string): string => {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
};

/** As many lines as fit into a comment. */
export const shortened = (lines: readonly string[]): readonly string[] => {
  let length = 0;
  const end = lines.findIndex((line) => {
    length += line.length + 1;
    return length > mostMarkdown;
  });
  return end === -1 ? lines : [...lines.slice(0, end), `… and ${count(lines.length - end)} more lines`];
};

/** Lines as a diff, which GitHub colours by `+`, `-` and `!`. */
export const fencedDiff = (lines: readonly string[]): string =>
  fenced(
    shortened(lines)
      .map((line) => line.replace(/^[~±]/, "!"))
      .join("\n"),
    "diff",
  );
