import { nearest } from "../../nearest.ts";
import type { FileProblem } from "../parse/source.ts";
import { maxDepth } from "../parse/tree.ts";
import { bodyToken, indexAt, isEquals, nothingMore, pipeToken, separated, spanOf, targetOf } from "./block-tokens.ts";
import type { Parse } from "./expression.ts";
import { expressionOf, parametersOf, Unreadable } from "./expression.ts";
import type { Expression, Node, Place, Target } from "./nodes.ts";
import type { Part } from "./split.ts";
import type { Token } from "./tokens.ts";

type Block = Extract<Part, { type: "block" }>;
type Output = Extract<Part, { type: "output" }>;

/** A block that is open while what stands in it is read. */
type Open = Place & {
  readonly word: string;
  /** Marks that may stand in it, and the one that ends it. */
  readonly within: readonly string[];
  readonly ends: string;
  nodes: Node[];
  /** Makes the node once its end is there. */
  readonly close: (end: number) => Node;
  /** Takes `elif` and `else`. */
  readonly branch?: (word: string, tokens: readonly Token[], mark: Place) => void;
};

type Building = { readonly parse: Parse; readonly open: Open[]; readonly root: Node[] };

const known = ["if", "for", "set", "macro", "raw", "call", "filter", "with", "elif", "else"];
const refused: { readonly [word: string]: string } = {
  include: "templates cannot include others: write what it holds here, or a template of its own for the datatype",
  import: "templates cannot import others: write the macros here",
  from: "templates cannot import others: write the macros here",
  extends: "templates cannot extend others: write the whole template here",
  block: "there is no template to extend: take the block's marks out",
  autoescape: "values are put in as JSON: take the mark out",
  do: "lists and mappings cannot be changed: write {{% set … %}}",
  break: "write the condition into the loop: {{% for x in list if … %}}",
  continue: "write the condition into the loop: {{% for x in list if … %}}",
  trans: "there are no translations",
  debug: "take the mark out",
};

const push = ({ open, root }: Building, node: Node): void => {
  (open.at(-1)?.nodes ?? root).push(node);
};

const start = (building: Building, opened: Open): void => {
  if (building.open.length >= maxDepth)
    throw new Unreadable(opened, `blocks are nested deeper than ${maxDepth} levels`);
  building.open.push(opened);
};

const ifBlock = (building: Building, rest: readonly Token[], mark: Place): Open => {
  const branches: { condition: Expression; body: Node[] }[] = [];
  let otherwise: Node[] | undefined;
  const opened: Open = {
    ...mark,
    word: "if",
    within: ["elif", "else"],
    ends: "endif",
    nodes: [],
    branch: (word, tokens, at) => {
      if (otherwise !== undefined) throw new Unreadable(at, `{{% ${word} %}} stands behind {{% else %}}`);
      opened.nodes = [];
      if (word === "else") {
        nothingMore(tokens);
        otherwise = opened.nodes;
      } else branches.push({ condition: expressionOf(building.parse, tokens, at), body: opened.nodes });
    },
    close: (end) => ({ type: "if", branches, otherwise: otherwise ?? [], start: mark.start, end }),
  };
  branches.push({ condition: expressionOf(building.parse, rest, mark), body: opened.nodes });
  return opened;
};

const forBlock = (building: Building, rest: readonly Token[], mark: Place): Open => {
  const at = indexAt(rest, ({ name }) => name === "in");
  if (at === -1) throw new Unreadable(mark, `"in" is missing`, "write {{% for item in list %}}");
  const target = targetOf(rest.slice(0, at), mark, false);
  const source = rest.slice(at + 1);
  if (source.at(-1)?.name === "recursive" && source.length > 1) {
    throw new Unreadable(source.at(-1) ?? mark, "loops that call themselves are not supported", "write a macro");
  }
  // Here `if` begins the loop's condition: what is chosen between stands in brackets.
  const filtered = indexAt(source, ({ name }) => name === "if");
  const of = expressionOf(building.parse, filtered === -1 ? source : source.slice(0, filtered), mark);
  const condition = filtered === -1 ? undefined : expressionOf(building.parse, source.slice(filtered + 1), mark);
  const body: Node[] = [];
  let otherwise: Node[] | undefined;
  const opened: Open = {
    ...mark,
    word: "for",
    within: ["else"],
    ends: "endfor",
    nodes: body,
    branch: (_, tokens, place) => {
      if (otherwise !== undefined) throw new Unreadable(place, "{{% else %}} stands here twice");
      nothingMore(tokens);
      opened.nodes = [];
      otherwise = opened.nodes;
    },
    close: (end) => ({
      type: "for",
      target,
      of,
      condition,
      body,
      otherwise: otherwise ?? [],
      start: mark.start,
      end,
    }),
  };
  return opened;
};

const setMark = (building: Building, rest: readonly Token[], mark: Place): Open | undefined => {
  const { parse } = building;
  const equals = indexAt(rest, isEquals);
  if (equals !== -1) {
    const target = targetOf(rest.slice(0, equals), mark, true);
    const given = rest.slice(equals + 1);
    const isTuple = indexAt(given, ({ type }) => type === "Comma") !== -1;
    const wrapped: readonly Token[] = isTuple
      ? [
          { ...pipeToken(mark), type: "OpenParen", value: "(" },
          ...given,
          { ...pipeToken(mark), type: "CloseParen", value: ")" },
        ]
      : given;
    push(building, { type: "set", target, value: expressionOf(parse, wrapped, mark), ...mark });
    return undefined;
  }
  const filtered = indexAt(rest, ({ type }) => type === "Pipe");
  const target = targetOf(filtered === -1 ? rest : rest.slice(0, filtered), mark, true);
  const filter = filtered === -1 ? undefined : expressionOf(parse, [bodyToken(mark), ...rest.slice(filtered)], mark);
  return capture("set", target, filter, mark);
};

const capture = (word: string, target: Target | undefined, filter: Expression | undefined, mark: Place): Open => {
  const body: Node[] = [];
  const close = (end: number): Node => ({ type: "capture", target, filter, body, start: mark.start, end });
  return { ...mark, word, within: [], ends: `end${word}`, nodes: body, close };
};

const withBlock = ({ parse }: Building, rest: readonly Token[], mark: Place): Open => {
  const values: (readonly [string, Expression])[] = [];
  for (const one of separated(rest)) {
    const [name, equals] = one;
    if (name?.name === undefined || equals === undefined || !isEquals(equals)) {
      throw new Unreadable(spanOf(one, mark), "a name is missing here", "write {{% with name = value %}}");
    }
    values.push([name.name, expressionOf(parse, one.slice(2), mark)]);
  }
  const body: Node[] = [];
  const close = (end: number): Node => ({ type: "with", values, body, start: mark.start, end });
  return { ...mark, word: "with", within: [], ends: "endwith", nodes: body, close };
};

const macroBlock = ({ parse }: Building, rest: readonly Token[], mark: Place): Open => {
  const [name, bracket] = rest;
  if (name?.name === undefined || bracket?.type !== "OpenParen") {
    throw new Unreadable(name ?? mark, "a macro needs a name and brackets", "write {{% macro name(a, b) %}}");
  }
  const { parameters, taken } = parametersOf(parse, rest.slice(1), mark);
  nothingMore(rest.slice(1 + taken));
  const body: Node[] = [];
  const known = name.name;
  const close = (end: number): Node => ({ type: "macro", name: known, parameters, body, start: mark.start, end });
  return { ...mark, word: "macro", within: [], ends: "endmacro", nodes: body, close };
};

const callBlock = ({ parse }: Building, rest: readonly Token[], mark: Place): Open => {
  const own = rest[0]?.type === "OpenParen";
  const { parameters, taken } = own ? parametersOf(parse, rest, mark) : { parameters: [], taken: 0 };
  const call = expressionOf(parse, rest.slice(taken), mark);
  if (call.type !== "call") throw new Unreadable(mark, "a macro is missing here", "write {{% call name() %}}");
  const body: Node[] = [];
  const close = (end: number): Node => ({ type: "call", parameters, call, body, start: mark.start, end });
  return { ...mark, word: "call", within: [], ends: "endcall", nodes: body, close };
};

const openingOf = (building: Building, word: Token, rest: readonly Token[], mark: Place): Open | undefined => {
  switch (word.name) {
    case "if":
      return ifBlock(building, rest, mark);
    case "for":
      return forBlock(building, rest, mark);
    case "set":
      return setMark(building, rest, mark);
    case "macro":
      return macroBlock(building, rest, mark);
    case "call":
      return callBlock(building, rest, mark);
    case "with":
      return withBlock(building, rest, mark);
    case "filter": {
      const filter = expressionOf(building.parse, [bodyToken(mark), pipeToken(mark), ...rest], mark);
      return capture("filter", undefined, filter, mark);
    }
    default: {
      const name = word.name ?? "";
      const why = Object.hasOwn(refused, name) ? refused[name] : undefined;
      if (why !== undefined) throw new Unreadable(word, `{{% ${name} %}} is not supported`, why);
      throw new Unreadable(word, `there is no block "${name}"`, nearest(name, known, "blocks are"));
    }
  }
};

const addBlock = (building: Building, { tokens, problem, start: from, end }: Block): void => {
  const mark: Place = { start: from, end };
  const [word, ...rest] = tokens;
  if (problem !== undefined || word?.name === undefined) {
    throw new Unreadable(problem ?? word ?? mark, problem?.message ?? "the name of a block is missing", problem?.hint);
  }
  const current = building.open.at(-1);
  const { name } = word;
  if (name === current?.ends) {
    // A macro's name may stand again at its end.
    if (current.word !== "macro") nothingMore(rest);
    building.open.pop();
    push(building, current.close(mark.end));
  } else if (current?.within.includes(name)) current.branch?.(name, rest, mark);
  else if (name.startsWith("end") || name === "elif" || name === "else") {
    const hint =
      current === undefined ? "take it out" : `{{% ${current.word} %}} is open here: write {{% ${current.ends} %}}`;
    throw new Unreadable(word, `{{% ${name} %}} stands alone`, hint);
  } else {
    const opened = openingOf(building, word, rest, mark);
    if (opened !== undefined) start(building, opened);
  }
};

const addOutput = (building: Building, { tokens, name, problem, ...mark }: Output): void => {
  const place = { start: mark.start, end: mark.end };
  // A name may hold what an expression cannot: it counts where something has that name.
  const isName = name !== undefined && (tokens.length === 0 || /[.-]|^\d/.test(name));
  if (problem !== undefined && !isName) throw new Unreadable(problem, problem.message, problem.hint);
  let expression: Expression | undefined;
  try {
    if (problem === undefined && tokens.length > 0) expression = expressionOf(building.parse, tokens, place);
  } catch (error) {
    if (!isName || !(error instanceof Unreadable)) throw error;
  }
  if (expression === undefined && !isName)
    throw new Unreadable(place, "the mark is empty", "write an expression into it");
  push(building, { type: "output", expression, name: isName ? name : undefined, ...place });
};

/** The blocks of a template, with what stands in them; the first thing that cannot be read ends it. */
export const nodesOf = (
  parts: readonly Part[],
  parse: Parse,
): { readonly nodes: readonly Node[]; readonly problem: FileProblem | undefined } => {
  const building: Building = { parse, open: [], root: [] };
  try {
    for (const part of parts) {
      if (part.type === "text") push(building, part);
      else if (part.type === "block") addBlock(building, part);
      else addOutput(building, part);
    }
    const left = building.open.at(-1);
    if (left !== undefined)
      throw new Unreadable(left, `{{% ${left.word} %}} is not closed`, `write {{% ${left.ends} %}}`);
    return { nodes: building.root, problem: undefined };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { nodes: [], problem: error.problem };
  }
};
