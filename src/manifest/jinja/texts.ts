import { maxFileSize } from "../parse/source.ts";
import type { Run } from "./items.ts";
import { count, wrongType } from "./items.ts";
import type { Place } from "./nodes.ts";

/** Each run of letters with a capital, and small letters else. */
export const titled = (text: string): string => text.replace(/\p{L}+/gu, (word) => capitalized(word));

/** As the filter does: words begin behind white space, a hyphen or an opening bracket. */
export const titledWords = (text: string): string => text.replace(/[^-\s({[<]+/g, capitalized);

export const capitalized = (text: string): string => {
  const [first = ""] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
};

/** Without white space, or any of some characters, at its ends. */
export const stripped = (text: string, side: "both" | "start" | "end", characters: string | undefined): string => {
  const goes = (one: string | undefined): boolean =>
    one !== undefined && (characters === undefined ? /\s/.test(one) : characters.includes(one));
  let [from, to] = [0, text.length];
  if (side !== "end") while (from < to && goes(text[from])) from++;
  if (side !== "start") while (to > from && goes(text[to - 1])) to--;
  return text.slice(from, to);
};

/** Parts between separators, or between white space; undefined for an empty separator. */
export const splitAtStart = (text: string, separator: string | undefined, most = -1): string[] | undefined => {
  if (separator === "") return undefined;
  const parts: string[] = [];
  let rest = separator === undefined ? text.trimStart() : text;
  const space = /\s+/;
  while (most < 0 || parts.length < most) {
    const found = separator === undefined ? space.exec(rest)?.index : rest.indexOf(separator);
    if (found === undefined || found === -1) break;
    parts.push(rest.slice(0, found));
    rest = separator === undefined ? rest.slice(found).trimStart() : rest.slice(found + separator.length);
  }
  if (separator !== undefined || rest !== "") parts.push(rest);
  return parts;
};

/** Where the last word of a text begins; -1 where it has only one. */
const lastWord = (text: string): number => {
  let at = text.length;
  while (at > 0 && !/\s/.test(text[at - 1] ?? "")) at--;
  return at - 1;
};

/** The same from the end: what is beyond `most` separators stays together at the start. */
export const splitAtEnd = (text: string, separator: string | undefined, most = -1): string[] | undefined => {
  if (separator === "") return undefined;
  const parts: string[] = [];
  let rest = separator === undefined ? text.trimEnd() : text;
  while (most < 0 || parts.length < most) {
    const found = separator === undefined ? lastWord(rest) : rest.lastIndexOf(separator);
    if (found === -1) break;
    parts.push(rest.slice(found + (separator?.length ?? 1)));
    rest = separator === undefined ? rest.slice(0, found).trimEnd() : rest.slice(0, found);
  }
  if (separator !== undefined || rest !== "") parts.push(rest);
  return parts.reverse();
};

/** With one part put in place of another, at most as often as `most` says. */
export const replaced = (run: Run, place: Place, text: string, old: string, by: string, most = -1): string => {
  const parts = old === "" ? ["", ...text, ""] : text.split(old);
  count(run, place, parts.length);
  const times = most < 0 ? parts.length - 1 : Math.min(most, parts.length - 1);
  if (text.length + times * by.length > maxFileSize) {
    wrongType(place, "a text becomes larger than 10 MB", "make less of it");
  }
  return (
    parts.slice(0, times + 1).join(by) +
    parts
      .slice(times + 1)
      .map((part) => old + part)
      .join("")
  );
};
