import type { Json } from "../../contract/index.ts";
import { inPlaceOfLines } from "./edit-scalar.ts";
import type { Child, FileLayout, Layout, Splice } from "./layout.ts";
import { endOfChild, lineStart, nextLine, refuse } from "./layout.ts";
import type { Change, New } from "./plan-edits.ts";
import { columnOf } from "./style.ts";
import type { Wish } from "./write-value.ts";
import { blockLines, blockOf, flowText, formFor, scalarText } from "./write-value.ts";

const leading = (text: string, offset: number): string => text.slice(lineStart(text, offset), offset);

const standsAlone = (text: string, offset: number): boolean => /^ *$/.test(leading(text, offset));

/** Behind the lines of a member, with comments of its own that stand deeper below it. */
const endOfLines = (text: string, child: Child, withComments: boolean): number => {
  const end = endOfChild(child);
  let at = nextLine(text, end);
  if (at !== end && !/^[ \t]*(?:#[^\n]*)?\r?\n?$/.test(text.slice(end, at)))
    refuse("something else stands on its line");
  if (!withComments) return at;
  const column = columnOf(text, child.start);
  for (;;) {
    const next = nextLine(text, at + 1);
    const comment = /^( *)#[^\n]*\r?\n?$/.exec(text.slice(at, next));
    if (at >= text.length || comment === null || (comment[1]?.length ?? 0) <= column) return at;
    at = next;
  }
};

const linesOf = ({ key, value, oneLine }: New, wish: Wish, column: number): readonly string[] =>
  blockLines(key, value, { ...wish, oneLine: wish.oneLine || oneLine }, column);

const notAlone = "the first of them stands behind something else on its line";

/** Everything goes: an empty pair of brackets stays, behind the key or dash. */
const emptied = (file: FileLayout, layout: Layout, parent: Child | undefined): readonly Splice[] => {
  const { text } = file;
  const [first, last] = [layout.children[0], layout.children.at(-1)];
  if (first === undefined || last === undefined) return refuse("there is nothing to take away");
  const brackets = layout.type === "map" ? "{}" : "[]";
  if (parent === undefined || !standsAlone(text, first.start) || parent.mark === undefined) {
    return [inPlaceOfLines(file, { ...layout, start: first.start, tail: endOfChild(last) }, brackets)];
  }
  return [
    { start: parent.mark, end: parent.mark, text: ` ${brackets}` },
    { start: lineStart(text, first.start), end: endOfLines(text, last, true), text: "" },
  ];
};

/** Members put into and taken out of a mapping or list with a line for each. */
export const blockSplices = (
  file: FileLayout,
  layout: Layout,
  change: Change,
  wish: Wish,
  parent: Child | undefined,
): readonly Splice[] => {
  const { text } = file;
  const { children } = layout;
  const { removed } = change;
  const first = children[0];
  if (first === undefined) return refuse("it is written in an unusual way");
  const column = columnOf(text, first.start);
  const alone = standsAlone(text, first.start);
  if (!alone && !/^[ ?:-]*$/.test(leading(text, first.start))) refuse(notAlone);
  const { feed } = wish.style;
  const indent = " ".repeat(column);
  const kept = children.findIndex((_, index) => !removed.has(index));
  const fresh = (index: number): readonly string[] =>
    (change.added.get(index) ?? []).map((item) => linesOf(item, wish, column).join(feed));
  const last = children.length - 1;
  if (kept === -1) {
    const all = Array.from({ length: children.length + 1 }, (_, index) => fresh(index)).flat();
    if (all.length === 0) return emptied(file, layout, parent);
    return [{ ...inPlaceOfLines(file, { ...layout, start: first.start }, all.join(feed + indent)) }];
  }
  const splices: Splice[] = [];
  const early = Array.from({ length: kept + 1 }, (_, index) => fresh(index)).flat();
  if (early.length > 0) {
    const at = alone ? lineStart(text, first.start) : first.start;
    const lines = early.map((line) => (alone ? indent + line + feed : line + feed + indent)).join("");
    splices.push({ start: at, end: at, text: lines });
  }
  for (const [index, child] of children.entries()) {
    if (removed.has(index)) {
      const end = endOfLines(text, child, true);
      if (alone || index > 0) {
        const begin = lineStart(text, child.start);
        if (!alone && index < kept) continue;
        splices.push({ start: begin, end, text: "" });
      } else {
        const until = children[kept - 1] ?? child;
        const next = endOfLines(text, until, true);
        splices.push({ start: child.start, end: next + (/^ */.exec(text.slice(next))?.[0].length ?? 0), text: "" });
      }
    }
    const lines = index < kept ? [] : fresh(index + 1);
    if (lines.length > 0) {
      const at = endOfLines(text, child, index < last || removed.has(index));
      splices.push({ start: at, end: at, text: lines.map((line) => indent + line + feed).join("") });
    }
  }
  return splices;
};

/** A value within blocks that becomes a list or mapping, or was one. */
export const replaceInBlock = (
  file: FileLayout,
  layout: Layout,
  to: Json,
  wish: Wish,
  parent: Child | undefined,
): readonly Splice[] => {
  const { text } = file;
  const { feed, step, listStep } = wish.style;
  const first = layout.flow ? undefined : layout.children[0];
  const form = formFor(to, wish, true);
  const flow = (): string =>
    typeof to === "object" && to !== null
      ? flowText(
          to,
          wish,
          " ".repeat(parent === undefined ? 0 : columnOf(text, parent.start)),
          form === "block" ? "one-line" : form,
        )
      : scalarText(to, wish, false);
  if (first !== undefined) {
    const last = layout.children.at(-1) ?? first;
    const span = { ...layout, start: first.start, tail: endOfChild(last) };
    const column = columnOf(text, first.start);
    if (form === "block") {
      const outer = parent === undefined || parent.key === undefined ? -1 : columnOf(text, parent.start);
      const inner = column > outer || Array.isArray(to) ? column : outer + step;
      return [inPlaceOfLines(file, span, blockOf(to, wish, inner).join(feed).slice(column))];
    }
    if (parent?.mark === undefined || !standsAlone(text, first.start)) return [inPlaceOfLines(file, span, flow())];
    return [
      { start: parent.mark, end: parent.mark, text: ` ${flow()}` },
      { start: lineStart(text, first.start), end: endOfLines(text, last, true), text: "" },
    ];
  }
  const rest = text.slice(layout.tail, nextLine(text, layout.tail)).trim();
  if (form === "block" && rest === "") {
    if (parent === undefined) return [inPlaceOfLines(file, layout, blockOf(to, wish, 0).join(feed))];
    const column = columnOf(text, parent.start);
    const from = parent.mark ?? layout.start;
    const clean = /^[ \t]*$/.test(text.slice(from, layout.start));
    if (parent.key === undefined) {
      const lines = blockOf(to, wish, column + 2)
        .join(feed)
        .trimStart();
      return [{ ...inPlaceOfLines(file, layout, ` ${lines}`), start: clean ? from : layout.start }];
    }
    const lines = blockOf(to, wish, column + (Array.isArray(to) ? listStep : step)).join(feed);
    return [{ ...inPlaceOfLines(file, layout, feed + lines), start: clean ? from : layout.start }];
  }
  if (layout.start < layout.tail) return [inPlaceOfLines(file, layout, flow())];
  const at = parent?.mark ?? layout.start;
  return [{ start: at, end: at, text: ` ${flow()}` }];
};
