/** One piece of a text that may hold references: plain text, `$ENV(name)` or `$SECRET(name)`. */
export type Piece =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "env" | "secret"; readonly name: string; readonly start: number; readonly end: number };

const pattern = /\\\$(ENV|SECRET)\(|\$(ENV|SECRET)\(([A-Za-z_][A-Za-z0-9_.-]*)\)/g;

/** Splits a text at its references. `\$ENV(` and `\$SECRET(` are the literal text without the backslash. */
export const parseReferences = (text: string): Piece[] => {
  if (!text.includes("$")) return text === "" ? [] : [{ type: "text", text }];
  const pieces: Piece[] = [];
  let plain = "";
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    plain += text.slice(last, match.index);
    last = match.index + match[0].length;
    if (match[1] !== undefined) {
      plain += match[0].slice(1);
      continue;
    }
    if (plain !== "") pieces.push({ type: "text", text: plain });
    plain = "";
    pieces.push({ type: match[2] === "ENV" ? "env" : "secret", name: match[3] ?? "", start: match.index, end: last });
  }
  plain += text.slice(last);
  if (plain !== "") pieces.push({ type: "text", text: plain });
  return pieces;
};

/** Text that `parseReferences` reads back as plain text. */
export const escapeReferences = (text: string): string => text.replace(/\$(?=(?:ENV|SECRET)\()/g, "\\$");

export const hasReference = (text: string): boolean => parseReferences(text).some((piece) => piece.type !== "text");
