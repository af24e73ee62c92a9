import type { FileProblem } from "./source.ts";

/** What a parser says of a text that it cannot read. */
export type SyntaxError = {
  readonly code: string;
  readonly message: string;
  readonly start: number;
  readonly end: number;
};

type Words = { readonly what: string; readonly hint: string };

const indentation: Words = {
  what: "the indentation does not fit",
  hint: "indent all members of a mapping or list by the same number of spaces, two more than what holds them",
};

const secondColon: Words = {
  what: 'a value holds ": ", or is indented under a key that has a value already',
  hint: "put the value in quotes, or begin this line in the column of the line above",
};

const openFlow: Words = {
  what: "a bracket or brace is not closed",
  hint: "close every [ with ] and every { with }, or put the value in quotes if it is text",
};

const keyWithoutColon: Words = {
  what: "a line is neither a key with a value nor part of a text",
  hint: 'write it as "key: value", with a space behind the colon; begin items of a list with "- "',
};

const words: { readonly [code: string]: Words } = {
  TAB_AS_INDENT: {
    what: "a tab stands where the indentation is",
    hint: "indent with spaces; YAML takes no tabs there",
  },
  BAD_INDENT: indentation,
  BLOCK_AS_IMPLICIT_KEY: secondColon,
  BLOCK_IN_FLOW: openFlow,
  MULTILINE_IMPLICIT_KEY: keyWithoutColon,
  BAD_SCALAR_START: {
    what: "a text begins with a character that YAML keeps for itself",
    hint: "put the text in quotes",
  },
  BAD_DQ_ESCAPE: { what: "a backslash in double quotes begins no escape", hint: "write \\\\, or use single quotes" },
  BAD_ALIAS: { what: "* begins an alias", hint: "put the value in quotes if it is text" },
};

const wordsFor = ({ code, message }: SyntaxError): Words | undefined => {
  if (/^Flow (?:sequence|map)/.test(message) || /Expected .* to end with/.test(message)) return openFlow;
  if (/closing ["']/.test(message)) {
    return { what: "a quote is not closed", hint: "end the text with the quote that it began with" };
  }
  if (/, in flow/.test(message)) return { what: "a comma has nothing before it", hint: "take the comma out" };
  if (/Comments must be separated/.test(message)) {
    return {
      what: "# stands right behind other text",
      hint: "write a space before a comment; put # in a text in quotes",
    };
  }
  if (/at node end/.test(message)) {
    return {
      what: "something stands behind a value that has ended already",
      hint: "put the whole value in quotes; write a quote within single quotes twice: \"it's\" or 'it''s'",
    };
  }
  return words[code];
};

const mark = /(^|[\s:,[(-])(\{\{\{?)(?!@)\s*[#/^!>&~]?\s*[\w.@"'][^\n]*/g;

/** A Handlebars mark before the place, on its line or, where brackets are left open, on one before. */
const handlebarsMark = (text: string, { start, end }: SyntaxError): { at: number; block: boolean } | undefined => {
  const lineStart = text.lastIndexOf("\n", Math.max(0, start - 1)) + 1;
  const lineEnd = text.indexOf("\n", Math.max(start, end - 1));
  for (const found of text.slice(lineStart, lineEnd === -1 ? undefined : lineEnd).matchAll(mark)) {
    const at = lineStart + found.index + (found[1] ?? "").length;
    if ((text.slice(lineStart, at).match(/"/g) ?? []).length % 2 === 1) continue;
    return { at, block: /^\{\{\{?\s*[#/^]/.test(text.slice(at)) };
  }
  return undefined;
};

/** `{{ x }}` is a mapping within a mapping to YAML. */
const handlebars = (text: string, error: SyntaxError): FileProblem | undefined => {
  const found = handlebarsMark(text, error);
  if (found === undefined) return undefined;
  const { at, block } = found;
  const written = /^\{\{\{?\s*([^{}\n]*?)\s*\}\}/.exec(text.slice(at))?.[1] ?? "x";
  const template = "Handlebars needs a template that ends in .hbs";
  return {
    code: "yaml-syntax",
    start: at,
    end: at + 2,
    message: `YAML reads an unquoted {{ as a mapping (${sentence(error.message)})`,
    hint: block
      ? `${template}; put a text with braces in quotes`
      : `put it in quotes if it is text: "{{ ${written.replaceAll('"', "'")} }}"; write <<@ name @>> for a variable; ${template}`,
  };
};

const sentence = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);

/** What is wrong in plain words, with a cure, and the parser's own words behind it. */
export const explainSyntax = (text: string, error: SyntaxError): FileProblem => {
  const braces = handlebars(text, error);
  if (braces !== undefined) return braces;
  const { code, message, start, end } = error;
  if (code === "NON_STRING_KEY") {
    return { code: "wrong-type", start, end, message: "a key must be text", hint: "write a plain key" };
  }
  const found = wordsFor(error);
  if (found === undefined) return { code: "yaml-syntax", start, end, message: sentence(message) };
  return { code: "yaml-syntax", start, end, message: `${found.what} (${sentence(message)})`, hint: found.hint };
};
