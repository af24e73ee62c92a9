import { nearest } from "../../nearest.ts";
import { Reported, Unrendered } from "../language/rendering.ts";
import { filterNamed } from "./filters.ts";
import { functionNamed } from "./functions.ts";
import type { Given, Item, Run } from "./items.ts";
import {
  charactersOf,
  count,
  itemOf,
  kindOf,
  listItem,
  literal,
  refuseMissing,
  scalar,
  stringOf,
  textItem,
  wrongType,
} from "./items.ts";
import { methodOf } from "./methods.ts";
import { mayLack } from "./names.ts";
import type { Arguments, Expression, Place } from "./nodes.ts";
import { binary, truth } from "./operators.ts";
import { testNamed } from "./tests.ts";

/** Names that a template gives values to, from the inside out. */
export type Names = { readonly own: Map<string, Item>; readonly outer: Names | undefined };

export const inside = (outer: Names): Names => ({ own: new Map(), outer });

const deepest = 500;

/** Runs what goes one level deeper; macros that call themselves end here. */
export const deeper = <T>(run: Run, place: Place, act: () => T): T => {
  run.depth++;
  if (run.depth > deepest) {
    const hint = "a macro that calls itself has to end";
    throw new Unrendered("file-too-large", place, `the template goes deeper than ${deepest} levels`, hint);
  }
  try {
    return act();
  } finally {
    run.depth--;
  }
};

/** A variable from outside; undefined where none has the name or it may be missing. */
export const variableNamed = (run: Run, name: string, place: Place, optional: boolean): Item | undefined => {
  const known = run.variables.get(name);
  if (known !== undefined) return known;
  const written = run.context.source.text.slice(place.start, place.end);
  const value = run.context.variable({ ...place, written }, name, optional);
  if (value === undefined) return undefined;
  const item = itemOf(run, value.make?.(run.context.scope) ?? value.json, { value, path: "" }, place);
  run.variables.set(name, item);
  return item;
};

const missing = (place: Place, message: string, hint: string): Item => ({ type: "missing", place, message, hint });

const named = (run: Run, names: Names, name: string, place: Place, optional: boolean): Item => {
  for (let level: Names | undefined = names; level !== undefined; level = level.outer) {
    const item = level.own.get(name);
    if (item !== undefined) return item;
  }
  const made = functionNamed(run, name);
  const mayMiss = optional || made !== undefined || run.given.has(name);
  const item = variableNamed(run, name, place, mayMiss) ?? made;
  if (item !== undefined) return item;
  if (!mayMiss) throw new Reported();
  return missing(place, `"${name}" has no value here`, "give it one before, or test it: {{% if x is defined %}}");
};

/** A member by its key; only what is in the value itself. */
const memberOf = (run: Run, of: Item, key: Item, dotted: boolean, place: Place): Item => {
  refuseMissing(of);
  const text = stringOf(run, key, place);
  if (dotted && text !== undefined) {
    const method = methodOf(run, of, text);
    if (method !== undefined) return method;
  }
  if ((of.type === "dict" || of.type === "namespace") && text !== undefined) {
    const found = of.entries.get(text);
    if (found !== undefined) return found;
    return missing(place, `there is no "${text}" here`, nearest(text, [...of.entries.keys()]));
  }
  const at = key.type === "scalar" && typeof key.value === "number" ? key.value : undefined;
  if (of.type === "list" && at !== undefined) {
    const found = of.items.at(at);
    return Number.isInteger(at) && found !== undefined
      ? found
      : missing(place, `there is no item ${at} here`, `the list has ${of.items.length}`);
  }
  const string = at === undefined || of.type === "reference" ? undefined : stringOf(run, of, place);
  if (string !== undefined && at !== undefined) {
    const character = charactersOf(run, string, place).at(at);
    return character === undefined
      ? missing(place, `there is no character ${at} here`, "the text is shorter")
      : scalar(character);
  }
  const what = text === undefined ? kindOf(key) : `"${text}"`;
  if (dotted && of.type === "scalar" && of.value !== null) {
    return missing(place, `${kindOf(of)} has no ${what}`, "a filter may do it: {{@ x | upper @}}");
  }
  return missing(place, `there is no ${what} below ${kindOf(of)}`, "only lists and mappings have something below them");
};

const slice = (run: Run, of: Item, bounds: readonly (Item | undefined)[], place: Place): Item => {
  const [from, to, step] = bounds.map((bound) => {
    if (bound === undefined || (bound.type === "scalar" && bound.value === null)) return undefined;
    if (bound.type === "scalar" && typeof bound.value === "number" && Number.isInteger(bound.value)) return bound.value;
    refuseMissing(bound);
    return wrongType(place, `a part is taken by whole numbers, not ${kindOf(bound)}`, "write x[1:3]");
  });
  const by = step ?? 1;
  if (by === 0) wrongType(place, "a part cannot be taken in steps of 0", "write x[1:3]");
  refuseMissing(of);
  const text = of.type === "list" ? undefined : stringOf(run, of, place);
  const characters = text === undefined ? undefined : charactersOf(run, text, place);
  const all: readonly (Item | string)[] | undefined = of.type === "list" ? of.items : characters;
  if (all === undefined) {
    return wrongType(place, `a part can be taken of a list or a text, not of ${kindOf(of)}`, "take it of a list");
  }
  count(run, place, all.length);
  const size = all.length;
  const low = by > 0 ? 0 : -1;
  const high = by > 0 ? size : size - 1;
  const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const end = to === undefined ? (by > 0 ? size : -1) : clamp(to);
  const taken: (Item | string)[] = [];
  for (let at = from === undefined ? (by > 0 ? 0 : size - 1) : clamp(from); by > 0 ? at < end : at > end; at += by) {
    const one = all[at];
    if (one !== undefined) taken.push(one);
  }
  if (of.type === "list") return listItem(run, place, taken as readonly Item[]);
  return textItem(run, place, taken.join(""));
};

const givenBy = (run: Run, names: Names, { positional, named: byName }: Arguments): Given => ({
  positional: positional.map((one) => evaluate(run, names, one)),
  named: new Map(byName.map(([name, one]) => [name, evaluate(run, names, one)] as const)),
});

const asked: ReadonlySet<string> = new Set(["defined", "undefined", "default", "d"]);

const unary = (run: Run, operator: string, of: Item, place: Place): Item => {
  if (operator === "not") return scalar(!truth(run, of, place));
  refuseMissing(of);
  if (of.type !== "scalar" || (typeof of.value !== "number" && typeof of.value !== "boolean")) {
    return wrongType(place, `${operator} needs a number, not ${kindOf(of)}`, "give it a number");
  }
  const value = Number(of.value);
  return scalar(operator === "-" && (value !== 0 || of.float === true) ? -value : value, of.float);
};

const keyOf = (run: Run, item: Item, place: Place): string => {
  refuseMissing(item);
  return (
    stringOf(run, item, place) ?? wrongType(place, `a key has to be a text, not ${kindOf(item)}`, "put it in quotes")
  );
};

const evaluated = (run: Run, names: Names, expression: Expression): Item => {
  const value = (one: Expression): Item => evaluate(run, names, one);
  const lacking = mayLack(expression);
  const compared = (one: Expression): Item =>
    one.type === "name" && lacking.has(one) ? named(run, names, one.name, one, false) : value(one);
  switch (expression.type) {
    case "literal": {
      const { value: json, float } = expression;
      return typeof json === "string" ? literal(json) : scalar(json, float);
    }
    case "name": {
      const item = named(run, names, expression.name, expression, false);
      refuseMissing(item);
      return item;
    }
    case "member":
      return memberOf(run, value(expression.of), value(expression.key), expression.dotted, expression);
    case "slice": {
      const bounds = expression.bounds.map((bound) => bound && value(bound));
      return slice(run, value(expression.of), bounds, expression);
    }
    case "call": {
      const { of, args } = expression;
      const called = value(of);
      refuseMissing(called);
      if (called.type !== "callable") {
        return wrongType(expression, `${kindOf(called)} cannot be called`, "take the brackets out");
      }
      return called.call(givenBy(run, names, args), expression);
    }
    case "list":
      return listItem(run, expression, expression.items.map(value));
    case "dict": {
      const entries = expression.entries.map(([key, one]) => [keyOf(run, value(key), expression), value(one)] as const);
      return { type: "dict", entries: new Map(entries) };
    }
    case "unary":
      return unary(run, expression.operator, value(expression.of), expression);
    case "binary":
      return binary(run, expression.operator, compared(expression.left), () => compared(expression.right), expression);
    case "filter":
    case "test": {
      const { of, name, args } = expression;
      const isAsked = asked.has(name) && of.type === "name";
      const operand = isAsked ? named(run, names, of.name, of, true) : compared(of);
      const given = givenBy(run, names, args);
      if (expression.type === "filter") return filterNamed(name)(run, operand, given, expression);
      const holds = testNamed(name)(run, operand, given, expression);
      return scalar(holds !== expression.negated);
    }
    case "choice": {
      if (holds(run, names, expression.condition)) return value(expression.yes);
      return expression.no === undefined ? literal("") : value(expression.no);
    }
    default:
      return expression satisfies never;
  }
};

/** Whether a condition holds; a bare name in it that the template may lack counts as false. */
export const holds = (run: Run, names: Names, condition: Expression): boolean => {
  if (condition.type === "name") return truth(run, named(run, names, condition.name, condition, false), condition);
  if (condition.type === "unary" && condition.operator === "not") return !holds(run, names, condition.of);
  if (condition.type === "binary" && (condition.operator === "and" || condition.operator === "or")) {
    const left = holds(run, names, condition.left);
    return left === (condition.operator === "and") ? holds(run, names, condition.right) : left;
  }
  return truth(run, evaluate(run, names, condition), condition);
};

/** What an expression gives. Throws `Unrendered` where a name has no value, or something else is wrong. */
export const evaluate = (run: Run, names: Names, expression: Expression): Item => {
  count(run, expression);
  return deeper(run, expression, () => evaluated(run, names, expression));
};
