import { maxFileSize } from "../parse/source.ts";
import type { Filter } from "./filter-parts.ts";
import { flag } from "./filter-parts.ts";
import { given, textGiven, wholeGiven } from "./given.ts";
import type { Given, Item, Run } from "./items.ts";
import { count, joinable, scalar, textItem, wrongType } from "./items.ts";
import type { Place } from "./nodes.ts";
import { capitalized, replaced, stripped, titledWords } from "./texts.ts";

const text =
  (change: (text: string, run: Run, from: Given, place: Place) => string, work = 6): Filter =>
  (run, item, from, place) => {
    const before = joinable(run, item, place);
    count(run, place, before.length >> work);
    return textItem(run, place, change(before, run, from, place));
  };

const indented = (before: string, run: Run, from: Given, place: Place): string => {
  const width = given(from, 0, "width");
  const wide = width?.type === "scalar" ? (wholeGiven(from, 0, "width", place) ?? 4) : 4;
  const isText = width !== undefined && width.type !== "scalar";
  const by = isText ? joinable(run, width, place) : " ".repeat(Math.min(Math.max(wide, 0), 1000));
  const lines = before.split("\n");
  count(run, place, lines.length);
  if (before.length + lines.length * by.length > maxFileSize)
    wrongType(place, "a text becomes larger than 10 MB", "make less of it");
  const [first, blank] = [flag(run, from, 1, "first", place), flag(run, from, 2, "blank", place)];
  return lines.map((line, at) => ((at === 0 && !first) || (line === "" && !blank) ? line : by + line)).join("\n");
};

/** What a block of the template made keeps being a part of it: only its white space changes. */
const holdsText = (item: Item): boolean =>
  item.type === "composed" && item.pieces.some((piece) => piece.type === "text");

const trimmedBlock = (item: Item): Item | undefined => {
  if (item.type !== "composed" || !holdsText(item)) return undefined;
  const last = item.pieces.length - 1;
  const pieces = item.pieces.map((piece, at) => {
    if (piece.type !== "text") return piece;
    const start = at === 0 ? piece.text.length - piece.text.trimStart().length : 0;
    const end = at === last ? piece.text.trimEnd().length : piece.text.length;
    const text = piece.text.slice(start, Math.max(start, end));
    return { ...piece, text, start: piece.start + start, end: piece.start + start + text.length };
  });
  return { type: "composed", pieces };
};

const trimmed = text((before, run, from, place) => stripped(before, "both", textGiven(run, from, 0, "chars", place)));

/** For an address; slashes stay. */
const encoded = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replaceAll("%2F", "/")
    .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

/** Filters that make a text of a text. */
export const textFilters: { readonly [name: string]: Filter } = {
  capitalize: text(capitalized),
  indent: (run, item, from, place) => (holdsText(item) ? item : text(indented)(run, item, from, place)),
  lower: text((before) => before.toLowerCase()),
  replace: text((before, run, from, place) => {
    const [old, by] = [textGiven(run, from, 0, "old", place), textGiven(run, from, 1, "new", place)];
    if (old === undefined || by === undefined)
      return wrongType(place, "replace needs two texts", "write replace('a', 'b')");
    return replaced(run, place, before, old, by, wholeGiven(from, 2, "count", place));
  }),
  string: (run, item, _, place) =>
    item.type === "composed" || item.type === "reference" ? item : textItem(run, place, joinable(run, item, place)),
  title: text(titledWords, 2),
  trim: (run, item, from, place) => trimmedBlock(item) ?? trimmed(run, item, from, place),
  upper: text((before) => before.toUpperCase()),
  urlencode: text(encoded, 2),
  wordcount: (run, item, _, place) => {
    const text = joinable(run, item, place);
    count(run, place, text.length >> 2);
    return scalar(text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0);
  },
};
