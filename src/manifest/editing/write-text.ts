const beyondAscii = /[^\u0000-\u007f]/g;
/** What a reader of the file could not see, and what YAML does not take in clear. */
const unseen = /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const anyUnseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]/;

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A text in double quotes; valid in JSON and YAML. */
export const jsonString = (text: string, ascii: boolean): string =>
  JSON.stringify(text).replace(ascii ? beyondAscii : unseen, escaped);

const astral = /[\ud800-\udbff][\udc00-\udfff]/g;

/** A text in double quotes for YAML: escapes for halves of a pair are not what they are in JSON. */
export const yamlDouble = (text: string): string => jsonString(text, false);

const otherThanText =
  /^(?:~|null|true|false|yes|no|on|off|y|n|nan|[-+]?\.inf|\.nan|<<|=|[-+]?(?:\.\d|\d)[\d_.,:eE+-]*|0o[0-7]+|0x[0-9a-f]+|\d{4}-\d\d?-\d\d?.*)$/i;

/** Text that YAML reads back as it is without quotes, on one line. */
export const isPlain = (text: string, inFlow: boolean): boolean =>
  text !== "" &&
  !anyUnseen.test(text.replace(astral, "")) &&
  !/^[\s,[\]{}#&*!|>'"%@`]|^[-?:](?:\s|$)|^(?:---|\.\.\.)|\s$|:(?:\s|$)|\s#/.test(text) &&
  !(inFlow && /[,[\]{}]|^[-?:]|:$/.test(text)) &&
  !otherThanText.test(text);

export const yamlString = (text: string, quote: "plain" | "single" | "double", inFlow: boolean): string => {
  if (quote === "plain" && isPlain(text, inFlow)) return text;
  if (quote === "single" && !anyUnseen.test(text.replace(astral, ""))) return `'${text.replaceAll("'", "''")}'`;
  return yamlDouble(text);
};

/** The pieces of a quoted text: what each character of it stands for, and how it is written. */
export type Spelled = { readonly value: string; readonly raw: string };

const pair = String.raw`[\ud800-\udbff][\udc00-\udfff]`;
const fold = String.raw`[ \t]*\r?\n(?:[ \t]*\r?\n)*[ \t]*`;
const jsonPieces = new RegExp(
  String.raw`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|${pair}|[^\\]`,
  "gs",
);
const yamlPieces = new RegExp(
  String.raw`\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\\r?\n[ \t]*|\\.|${fold}|${pair}|[^\\]`,
  "gs",
);
const plainPieces = new RegExp(`${fold}|${pair}|.`, "gs");
const singlePieces = new RegExp(`''|${fold}|${pair}|.`, "gs");

const yamlEscapes: { readonly [letter: string]: string } = {
  "0": "\0",
  a: "\u0007",
  b: "\b",
  t: "\t",
  "\t": "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  e: "\u001b",
  " ": " ",
  '"': '"',
  "/": "/",
  "\\": "\\",
  N: "\u0085",
  _: "\u00a0",
  L: "\u2028",
  P: "\u2029",
};

/** One line feed is a space; of several the first says nothing. */
const folded = (raw: string): string => {
  const feeds = raw.split("\n").length - 1;
  return feeds === 0 ? raw : feeds === 1 ? " " : "\n".repeat(feeds - 1);
};

const yamlPiece = (raw: string): string => {
  if (raw[0] !== "\\") return folded(raw);
  if (raw.includes("\n")) return "";
  if (raw.length === 2) return yamlEscapes[raw[1] ?? ""] ?? raw;
  const code = Number.parseInt(raw.slice(2), 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : raw;
};

/** The characters of a text as they are written. Whoever uses them reads the result back. */
export const spelledOf = (raw: string, style: "json" | "double" | "single" | "plain"): readonly Spelled[] => {
  const split = (pieces: RegExp, value: (piece: string) => string): Spelled[] =>
    (raw.match(pieces) ?? []).map((piece) => ({ raw: piece, value: value(piece) }));
  switch (style) {
    case "json":
      return split(jsonPieces, (piece) => (piece.startsWith("\\") ? (JSON.parse(`"${piece}"`) as string) : piece));
    case "double":
      return split(yamlPieces, yamlPiece);
    case "single":
      return split(singlePieces, (piece) => (piece === "''" ? "'" : folded(piece)));
    case "plain":
      return split(plainPieces, folded);
    default:
      return style satisfies never;
  }
};

/** The text `to`, where the characters at both ends that stay keep their spelling. */
export const respelled = (spelled: readonly Spelled[], to: string, write: (text: string) => string): string => {
  let [start, from] = [0, 0];
  for (const { value } of spelled) {
    if (!to.startsWith(value, from)) break;
    from += value.length;
    start++;
  }
  let [end, until] = [spelled.length, to.length];
  for (; end > start; end--) {
    const value = spelled[end - 1]?.value ?? "";
    if (until - value.length < from || !to.startsWith(value, until - value.length)) break;
    until -= value.length;
  }
  const raw = (pieces: readonly Spelled[]): string => pieces.map((piece) => piece.raw).join("");
  return raw(spelled.slice(0, start)) + write(to.slice(from, until)) + raw(spelled.slice(end));
};
