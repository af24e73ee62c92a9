/** One piece of a text that may hold references: plain text, `$ENV(name)` or `$SECRET(name)`. */
export type Piece =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "env" | "secret"; readonly name: string; readonly start: number; readonly end: number };

const pattern = /\$(ENV|SECRET)\((?:([A-Za-z_][A-Za-z0-9_.-]*)\))?/g;

/** How many backslashes stand right before an offset. An odd number of them makes a mark plain text. */
export const backslashesBefore = (text: string, offset: number): number => {
  let start = offset;
  while (start > 0 && text.charCodeAt(start - 1) === 92) start--;
  return offset - start;
};

/**
 * Splits a text at its references. `\$ENV(` and `\$SECRET(` are the literal text without the backslash; a backslash
 * itself right before a reference is written twice. A name is letters, digits, `_`, `.` and `-`; anything else in the
 * brackets is plain text.
 */
export const parseReferences = (text: string): Piece[] => {
  if (!text.includes("$")) return text === "" ? [] : [{ type: "text", text }];
  const pieces: Piece[] = [];
  let plain = "";
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, word, name] = match;
    const backslashes = backslashesBefore(text, match.index);
    const escaped = backslashes % 2 === 1;
    const before = text.slice(last, match.index);
    last = match.index + whole.length;
    if (escaped || name === undefined) {
      plain += escaped ? before.slice(0, before.length - (backslashes + 1) / 2) + whole : before + whole;
      continue;
    }
    plain += before.slice(0, before.length - backslashes / 2);
    if (plain !== "") pieces.push({ type: "text", text: plain });
    plain = "";
    pieces.push({ type: word === "ENV" ? "env" : "secret", name, start: match.index, end: last });
  }
  plain += text.slice(last);
  if (plain !== "") pieces.push({ type: "text", text: plain });
  return pieces;
};

/** Text that `parseReferences` reads back as plain text. */
export const escapeReferences = (text: string): string =>
  text.replace(
    /\$(?=(?:ENV|SECRET)\()/g,
    (mark, offset: number) => `${"\\".repeat(backslashesBefore(text, offset) + 1)}${mark}`,
  );

/** The text that `parseReferences` reads back as these pieces, whatever the plain ones hold. */
export const writeReferences = (pieces: readonly Piece[]): string => {
  let written = "";
  let plain = "";
  for (const piece of pieces) {
    if (piece.type === "text") {
      plain += piece.text;
      continue;
    }
    written += escapeReferences(plain) + "\\".repeat(backslashesBefore(plain, plain.length));
    written += `$${piece.type === "env" ? "ENV" : "SECRET"}(${piece.name})`;
    plain = "";
  }
  return written + escapeReferences(plain);
};

export const hasReference = (text: string): boolean => parseReferences(text).some((piece) => piece.type !== "text");
