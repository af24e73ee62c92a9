import type { Json } from "../../contract/index.ts";
import type { FileLayout, Layout, Splice } from "./layout.ts";
import { refuse } from "./layout.ts";
import { isPlain, jsonString, respelled, spelledOf, yamlDouble } from "./write-text.ts";
import type { Wish } from "./write-value.ts";
import { keyText, scalarText } from "./write-value.ts";

const chompOf = (text: string): string =>
  text.endsWith("\n\n") || text === "\n" ? "+" : text.endsWith("\n") ? "" : "-";

const withoutFeeds = (text: string): string => text.replace(/\n+$/, "");

type Block = { readonly header: string; readonly indent: string; readonly body: string; readonly after: string };

/** The parts of a text below a `|` or `>`: its lines, and blank ones behind that say nothing. */
const blockOf = (raw: string): Block => {
  const feed = raw.indexOf("\n") + 1;
  const [header, rest] = [raw.slice(0, feed), raw.slice(feed)];
  if (feed === 0) return refuse("the text has no lines");
  const digit = /^[|>][-+]?(\d)/.exec(header)?.[1];
  const first = rest.split("\n").find((line) => line.trim() !== "");
  const indent = /^ */.exec(first ?? "")?.[0] ?? "";
  if (digit !== undefined || indent === "") refuse("the lines of the text are indented in an unusual way");
  const body = rest.replace(/(?:\r?\n[ \t]*)*$/, "");
  return { header, indent, body, after: rest.slice(body.length) };
};

const header = (before: string, to: string): string => before.replace(/^([|>])[-+]?/, `$1${chompOf(to)}`);

const feedsBehind = (to: string, feed: string, after: string, chomp: string): string => {
  if (chomp !== "+") return after === "" ? feed : after;
  return feed.repeat(to.length - withoutFeeds(to).length);
};

const linesOf = (raw: string, from: string, to: string, feed: string): string => {
  const { header: first, indent, body, after } = blockOf(raw);
  const before = withoutFeeds(from).split("\n");
  const lines = withoutFeeds(to).split("\n");
  const written = body.split(/\r?\n/);
  if (before.length !== written.length) refuse("the lines of the text cannot be told apart");
  let start = 0;
  while (start < lines.length && lines[start] === before[start]) start++;
  let end = 0;
  while (end < Math.min(lines.length, before.length) - start && lines.at(-1 - end) === before.at(-1 - end)) end++;
  const middle = lines.slice(start, lines.length - end).map((line) => (line === "" ? "" : indent + line));
  const all = [...written.slice(0, start), ...middle, ...written.slice(written.length - end)];
  return header(first, to) + all.join(feed) + feedsBehind(to, feed, after, chompOf(to));
};

const foldedOf = (raw: string, to: string, feed: string): string => {
  const { header: first, indent, body, after } = blockOf(raw);
  const lines = body.split(/\r?\n/);
  if (lines.some((line) => line.startsWith(`${indent} `) || line.startsWith(`${indent}\t`))) {
    refuse("the text is folded, and some of its lines are not");
  }
  const spelled = spelledOf(body.slice(indent.length), "plain");
  const write = (text: string): string => text.replace(/\n+/g, (feeds) => feed.repeat(feeds.length + 1) + indent);
  const text = indent + respelled(spelled, withoutFeeds(to), write);
  return header(first, to) + text + feedsBehind(to, feed, after, chompOf(to));
};

const stringText = (file: FileLayout, layout: Layout, to: string, wish: Wish, inFlow: boolean): string => {
  const raw = file.text.slice(layout.start, layout.tail);
  const inner = raw.slice(1, -1);
  const { feed, ascii } = wish.style;
  if (file.isJson) {
    if (!raw.startsWith('"')) return jsonString(to, ascii);
    return `"${respelled(spelledOf(inner, "json"), to, (text) => jsonString(text, ascii).slice(1, -1))}"`;
  }
  if (typeof layout.value !== "string") return scalarText(to, wish, inFlow);
  switch (layout.style) {
    case "double":
      return `"${respelled(spelledOf(inner, "double"), to, (text) => yamlDouble(text).slice(1, -1))}"`;
    case "single":
      if (scalarText(to, { ...wish, quote: "single" }, inFlow).startsWith('"')) return yamlDouble(to);
      return `'${respelled(spelledOf(inner, "single"), to, (text) => text.replaceAll("'", "''"))}'`;
    case "literal":
    case "folded":
      if (withoutFeeds(to) === "" || /[^\P{Cc}\n\t]|^\s/u.test(to)) return yamlDouble(to);
      return layout.style === "literal" ? linesOf(raw, layout.value, to, feed) : foldedOf(raw, to, feed);
    case "plain":
    case "empty": {
      if (!raw.includes("\n") || !isPlain(to.replaceAll("\n", " "), inFlow))
        return scalarText(to, { ...wish, quote: "plain" }, inFlow);
      const indent = /[ \t]*$/.exec(raw.slice(0, raw.search(/\S[^\n]*$/)))?.[0] ?? "";
      const write = (text: string): string => text.replace(/\n+/g, (feeds) => feed.repeat(feeds.length + 1) + indent);
      return respelled(spelledOf(raw, "plain"), to, write);
    }
    default:
      return layout.style satisfies never;
  }
};

/** A scalar that becomes another one, where it stands. */
export const scalarSplice = (
  file: FileLayout,
  layout: Layout,
  to: null | boolean | number | string,
  wish: Wish,
  inFlow: boolean,
): Splice => {
  const { start, tail } = layout;
  if (typeof to === "string") {
    const text = stringText(file, layout, to, wish, inFlow);
    const isBlock = layout.style === "literal" || layout.style === "folded";
    return isBlock && !/^[|>]/.test(text) ? inPlaceOfLines(file, layout, text) : { start, end: tail, text };
  }
  return inPlaceOfLines(file, layout, scalarText(to, wish, inFlow));
};

/** In place of a value that may end with its line feed. */
export const inPlaceOfLines = ({ text: whole }: FileLayout, { start, tail }: Layout, text: string): Splice => {
  const kept = /(?:[ \t]*\r?\n)*$/.exec(whole.slice(start, tail))?.[0] ?? "";
  return { start, end: tail - kept.length, text };
};

/** A key that gets another name. */
export const keySplice = (file: FileLayout, key: Layout, to: string, wish: Wish, inFlow: boolean): Splice => {
  if (key.style !== "plain" && key.style !== "double" && key.style !== "single")
    refuse("the key is written in an unusual way");
  const text =
    key.style === "plain" && !file.isJson
      ? keyText(to, { ...wish, keyQuote: "plain" }, inFlow)
      : stringText(file, key, to, wish, inFlow);
  return { start: key.start, end: key.tail, text };
};

export const isScalarValue = (value: Json): value is null | boolean | number | string =>
  typeof value !== "object" || value === null;
