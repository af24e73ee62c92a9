import type { Json, Piece, Path as Pointer } from "../../contract/index.ts";
import { isObject, isSealed, joinPath, parseReferences } from "../../contract/index.ts";
import { nearest } from "../../nearest.ts";
import { Deferred, settle } from "../expand/references.ts";
import type { Scope, Spot, Value } from "../expand/scope.ts";
import { plainValue } from "../expand/variables.ts";
import type { Context } from "../language/rendering.ts";
import { Unrendered } from "../language/rendering.ts";
import type { Expression, Path } from "./nodes.ts";

/** A value within a template, with what tells where it came from. */
export type Held = {
  readonly json: Json;
  /** Set where it is a variable, or was made of some: with references that still count. */
  readonly value?: Value;
  /** The variable that it is a part of, and where in it. */
  readonly within?: { readonly value: Value; readonly path: Pointer };
};

/** What one block gives to what stands in it. */
export type Frame = {
  /** Absent where the block is a condition, which changes nothing. */
  readonly context?: Held;
  readonly names: ReadonlyMap<string, Held>;
};

export const held = (json: Json): Held => ({ json });

const heldVariable = (value: Value): Held => ({ json: value.json, value, within: { value, path: "" } });

/** What stands below a value: where it holds references, what they become. */
const content = ({ json, value }: Held, { scope }: Context): Json => value?.make?.(scope) ?? json;

const childOf = ({ within }: Held, key: string | number, json: Json): Held =>
  within === undefined ? { json } : { json, within: { value: within.value, path: joinPath(within.path, key) } };

/** What has members: a list or a mapping that is no text with a reference. */
const container = (of: Held, context: Context): readonly Json[] | { readonly [key: string]: Json } | undefined => {
  const json: unknown = content(of, context);
  if (json instanceof Deferred || isSealed(json)) return undefined;
  return Array.isArray(json) || isObject(json) ? json : undefined;
};

/** The members of a list or mapping by key. */
export const membersOf = (of: Held, context: Context): readonly (readonly [string | number, Held])[] | undefined => {
  const holder = container(of, context);
  if (holder === undefined) return undefined;
  const entries: readonly (readonly [string | number, Json])[] = Array.isArray(holder)
    ? holder.map((item: Json, index) => [index, item] as const)
    : Object.entries(holder);
  return entries.map(([key, member]) => [key, childOf(of, key, member)] as const);
};

/** A member by its key; own ones only, so that `constructor` is a name like any other. */
const memberOf = (
  of: Held,
  key: string | number,
  place: { start: number; end: number; written: string },
  context: Context,
  optional: boolean,
): Held | undefined => {
  const holder = container(of, context);
  const isIndex = !Array.isArray(holder) || /^\d+$/.test(String(key));
  if (holder !== undefined && isIndex && Object.hasOwn(holder, key)) {
    const member = (holder as { readonly [key: string]: Json })[key];
    return childOf(of, key, member ?? null);
  }
  if (optional) return undefined;
  const message =
    holder === undefined
      ? `"${place.written}": there is nothing below ${kindOf(of.json)}`
      : `"${place.written}": there is no "${key}" here`;
  const names = holder === undefined || Array.isArray(holder) ? [] : Object.keys(holder);
  throw new Unrendered("unknown-variable", place, message, nearest(String(key), names));
};

export const kindOf = (json: unknown): string => {
  if (json === null) return "null";
  if (json instanceof Deferred || isSealed(json)) return "a text with a reference";
  if (Array.isArray(json)) return "a list";
  return typeof json === "object" ? "a mapping" : typeof json === "string" ? "a text" : `the ${typeof json} ${json}`;
};

const pathValue = (path: Path, frames: readonly Frame[], context: Context, optional: boolean): Held | undefined => {
  let parts = path.parts;
  let found: Held | undefined;
  const { named } = path;
  if (named !== undefined) {
    const giving = frames.filter((frame) => frame.names.has(named));
    found = giving[giving.length - 1 - (path.up === "root" ? 0 : path.up)]?.names.get(named);
  } else if (path.up === "root") {
    const [name = "", ...rest] = parts;
    const value = context.variable(path, name, optional);
    parts = rest;
    found = value && heldVariable(value);
  } else {
    const contexts = frames.flatMap((frame) => frame.context ?? []);
    found = contexts[contexts.length - 1 - path.up];
  }
  for (const part of parts) {
    if (found === undefined) return undefined;
    found = memberOf(found, part, path, context, optional);
  }
  return found;
};

/** The parts of a value within a longer text; undefined where it is none for it. */
const piecesOf = ({ json, value }: Held): readonly Piece[] | undefined => {
  if (value?.pieces !== undefined) return value.pieces;
  const deferred: unknown = json;
  if (deferred instanceof Deferred) return deferred.pieces;
  if (isSealed(json)) return parseReferences(json.$secret);
  if (json === null || typeof json === "object") return undefined;
  return [{ type: "text", text: String(json) }];
};

const concatenated = (
  expression: Extract<Expression, { type: "concat" }>,
  frames: readonly Frame[],
  context: Context,
): Held => {
  const { start, end } = expression;
  const pieces = expression.parts.flatMap((part): readonly Piece[] => {
    const value = evaluate(part, frames, context, false) ?? held(null);
    const own = piecesOf(value);
    if (own !== undefined) return own;
    const hint = "give it texts, numbers and booleans";
    throw new Unrendered("variable-not-scalar", part, `concat cannot take ${kindOf(value.json)}`, hint);
  });
  const text = pieces.map((piece) => (piece.type === "text" ? piece.text : "")).join("");
  const written = context.source.text.slice(start, end);
  if (pieces.every((piece) => piece.type === "text")) return { json: text, value: plainValue(text, written) };
  const spot: Spot = { source: context.source, start, end };
  const make = (scope: Scope): Json => settle(pieces, spot, scope);
  return { json: text, value: { ...plainValue(text, written), text: undefined, pieces, make } };
};

/** What an expression gives; undefined where it is `optional` and not there. */
export const evaluate = (
  expression: Expression,
  frames: readonly Frame[],
  context: Context,
  optional: boolean,
): Held | undefined => {
  switch (expression.type) {
    case "literal":
      return held(expression.value);
    case "path":
      return pathValue(expression, frames, context, optional);
    case "concat":
      return concatenated(expression, frames, context);
    case "lookup": {
      const of = evaluate(expression.of, frames, context, optional);
      const key = evaluate(expression.key, frames, context, optional)?.json;
      if (of === undefined) return undefined;
      if (typeof key !== "string" && typeof key !== "number") {
        const message = `lookup needs a text or a number as key, not ${kindOf(key ?? null)}`;
        throw new Unrendered("wrong-type", expression.key, message, "give it the name of a member or an index");
      }
      const { start, end } = expression;
      const written = context.source.text.slice(start, end);
      return memberOf(of, key, { start, end, written }, context, optional);
    }
    default:
      return expression satisfies never;
  }
};

/** As Handlebars sees it: null, false, "", 0 and empty lists do not hold. */
export const holds = (value: Held | undefined, includeZero: boolean): boolean => {
  const json = value?.json ?? null;
  if (json === 0) return includeZero;
  return Array.isArray(json) ? json.length > 0 : json !== null && json !== false && json !== "";
};
