import type { Json } from "../../contract/index.ts";
import type { Child, FileLayout, Layout } from "./layout.ts";
import { below, endOfChild, isJsonObject, lineStart } from "./layout.ts";

/** How a list or mapping is laid out: in brackets on one line or on several, or by indentation. */
export type Form = "one-line" | "lines" | "block";

/** How a file is written, for what is added to it. */
export type Style = {
  readonly isJson: boolean;
  readonly feed: string;
  /** One step of indentation between brackets. */
  readonly unit: string;
  /** Columns that a mapping, and a list, stand further in than the key above. */
  readonly step: number;
  readonly listStep: number;
  /** Letters beyond ASCII are written as escapes. */
  readonly ascii: boolean;
  readonly colon: string;
  readonly comma: string;
  readonly padding: { readonly map: string; readonly list: string };
  /** How most values of a sort are laid out; see `sortOf`. */
  readonly forms: ReadonlyMap<string, Form>;
};

/** Lists and mappings of plain values are often written otherwise than those that hold further ones. */
const sort = (type: string, nested: boolean): string => `${type}${nested ? " of more" : ""}`;

export const sortOf = (value: Json): string => {
  const inner = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
  const nested = inner.some((one) => typeof one === "object" && one !== null && Object.keys(one).length > 0);
  return sort(Array.isArray(value) ? "list" : "map", nested);
};

const sortOfLayout = ({ type, children }: Layout): string =>
  sort(
    type,
    children.some(({ value }) => value.children.length > 0),
  );

export const formOf = (text: string, layout: Layout): Form =>
  !layout.flow ? "block" : gaps(text, layout).some((gap) => gap.includes("\n")) ? "lines" : "one-line";

/** What stands between the brackets and the members of a list or mapping. */
export const gaps = (text: string, { start, tail, children }: Layout): readonly string[] => {
  const edges = [start + 1, ...children.flatMap((child) => [child.start, endOfChild(child)]), tail - 1];
  return edges.flatMap((edge, index) => (index % 2 === 0 ? [text.slice(edge, edges[index + 1])] : []));
};

const most = <T>(counts: ReadonlyMap<T, number>): T | undefined => [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];

const count = <T>(counts: Map<T, number>, value: T): void => {
  counts.set(value, (counts.get(value) ?? 0) + 1);
};

/** The most frequent form of each sort among these. */
export const formsOf = (text: string, layouts: Iterable<Layout>): Map<string, Form> => {
  const counts = new Map<string, Map<Form, number>>();
  for (const layout of layouts) {
    if (layout.children.length === 0) continue;
    const name = sortOfLayout(layout);
    const forms = counts.get(name) ?? new Map<Form, number>();
    counts.set(name, forms);
    count(forms, formOf(text, layout));
  }
  return new Map(
    [...counts].flatMap(([name, forms]) => {
      const form = most(forms);
      return form === undefined ? [] : [[name, form] as const];
    }),
  );
};

export const indentAt = (text: string, offset: number): string =>
  /^[ \t]*/.exec(text.slice(lineStart(text, offset)))?.[0] ?? "";

/** How far in an offset stands on its line. */
export const columnOf = (text: string, offset: number): number => offset - lineStart(text, offset);

type Counts = {
  readonly unit: Map<string, number>;
  readonly step: Map<number, number>;
  readonly listStep: Map<number, number>;
  readonly colon: Map<string, number>;
  readonly comma: Map<string, number>;
  readonly map: Map<string, number>;
  readonly list: Map<string, number>;
};

const countFlow = (text: string, layout: Layout, counts: Counts): void => {
  const between = gaps(text, layout);
  const [first = "", ...rest] = between;
  if (first.includes("\n")) {
    const inner = /[ \t]*$/.exec(first)?.[0] ?? "";
    const outer = indentAt(text, layout.start);
    if (inner.startsWith(outer) && inner.length > outer.length) count(counts.unit, inner.slice(outer.length));
  } else if (!between.some((gap) => gap.includes("\n")) && layout.children.length > 0) {
    count(layout.type === "map" ? counts.map : counts.list, first);
  }
  for (const gap of rest.slice(0, -1)) if (/^,[ \t]*$/.test(gap)) count(counts.comma, gap);
};

const countChild = (text: string, layout: Layout, child: Child, counts: Counts): void => {
  const { mark, value, start } = child;
  if (layout.flow && mark !== undefined && value.start >= mark && value.tail > value.start) {
    const gap = text.slice(mark, value.start);
    if (/^[ \t]*$/.test(gap)) count(counts.colon, `:${gap}`);
  }
  if (layout.flow || layout.type !== "map" || value.flow || value.children.length === 0) return;
  const distance = columnOf(text, value.start) - columnOf(text, start);
  if (value.type === "list") count(counts.listStep, distance);
  else count(counts.step, distance);
};

const letters = /[^\u0000-\u007f]/;

export const styleOf = ({ text, isJson, roots }: FileLayout): Style => {
  const counts: Counts = {
    unit: new Map(),
    step: new Map(),
    listStep: new Map(),
    colon: new Map(),
    comma: new Map(),
    map: new Map(),
    list: new Map(),
  };
  const all = roots.flatMap((root) => [...below(root)]);
  for (const layout of all) {
    if (layout.flow) countFlow(text, layout, counts);
    for (const child of layout.children) countChild(text, layout, child, counts);
  }
  const step = most(counts.step) ?? most(counts.listStep) ?? 2;
  const comma = most(counts.comma);
  return {
    isJson,
    feed: text.includes("\r\n") ? "\r\n" : "\n",
    unit: most(counts.unit) ?? "  ",
    step: step > 0 ? step : 2,
    listStep: most(counts.listStep) ?? step,
    ascii: isJson && !letters.test(text) && /\\u(?:0[0-9a-f]*[89a-f]|[1-9a-f])/i.test(text),
    colon: isJson ? (most(counts.colon) ?? ": ") : ": ",
    comma: comma ?? (isJson && most(counts.colon) === ":" ? "," : ", "),
    padding: { map: most(counts.map) ?? (isJson ? "" : " "), list: most(counts.list) ?? "" },
    forms: formsOf(text, all),
  };
};
