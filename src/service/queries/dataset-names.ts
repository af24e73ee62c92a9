import { quoted } from "../data/columns.ts";
import { isWord, type Token } from "./sql-tokens.ts";

/** The characters that names of datasets are made of, upper case too, which SQL does not tell from lower case. */
const namePattern = /[A-Za-z0-9_][A-Za-z0-9._-]*/y;

/** A dataset's name that stands without quotes at a place, and where it ends. */
export const nameAt = (sql: string, at: number): { readonly name: string; readonly end: number } | undefined => {
  namePattern.lastIndex = at;
  const name = namePattern.exec(sql)?.[0].replace(/(--[\s\S]*|[.-]+)$/, "");
  return name === undefined || name === "" ? undefined : { name: name.toLowerCase(), end: at + name.length };
};

/**
 * SQL text with names as DuckDB reads them: `name` in backquotes, and what stands without quotes after FROM, JOIN or INTO
 * and is a dataset, get double quotes.
 */
export const withQuotedNames = (
  sql: string,
  tokens: readonly Token[],
  isDataset: (name: string) => boolean,
): string => {
  let result = "";
  let done = 0;
  const replace = (start: number, end: number, name: string) => {
    result += `${sql.slice(done, start)}${quoted(name)}`;
    done = end;
  };
  for (const [place, token] of tokens.entries()) {
    if (token.start < done) continue;
    if (token.kind === "quoted" && sql.charAt(token.start) === "`") replace(token.start, token.end, token.text);
    else if (isWord(tokens[place - 1], "FROM", "JOIN", "INTO", "TABLE", "DESCRIBE", "SUMMARIZE", "PIVOT", "UNPIVOT")) {
      const found = nameAt(sql, token.start);
      const name = found === undefined ? undefined : knownStart(found.name, isDataset);
      if (name === undefined) continue;
      const end = token.start + name.length;
      const next = tokens.find(({ start }) => start >= end);
      if (next?.text !== "(") replace(token.start, end, name);
    }
  }
  return result + sql.slice(done);
};

/** The longest start of a name that is a dataset and ends where a part of the name does. */
const knownStart = (name: string, isDataset: (name: string) => boolean): string | undefined => {
  for (let length = name.length; length > 0; length = name.slice(0, length).search(/[.-][^.-]*$/)) {
    const start = name.slice(0, length);
    if (isDataset(start)) return start;
  }
  return undefined;
};
