import { hasErrors } from "../../diagnostic.ts";
import { parseSource } from "../parse/source.ts";
import { blockSplices, replaceInBlock } from "./edit-block.ts";
import { flowSplices } from "./edit-flow.ts";
import { inPlaceOfLines, isScalarValue, keySplice, scalarSplice } from "./edit-scalar.ts";
import { editTokens } from "./edit-tokens.ts";
import { expectedFile, signature } from "./expected-file.ts";
import type { Child, FileLayout, Layout, Splice } from "./layout.ts";
import { isJsonObject, keyOf, Refusal, refuse } from "./layout.ts";
import type { Change, Plan } from "./plan-edits.ts";
import { planEdits } from "./plan-edits.ts";
import { readLayout } from "./read-layout.ts";
import type { Style } from "./style.ts";
import { formOf, formsOf, indentAt, styleOf } from "./style.ts";
import type { Edited, FileEdit } from "./types.ts";
import type { Wish } from "./write-value.ts";
import { blockOf, flowText, keyText } from "./write-value.ts";

type Work = { readonly file: FileLayout; readonly style: Style; readonly plan: Plan; readonly splices: Splice[] };

type Parent = { readonly layout: Layout; readonly child: Child } | undefined;

/** The quotes of most of these texts. */
const quoteOf = (layouts: readonly (Layout | undefined)[]): Wish["quote"] => {
  const styles = layouts.flatMap((layout) => (typeof layout?.value === "string" ? [layout.style] : []));
  for (const style of ["single", "double"] as const) {
    if (styles.filter((one) => one === style).length * 2 > styles.length) return style;
  }
  return "plain";
};

const wishWithin = ({ file, style }: Work, container: Layout | undefined, oneLine = false): Wish => ({
  style,
  near: formsOf(
    file.text,
    (container?.children ?? []).map(({ value }) => value),
  ),
  quote: quoteOf((container?.children ?? []).map(({ value }) => value)),
  keyQuote: quoteOf((container?.children ?? []).map(({ key }) => key)),
  oneLine:
    oneLine ||
    (container?.flow === true && container.children.length > 0 && formOf(file.text, container) === "one-line"),
});

const replaced = (work: Work, layout: Layout, change: Change, parent: Parent): readonly Splice[] => {
  const { file } = work;
  const to = change.replace?.value ?? null;
  const wish = wishWithin(work, parent?.layout, change.replace?.oneLine);
  const inFlow = parent?.layout.flow === true || file.isJson;
  if (layout.type === "scalar" && isScalarValue(to) && layout.style !== "empty") {
    return [scalarSplice(file, layout, to, wish, inFlow)];
  }
  if (!inFlow) return replaceInBlock(file, layout, to, wish, parent?.child);
  const text = flowText(to, wish, indentAt(file.text, layout.start));
  if (layout.start < layout.tail) return [inPlaceOfLines(file, layout, text)];
  const mark = parent?.child.mark;
  const at = mark ?? layout.start;
  return [{ start: at, end: at, text: mark === undefined ? `: ${text}` : ` ${text}` }];
};

const walk = (work: Work, layout: Layout, parent: Parent): void => {
  const { file, plan, splices } = work;
  const change = plan.changes.get(layout);
  if (change?.replace !== undefined) {
    splices.push(...replaced(work, layout, change, parent));
    return;
  }
  for (const child of layout.children) walk(work, child.value, { layout, child });
  if (change === undefined) return;
  for (const [index, to] of change.keys) {
    const child = layout.children[index];
    if (child?.key === undefined || change.removed.has(index)) continue;
    splices.push(keySplice(file, child.key, to, wishWithin(work, layout), layout.flow));
  }
  if (change.removed.size === 0 && change.added.size === 0) return;
  const outer = layout.children.length === 0 && parent !== undefined ? wishWithin(work, parent.layout).oneLine : false;
  const wish = { ...wishWithin(work, layout), oneLine: outer };
  splices.push(
    ...(layout.flow
      ? flowSplices(file, layout, change, wish)
      : blockSplices(file, layout, change, wish, parent?.child)),
  );
};

/** Components behind the last one of a template that is no list. */
const addComponents = (work: Work): void => {
  const { file, style, plan, splices } = work;
  if (plan.components.length === 0) return;
  const { text, isJson, roots } = file;
  const wish = wishWithin(work, undefined);
  const [root] = roots;
  if (!isJson) {
    const documents = plan.components.map((component) => blockOf(component, wish, 0).join(style.feed) + style.feed);
    const separator = `---${style.feed}`;
    const added = roots.length === 0 ? documents.join(separator) : separator + documents.join(separator);
    splices.push({ start: text.length, end: text.length, text: added });
    return;
  }
  const form = root === undefined ? "lines" : formOf(text, root);
  const made = plan.components.map((component) => flowText(component, wish, "", form === "block" ? "lines" : form));
  if (root === undefined) {
    const whole = made.length === 1 ? (made[0] ?? "") : `[${made.join(", ")}]`;
    splices.push({ start: text.length, end: text.length, text: whole + style.feed });
    return;
  }
  if (root.type !== "map") refuse("the template is no mapping");
  splices.push({ start: root.start, end: root.start, text: "[" });
  splices.push({ start: root.tail, end: root.tail, text: `${made.map((one) => `, ${one}`).join("")}]` });
};

const addRoot = (work: Work): void => {
  const { file, style, plan, splices } = work;
  if (plan.root === undefined) return;
  if (/^(?:\.\.\.|%)/m.test(file.text)) refuse("the file has no document, and marks where it begins or ends");
  const wish = wishWithin(work, undefined);
  const lines = file.isJson
    ? [flowText(plan.root, wish, "")]
    : isJsonObject(plan.root)
      ? Object.entries(plan.root).map(
          ([key, value]) => `${keyText(key, wish, false)}: ${flowText(value, { ...wish, oneLine: true }, "")}`,
        )
      : refuse("only a mapping can be made");
  splices.push({ start: file.text.length, end: file.text.length, text: lines.join(style.feed) + style.feed });
};

/** Splices at one place keep their order. */
export const spliced = (text: string, splices: readonly Splice[]): string => {
  const sorted = splices.toSorted((a, b) => a.start - b.start || a.end - b.end);
  let [result, at] = ["", 0];
  for (const { start, end, text: added } of sorted) {
    if (start < at) return refuse("two edits touch the same text");
    result += text.slice(at, start) + added;
    at = end;
  }
  return result + text.slice(at);
};

const checkKeys = ({ changes }: Plan): void => {
  for (const [layout, { removed, added, keys }] of changes) {
    if (layout.type !== "map") continue;
    const kept = layout.children.flatMap((child, index) =>
      removed.has(index) ? [] : [keys.get(index) ?? keyOf(child)],
    );
    const all = [...kept, ...[...added.values()].flat().map(({ key }) => key)];
    if (new Set(all).size < all.length) refuse("a key would stand there twice");
  }
};

const editDocuments = (name: string, whole: string, edits: readonly FileEdit[]): string | undefined => {
  const addsFeed = !name.endsWith(".json") && whole !== "" && !whole.endsWith("\n");
  const feed = whole.includes("\r\n") ? "\r\n" : "\n";
  const file = readLayout(name, addsFeed ? whole + feed : whole);
  if (file === undefined) return undefined;
  const plan = planEdits(file, edits);
  checkKeys(plan);
  const work: Work = { file, style: styleOf(file), plan, splices: [] };
  for (const root of file.roots) walk(work, root, undefined);
  addComponents(work);
  addRoot(work);
  const result = spliced(file.text, work.splices);
  const text = addsFeed && result.endsWith(feed) ? result.slice(0, -feed.length) : result;
  const after = parseSource(name, text);
  if (hasErrors(after.diagnostics)) refuse("it could not be read afterwards");
  if (signature(after.trees) !== expectedFile(file, plan)) refuse("it would say something else afterwards");
  return text;
};

const mark = "\ufeff";

/**
 * A file's text with changes made and every other byte kept, or why that cannot be done. Offsets count from behind a byte
 * order mark. Of text that is no JSON or YAML (a template in which another language stands) only the scalars of `value`
 * can be changed.
 */
export const editFile = (file: string, text: string, edits: readonly FileEdit[]): Edited => {
  const before = text.startsWith(mark) ? mark : "";
  const content = text.slice(before.length);
  try {
    const edited = edits.length === 0 ? content : (editDocuments(file, content, edits) ?? editTokens(content, edits));
    return { text: before + edited };
  } catch (error) {
    if (error instanceof Refusal) return { problem: error.message };
    throw error;
  }
};
