import type { Child, FileLayout, Layout, Splice } from "./layout.ts";
import { endOfChild, refuse } from "./layout.ts";
import type { Change, New } from "./plan-edits.ts";
import { gaps, indentAt } from "./style.ts";
import type { Wish } from "./write-value.ts";
import { flowText, formFor, keyText } from "./write-value.ts";

/** What stands between two members: the rest of the left one's line, and what stands above and before the right one. */
type Gap = { readonly comma: boolean; readonly trail: string; readonly lead: string };

const gapPieces = /[ \t]+|\r?\n|,|#[^\n]*/y;

const gapOf = (text: string): Gap => {
  const parts = { trail: "", lead: "" };
  let [comma, below, at] = [false, !text.includes("\n"), 0];
  while (at < text.length) {
    gapPieces.lastIndex = at;
    const piece = gapPieces.exec(text)?.[0] ?? refuse("something unusual stands between the members");
    at += piece.length;
    if (piece === ",") comma = true;
    else {
      if (piece.endsWith("\n")) below = true;
      parts[below ? "lead" : "trail"] += piece;
    }
  }
  return { comma, trail: parts.trail.trim() === "" ? "" : parts.trail, lead: parts.lead };
};

const isComment = (text: string): boolean => text.includes("#");

/** Comments that stand on lines of their own. */
const ownLines = (lead: string): string => (isComment(lead) ? lead.slice(0, lead.lastIndexOf("\n")) : "");

const bare = (lead: string): string => (lead.includes("\n") ? `\n${lead.slice(lead.lastIndexOf("\n") + 1)}` : lead);

type Row = {
  readonly gaps: readonly Gap[];
  /** Before a new member, and before one that follows it. */
  readonly between: string;
  readonly first: string;
  readonly trailing: boolean;
};

const rowOf = (file: FileLayout, layout: Layout, wish: Wish): Row => {
  const all = gaps(file.text, layout).map(gapOf);
  const inner = all.slice(1, -1).map(({ lead }) => bare(lead));
  const first = bare(all[0]?.lead ?? "");
  const last = all.at(-1);
  const between = inner.at(-1) ?? (first.includes("\n") ? first : wish.style.comma.slice(1));
  const feed = (lead: string): string => lead.replace("\n", wish.style.feed);
  return { gaps: all, between: feed(between), first: feed(first), trailing: all.length > 1 && last?.comma === true };
};

const newText = (file: FileLayout, layout: Layout, { key, value, oneLine }: New, wish: Wish, lead: string): string => {
  const indent = lead.includes("\n") ? lead.slice(lead.lastIndexOf("\n") + 1) : indentAt(file.text, layout.start);
  const mine: Wish = { ...wish, oneLine: oneLine || !lead.includes("\n") };
  const text = flowText(value, mine, indent, formFor(value, mine, false));
  return key === undefined ? text : `${keyText(key, wish, true)}${wish.style.colon}${text}`;
};

/** From one kept child (or the opening bracket) to the next one (or the closing one). */
type Stretch = {
  readonly left: number;
  readonly right: number;
  readonly added: readonly New[];
};

const stretches = ({ children }: Layout, { removed, added }: Change): readonly Stretch[] => {
  const found: Stretch[] = [];
  let left = -1;
  let fresh: New[] = [];
  for (let index = 0; index <= children.length; index++) {
    fresh.push(...(added.get(index) ?? []));
    if (index < children.length && removed.has(index)) continue;
    if (fresh.length > 0 || index - left > 1) found.push({ left, right: index, added: fresh });
    left = index;
    fresh = [];
  }
  return found;
};

const stretchText = (file: FileLayout, layout: Layout, row: Row, stretch: Stretch, wish: Wish): string => {
  const { left, right, added } = stretch;
  const count = layout.children.length;
  const [before, behind] = [row.gaps[left + 1], row.gaps[right]];
  if (before === undefined || behind === undefined) return refuse("the brackets are written in an unusual way");
  const isFirst = left === -1;
  const isLast = right === count;
  const comments = row.gaps
    .slice(left + 1, right)
    .map(({ lead }) => ownLines(lead))
    .join("");
  const commaBehind = !isLast || row.trailing;
  let text = "";
  if (!isFirst && (added.length > 0 || commaBehind)) text += ",";
  text += left + 1 === right || isComment(before.trail) ? before.trail : "";
  if (added.length === 0 || !isFirst) text += comments;
  for (const [index, item] of added.entries()) {
    const lead = isFirst && index === 0 ? (isComment(row.gaps[0]?.lead ?? "") ? row.between : row.first) : row.between;
    const comma = index < added.length - 1 || commaBehind ? "," : "";
    text += lead + newText(file, layout, item, wish, lead) + comma;
  }
  if (isLast) return text + behind.lead;
  if (!isFirst) return text + (isComment(behind.lead) || added.length === 0 ? behind.lead : row.between);
  if (added.length > 0) return text + (isComment(behind.lead) ? behind.lead : row.between);
  return text + (isComment(behind.lead) || comments !== "" ? behind.lead : row.first);
};

const endOf = (child: Child | undefined, otherwise: number): number =>
  child === undefined ? otherwise : endOfChild(child);

/** Members put into and taken out of a list or mapping between brackets. */
export const flowSplices = (file: FileLayout, layout: Layout, change: Change, wish: Wish): readonly Splice[] => {
  const { children, start, tail } = layout;
  const fresh = [...change.added.values()].flat();
  const whole = file.text.slice(start + 1, tail - 1);
  if (children.length === 0 || (change.removed.size === children.length && fresh.length === 0)) {
    if (isComment(gaps(file.text, layout).join(""))) return refuse("a comment stands in the empty brackets");
    if (fresh.length === 0) return [{ start: start + 1, end: tail - 1, text: "" }];
    const value =
      layout.type === "list"
        ? fresh.map((item) => item.value)
        : Object.fromEntries(fresh.map((item) => [item.key ?? "", item.value]));
    const oneLine = wish.oneLine || fresh.some((item) => item.oneLine) || (whole !== "" && !whole.includes("\n"));
    return [{ start, end: tail, text: flowText(value, { ...wish, oneLine }, indentAt(file.text, start)) }];
  }
  const row = rowOf(file, layout, wish);
  return stretches(layout, change).map((stretch) => ({
    start: endOf(children[stretch.left], start + 1),
    end: children[stretch.right]?.start ?? tail - 1,
    text: stretchText(file, layout, row, stretch, wish),
  }));
};
