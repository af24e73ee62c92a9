export type Token = {
  readonly kind: "word" | "quoted" | "text" | "number" | "symbol";
  /** As it stands; of a quoted name what is between the quotes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
};

const kinds = ["space", "text", "quoted", "word", "number", "symbol"] as const;

const pattern = new RegExp(
  [
    String.raw`(\s+|--[^\n]*)`,
    String.raw`([eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|\$(?<tag>(?:[A-Za-z_]\w*)?)\$[\s\S]*?\$\k<tag>\$)`,
    '("(?:[^"]|"")*"|`(?:[^`]|``)*`)',
    String.raw`([A-Za-z_\u0080-\u{10ffff}][\w$\u0080-\u{10ffff}]*)`,
    String.raw`(\d[\w.]*)`,
    String.raw`([\s\S])`,
  ].join("|"),
  "uy",
);

/** The tokens of SQL text, without comments. What cannot be told apart is a symbol: DuckDB's own parser judges. */
export const sqlTokens = (sql: string): readonly Token[] => {
  const tokens: Token[] = [];
  for (let at = 0; at < sql.length; ) {
    if (sql.startsWith("/*", at)) {
      at = commentEnd(sql, at);
      continue;
    }
    pattern.lastIndex = at;
    const match = pattern.exec(sql);
    const found = match?.[0] ?? sql.charAt(at);
    // The third group is the tag of a text in dollars.
    const [, space, text, , quoted, word, number] = match ?? [];
    const kind = kinds[[space, text, quoted, word, number, found].findIndex((group) => group !== undefined)];
    if (kind !== undefined && kind !== "space") tokens.push(tokenOf(kind, found, at));
    at += found.length;
  }
  return tokens;
};

/** The first word, in capitals. */
export const firstWord = (sql: string): string | undefined => {
  const [first] = sqlTokens(sql.slice(0, 1000));
  return first?.kind === "word" ? first.text.toUpperCase() : undefined;
};

const tokenOf = (kind: Token["kind"], found: string, start: number): Token => {
  const quote = found.charAt(0);
  const text = kind === "quoted" ? found.slice(1, -1).replaceAll(quote + quote, quote) : found;
  return { kind, text, start, end: start + found.length };
};

/** Comments nest. */
const commentEnd = (sql: string, start: number): number => {
  let depth = 0;
  for (let at = start; at < sql.length; at++) {
    if (sql.startsWith("/*", at)) depth += 1;
    else if (sql.startsWith("*/", at)) depth -= 1;
    else continue;
    at += 1;
    if (depth === 0) return at + 1;
  }
  return sql.length;
};

export const isWord = (token: Token | undefined, ...words: readonly string[]): boolean =>
  token?.kind === "word" && words.includes(token.text.toUpperCase());
