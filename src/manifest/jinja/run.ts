import { Unrendered } from "../language/rendering.ts";
import type { Names } from "./evaluate.ts";
import { deeper, evaluate, holds, inside, variableNamed } from "./evaluate.ts";
import type { Given, Item, Piece, Run } from "./items.ts";
import { count, kindOf, listItem, literal, refuseMissing, scalar, wrongType } from "./items.ts";
import type { Node, Parameter, Place, Target } from "./nodes.ts";
import { bodyName } from "./nodes.ts";
import { equal } from "./operators.ts";

const assign = (names: Names, target: Target, item: Item): void => {
  if (target.type === "names") {
    const [name = "", more] = target.names;
    if (more === undefined && !target.unpacks) {
      names.own.set(name, item);
      return;
    }
    refuseMissing(item);
    const items = item.type === "list" ? item.items : undefined;
    if (items?.length !== target.names.length) {
      const what = items === undefined ? kindOf(item) : `a list of ${items.length}`;
      wrongType(target, `${target.names.length} names cannot stand for ${what}`, "name as many as there are");
    }
    for (const [at, one] of target.names.entries()) names.own.set(one, items?.[at] ?? item);
    return;
  }
  let holder: Item | undefined;
  for (let level: Names | undefined = names; level !== undefined && holder === undefined; level = level.outer) {
    holder = level.own.get(target.of);
  }
  if (holder?.type !== "namespace") {
    const hint = `write {{% set ${target.of} = namespace() %}} before`;
    wrongType(target, `"${target.of}" is no namespace, and cannot be changed`, hint);
  } else holder.entries.set(target.key, item);
};

/** What goes out where a value stands. */
const putOut = (run: Run, item: Item, place: Place, out: Piece[]): void => {
  refuseMissing(item);
  if (item.type === "callable" || item.type === "namespace") {
    const hint = item.type === "callable" ? `write ${item.name}()` : "put out one of its attributes";
    wrongType(place, `${kindOf(item)} is no value`, hint);
  }
  if (item.type !== "composed" || !item.pieces.some(({ type }) => type === "text")) {
    out.push({ type: "value", item, place });
    return;
  }
  count(run, place, item.pieces.length);
  for (const piece of item.pieces) {
    out.push(piece.type === "value" && piece.place === undefined ? { ...piece, place } : piece);
  }
};

const output = (run: Run, names: Names, node: Extract<Node, { type: "output" }>, out: Piece[]): void => {
  const { expression, name } = node;
  const variable = name === undefined ? undefined : variableNamed(run, name, node, expression !== undefined);
  const item = variable ?? (expression && evaluate(run, names, expression));
  if (item === undefined) {
    throw new Unrendered(
      "unknown-variable",
      node,
      `nothing declares the variable "${name}"`,
      "declare it in the manifest",
    );
  }
  putOut(run, item, node, out);
};

const loopOf = (run: Run, items: readonly Item[], at: number, last: { seen: Item | undefined }): Item => {
  const missing = (what: string): Item => {
    return {
      type: "missing",
      place: { start: 0, end: 1 },
      message: `there is no ${what} item`,
      hint: "test it before",
    };
  };
  const left = items.length - at;
  // No loop calls itself: each is the first of its own.
  const numbers = { index: at + 1, index0: at, revindex: left, revindex0: left - 1, depth: 1, depth0: 0 };
  const entries = new Map<string, Item>([
    ...Object.entries(numbers).map(([name, value]) => [name, scalar(value)] as const),
    ["length", scalar(items.length)],
    ["first", scalar(at === 0)],
    ["last", scalar(at === items.length - 1)],
    ["previtem", items[at - 1] ?? missing("previous")],
    ["nextitem", items[at + 1] ?? missing("next")],
    [
      "cycle",
      {
        type: "callable",
        name: "loop.cycle",
        call: ({ positional }, place) =>
          positional[at % positional.length] ?? wrongType(place, "cycle needs values", "write loop.cycle('a', 'b')"),
      },
    ],
    [
      "changed",
      {
        type: "callable",
        name: "loop.changed",
        call: ({ positional }, place) => {
          const now = listItem(run, place, positional);
          const same = last.seen !== undefined && equal(run, last.seen, now, place);
          last.seen = now;
          return scalar(!same);
        },
      },
    ],
  ]);
  return { type: "namespace", entries };
};

const loop = (run: Run, names: Names, node: Extract<Node, { type: "for" }>, out: Piece[]): void => {
  const of = evaluate(run, names, node.of);
  refuseMissing(of);
  const all =
    of.type === "dict"
      ? [...of.entries.keys()].map((key) => scalar(key))
      : of.type === "list"
        ? of.items
        : wrongType(node.of, `a loop needs a list or a mapping, not ${kindOf(of)}`, "give it a list or a mapping");
  const { condition } = node;
  const turn = (item: Item): Names => {
    const own = inside(names);
    assign(own, node.target, item);
    return own;
  };
  count(run, node, all.length);
  const items = condition === undefined ? all : all.filter((item) => holds(run, turn(item), condition));
  if (items.length === 0) runNodes(run, inside(names), node.otherwise, out);
  const last = { seen: undefined };
  for (const [at, item] of items.entries()) {
    count(run, node);
    const own = turn(item);
    own.own.set("loop", loopOf(run, items, at, last));
    runNodes(run, own, node.body, out);
  }
};

/** What stands between a macro's marks, or those of its call, as something that can be called. */
const callable = (
  run: Run,
  names: Names,
  name: string,
  parameters: readonly Parameter[],
  body: readonly Node[],
): Item => {
  const call = ({ positional, named }: Given, place: Place): Item => {
    const own = inside(names);
    const known = parameters.map((parameter) => parameter.name);
    for (const [at, parameter] of parameters.entries()) {
      const given = positional[at] ?? named.get(parameter.name);
      const missing = (): Item => {
        const message = `"${parameter.name}" of ${name} is not given`;
        return { type: "missing", place, message, hint: `write ${name}(${known.join(", ")})` };
      };
      own.own.set(parameter.name, given ?? missing());
      if (given === undefined && parameter.value !== undefined) {
        own.own.set(parameter.name, evaluate(run, own, parameter.value));
      }
    }
    const more = [...named].filter(([key]) => !known.includes(key) && key !== "caller");
    const caller = named.get("caller");
    if (caller !== undefined) own.own.set("caller", caller);
    own.own.set("varargs", listItem(run, place, positional.slice(known.length)));
    own.own.set("kwargs", { type: "dict", entries: new Map(more) });
    const pieces: Piece[] = [];
    deeper(run, place, () => runNodes(run, own, body, pieces));
    return { type: "composed", pieces };
  };
  return { type: "callable", name, call };
};

const callWith = (run: Run, names: Names, node: Extract<Node, { type: "call" }>, out: Piece[]): void => {
  const { call, parameters, body } = node;
  if (call.type !== "call") return;
  const called = evaluate(run, names, call.of);
  refuseMissing(called);
  if (called.type !== "callable") {
    wrongType(call, `${kindOf(called)} cannot be called`, "name a macro");
    return;
  }
  const positional = call.args.positional.map((one) => evaluate(run, names, one));
  const named = new Map(call.args.named.map(([name, one]) => [name, evaluate(run, names, one)] as const));
  named.set("caller", callable(run, names, "caller", parameters, body));
  putOut(run, called.call({ positional, named }, call), node, out);
};

const runNode = (run: Run, names: Names, node: Node, out: Piece[]): void => {
  switch (node.type) {
    case "text":
      out.push(node);
      break;
    case "output":
      output(run, names, node, out);
      break;
    case "if": {
      const branch = node.branches.find(({ condition }) => holds(run, names, condition));
      runNodes(run, names, branch?.body ?? node.otherwise, out);
      break;
    }
    case "for":
      loop(run, names, node, out);
      break;
    case "set":
      assign(names, node.target, evaluate(run, names, node.value));
      break;
    case "capture": {
      const pieces: Piece[] = [];
      runNodes(run, inside(names), node.body, pieces);
      let item: Item = pieces.length === 0 ? literal("") : { type: "composed", pieces };
      if (node.filter !== undefined) {
        const own = inside(names);
        own.own.set(bodyName, item);
        item = evaluate(run, own, node.filter);
      }
      if (node.target === undefined) putOut(run, item, node, out);
      else assign(names, node.target, item);
      break;
    }
    case "with": {
      const own = inside(names);
      for (const [name, value] of node.values) own.own.set(name, evaluate(run, names, value));
      runNodes(run, own, node.body, out);
      break;
    }
    case "macro":
      names.own.set(node.name, callable(run, names, node.name, node.parameters, node.body));
      break;
    case "call":
      callWith(run, names, node, out);
      break;
    default:
      node satisfies never;
  }
};

/** Runs a template's parts; what comes out is added to `out`. */
export const runNodes = (run: Run, names: Names, nodes: readonly Node[], out: Piece[]): void => {
  for (const node of nodes) {
    count(run, node);
    deeper(run, node, () => runNode(run, names, node, out));
  }
};
