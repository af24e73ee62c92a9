import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  escapeReferences,
  hasReference,
  type Piece,
  parseReferences,
  writeReferences,
} from "../../src/contract/index.ts";

const plain = (text: string): Piece => ({ type: "text", text });
const names = (text: string): string[] =>
  parseReferences(text).flatMap((piece) => (piece.type === "text" ? [] : [`${piece.type} ${piece.name}`]));

describe("references in a text", () => {
  test("are found with their places", () => {
    expect(parseReferences("https://u:$SECRET(p)@h")).toEqual([
      plain("https://u:"),
      { type: "secret", name: "p", start: 10, end: 20 },
      plain("@h"),
    ]);
    expect(names("$ENV(A)$SECRET(b.c-d)")).toEqual(["env A", "secret b.c-d"]);
  });

  test("are literal text behind a backslash, and count again behind two", () => {
    expect(parseReferences("\\$ENV(A)")).toEqual([plain("$ENV(A)")]);
    expect(parseReferences("\\\\$ENV(A)")).toEqual([plain("\\"), { type: "env", name: "A", start: 2, end: 9 }]);
    expect(parseReferences("\\\\\\$ENV(A)")).toEqual([plain("\\$ENV(A)")]);
  });

  test("need a name", () => {
    for (const text of ["$ENV()", "$ENV(a b)", "$ENV(1a)", "$env(A)", "$ENV"]) expect(hasReference(text)).toBe(false);
  });

  const hostile = fc.array(
    fc.constantFrom("\\", "$", "$ENV(", "$SECRET(", "ENV(", "SECRET(x)", "(x)", "x)", "a", "\\$", "$ENV(A)"),
    { maxLength: 8 },
  );

  test("cannot be made by plain text that was escaped", () => {
    fc.assert(
      fc.property(hostile, (parts) => {
        const text = parts.join("");
        expect(parseReferences(escapeReferences(text))).toEqual(text === "" ? [] : [plain(text)]);
      }),
    );
  });

  test("are written so that they are read back, whatever plain text stands beside them", () => {
    const piece = fc.oneof(
      hostile.map((parts) => plain(parts.join(""))),
      fc.constantFrom<Piece>(
        { type: "env", name: "A", start: 0, end: 0 },
        { type: "secret", name: "b", start: 0, end: 0 },
      ),
    );
    const merged = (pieces: readonly Piece[]): string[] => {
      const out: string[] = [];
      let text = "";
      for (const one of pieces) {
        if (one.type === "text") text += one.text;
        else {
          out.push(`text ${text}`, `${one.type} ${one.name}`);
          text = "";
        }
      }
      return [...out, `text ${text}`];
    };
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        expect(merged(parseReferences(writeReferences(pieces)))).toEqual(merged(pieces));
      }),
    );
  });
});
