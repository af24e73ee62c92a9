import type { FileProblem } from "../parse/source.ts";
import { maxDepth } from "../parse/tree.ts";
import type { Expression, NameUse, Node, Path } from "./nodes.ts";

/** The parser's own trees; its types say nothing of what a node may hold. */
type Ast = hbs.AST.Node;
type Parse = (text: string) => hbs.AST.Program;

/** What blocks around an expression give it. */
type Frame = { readonly pushes: boolean; readonly names: readonly string[] };

type Compiling = {
  readonly text: string;
  readonly starts: readonly number[];
  readonly problems: FileProblem[];
  readonly uses: NameUse[];
};

type Compiled = {
  readonly nodes: readonly Node[];
  readonly uses: readonly NameUse[];
  readonly problems: FileProblem[];
};

const allowed = "allowed are {{x}}, {{#each}}, {{#if}}, {{#unless}}, {{#with}}, {{lookup a b}} and {{concat a b}}";

const span = ({ starts, text }: Compiling, { loc }: Pick<Ast, "loc">): { start: number; end: number } => {
  const offset = ({ line, column }: { line: number; column: number }): number =>
    Math.min((starts[line - 1] ?? text.length) + column, text.length);
  const start = offset(loc.start);
  return { start, end: Math.max(offset(loc.end), start + 1) };
};

const complain = (compiling: Compiling, node: Pick<Ast, "loc">, message: string, hint: string): undefined => {
  compiling.problems.push({ code: "handlebars-syntax", ...span(compiling, node), message, hint });
};

const isLiteral = (node: Ast): node is hbs.AST.StringLiteral | hbs.AST.NumberLiteral | hbs.AST.BooleanLiteral =>
  node.type === "StringLiteral" || node.type === "NumberLiteral" || node.type === "BooleanLiteral";

const pathOf = (
  compiling: Compiling,
  node: hbs.AST.PathExpression,
  frames: readonly Frame[],
  optional: boolean,
): Path | undefined => {
  const { original: written, data, depth } = node;
  const place = span(compiling, node);
  const [head = "", ...tail] = node.parts;
  if (data && head !== "root") {
    if (!["index", "key", "first", "last"].includes(head) || tail.length > 0) {
      return complain(compiling, node, `"${written}" is not known`, "known are @index, @key, @first, @last and @root");
    }
    const blocks = frames.filter((frame) => frame.names.includes("@index")).length;
    if (blocks > depth) return { type: "path", ...place, written, up: depth, named: `@${head}`, parts: [] };
    return complain(compiling, node, `"${written}" stands outside of {{#each}}`, "it is there within {{#each}} only");
  }
  const scoped = /^(?:\.\/|this[./]|\.$|this$)/.test(written);
  if (!data && depth === 0 && !scoped && frames.some((frame) => frame.names.includes(head))) {
    return { type: "path", ...place, written, up: 0, named: head, parts: tail };
  }
  const contexts = frames.filter((frame) => frame.pushes).length;
  const parts = data ? tail : node.parts;
  if (!data && depth > contexts) {
    return complain(compiling, node, `"${written}" goes further up than there are blocks`, `take ${"../"} out`);
  }
  const up = data || depth === contexts ? ("root" as const) : depth;
  if (up === "root") {
    const [name] = parts;
    if (name === undefined) {
      return complain(compiling, node, `"${written}" names no variable here`, "name one, such as {{system}}");
    }
    compiling.uses.push({ name, optional, ...place });
  }
  return { type: "path", ...place, written, up, named: undefined, parts };
};

const refuseHash = (compiling: Compiling, hash: hbs.AST.Hash | undefined, known: readonly string[]): void => {
  for (const pair of hash?.pairs ?? []) {
    if (known.includes(pair.key)) continue;
    complain(compiling, pair, `"${pair.key}=" is not known here`, "take it out");
  }
};

type Call = {
  readonly path: Ast;
  readonly params: readonly Ast[];
  readonly hash?: hbs.AST.Hash;
  readonly loc: Ast["loc"];
};

const callOf = (compiling: Compiling, call: Call, frames: readonly Frame[]): Expression | undefined => {
  const name = (call.path as hbs.AST.PathExpression).original;
  refuseHash(compiling, call.hash, []);
  const parts = call.params.map((param) => expressionOf(compiling, param, frames, false));
  if (name === "concat" && parts.length > 0) {
    const known = parts.flatMap((part) => part ?? []);
    return known.length < parts.length ? undefined : { type: "concat", ...span(compiling, call), parts: known };
  }
  if (name === "lookup" && parts.length === 2) {
    const [of, key] = parts;
    return of === undefined || key === undefined ? undefined : { type: "lookup", ...span(compiling, call), of, key };
  }
  const what = name === "lookup" ? "lookup takes a list or mapping, and a key" : `there is no helper "${name}"`;
  return complain(compiling, call, what, allowed);
};

const expressionOf = (
  compiling: Compiling,
  node: Ast,
  frames: readonly Frame[],
  optional: boolean,
): Expression | undefined => {
  if (isLiteral(node)) return { type: "literal", ...span(compiling, node), value: node.value };
  if (node.type === "NullLiteral") return { type: "literal", ...span(compiling, node), value: null };
  if (node.type === "PathExpression") return pathOf(compiling, node as hbs.AST.PathExpression, frames, optional);
  if (node.type === "SubExpression") return callOf(compiling, node as hbs.AST.SubExpression, frames);
  return complain(compiling, node, "undefined is not a value", "write null");
};

const emitOf = (compiling: Compiling, node: hbs.AST.MustacheStatement, frames: readonly Frame[]): Node[] => {
  if (!node.escaped) {
    const hint = "write {{x}}, which gives a JSON literal; text cannot be put in as it is";
    complain(compiling, node, "{{{x}}} and {{&x}} are refused", hint);
    return [];
  }
  const expression =
    node.params.length > 0 || (node.hash?.pairs.length ?? 0) > 0
      ? callOf(compiling, node, frames)
      : expressionOf(compiling, node.path, frames, false);
  return expression === undefined ? [] : [{ type: "emit", ...span(compiling, node), expression }];
};

const blockOf = (compiling: Compiling, node: hbs.AST.BlockStatement, frames: readonly Frame[]): Node[] => {
  const place = span(compiling, node);
  const name = node.path.original;
  const raw = compiling.text.startsWith("{{{{", place.start);
  if (raw || !["each", "if", "unless", "with"].includes(name)) {
    complain(compiling, node.path, raw ? "raw blocks are refused" : `there is no block "${name}"`, allowed);
    return [];
  }
  const [param, more] = node.params;
  if (param === undefined || more !== undefined) {
    complain(compiling, node.path, `{{#${name}}} takes one value`, `write {{#${name} x}}`);
    return [];
  }
  const isCondition = name === "if" || name === "unless";
  refuseHash(compiling, node.hash, isCondition ? ["includeZero"] : []);
  const of = expressionOf(compiling, param, frames, isCondition);
  const names = node.program?.blockParams ?? [];
  if (isCondition && names.length > 0) complain(compiling, node, `{{#${name}}} gives no names`, "take | | out");
  const data = name === "each" ? ["@index"] : [];
  const frame: Frame = { pushes: !isCondition, names: [...names, ...data] };
  const body = nodesOf(compiling, node.program, [...frames, frame]);
  const otherwise = nodesOf(compiling, node.inverse, frames);
  if (of === undefined) return [];
  if (name === "each" || name === "with") return [{ type: name, ...place, of, names, body, otherwise }];
  const zero = node.hash?.pairs.find((pair) => pair.key === "includeZero")?.value as hbs.AST.BooleanLiteral | undefined;
  const includeZero = zero?.value === true;
  return [{ type: "if", ...place, condition: of, negated: name === "unless", includeZero, body, otherwise }];
};

type Content = Ast & { readonly value: string; readonly original: string; readonly leftStripped?: boolean };

/** How much white space Handlebars took off before a text, as it does around blocks that stand alone on their lines. */
const cutBefore = ({ value, original, leftStripped }: Content): number =>
  leftStripped === true ? Math.max(0, original.indexOf(value)) : original.length - value.length;

/** Handlebars leaves the spaces before a closing mark on a line of its own behind the last branch of a chain of else if. */
const withoutIndent = ({ text }: Compiling, value: string, end: number): string => {
  const isClosing = /^\{\{~?\/[^{}]*\}\}[ \t]*(?:[\r\n]|$)/.test(text.slice(end, end + 200));
  return isClosing && /(?:^|\n)[ \t]*$/.test(text.slice(0, end)) ? value.replace(/[ \t]+$/, "") : value;
};

const nodesOf = (compiling: Compiling, program: hbs.AST.Program | undefined, frames: readonly Frame[]): Node[] => {
  return (program?.body ?? []).flatMap((node): Node[] => {
    switch (node.type) {
      case "ContentStatement": {
        const { start, end } = span(compiling, node);
        const value = withoutIndent(compiling, (node as Content).value, end);
        return value === "" ? [] : [{ type: "text", start: start + cutBefore(node as Content), end, text: value }];
      }
      case "CommentStatement":
        return [];
      case "MustacheStatement":
        return emitOf(compiling, node as hbs.AST.MustacheStatement, frames);
      case "BlockStatement":
        return blockOf(compiling, node as hbs.AST.BlockStatement, frames);
      default: {
        const what = node.type.startsWith("Partial") ? "partials" : "decorators";
        complain(compiling, node, `${what} are refused`, allowed);
        return [];
      }
    }
  });
};

const lineStarts = (text: string): readonly number[] => [
  0,
  ...[...text.matchAll(/\r\n?|\n/g)].map((found) => found.index + found[0].length),
];

/** What Handlebars says of a text that it cannot read: the line is in its words only. */
const syntaxProblem = (text: string, error: unknown): FileProblem => {
  const message = error instanceof Error ? error.message : String(error);
  const { lineNumber, column } = error as { lineNumber?: number; column?: number };
  const line = lineNumber ?? Number(/^Parse error on line (\d+)/.exec(message)?.[1] ?? 1);
  const starts = lineStarts(text);
  const from = starts[line - 1] ?? 0;
  const start = Math.min(from + (column ?? 0), text.length);
  const end = Math.max(start + 1, (starts[line] ?? text.length + 1) - 1);
  const found = /got '(\w+)'/.exec(message)?.[1];
  if (found === "CLOSE_UNESCAPED" || found === "CLOSE_RAW_BLOCK") {
    const hint = "write a space between }} and a brace that stays";
    return { code: "handlebars-syntax", start, end, message: "three closing braces end what two have opened", hint };
  }
  const why =
    found === "EOF"
      ? "a block or a mark is not closed"
      : column === undefined
        ? "what stands between {{ and }} cannot be read"
        : message.replace(/ - \d+:\d+$/, "");
  const hint = `${allowed}; write \\{{ for two braces that stay`;
  return { code: "handlebars-syntax", start, end, message: why, hint };
};

/** `{{@ x @}}` means a variable elsewhere, and something else to Handlebars. */
const otherForm = (text: string): FileProblem[] =>
  [...text.matchAll(/\{\{@(?:\s|[\w.-]+\s*@\}\})[^{}\n]*(?:\}\})?/g)].map((found) => ({
    code: "handlebars-syntax",
    start: found.index,
    end: found.index + found[0].length,
    message: "{{@ … @}} cannot stand in a Handlebars template",
    hint: "write <<@ name @>> for a variable in a text, or {{name}} for a value of its own",
  }));

/** Where blocks are nested too deep: looked for first, since the parser takes a time that grows with the square of it. */
const tooDeep = (text: string): FileProblem[] => {
  let depth = 0;
  for (const { 0: mark, index } of text.matchAll(/\{\{~?(?:[#/]|\^(?!~?\}))/g)) {
    depth += mark.endsWith("/") ? -1 : 1;
    if (depth <= maxDepth) continue;
    const message = `blocks are nested deeper than ${maxDepth} levels`;
    return [{ code: "handlebars-syntax", start: index, end: index + mark.length, message, hint: "take some out" }];
  }
  return [];
};

/** Takes a template's text apart. `parse` is Handlebars' own parser; nothing else of Handlebars runs. */
export const compileHandlebars = (text: string, parse: Parse): Compiled => {
  const wrong = [...otherForm(text), ...tooDeep(text)];
  if (wrong.length > 0) return { nodes: [], uses: [], problems: wrong };
  let program: hbs.AST.Program;
  try {
    program = parse(text);
  } catch (error) {
    return { nodes: [], uses: [], problems: [syntaxProblem(text, error)] };
  }
  const compiling: Compiling = { text, starts: lineStarts(text), problems: [], uses: [] };
  const nodes = nodesOf(compiling, program, []);
  return { nodes, uses: compiling.uses, problems: compiling.problems };
};
