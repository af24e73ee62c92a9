import type { parse } from "@huggingface/jinja";
import type { FileProblem } from "../parse/source.ts";

type LibraryToken = Parameters<typeof parse>[0][number];

/** A token as the library's parser takes it, at its place. */
export type Token = {
  readonly type: LibraryToken["type"];
  readonly value: string;
  readonly start: number;
  readonly end: number;
  /** Of names and keywords. */
  readonly name?: string;
};

/** Names that the parser knows as parts of the language. */
export const keywords: ReadonlySet<string> = new Set(["in", "if", "else", "is", "not", "and", "or"]);

const space = /\s+/y;
const word = /[\p{L}_][\p{L}\p{N}_]*/uy;
const decimal =
  /0[xX]_?[0-9a-fA-F][0-9a-fA-F_]*|0[oO]_?[0-7][0-7_]*|0[bB]_?[01][01_]*|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?/y;
const integer = /\d+/y;
const text = /'([^'\\]*(?:\\[\s\S][^'\\]*)*)'|"([^"\\]*(?:\\[\s\S][^"\\]*)*)"/y;
const operator = /\*\*|\/\/|[=!<>]=|[-+~*/%<>=.,:|()[\]{}]/y;

const operators: { readonly [operator: string]: Token["type"] } = {
  "+": "AdditiveBinaryOperator",
  "-": "AdditiveBinaryOperator",
  "~": "AdditiveBinaryOperator",
  "*": "MultiplicativeBinaryOperator",
  "/": "MultiplicativeBinaryOperator",
  "//": "MultiplicativeBinaryOperator",
  "%": "MultiplicativeBinaryOperator",
  "**": "ExponentiationBinaryOperator",
  "==": "ComparisonBinaryOperator",
  "!=": "ComparisonBinaryOperator",
  "<": "ComparisonBinaryOperator",
  ">": "ComparisonBinaryOperator",
  "<=": "ComparisonBinaryOperator",
  ">=": "ComparisonBinaryOperator",
  "=": "Equals",
  ".": "Dot",
  ",": "Comma",
  ":": "Colon",
  "|": "Pipe",
  "(": "OpenParen",
  ")": "CloseParen",
  "[": "OpenSquareBracket",
  "]": "CloseSquareBracket",
  "{": "OpenCurlyBracket",
  "}": "CloseCurlyBracket",
};

const escapes: { readonly [letter: string]: string } = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  v: "\v",
  "\n": "",
};

/** What a text between quotes says, read as Python does: an escape that means nothing stays. */
const unescaped = (written: string): string =>
  written.replace(/\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\s\S]))/g, (all, four, two, letter: string) => {
    const code: unknown = four ?? two;
    if (typeof code === "string") return String.fromCharCode(Number.parseInt(code, 16));
    return escapes[letter] ?? (/['"\\]/.test(letter) ? letter : all);
  });

/** A name goes to the parser with its place, so that its tree tells where it stands. */
const nameToken = (name: string, start: number): Token => {
  const value = keywords.has(name) ? name : `${name}\0${start}`;
  return { type: "Identifier", value, name, start, end: start + name.length };
};

const numberOf = (written: string): string => {
  const digits = written.replaceAll("_", "");
  if (/^0[xob]/i.test(digits)) return String(BigInt(digits));
  return /[eE]/.test(digits) && !digits.includes(".") ? digits.replace(/[eE]/, ".0e") : digits;
};

const problemAt = (start: number, end: number, message: string, hint: string): FileProblem => ({
  code: "template-syntax",
  start,
  end,
  message,
  hint,
});

/** What is wrong where no token can be read. */
const unreadable = (source: string, at: number): FileProblem => {
  const found = source[at] ?? "";
  if (found === "'" || found === '"') {
    return problemAt(at, at + 1, "a text in a mark does not end", "write the same quote at its end");
  }
  const hint =
    found === "\\" ? "within a mark a text needs no backslash before its quotes: write 'text'" : "put text in quotes";
  return problemAt(at, at + 1, `"${found}" means nothing in a mark`, hint);
};

/**
 * The tokens of a mark from `at` on up to where it ends. Without `end` it does not; with an end it may hold what cannot be
 * read, and then has no tokens.
 */
export const tokensOf = (
  source: string,
  at: number,
  close: "%}}" | "@}}",
): {
  readonly tokens: readonly Token[];
  readonly end: number | undefined;
  readonly stripsAfter: boolean;
  readonly problem?: FileProblem;
} => {
  const tokens: Token[] = [];
  const open: string[] = [];
  let position = at;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = position;
    const found = pattern.exec(source);
    if (found !== null) position = pattern.lastIndex;
    return found ?? undefined;
  };
  while (position < source.length) {
    take(space);
    const start = position;
    if (open.length === 0) {
      const control = source[start] ?? "";
      const isControl = control === "-" || (control === "+" && close === "%}}");
      if (isControl && source.startsWith(close, start + 1)) {
        return { tokens, end: start + 4, stripsAfter: control === "-" };
      }
      if (source.startsWith(close, start)) return { tokens, end: start + 3, stripsAfter: false };
    }
    const name = take(word)?.[0];
    if (name !== undefined) {
      tokens.push(nameToken(name, start));
      continue;
    }
    const number = take(tokens.at(-1)?.type === "Dot" ? integer : decimal)?.[0];
    if (number !== undefined) {
      tokens.push({ type: "NumericLiteral", value: numberOf(number), start, end: position });
      continue;
    }
    const quoted = take(text);
    if (quoted !== undefined) {
      const value = unescaped(quoted[1] ?? quoted[2] ?? "");
      tokens.push({ type: "StringLiteral", value, start, end: position });
      continue;
    }
    const sign = take(operator)?.[0];
    const type = sign === undefined ? undefined : operators[sign];
    if (sign === undefined || type === undefined) {
      if (position >= source.length) break;
      const problem =
        open.length > 0 && source.startsWith(close, start)
          ? problemAt(start, start + 3, `"${open.at(-1)}" is not closed before ${close}`, "close it")
          : unreadable(source, start);
      // A name of a variable may hold what an expression cannot.
      const end = source.indexOf(close, start);
      const isName = end !== -1 && /^\s*[A-Za-z0-9_][A-Za-z0-9_.-]*\s*$/.test(source.slice(at, end));
      return { tokens: [], end: isName ? end + 3 : undefined, stripsAfter: false, problem };
    }
    if ("([{".includes(sign)) open.push(sign);
    else if (")]}".includes(sign)) {
      const opened = open.pop();
      if (opened === undefined || "([{".indexOf(opened) !== ")]}".indexOf(sign)) {
        const problem = problemAt(start, position, `"${sign}" closes nothing here`, "take it out");
        return { tokens: [], end: undefined, stripsAfter: false, problem };
      }
    }
    tokens.push({ type, value: sign, start, end: position });
  }
  return { tokens: [], end: undefined, stripsAfter: false };
};
