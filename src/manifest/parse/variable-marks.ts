import { backslashesBefore } from "../../contract/index.ts";

/** A piece of a template's text: plain (escapes taken out, references untouched), or a variable at its offsets. */
export type Chunk =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "variable"; readonly name: string; readonly start: number; readonly end: number }
  | { readonly type: "malformed"; readonly start: number; readonly end: number };

/** How texts of a template are read: our own way, or as a Sesam connector means them: no escapes, references are plain text. */
export type Dialect = "own" | "sesam";

const opening = /<<@|\{\{@/g;
const rest = /\s*([A-Za-z0-9_][A-Za-z0-9_.-]*)\s*(@>>|@\}\})/y;

/**
 * Splits a text at `<<@ name @>>` and `{{@ name @}}`. `\<<@` and `\{{@` are the literal text without the backslash; a
 * backslash itself right before a variable is written twice. In Sesam's dialect a backslash is one, and `<<@` that begins
 * no variable is plain text.
 */
export const parseVariables = (text: string, dialect: Dialect = "own"): readonly Chunk[] => {
  if (!text.includes("<<@") && !text.includes("{{@")) return text === "" ? [] : [{ type: "text", text }];
  const chunks: Chunk[] = [];
  let plain = "";
  let last = 0;
  const flush = (): void => {
    if (plain !== "") chunks.push({ type: "text", text: plain });
    plain = "";
  };
  opening.lastIndex = 0;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const [delimiter] = match;
    const start = match.index;
    const backslashes = dialect === "own" ? backslashesBefore(text, start) : 0;
    plain += text.slice(last, start - Math.ceil(backslashes / 2));
    last = start + delimiter.length;
    if (backslashes % 2 === 1) {
      plain += delimiter;
      continue;
    }
    rest.lastIndex = last;
    const found = rest.exec(text);
    const isVariable = found !== null && (delimiter === "<<@") === (found[2] === "@>>");
    if (!isVariable && dialect === "sesam" && delimiter === "<<@") {
      plain += delimiter;
      continue;
    }
    flush();
    if (isVariable) {
      last += found[0].length;
      opening.lastIndex = last;
      chunks.push({ type: "variable", name: found[1] ?? "", start, end: last });
    } else chunks.push({ type: "malformed", start, end: last });
  }
  plain += text.slice(last);
  flush();
  return chunks;
};
