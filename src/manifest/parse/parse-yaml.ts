import type { Document, Node, Pair, ParsedNode, Range } from "yaml";
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, Schema } from "yaml";
import { explainSyntax } from "./explain-syntax.ts";
import { keyProblem, tooLarge } from "./parse-json.ts";
import type { FileProblem } from "./source.ts";
import type { Member, Tree } from "./tree.ts";
import { maxDepth } from "./tree.ts";

const schema = new Schema({ schema: "core", resolveKnownTags: false });

/** Aliases may make a document this many times larger, and by this many values in any case. */
const aliasFactor = 10;
const aliasAllowance = 10_000;

type Reading = {
  readonly text: string;
  readonly problems: FileProblem[];
  readonly anchors: Map<string, { tree: Tree; size: number }>;
  /** Values so far, and how many of them came through aliases. */
  size: number;
  aliased: number;
};

const offsets = (node: { range?: Range | null | undefined }): { start: number; end: number } => {
  const [start, end] = node.range ?? [0, 0];
  return { start, end };
};

const scalar = (reading: Reading, value: unknown, start: number, end: number): Tree => {
  const kept = { type: "scalar", start, end } as const;
  if (value === undefined || value === null) return { ...kept, value: null };
  if (typeof value === "string" || typeof value === "boolean") return { ...kept, value };
  if (typeof value === "number" && Number.isFinite(value)) {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      reading.problems.push(tooLarge(reading.text.slice(start, end), start, end));
    } else if (/^[-+]?0\d/.test(reading.text.slice(start, end))) {
      reading.problems.push(leadingZeros(reading.text.slice(start, end), value, start, end));
    }
    return { ...kept, value };
  }
  const message = `${reading.text.slice(start, end)} is not a number that JSON can hold`;
  reading.problems.push({ code: "invalid-value", start, end, message, hint: "put it in quotes if it is text" });
  return { ...kept, value: null };
};

const leadingZeros = (digits: string, value: number, start: number, end: number): FileProblem => ({
  code: "leading-zeros",
  severity: "warning",
  start,
  end,
  message: `${digits} is read as the number ${value}`,
  hint: `quote it to keep the zeros: "${digits}"`,
});

const convert = (reading: Reading, node: Node | null, depth: number): Tree => {
  if (node === null) return scalar(reading, null, 0, 0);
  const { start, end } = offsets(node);
  if (isAlias(node)) return alias(reading, node.source, start, end);
  const before = reading.size + reading.aliased;
  reading.size++;
  const tree = depth > maxDepth ? tooDeep(reading, start, end) : content(reading, node, start, end, depth);
  if ("anchor" in node && typeof node.anchor === "string") {
    reading.anchors.set(node.anchor, { tree, size: reading.size + reading.aliased - before });
  }
  return tree;
};

const content = (reading: Reading, node: Node, start: number, end: number, depth: number): Tree => {
  if (isMap(node)) {
    const keys = new Set<string>();
    const members = node.items.flatMap((pair) =>
      member(reading, pair as Pair<ParsedNode, ParsedNode | null>, keys, depth),
    );
    return { type: "map", members, start, end };
  }
  if (isSeq(node)) {
    return {
      type: "list",
      items: node.items.map((item) => convert(reading, item as Node | null, depth + 1)),
      start,
      end,
    };
  }
  return scalar(reading, isScalar(node) ? node.value : null, start, end);
};

const member = (
  reading: Reading,
  pair: Pair<ParsedNode, ParsedNode | null>,
  keys: Set<string>,
  depth: number,
): Member[] => {
  const { start, end } = offsets(pair.key);
  const key = isScalar(pair.key) ? String(pair.key.value) : "";
  const value = pair.value === null ? scalar(reading, null, end, end) : convert(reading, pair.value, depth + 1);
  const problem =
    key === "<<" && value.type !== "scalar" ? mergeKey(start, end) : keyProblem(key, keys.has(key), start, end);
  keys.add(key);
  if (problem === undefined) return [{ key, keyStart: start, keyEnd: end, value }];
  reading.problems.push(problem);
  return [];
};

const mergeKey = (start: number, end: number): FileProblem => ({
  code: "invalid-value",
  start,
  end,
  message: 'the merge key "<<" is not part of the YAML core schema',
  hint: "write the members out",
});

const tooDeep = (reading: Reading, start: number, end: number): Tree => {
  reading.problems.push({ code: "yaml-syntax", start, end, message: `nested deeper than ${maxDepth} levels` });
  return { type: "scalar", value: null, start, end };
};

const alias = (reading: Reading, name: string, start: number, end: number): Tree => {
  const target = reading.anchors.get(name);
  if (target === undefined) {
    const message = `the alias *${name} refers to nothing that ends before it`;
    reading.problems.push({ code: "yaml-syntax", start, end, message, hint: `set the anchor &${name} earlier` });
    return { type: "scalar", value: null, start, end };
  }
  const limit = aliasAllowance + aliasFactor * reading.size;
  if (reading.aliased <= limit && reading.aliased + target.size > limit) {
    const message = `aliases make this document more than ${limit} values large`;
    reading.problems.push({ code: "alias-bomb", start, end, message, hint: "write the values out" });
  }
  reading.aliased += target.size;
  return target.tree;
};

/** One problem for a document that is not YAML: later ones mostly follow from the first. */
const syntaxProblems = (text: string, document: Document.Parsed): FileProblem[] => {
  const problems: FileProblem[] = [];
  const first =
    document.errors.find((error) => error.code === "RESOURCE_EXHAUSTION") ??
    document.errors.toSorted((a, b) => a.pos[0] - b.pos[0])[0];
  if (first !== undefined) {
    const [start, end] = first.pos;
    const unquoted = unquotedVariable(text, start);
    if (unquoted !== undefined) problems.push(unquoted);
    else if (first.code === "RESOURCE_EXHAUSTION") {
      problems.push({ code: "yaml-syntax", start, end, message: `nested deeper than ${maxDepth} levels` });
    } else problems.push(explainSyntax(text, { code: first.code, message: first.message, start, end }));
  }
  for (const { code, pos, message } of document.warnings) {
    if (code !== "TAG_RESOLVE_FAILED") continue;
    const hint = "take the tag out; quote the value if it is text";
    problems.push({ code: "custom-tag", start: pos[0], end: pos[1], message: sentence(message), hint });
  }
  return problems;
};

/** YAML reads `{{@ x @}}` as a mapping within a mapping, and stumbles over the `@`. */
const unquotedVariable = (text: string, offset: number): FileProblem | undefined => {
  const start = text.lastIndexOf("{{@", offset);
  if (start === -1 || offset - start > 2) return undefined;
  return {
    code: "unquoted-variable",
    start,
    end: start + 3,
    message: "YAML reads an unquoted {{@ … @}} as a mapping",
    hint: "put it in quotes, or write <<@ … @>>",
  };
};

const sentence = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);

/** The documents of a YAML file (core schema), with places; those without a value are left out. */
export const parseYaml = (text: string): { trees: readonly Tree[]; problems: readonly FileProblem[] } => {
  const documents = parseAllDocuments(text, {
    schema,
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: "error",
  });
  const problems: FileProblem[] = [];
  const trees: Tree[] = [];
  for (const document of documents) {
    const syntax = syntaxProblems(text, document);
    problems.push(...syntax);
    if (document.errors.length > 0) break;
    if (document.contents === null) continue;
    const reading: Reading = { text, problems, anchors: new Map(), size: 0, aliased: 0 };
    const tree = convert(reading, document.contents, 0);
    if (tree.type !== "scalar" || tree.value !== null) trees.push(tree);
  }
  return { trees, problems };
};
