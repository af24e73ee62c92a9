import type { Node, Pair, YAMLMap, YAMLSeq } from "yaml";
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, Schema } from "yaml";
import { hasErrors } from "../../diagnostic.ts";
import { parseSource } from "../parse/source.ts";
import type { Tree } from "../parse/tree.ts";
import type { Child, FileLayout, Layout, ScalarStyle } from "./layout.ts";
import { endOfChild } from "./layout.ts";

const none = { flow: false, children: [], value: null, style: "plain" } as const;

const ofTree = (text: string, tree: Tree): Layout => {
  const { start, end } = tree;
  const place = { start, end, tail: end };
  if (tree.type === "scalar") {
    return { ...none, ...place, type: "scalar", value: tree.value, style: text[start] === '"' ? "double" : "plain" };
  }
  const children =
    tree.type === "list"
      ? tree.items.map(
          (item): Child => ({ key: undefined, start: item.start, mark: undefined, value: ofTree(text, item) }),
        )
      : tree.members.map(({ key, keyStart, keyEnd, value }): Child => {
          const layout: Layout = {
            ...none,
            type: "scalar",
            start: keyStart,
            end: keyEnd,
            tail: keyEnd,
            value: key,
            style: "double",
          };
          return { key: layout, start: keyStart, mark: text.indexOf(":", keyEnd) + 1, value: ofTree(text, value) };
        });
  return { ...none, ...place, type: tree.type, flow: true, children };
};

type Reading = {
  readonly text: string;
  readonly anchored: Map<string, Layout>;
  readonly targets: Map<Layout, Layout>;
  readonly unusual: Set<Layout>;
};

const styles: { readonly [type: string]: ScalarStyle } = {
  PLAIN: "plain",
  QUOTE_SINGLE: "single",
  QUOTE_DOUBLE: "double",
  BLOCK_LITERAL: "literal",
  BLOCK_FOLDED: "folded",
};

const emptyAt = (offset: number): Layout => ({
  ...none,
  type: "scalar",
  start: offset,
  end: offset,
  tail: offset,
  style: "empty",
});

const tailOf = (children: readonly Child[], otherwise: number): number => {
  const last = children.at(-1);
  return last === undefined ? otherwise : endOfChild(last);
};

const memberOf = (reading: Reading, pair: Pair): Child => {
  const key = ofNode(reading, pair.key as Node);
  const colon = pair.srcToken?.sep?.find(({ type }) => type === "map-value-ind");
  const value = pair.value === null ? emptyAt(key.end) : ofNode(reading, pair.value as Node);
  return { key, start: key.start, mark: colon === undefined ? undefined : colon.offset + 1, value };
};

const ofMap = (reading: Reading, node: YAMLMap, start: number, end: number): Layout => {
  const flow = node.flow === true;
  const children = node.items.map((pair) => memberOf(reading, pair));
  const layout: Layout = { ...none, type: "map", start, end, flow, children, tail: flow ? end : tailOf(children, end) };
  const explicit = node.items.some(({ srcToken }) =>
    srcToken?.start?.some(({ type }) => type === "explicit-key-ind" || type === "anchor"),
  );
  if (explicit || (flow && reading.text[start] !== "{")) reading.unusual.add(layout);
  return layout;
};

const ofList = (reading: Reading, node: YAMLSeq, start: number, end: number): Layout => {
  const flow = node.flow === true;
  const token = node.srcToken;
  const dashes = (token?.type === "block-seq" ? token.items : []).flatMap(({ start: tokens }) =>
    tokens.filter(({ type }) => type === "seq-item-ind").map(({ offset }) => offset),
  );
  const children = node.items.map((item, index): Child => {
    const value = ofNode(reading, item as Node);
    const dash = dashes[index];
    return dash === undefined
      ? { key: undefined, start: value.start, mark: undefined, value }
      : { key: undefined, start: dash, mark: dash + 1, value };
  });
  const layout: Layout = {
    ...none,
    type: "list",
    start,
    end,
    flow,
    children,
    tail: flow ? end : tailOf(children, end),
  };
  if (!flow && dashes.length !== children.length) reading.unusual.add(layout);
  return layout;
};

const ofNode = (reading: Reading, node: Node): Layout => {
  const layout = layoutOf(reading, node);
  if ("anchor" in node && typeof node.anchor === "string") reading.anchored.set(node.anchor, layout);
  return layout;
};

const layoutOf = (reading: Reading, node: Node): Layout => {
  const [start, end] = node.range ?? [0, 0];
  if (isAlias(node)) {
    const alias: Layout = { ...none, type: "alias", start, end, tail: end };
    const target = reading.anchored.get(node.source);
    if (target !== undefined) reading.targets.set(alias, target);
    return alias;
  }
  if (isMap(node)) return ofMap(reading, node, start, end);
  if (isSeq(node)) return ofList(reading, node, start, end);
  const value = isScalar(node) ? node.value : null;
  const known = value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string";
  const style = start === end ? "empty" : (styles[isScalar(node) ? String(node.type) : "PLAIN"] ?? "plain");
  return { ...none, type: "scalar", start, end, tail: end, value: known ? value : null, style };
};

const schema = new Schema({ schema: "core", resolveKnownTags: false });

const ofYaml = (text: string): FileLayout => {
  const reading: Reading = { text, anchored: new Map(), targets: new Map(), unusual: new Set() };
  const documents = parseAllDocuments(text, {
    schema,
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: "error",
    keepSourceTokens: true,
  });
  const roots: Layout[] = [];
  for (const { contents } of documents) {
    reading.anchored.clear();
    const root = contents === null ? undefined : ofNode(reading, contents);
    if (root !== undefined && (root.type !== "scalar" || root.value !== null)) roots.push(root);
  }
  const { targets, unusual } = reading;
  return { text, isJson: false, roots, shared: [...targets.values()], targets, unusual };
};

/** How a JSON or YAML file is written; undefined where it is neither. */
export const readLayout = (file: string, text: string): FileLayout | undefined => {
  const { trees, diagnostics } = parseSource(file, text);
  if (hasErrors(diagnostics)) return undefined;
  if (!file.endsWith(".json")) return ofYaml(text);
  return {
    text,
    isJson: true,
    roots: trees.map((tree) => ofTree(text, tree)),
    shared: [],
    targets: new Map(),
    unusual: new Set(),
  };
};
