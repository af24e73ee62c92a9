import { Problem } from "../problem.ts";
import { nameAt } from "./dataset-names.ts";
import { isWord, sqlTokens, type Token } from "./sql-tokens.ts";

export type Write = {
  readonly dataset: string;
  readonly isUpsert: boolean;
  /** Undefined: those of the query. */
  readonly columns: readonly string[] | undefined;
  /** VALUES or a query. */
  readonly rest: string;
};

/** Takes `INSERT INTO name (columns) VALUES …` apart. Throws `query_failed` or `unsupported_query`. */
export const parseWrite = (sql: string): Write => {
  const tokens = sqlTokens(sql);
  const isUpsert = isWord(tokens[0], "UPSERT");
  const word = isUpsert ? "UPSERT" : "INSERT";
  if (!isWord(tokens[1], "INTO")) {
    throw new Problem("unsupported_query", `${word} must go on with INTO, not with ${tokens[1]?.text ?? "nothing"}`);
  }
  const { name, next } = datasetName(sql, tokens);
  const opening = tokens[next];
  const { columns, after } = opening?.text === "(" ? columnList(tokens, next) : { columns: undefined, after: next };
  const start = tokens[after];
  if (!isWord(start, "VALUES", "SELECT", "WITH", "FROM") && start?.text !== "(") {
    throw new Problem("query_failed", `${word} INTO ${name} must go on with VALUES or SELECT`);
  }
  if (columns === undefined && isWord(start, "VALUES")) {
    throw new Problem("query_failed", `${word} INTO ${name} must name its columns: (id, name) VALUES …`);
  }
  return { dataset: name, isUpsert, columns, rest: sql.slice(start?.start ?? sql.length).replace(/[;\s]+$/, "") };
};

const datasetName = (sql: string, tokens: readonly Token[]): { readonly name: string; readonly next: number } => {
  const token = tokens[2];
  if (token?.kind === "quoted") return { name: token.text, next: 3 };
  const found = token === undefined ? undefined : nameAt(sql, token.start);
  if (found === undefined) throw new Problem("query_failed", "a dataset's name must stand after INTO");
  const next = tokens.findIndex(({ start }) => start >= found.end);
  return { name: found.name, next: next < 0 ? tokens.length : next };
};

const columnList = (
  tokens: readonly Token[],
  opening: number,
): { readonly columns: readonly string[] | undefined; readonly after: number } => {
  if (isWord(tokens[opening + 1], "SELECT", "VALUES", "WITH", "FROM")) return { columns: undefined, after: opening };
  const columns: string[] = [];
  for (let at = opening + 1; ; at += 2) {
    const name = tokens[at];
    const separator = tokens[at + 1];
    if (name === undefined || (name.kind !== "word" && name.kind !== "quoted")) {
      throw new Problem("query_failed", `a column's name must stand where ${JSON.stringify(name?.text ?? "")} does`);
    }
    columns.push(name.text);
    if (separator?.text === ")") return { columns, after: at + 2 };
    if (separator?.text !== ",") {
      throw new Problem("query_failed", `"," or ")" must stand after the column ${JSON.stringify(name.text)}`);
    }
  }
};
