import type { Json, Piece } from "../../contract/index.ts";
import { isObject, isSealed, parseReferences } from "../../contract/index.ts";
import { Deferred } from "../expand/references.ts";
import type { Scope, Value } from "../expand/scope.ts";
import { plainValue } from "../expand/variables.ts";
import type { Context, Rendered, Segment } from "../language/rendering.ts";
import { maxSteps, Unrendered } from "../language/rendering.ts";
import { maxFileSize } from "../parse/source.ts";
import type { Frame, Held } from "./evaluate.ts";
import { evaluate, held, holds, kindOf, membersOf } from "./evaluate.ts";
import type { Node } from "./nodes.ts";

type Rendering = {
  readonly context: Context;
  readonly prefix: string;
  text: string;
  steps: number;
  readonly segments: Segment[];
  readonly slots: Value[];
};

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

/** A text with references, as a part of a JSON literal. */
const escapedPieces = (pieces: readonly Piece[]): readonly Piece[] =>
  pieces.map((piece) => (piece.type === "text" ? { type: "text", text: escaped(piece.text) } : piece));

const referenced = (json: Json): Pick<Value, "pieces" | "make"> | undefined => {
  const deferred: unknown = json;
  if (deferred instanceof Deferred) {
    const make = (scope: Scope): Json => {
      scope.deferred = true;
      return json;
    };
    return { pieces: deferred.pieces, make };
  }
  return isSealed(json) ? { pieces: parseReferences(json.$secret), make: () => json } : undefined;
};

/** What a slot stands for: alone the value with its type, within a longer text the inside of its JSON literal. */
const slotValue = ({ json, value, within }: Held, written: string): Value => {
  const root = within?.value;
  const known = value ?? { ...plainValue(json, root?.from ?? "the template"), ...referenced(json) };
  const { pieces } = known;
  const path = within?.path ?? "";
  return {
    ...known,
    text: typeof json === "string" && known.make === undefined ? escaped(json) : known.text,
    pieces: pieces && escapedPieces(pieces),
    spot: root?.spot ?? known.spot,
    tenantPath: root?.tenantPath === undefined ? known.tenantPath : `${root.tenantPath}${path}`,
    written,
    ...(path === "" ? {} : { within: path }),
  };
};

type Place = { readonly start: number; readonly end: number };

const write = (rendering: Rendering, text: string, place: Place, slot?: number): void => {
  const { segments } = rendering;
  const at = rendering.text.length;
  segments.push({ at, ...place, isValue: true, ...(slot === undefined ? {} : { slot }) });
  add(rendering, text, place);
};

const add = (rendering: Rendering, text: string, place: Place): void => {
  rendering.text += text;
  if (rendering.text.length <= maxFileSize) return;
  throw new Unrendered("file-too-large", place, "more than 10 MB come out of the template", "loop over less");
};

/** Puts in a slot for a value; true numbers, booleans and null stand as they are, and are known by their place. */
const emit = (rendering: Rendering, value: Held, place: Place, written: string): void => {
  const { slots, prefix, context } = rendering;
  const { json } = value;
  const deferred: unknown = json;
  const hasReference = value.value?.make !== undefined || deferred instanceof Deferred || isSealed(json);
  if (hasReference || json === null || typeof json !== "object") {
    const slot = slots.push(slotValue(value, written)) - 1;
    const isMark = hasReference || typeof json === "string";
    write(rendering, isMark ? `"<<@ ${prefix}.${slot} @>>"` : JSON.stringify(json), place, isMark ? undefined : slot);
    return;
  }
  step(rendering, place);
  const isMapping = isObject(json);
  write(rendering, isMapping ? "{" : "[", place);
  for (const [index, [key, member]] of (membersOf(value, context) ?? []).entries()) {
    if (index > 0) write(rendering, ", ", place);
    if (isMapping) {
      emit(rendering, held(String(key)), place, written);
      write(rendering, ": ", place);
    }
    emit(rendering, member, place, written);
  }
  write(rendering, isMapping ? "}" : "]", place);
};

const step = (rendering: Rendering, place: Place): void => {
  rendering.steps++;
  if (rendering.steps <= maxSteps) return;
  const message = `the template takes more than ${maxSteps} steps`;
  throw new Unrendered("file-too-large", place, message, "loop over less");
};

const frameOf = (
  { names }: Extract<Node, { type: "each" | "with" }>,
  context: Held,
  data: readonly (readonly [string, Held])[],
  key: Held | undefined,
): Frame => {
  const [item, index] = names;
  const own = [
    ...data,
    ...(item === undefined ? [] : [[item, context] as const]),
    ...(index === undefined || key === undefined ? [] : [[index, key] as const]),
  ];
  return { context, names: new Map(own) };
};

const each = (
  rendering: Rendering,
  node: Extract<Node, { type: "each" | "with" }>,
  frames: readonly Frame[],
  of: Held,
): void => {
  const members = of.json === null || of.json === false ? [] : membersOf(of, rendering.context);
  if (members === undefined) {
    const message = `{{#each}} needs a list or a mapping, not ${kindOf(of.json)}`;
    throw new Unrendered("wrong-type", node.of, message, "give it a list or a mapping");
  }
  if (members.length === 0) renderNodes(rendering, node.otherwise, frames);
  for (const [index, [key, member]] of members.entries()) {
    const data = [
      ["@index", held(index)],
      ["@key", held(key)],
      ["@first", held(index === 0)],
      ["@last", held(index === members.length - 1)],
    ] as const;
    step(rendering, node);
    renderNodes(rendering, node.body, [...frames, frameOf(node, member, data, held(key))]);
  }
};

const renderNodes = (rendering: Rendering, nodes: readonly Node[], frames: readonly Frame[]): void => {
  const { context } = rendering;
  for (const node of nodes) {
    step(rendering, node);
    switch (node.type) {
      case "text":
        rendering.segments.push({ at: rendering.text.length, start: node.start, end: node.end, isValue: false });
        add(rendering, node.text, node);
        break;
      case "emit": {
        const value = evaluate(node.expression, frames, context, false);
        const written = context.source.text.slice(node.start, node.end);
        if (value !== undefined) emit(rendering, value, node, written);
        break;
      }
      case "if": {
        const value = evaluate(node.condition, frames, context, true);
        const isBody = holds(value, node.includeZero) !== node.negated;
        renderNodes(rendering, isBody ? node.body : node.otherwise, frames);
        break;
      }
      case "each":
      case "with": {
        const of = evaluate(node.of, frames, context, false);
        if (of === undefined) break;
        if (node.type === "each") each(rendering, node, frames, of);
        else if (holds(of, false)) renderNodes(rendering, node.body, [...frames, frameOf(node, of, [], undefined)]);
        else renderNodes(rendering, node.otherwise, frames);
        break;
      }
      default:
        node satisfies never;
    }
  }
};

/** Renders a template. Throws `Unrendered` where an expression gives nothing, or more comes out than a file may hold. */
export const render = (nodes: readonly Node[], prefix: string, context: Context): Rendered => {
  const rendering: Rendering = { context, prefix, text: "", steps: 0, segments: [], slots: [] };
  renderNodes(rendering, nodes, []);
  return rendering;
};
