import { canonicalJson, equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import type { Child, FileLayout, Layout } from "./layout.ts";
import { below, isJsonObject, keyOf, refuse } from "./layout.ts";
import type { FileEdit } from "./types.ts";

/** A member or item to put in. `oneLine` where it was made on the way to something else. */
export type New = { readonly key: string | undefined; readonly value: Json; readonly oneLine: boolean };

/** What becomes of one value. */
export type Change = {
  replace: { readonly value: Json; readonly oneLine: boolean } | undefined;
  readonly removed: Set<number>;
  /** Before the child of this index. */
  readonly added: Map<number, New[]>;
  readonly keys: Map<number, string>;
};

export type Plan = {
  readonly changes: Map<Layout, Change>;
  /** Further documents, or components. */
  readonly components: Json[];
  /** For a file that has no document. */
  root: Json | undefined;
};

export const jsonOfLayout = (file: FileLayout, layout: Layout): Json => {
  if (layout.type === "scalar") return layout.value;
  if (layout.type === "list") return layout.children.map(({ value }) => jsonOfLayout(file, value));
  if (layout.type === "map") {
    return Object.fromEntries(layout.children.map((child) => [keyOf(child), jsonOfLayout(file, child.value)]));
  }
  const target = file.targets.get(layout);
  return target === undefined ? refuse("an alias stands there") : jsonOfLayout(file, target);
};

const changeOf = ({ changes }: Plan, layout: Layout): Change => {
  const known = changes.get(layout);
  if (known !== undefined) return known;
  const change: Change = { replace: undefined, removed: new Set(), added: new Map(), keys: new Map() };
  changes.set(layout, change);
  return change;
};

const add = (plan: Plan, layout: Layout, index: number, item: New): void => {
  const { added } = changeOf(plan, layout);
  added.set(index, [...(added.get(index) ?? []), item]);
};

const replace = (plan: Plan, layout: Layout, value: Json, oneLine = false): void => {
  const change = changeOf(plan, layout);
  if (change.replace !== undefined && !equal(change.replace.value, value)) refuse("two edits give it different values");
  change.replace = { value, oneLine };
};

/** Pairs of equal items that keep their order: as many as there can be. */
const common = (before: readonly string[], after: readonly string[]): readonly (readonly [number, number])[] => {
  if (before.length * after.length > 250_000) return [];
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      lengths[row * width + column] =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let row = 0, column = 0; row < before.length && column < after.length; ) {
    if (before[row] === after[column]) pairs.push([row++, column++]);
    else if (at(row + 1, column) >= at(row, column + 1)) row++;
    else column++;
  }
  return pairs;
};

const becomeList = (file: FileLayout, plan: Plan, layout: Layout, to: readonly Json[]): void => {
  const before = layout.children.map(({ value }) => jsonOfLayout(file, value));
  const pairs =
    before.length === to.length
      ? []
      : common(
          before.map((item) => canonicalJson(item)),
          to.map((item) => canonicalJson(item)),
        );
  let [from, next] = [0, 0];
  for (const [row, column] of [...pairs, [before.length, to.length] as const]) {
    for (; from < row && next < column; from++, next++)
      become(file, plan, childAt(layout, from).value, to[next] ?? null);
    for (; from < row; from++) changeOf(plan, layout).removed.add(from);
    for (; next < column; next++) add(plan, layout, row, { key: undefined, value: to[next] ?? null, oneLine: false });
    from = row + 1;
    next = column + 1;
  }
};

/** Only what differs is changed. */
const become = (file: FileLayout, plan: Plan, layout: Layout, to: Json): void => {
  if (equal(jsonOfLayout(file, layout), to)) return;
  if (layout.type === "list" && Array.isArray(to)) becomeList(file, plan, layout, to);
  else if (layout.type === "map" && isJsonObject(to)) {
    for (const [index, child] of layout.children.entries()) {
      const value = Object.hasOwn(to, keyOf(child)) ? to[keyOf(child)] : undefined;
      if (value === undefined) changeOf(plan, layout).removed.add(index);
      else become(file, plan, child.value, value);
    }
    const known = new Set(layout.children.map(keyOf));
    for (const [key, value] of Object.entries(to)) {
      if (!known.has(key)) add(plan, layout, layout.children.length, { key, value, oneLine: false });
    }
  } else replace(plan, layout, to);
};

const childAt = (layout: Layout, index: number): Child =>
  layout.children[index] ?? refuse(`there is no item ${index}; ${layout.children.length} stand there`);

type Index = { readonly file: FileLayout; readonly all: readonly Layout[] };

const containerAt = ({ all }: Pick<Index, "all">, type: "map" | "list", start: number): Layout =>
  all.find((layout) => layout.type === type && layout.start === start) ??
  refuse(`no ${type === "map" ? "mapping" : "list"} begins there`);

/** A block is known by its start: where it ends depends on a line feed at the end of the file. */
const valueAt = ({ all }: Index, { start, end, from }: Extract<FileEdit, { op: "value" }>): Layout => {
  if (Array.isArray(from)) return containerAt({ all }, "list", start);
  if (isJsonObject(from)) return containerAt({ all }, "map", start);
  const isBlock = ({ style }: Layout): boolean => style === "literal" || style === "folded";
  const found = all.find((layout) => layout.start === start && (layout.end === end || isBlock(layout)));
  return found ?? refuse("no value stands there");
};

const memberAt = ({ all }: Index, keyStart: number, key: string): { layout: Layout; index: number } => {
  for (const layout of all) {
    if (layout.type !== "map") continue;
    const index = layout.children.findIndex((child) => child.key?.start === keyStart);
    if (index === -1) continue;
    if (keyOf(childAt(layout, index)) !== key) refuse(`the key ${JSON.stringify(key)} does not stand there`);
    return { layout, index };
  }
  return refuse(`no key begins there`);
};

const setValue = (plan: Plan, { file }: Index, path: readonly string[], value: Json): void => {
  if (file.roots.length > 1) refuse("several documents stand in the file");
  const [root] = file.roots;
  const nested = (rest: readonly string[]): Json => rest.reduceRight<Json>((inner, key) => ({ [key]: inner }), value);
  if (root === undefined) {
    plan.root = merged(plan.root, nested(path));
    return;
  }
  let layout = root;
  for (const [depth, segment] of path.entries()) {
    const rest = path.slice(depth + 1);
    if (layout.type === "list") {
      layout = childAt(layout, /^\d+$/.test(segment) ? Number(segment) : -1).value;
    } else if (layout.type === "map") {
      const found = layout.children.find((child) => keyOf(child) === segment);
      if (found === undefined) {
        addNested(plan, layout, segment, nested(rest), rest.length > 0);
        return;
      }
      layout = found.value;
    } else if (layout.type === "scalar" && (layout.value === null || layout.value === true)) {
      const change = changeOf(plan, layout);
      change.replace = { value: merged(change.replace?.value, nested(path.slice(depth))), oneLine: true };
      return;
    } else refuse(`${path.slice(0, depth).join(".")} is no mapping`);
  }
  become(file, plan, layout, value);
};

/** Mappings that several edits make are one. */
const merged = (before: Json | undefined, after: Json): Json => {
  if (before === undefined || !isJsonObject(before) || !isJsonObject(after)) return after;
  const both: Record<string, Json> = { ...before };
  for (const [key, value] of Object.entries(after)) {
    both[key] = Object.hasOwn(both, key) ? merged(both[key], value) : value;
  }
  return both;
};

const addNested = (plan: Plan, layout: Layout, key: string, value: Json, oneLine: boolean): void => {
  const { added } = changeOf(plan, layout);
  const items = added.get(layout.children.length) ?? [];
  const index = items.findIndex((item) => item.key === key);
  const before = items[index];
  if (before === undefined) added.set(layout.children.length, [...items, { key, value, oneLine }]);
  else added.set(layout.children.length, items.with(index, { ...before, value: merged(before.value, value) }));
};

const addComponent = (plan: Plan, { file }: Index, value: Json): void => {
  const last = file.roots.at(-1);
  if (last?.type === "list") add(plan, last, last.children.length, { key: undefined, value, oneLine: false });
  else plan.components.push(value);
};

const planOne = (plan: Plan, index: Index, edit: FileEdit): void => {
  switch (edit.op) {
    case "value": {
      const { from, to } = edit;
      const layout = valueAt(index, edit);
      if (!equal(jsonOfLayout(index.file, layout), from)) refuse("something else stands there");
      become(index.file, plan, layout, to);
      return;
    }
    case "key": {
      const { layout, index: at } = memberAt(index, edit.start, edit.from);
      changeOf(plan, layout).keys.set(at, edit.to);
      return;
    }
    case "add-member": {
      const layout = containerAt(index, "map", edit.start);
      add(plan, layout, layout.children.length, { key: edit.key, value: edit.value, oneLine: false });
      return;
    }
    case "remove-member": {
      const { layout, index: at } = memberAt(index, edit.start, edit.key);
      changeOf(plan, layout).removed.add(at);
      return;
    }
    case "add-item": {
      const layout = containerAt(index, "list", edit.start);
      if (edit.index !== layout.children.length) childAt(layout, edit.index);
      add(plan, layout, edit.index, { key: undefined, value: edit.value, oneLine: false });
      return;
    }
    case "remove-item": {
      const layout = containerAt(index, "list", edit.start);
      childAt(layout, edit.index);
      changeOf(plan, layout).removed.add(edit.index);
      return;
    }
    case "add-component":
      addComponent(plan, index, edit.value);
      return;
    case "set":
      setValue(plan, index, edit.path, edit.value);
      return;
    default:
      edit satisfies never;
  }
};

const checkInner = (plan: Plan, layout: Layout): void => {
  const change = plan.changes.get(layout);
  const lost =
    change?.replace === undefined
      ? layout.children.filter((_, index) => change?.removed.has(index) === true)
      : layout.children;
  if (change?.replace !== undefined && (change.removed.size > 0 || change.added.size > 0)) {
    refuse("an edit lies within what another one replaces");
  }
  for (const { value } of lost) {
    for (const inner of below(value)) {
      if (plan.changes.has(inner)) refuse("an edit lies within what another one takes away");
    }
  }
  for (const { value } of layout.children) checkInner(plan, value);
};

const checkShared = (file: FileLayout, plan: Plan): void => {
  for (const [layout, change] of plan.changes) {
    if (layout.type === "alias") refuse("an alias stands there");
    if (file.shared.some(({ start, end }) => layout.start >= start && layout.tail <= end)) {
      refuse("aliases stand for the same value elsewhere");
    }
    const moves = change.removed.size > 0 || change.added.size > 0 || change.keys.size > 0;
    if (moves && file.unusual.has(layout)) refuse("the mapping is written in an unusual way");
    for (const index of change.removed) {
      for (const inner of below(childAt(layout, index).value)) {
        if (file.shared.some(({ start, end }) => inner.start >= start && inner.tail <= end)) {
          refuse("aliases stand for the same value elsewhere");
        }
      }
    }
  }
};

/** What edits ask of each value of a file. Throws a `Refusal` where they do not fit. */
export const planEdits = (file: FileLayout, edits: readonly FileEdit[]): Plan => {
  const plan: Plan = { changes: new Map(), components: [], root: undefined };
  const index: Index = { file, all: file.roots.flatMap((root) => [...below(root)]) };
  for (const edit of edits) planOne(plan, index, edit);
  for (const root of file.roots) checkInner(plan, root);
  checkShared(file, plan);
  return plan;
};
