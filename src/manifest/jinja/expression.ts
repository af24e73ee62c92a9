import type { parse } from "@huggingface/jinja";
import { nearest } from "../../nearest.ts";
import type { FileProblem } from "../parse/source.ts";
import { maxDepth } from "../parse/tree.ts";
import { filterNames } from "./filters.ts";
import type { Arguments, Expression, Parameter, Place } from "./nodes.ts";
import { testNames } from "./tests.ts";
import type { Token } from "./tokens.ts";
import { keywords } from "./tokens.ts";

/** The library's parser: nothing else of it runs. */
export type Parse = typeof parse;

/** A node of its trees, whose types say nothing of what it may hold. */
type Ast = { readonly type: string; readonly [part: string]: unknown };

const generalHint = "a mark holds such as {{@ x @}}, {{@ x.y | upper @}}, {{@ 'a' ~ x @}} or {{% if x > 1 %}}";

/** Ends the compiling of a mark. */
export class Unreadable extends Error {
  readonly problem: FileProblem;
  constructor({ start, end }: Place, message: string, hint: string = generalHint) {
    super(message);
    this.problem = { code: "template-syntax", start, end, message, hint };
  }
}

/** A name as a token wrote it, with its place. */
const nameOf = (value: unknown): Place & { readonly name: string } => {
  const [name = "", at = "0"] = String(value).split("\0");
  return { name, start: Number(at), end: Number(at) + name.replace(/^is(?: not)?:/, "").length };
};

const ast = (node: unknown): Ast => node as Ast;
const list = (nodes: unknown): readonly Ast[] => nodes as readonly Ast[];

const hull = (...parts: readonly (Place | undefined)[]): Place => {
  const known = parts.flatMap((part) => part ?? []);
  return { start: Math.min(...known.map(({ start }) => start)), end: Math.max(...known.map(({ end }) => end)) };
};

/** The library's tree as our own; `around` is the place of what has none of its own. */
const convert = (node: Ast, around: Place, depth: number): Expression => {
  if (depth > maxDepth)
    throw new Unreadable(around, `an expression is nested deeper than ${maxDepth} levels`, "take some out");
  const part = (name: string): Expression => convert(ast(node[name]), around, depth + 1);
  const optional = (name: string): Expression | undefined => (node[name] === undefined ? undefined : part(name));
  const all = (nodes: unknown): Expression[] => list(nodes).map((one) => convert(one, around, depth + 1));
  switch (node.type) {
    case "IntegerLiteral":
    case "FloatLiteral":
      return { type: "literal", value: node["value"] as number, float: node.type === "FloatLiteral", ...around };
    case "StringLiteral":
      return { type: "literal", value: String(node["value"]), float: false, ...around };
    case "ArrayLiteral":
    case "TupleLiteral":
      return { type: "list", items: all(node["value"]), ...around };
    case "ObjectLiteral": {
      const entries = [...(node["value"] as ReadonlyMap<unknown, unknown>)];
      const pairs = entries.map(([key, value]) => {
        return [convert(ast(key), around, depth + 1), convert(ast(value), around, depth + 1)] as const;
      });
      return { type: "dict", entries: pairs, ...around };
    }
    case "Identifier": {
      const { name, start, end } = nameOf(node["value"]);
      if (name === "true" || name === "True") return { type: "literal", value: true, float: false, start, end };
      if (name === "false" || name === "False") return { type: "literal", value: false, float: false, start, end };
      if (name === "none" || name === "None") return { type: "literal", value: null, float: false, start, end };
      return { type: "name", name, start, end };
    }
    case "MemberExpression": {
      const of = part("object");
      const property = ast(node["property"]);
      if (property.type === "SliceExpression") {
        const bounds = ["start", "stop", "step"].map((name) =>
          property[name] === undefined ? undefined : convert(ast(property[name]), around, depth + 1),
        );
        return { type: "slice", of, bounds, ...around };
      }
      const dotted = node["computed"] !== true;
      if (!dotted || property.type !== "Identifier") {
        const key = convert(property, around, depth + 1);
        return { type: "member", of, key, dotted: false, ...hull(of, key) };
      }
      const { name, ...place } = nameOf(property["value"]);
      const key = { type: "literal" as const, value: name, float: false, ...place };
      return { type: "member", of, key, dotted: true, ...hull(of, place) };
    }
    case "CallExpression":
      return { type: "call", of: part("callee"), args: argumentsOf(list(node["args"]), around, depth + 1), ...around };
    case "UnaryExpression":
      return { type: "unary", operator: String(ast(node["operator"])["value"]), of: part("argument"), ...around };
    case "BinaryExpression":
      return binaryOf(String(ast(node["operator"])["value"]), part("left"), part("right"));
    case "FilterExpression":
      return filterOf(part("operand"), ast(node["filter"]), around, depth);
    case "Ternary":
      return {
        type: "choice",
        condition: part("condition"),
        yes: part("trueExpr"),
        no: optional("falseExpr"),
        ...around,
      };
    case "SelectExpression":
      return { type: "choice", condition: part("test"), yes: part("lhs"), no: undefined, ...around };
    default:
      throw new Unreadable(around, "this cannot stand in an expression");
  }
};

const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", ">", "<=", ">=", "in", "not in"]);

const binaryOf = (operator: string, left: Expression, right: Expression): Expression => {
  const place = hull(left, right);
  if (comparisons.has(operator) && left.type === "binary" && comparisons.has(left.operator)) {
    throw new Unreadable(place, "comparisons are chained here", "write a < b and b < c");
  }
  return { type: "binary", operator, left, right, ...place };
};

const filterOf = (of: Expression, filter: Ast, around: Place, depth: number): Expression => {
  const isCall = filter.type === "CallExpression";
  const callee = isCall ? ast(filter["callee"]) : filter;
  if (callee.type !== "Identifier") throw new Unreadable(around, "a filter is a name, with what it needs in brackets");
  const args = isCall ? argumentsOf(list(filter["args"]), around, depth + 1) : { positional: [], named: [] };
  const { name, start, end } = nameOf(callee["value"]);
  const test = /^is( not)?:(.*)$/s.exec(name);
  const place = hull(of, { start, end });
  if (test === null) {
    const known = filterNames();
    if (known.includes(name)) return { type: "filter", name, of, args, ...place };
    throw new Unreadable({ start, end }, `there is no filter "${name}"`, nearest(name, known, "filters are"));
  }
  const [, not, tested = ""] = test;
  if (testNames().includes(tested))
    return { type: "test", name: tested, negated: not !== undefined, of, args, ...place };
  throw new Unreadable({ start, end }, `there is no test "${tested}"`, nearest(tested, testNames(), "tests are"));
};

const argumentsOf = (nodes: readonly Ast[], around: Place, depth: number): Arguments => {
  const positional: Expression[] = [];
  const named: (readonly [string, Expression])[] = [];
  for (const node of nodes) {
    if (node.type === "SpreadExpression" || node.type === "KeywordSpreadExpression") {
      throw new Unreadable(around, "* before what a call gets is not supported", "name each");
    }
    if (node.type === "KeywordArgumentExpression") {
      named.push([nameOf(ast(node["key"])["value"]).name, convert(ast(node["value"]), around, depth)]);
    } else positional.push(convert(node, around, depth));
  }
  return { positional, named };
};

const token = (type: Token["type"], value: string, { start, end }: Place): Token => ({ type, value, start, end });

/** Index of the last token of a value that follows a test: `3`, `"a"`, `x.y[0]`, `[1, 2]`. */
const primaryEnd = (tokens: readonly Token[], at: number): number => {
  const group = (from: number): number => {
    let depth = 0;
    for (let index = from; index < tokens.length; index++) {
      const { type } = tokens[index] ?? { type: "Text" };
      if (/^Open/.test(type)) depth++;
      if (/^Close/.test(type) && --depth === 0) return index;
    }
    return tokens.length - 1;
  };
  let last = /^Open/.test(tokens[at]?.type ?? "") ? group(at) : at;
  for (;;) {
    const next = tokens[last + 1]?.type;
    if (next === "Dot") last += 2;
    else if (next === "OpenSquareBracket" || next === "OpenParen") last = group(last + 1);
    else return Math.min(last, tokens.length - 1);
  }
};

const startsValue = ({ type, name }: Token): boolean =>
  ["StringLiteral", "NumericLiteral", "OpenSquareBracket", "OpenCurlyBracket"].includes(type) ||
  (type === "Identifier" && name !== undefined && !keywords.has(name));

/** Tests as filters, which bind as tightly: the library's own take no value to test with. */
const withTests = (tokens: readonly Token[]): readonly Token[] => {
  if (!tokens.some(({ name }) => name === "is")) return tokens;
  const result: Token[] = [];
  const closing = new Map<number, number>();
  const close = (index: number, at: Token): void => {
    for (let times = closing.get(index) ?? 0; times > 0; times--) result.push(token("CloseParen", ")", at));
  };
  for (let index = 0; index < tokens.length; index++) {
    const current = tokens[index];
    if (current === undefined) break;
    const isTest = current.name === "is" && tokens[index - 1]?.type !== "Dot";
    const negated = isTest && tokens[index + 1]?.name === "not";
    const test = isTest ? tokens[index + (negated ? 2 : 1)] : undefined;
    if (test?.name === undefined) {
      result.push(current);
      close(index, current);
      continue;
    }
    index += negated ? 2 : 1;
    result.push(token("Pipe", "|", current));
    result.push(token("Identifier", `is${negated ? " not" : ""}:${test.name}\0${test.start}`, test));
    const next = tokens[index + 1];
    if (next !== undefined && startsValue(next)) {
      result.push(token("OpenParen", "(", next));
      const last = primaryEnd(tokens, index + 1);
      closing.set(last, (closing.get(last) ?? 0) + 1);
    } else close(index, test);
  }
  return result;
};

/** Lets the library parse tokens as one mark; what it says of them has no place, the last token that it looked at has. */
const parsed = (parse: Parse, tokens: readonly Token[], around: Place): readonly Ast[] => {
  let furthest = 0;
  const watched = tokens.map(({ value, type }, index) => ({
    value,
    get type() {
      furthest = Math.max(furthest, index);
      return type;
    },
  }));
  try {
    return (parse(watched) as unknown as { readonly body: readonly Ast[] }).body;
  } catch (error) {
    if (error instanceof RangeError) throw new Unreadable(around, "an expression is nested too deep", "take some out");
    const at = tokens[furthest] ?? around;
    const isEnd = at.end > around.end - 3 && tokens[furthest]?.type.startsWith("Close") === true;
    const said = error instanceof SyntaxError && /^(?:Positional|Duplicate|Non-default|Only one)/.test(error.message);
    if (said) throw new Unreadable(at, error.message.split("\0")[0] ?? "");
    throw new Unreadable(at, isEnd ? "something is missing before the end of the mark" : "this is not expected here");
  }
};

const edges = (tokens: readonly Token[], { start, end }: Place, kind: "Expression" | "Statement"): readonly Token[] => [
  token(`Open${kind}`, "", { start, end: start + 3 }),
  ...tokens,
  token(`Close${kind}`, "", { start: Math.max(end - 3, start), end }),
];

/** An expression; throws `Unreadable` where the tokens are none, or more than one. */
export const expressionOf = (parse: Parse, tokens: readonly Token[], around: Place): Expression => {
  if (tokens.length === 0) throw new Unreadable(around, "the mark is empty", "write an expression into it");
  const [only, more] = parsed(parse, edges(withTests(tokens), around, "Expression"), around);
  if (only === undefined || more !== undefined) throw new Unreadable(around, "this is more than one expression");
  return convert(only, around, 0);
};

/** The parameters of `macro name(…)` or `call(…)`, from the bracket on, with how many tokens they take. */
export const parametersOf = (
  parse: Parse,
  tokens: readonly Token[],
  around: Place,
): { readonly parameters: readonly Parameter[]; readonly taken: number } => {
  const taken = primaryEnd(tokens, 0) + 1;
  const inner = withTests(tokens.slice(0, taken));
  const name = token("Identifier", "macro", around);
  const body = edges([name, token("Identifier", "x", around), ...inner], around, "Statement");
  const end = edges([token("Identifier", "endmacro", around)], around, "Statement");
  const [macro] = parsed(parse, [...body, ...end], around);
  const parameters = list(macro?.["args"]).map((node): Parameter => {
    if (node.type === "Identifier") return { name: nameOf(node["value"]).name, value: undefined };
    return { name: nameOf(ast(node["key"])["value"]).name, value: convert(ast(node["value"]), around, 0) };
  });
  const names = parameters.map(({ name: one }) => one);
  const twice = names.find((one, index) => names.indexOf(one) < index);
  if (twice !== undefined) throw new Unreadable(around, `the name "${twice}" stands here twice`);
  return { parameters, taken };
};
