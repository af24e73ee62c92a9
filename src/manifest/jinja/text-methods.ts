import { maxFileSize } from "../parse/source.ts";
import { needed, textGiven, wholeGiven } from "./given.ts";
import type { Given, Item, Run } from "./items.ts";
import { joinable, listItem, scalar, stringOf, textItem, wrongType } from "./items.ts";
import type { Place } from "./nodes.ts";
import { capitalized, replaced, splitAtEnd, splitAtStart, stripped, titled } from "./texts.ts";

type TextMethod = (run: Run, text: string, given: Given, place: Place) => Item;

/** Any of the texts that a call got: one, or a list of them. */
const anyOf = (run: Run, from: Given, place: Place, is: (text: string) => boolean): Item => {
  const [first] = from.positional;
  const items = first?.type === "list" ? first.items : [needed(first, place)];
  return scalar(items.some((item) => is(needed(stringOf(run, item, place), place))));
};

/** How many characters stand before an offset; -1 for none. */
const characterAt = (text: string, offset: number): number => (offset === -1 ? -1 : [...text.slice(0, offset)].length);

const texts = (run: Run, place: Place, parts: readonly string[]): Item =>
  listItem(
    run,
    place,
    parts.map((part) => scalar(part)),
  );

/** As Python fills a text up: what is left over on both sides goes to the left of a text of odd width. */
const padded =
  (leftOf: (missing: number, width: number) => number): TextMethod =>
  (run, text, from, place) => {
    const width = Math.min(needed(wholeGiven(from, 0, "width", place), place), maxFileSize + 1);
    const [fill = " ", more] = textGiven(run, from, 1, "fillchar", place) ?? " ";
    if (more !== undefined) wrongType(place, "one character is needed to fill up with", "give it one");
    const missing = Math.max(width - [...text].length, 0);
    const left = leftOf(missing, width);
    return textItem(run, place, fill.repeat(left) + text + fill.repeat(missing - left));
  };

const zeroFilled: TextMethod = (run, text, from, place) => {
  const width = Math.min(needed(wholeGiven(from, 0, "width", place), place), maxFileSize + 1);
  const sign = /^[-+]/.exec(text)?.[0] ?? "";
  const missing = Math.max(width - [...text].length, 0);
  return textItem(run, place, sign + "0".repeat(missing) + text.slice(sign.length));
};

/** What stands before a separator, the separator, and what stands behind it. */
const partitioned =
  (isLast: boolean): TextMethod =>
  (run, text, from, place) => {
    const separator = needed(textGiven(run, from, 0, "", place), place);
    if (separator === "") wrongType(place, "a text cannot be split at an empty text", "split it at another");
    const at = isLast ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (at === -1) return texts(run, place, isLast ? ["", "", text] : [text, "", ""]);
    return texts(run, place, [text.slice(0, at), separator, text.slice(at + separator.length)]);
  };

const splitUp =
  (split: typeof splitAtStart): TextMethod =>
  (run, text, from, place) => {
    const parts = split(text, textGiven(run, from, 0, "sep", place), wholeGiven(from, 1, "maxsplit", place));
    if (parts === undefined) return wrongType(place, "a text cannot be split at an empty text", "split it at another");
    return texts(run, place, parts);
  };

const lines = (text: string): readonly string[] => {
  const parts = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/);
  return parts.at(-1) === "" ? parts.slice(0, -1) : parts;
};

/** A capital begins each word, and stands nowhere else. */
const isTitled = (text: string): boolean => {
  const isCased = /[\p{Lu}\p{Ll}\p{Lt}]/u.test(text);
  return isCased && !/[\p{Lu}\p{Ll}\p{Lt}][\p{Lu}\p{Lt}]|(?<![\p{Lu}\p{Ll}\p{Lt}])\p{Ll}/u.test(text);
};

const swapped = (text: string): string =>
  text.replace(/\p{L}/gu, (one) => (one === one.toUpperCase() ? one.toLowerCase() : one.toUpperCase()));

/** Methods of texts, as Python has them. */
export const textMethods: { readonly [name: string]: TextMethod } = {
  upper: (run, text, _, place) => textItem(run, place, text.toUpperCase()),
  lower: (run, text, _, place) => textItem(run, place, text.toLowerCase()),
  title: (run, text, _, place) => textItem(run, place, titled(text)),
  capitalize: (run, text, _, place) => textItem(run, place, capitalized(text)),
  strip: (run, text, from, place) => textItem(run, place, stripped(text, "both", textGiven(run, from, 0, "", place))),
  lstrip: (run, text, from, place) => textItem(run, place, stripped(text, "start", textGiven(run, from, 0, "", place))),
  rstrip: (run, text, from, place) => textItem(run, place, stripped(text, "end", textGiven(run, from, 0, "", place))),
  startswith: (run, text, from, place) => anyOf(run, from, place, (one) => text.startsWith(one)),
  endswith: (run, text, from, place) => anyOf(run, from, place, (one) => text.endsWith(one)),
  split: splitUp(splitAtStart),
  rsplit: splitUp(splitAtEnd),
  replace: (run, text, from, place) => {
    const [old, by] = [0, 1].map((at) => needed(textGiven(run, from, at, "", place), place));
    return textItem(run, place, replaced(run, place, text, old ?? "", by ?? "", wholeGiven(from, 2, "count", place)));
  },
  join: (run, text, { positional: [items] }, place) => {
    if (items?.type !== "list") return wrongType(place, "join needs a list", "write ', '.join(list)");
    return textItem(run, place, items.items.map((item) => joinable(run, item, place)).join(text));
  },
  count: (run, text, from, place) => {
    const part = needed(textGiven(run, from, 0, "", place), place);
    // An empty text is between all characters, and at both ends.
    return scalar(part === "" ? [...text].length + 1 : text.split(part).length - 1);
  },
  find: (run, text, from, place) =>
    scalar(characterAt(text, text.indexOf(needed(textGiven(run, from, 0, "", place), place)))),
  rfind: (run, text, from, place) =>
    scalar(characterAt(text, text.lastIndexOf(needed(textGiven(run, from, 0, "", place), place)))),
  partition: partitioned(false),
  rpartition: partitioned(true),
  splitlines: (run, text, _, place) => texts(run, place, lines(text)),
  zfill: zeroFilled,
  ljust: padded(() => 0),
  rjust: padded((missing) => missing),
  center: padded((missing, width) => Math.floor(missing / 2) + (missing & width & 1)),
  swapcase: (run, text, _, place) => textItem(run, place, swapped(text)),
  casefold: (run, text, _, place) => textItem(run, place, text.toLowerCase().replaceAll("ß", "ss")),
  isdigit: (_, text) => scalar(/^\p{Nd}+$/u.test(text)),
  isalpha: (_, text) => scalar(/^\p{L}+$/u.test(text)),
  isdecimal: (_, text) => scalar(/^\p{Nd}+$/u.test(text)),
  isnumeric: (_, text) => scalar(/^\p{N}+$/u.test(text)),
  isalnum: (_, text) => scalar(/^[\p{L}\p{N}]+$/u.test(text)),
  isspace: (_, text) => scalar(/^\s+$/u.test(text)),
  istitle: (_, text) => scalar(isTitled(text)),
  isupper: (_, text) => scalar(text === text.toUpperCase() && text !== text.toLowerCase()),
  islower: (_, text) => scalar(text === text.toLowerCase() && text !== text.toUpperCase()),
  removeprefix: (run, text, from, place) => {
    const prefix = needed(textGiven(run, from, 0, "", place), place);
    return textItem(run, place, text.startsWith(prefix) ? text.slice(prefix.length) : text);
  },
  removesuffix: (run, text, from, place) => {
    const suffix = needed(textGiven(run, from, 0, "", place), place);
    return textItem(run, place, suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text);
  },
};
