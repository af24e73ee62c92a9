import type { NameUse } from "../language/template.ts";
import type { Arguments, Expression, Node, Parameter, Target } from "./nodes.ts";
import { bodyName } from "./nodes.ts";

/** Names that the language itself gives. */
export const globalNames = ["range", "namespace", "dict", "joiner", "cycler"] as const;

type Found = {
  readonly uses: NameUse[];
  readonly asked: NameUse[];
  /** Names that the template gives a value somewhere. */
  readonly given: Set<string>;
};

const inArguments = (found: Found, { positional, named }: Arguments): void => {
  for (const one of positional) inExpression(found, one);
  for (const [, one] of named) inExpression(found, one);
};

const asked: ReadonlySet<string> = new Set(["defined", "undefined"]);
const defaulting: ReadonlySet<string> = new Set(["default", "d"]);

/** What stands beside `==`, `in` and the like. */
const comparisons: ReadonlySet<string> = new Set(["==", "!=", "in", "not in"]);
const comparing: ReadonlySet<string> = new Set(
  "none string number mapping boolean true false integer float eq equalto ne sameas in".split(" "),
);

/** Parts of an expression that take a bare name without a value: it counts as false there, and equals nothing. */
export const mayLack = (expression: Expression): ReadonlySet<Expression> => {
  if (expression.type === "binary") {
    const { operator, left, right } = expression;
    if (comparisons.has(operator)) return new Set([left, right]);
    if (operator === "and" || operator === "or") return new Set([left]);
  } else if (expression.type === "test" && comparing.has(expression.name)) return new Set([expression.of]);
  return nothing;
};

const nothing: ReadonlySet<Expression> = new Set();

/** What is only looked at for being true: bare names there may be without a value. */
const inCondition = (found: Found, expression: Expression): void => {
  if (expression.type === "name") {
    const { name, start, end } = expression;
    found.asked.push({ name, start, end, asked: true, isCondition: true });
  } else if (expression.type === "unary" && expression.operator === "not") inCondition(found, expression.of);
  else if (expression.type === "binary" && (expression.operator === "and" || expression.operator === "or")) {
    inCondition(found, expression.left);
    inCondition(found, expression.right);
  } else inExpression(found, expression);
};

const inExpression = (found: Found, expression: Expression): void => {
  const lacking = mayLack(expression);
  const inner = (one: Expression | undefined): void => {
    if (one === undefined) return;
    if (one.type === "name" && lacking.has(one)) inCondition(found, one);
    else inExpression(found, one);
  };
  switch (expression.type) {
    case "literal":
      break;
    case "name":
      found.uses.push(expression);
      break;
    case "member":
      inner(expression.of);
      inner(expression.key);
      break;
    case "slice":
      inner(expression.of);
      for (const bound of expression.bounds) inner(bound);
      break;
    case "call":
      inner(expression.of);
      inArguments(found, expression.args);
      break;
    case "list":
      for (const item of expression.items) inner(item);
      break;
    case "dict":
      for (const [key, value] of expression.entries) {
        inner(key);
        inner(value);
      }
      break;
    case "unary":
      inner(expression.of);
      break;
    case "binary":
      inner(expression.left);
      inner(expression.right);
      break;
    case "filter":
    case "test": {
      const { of, name, args } = expression;
      // Whoever asks whether a name is there lets it be missing everywhere.
      const mayMiss = (expression.type === "test" ? asked : defaulting).has(name);
      if (mayMiss && of.type === "name") {
        found.asked.push({ name: of.name, start: of.start, end: of.end, asked: true });
      } else inner(of);
      inArguments(found, args);
      break;
    }
    case "choice":
      inCondition(found, expression.condition);
      inner(expression.yes);
      inner(expression.no);
      break;
    default:
      expression satisfies never;
  }
};

const inTarget = ({ given }: Found, target: Target | undefined): void => {
  if (target?.type === "names") for (const name of target.names) given.add(name);
};

const inParameters = (found: Found, parameters: readonly Parameter[]): void => {
  for (const { name, value } of parameters) {
    found.given.add(name);
    if (value !== undefined) inExpression(found, value);
  }
  for (const name of ["caller", "varargs", "kwargs"]) found.given.add(name);
};

const inNodes = (found: Found, nodes: readonly Node[]): void => {
  for (const node of nodes) {
    switch (node.type) {
      case "text":
        break;
      case "output":
        inOutput(found, node);
        break;
      case "if":
        for (const { condition, body } of node.branches) {
          inCondition(found, condition);
          inNodes(found, body);
        }
        inNodes(found, node.otherwise);
        break;
      case "for":
        inTarget(found, node.target);
        found.given.add("loop");
        inExpression(found, node.of);
        if (node.condition !== undefined) inCondition(found, node.condition);
        inNodes(found, node.body);
        inNodes(found, node.otherwise);
        break;
      case "set":
        inTarget(found, node.target);
        inExpression(found, node.value);
        break;
      case "capture":
        inTarget(found, node.target);
        found.given.add(bodyName);
        if (node.filter !== undefined) inExpression(found, node.filter);
        inNodes(found, node.body);
        break;
      case "with":
        for (const [name, value] of node.values) {
          found.given.add(name);
          inExpression(found, value);
        }
        inNodes(found, node.body);
        break;
      case "macro":
        found.given.add(node.name);
        inParameters(found, node.parameters);
        inNodes(found, node.body);
        break;
      case "call":
        inParameters(found, node.parameters);
        inExpression(found, node.call);
        inNodes(found, node.body);
        break;
      default:
        node satisfies never;
    }
  }
};

const inOutput = (found: Found, { expression, name, start, end }: Extract<Node, { type: "output" }>): void => {
  if (name === undefined) {
    if (expression !== undefined) inExpression(found, expression);
    return;
  }
  const inside: Found = { ...found, uses: [] };
  if (expression !== undefined) inExpression(inside, expression);
  found.uses.push({ name, start, end, ...(expression === undefined ? {} : { otherwise: inside.uses }) });
};

/** The variables that a template needs; names that it gives itself, and those it asks for before, are none. */
export const variablesOf = (
  nodes: readonly Node[],
): { readonly uses: readonly NameUse[]; readonly given: ReadonlySet<string> } => {
  const found: Found = { uses: [], asked: [], given: new Set(globalNames) };
  inNodes(found, nodes);
  const isOutside = ({ name }: NameUse): boolean => !found.given.has(name);
  const asked = found.asked.filter(isOutside);
  const mayMiss = new Set(asked.map(({ name }) => name));
  const isNeeded = (use: NameUse): boolean => isOutside(use) && !mayMiss.has(use.name);
  const uses = found.uses.filter(isNeeded).map((use) => ({
    name: use.name,
    start: use.start,
    end: use.end,
    ...(use.otherwise === undefined ? {} : { otherwise: use.otherwise.filter(isNeeded) }),
  }));
  return { uses: [...uses, ...asked], given: new Set([...found.given, ...mayMiss]) };
};
