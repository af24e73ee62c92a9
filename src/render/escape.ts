/**
 * Everything that a terminal could act on or that hides text: controls (C0, C1), format characters such as bidirectional
 * overrides, line and paragraph separators, lone surrogates.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const anyUnprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const escaped = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  return short[character] ?? (code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`);
};

/** One line of text that a terminal only shows: what it could act on stands as `\n`, `\u001b`, …. */
export const printable = (text: string): string =>
  anyUnprintable.test(text) ? text.replace(unprintable, escaped) : text;

/** Text of several lines, each made printable. */
export const printableLines = (text: string): string =>
  anyUnprintable.test(text) ? text.split("\n").map(printable).join("\n") : text;

const units = (character: string): string =>
  character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");

/** Makes serialized JSON safe to show: such characters stand in strings only, so the JSON keeps its meaning. */
export const printableJson = (json: string): string =>
  // The line feeds between members are the only unprintable ones that `JSON.stringify` puts outside of strings.
  json.replace(unprintable, (character) => (character === "\n" ? character : units(character)));

/** A Markdown code span; nothing in it is Markdown, HTML or a mention. */
export const codeSpan = (text: string): string => {
  const safe = printable(text);
  const longest = Math.max(0, ...[...safe.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = "`".repeat(longest + 1);
  const pad = safe === "" || safe.startsWith("`") || safe.endsWith("`") ? " " : "";
  return `${fence}${pad}${safe}${pad}${fence}`;
};

/** Plain text in Markdown: no markup, no HTML, no mention. */
export const markdownText = (text: string): string =>
  printable(text)
    .replace(/[\\`*_{}[\]<>#|~&]/g, "\\$&")
    .replaceAll("@", "@\u200b");
