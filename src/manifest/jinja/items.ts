import type { Json, Path, Piece as ReferencePiece } from "../../contract/index.ts";
import { isSealed, joinPath, parseReferences } from "../../contract/index.ts";
import { Deferred } from "../expand/references.ts";
import type { Value } from "../expand/scope.ts";
import type { Context } from "../language/rendering.ts";
import { maxSteps, Unrendered } from "../language/rendering.ts";
import { maxFileSize } from "../parse/source.ts";
import { reservedKeys } from "../parse/tree.ts";
import type { Dialect } from "../parse/variable-marks.ts";
import { pythonNumber } from "../sesam/python-text.ts";
import type { Place } from "./nodes.ts";

/** The variable that a value is, or is a part of. */
export type Within = { readonly value: Value; readonly path: Path };

export type Given = { readonly positional: readonly Item[]; readonly named: ReadonlyMap<string, Item> };

/** A value within a template. */
export type Item = (
  | { readonly type: "missing"; readonly place: Place; readonly message: string; readonly hint: string }
  | { readonly type: "scalar"; readonly value: null | boolean | number | string; readonly float?: boolean }
  /** A text made of several, or one that the template itself holds. */
  | { readonly type: "composed"; readonly pieces: readonly Piece[] }
  /** JSON as text: what it was made of, where it stands outside of quotes. */
  | { readonly type: "json"; readonly text: string; readonly of: Item }
  /** A text whose references still count. */
  | { readonly type: "reference"; readonly json: Json; readonly pieces: readonly ReferencePiece[] }
  | { readonly type: "list"; readonly items: readonly Item[] }
  | { readonly type: "dict"; readonly entries: ReadonlyMap<string, Item> }
  | { readonly type: "namespace"; readonly entries: Map<string, Item> }
  | { readonly type: "callable"; readonly name: string; readonly call: (given: Given, place: Place) => Item }
) & { readonly within?: Within };

/** A part of what comes out. */
export type Piece =
  | {
      readonly type: "text";
      readonly text: string;
      readonly start: number;
      readonly end: number;
      readonly raw: boolean;
    }
  | { readonly type: "literal"; readonly text: string }
  | { readonly type: "value"; readonly item: Item; readonly place: Place | undefined };

export type Scalar = Extract<Item, { type: "scalar" }>;

/** One rendering, counted. */
export type Run = {
  readonly context: Context;
  readonly dialect: Dialect;
  /** Names that the template gives a value somewhere, or asks for before. */
  readonly given: ReadonlySet<string>;
  readonly variables: Map<string, Item>;
  steps: number;
  depth: number;
};

export const wrongType = (place: Place, message: string, hint: string): never => {
  throw new Unrendered("wrong-type", place, message, hint);
};

/** Counts what is done; a text of 64 characters is as much as one step. */
export const count = (run: Run, place: Place, steps = 1): void => {
  run.steps += steps;
  if (run.steps <= maxSteps) return;
  throw new Unrendered("file-too-large", place, `the template takes more than ${maxSteps} steps`, "loop over less");
};

export const scalar = (value: Scalar["value"], float = false): Scalar =>
  float ? { type: "scalar", value, float } : { type: "scalar", value };

export const literal = (text: string): Item => ({
  type: "composed",
  pieces: text === "" ? [] : [{ type: "literal", text }],
});

/** A text that an expression made. */
export const textItem = (run: Run, place: Place, text: string): Item => {
  count(run, place, text.length >> 6);
  if (text.length <= maxFileSize) return scalar(text);
  throw new Unrendered("file-too-large", place, "a text becomes larger than 10 MB", "make less of it");
};

export const listItem = (run: Run, place: Place, items: readonly Item[]): Item => {
  count(run, place, items.length);
  return { type: "list", items };
};

/** A number, boolean or text as a part of a longer text; undefined where it is none. */
const spelled = ({ value, float = false }: Scalar, within: Within | undefined): string | undefined => {
  if (typeof value === "string") return value;
  if (within?.path === "" && within.value.text !== undefined) return within.value.text;
  // A whole number is written with all its digits, however large it is.
  if (typeof value === "number") {
    const isWhole = !float && Number.isInteger(value);
    return isWhole ? String(BigInt(value)) : pythonNumber(value, float ? "0.0" : undefined);
  }
  return value === null ? undefined : String(value);
};

export const kindOf = (item: Item): string => {
  switch (item.type) {
    case "scalar":
      return item.value === null
        ? "null"
        : typeof item.value === "string"
          ? "a text"
          : `the ${typeof item.value} ${item.value}`;
    case "composed":
    case "json":
      return "a text";
    case "reference":
      return "a text with a reference";
    case "list":
      return "a list";
    case "dict":
      return "a mapping";
    case "namespace":
      return "a namespace";
    case "callable":
      return `the macro or function "${item.name}"`;
    case "missing":
      return "missing";
    default:
      return item satisfies never;
  }
};

export const refuseMissing = (item: Item): void => {
  if (item.type === "missing") throw new Unrendered("unknown-variable", item.place, item.message, item.hint);
};

const notScalar = (item: Item, place: Place): never => {
  refuseMissing(item);
  const hint = "give it a text, a number or a boolean, or let it stand alone";
  const message = `${kindOf(item)} cannot be a part of a longer text`;
  throw new Unrendered("variable-not-scalar", place, message, hint);
};

/** The text that pieces make; a list or mapping counts as its JSON, as it stands in a template. */
const pieceText = (run: Run, pieces: readonly Piece[], place: Place): string => {
  let text = "";
  for (const piece of pieces) {
    count(run, place);
    text += piece.type === "value" ? valueText(run, piece.item, place) : piece.text;
    if (text.length > maxFileSize) textItem(run, place, text);
  }
  count(run, place, text.length >> 6);
  return text;
};

const valueText = (run: Run, item: Item, place: Place): string => {
  if (item.type === "list" || item.type === "dict") return JSON.stringify(jsonOf(run, item, place));
  return item.type === "scalar" && item.value === null ? "null" : joinable(run, item, place);
};

/** A text; undefined where it is something else. */
export const stringOf = (run: Run, item: Item, place: Place): string | undefined => {
  if (item.type === "composed") return pieceText(run, item.pieces, place);
  if (item.type === "json") return item.text;
  if (item.type === "reference") {
    const hint = "put it where it stands alone, or join it with ~";
    return wrongType(place, "nothing can be made of a text with a reference before its value is known", hint);
  }
  if (item.type !== "scalar" || typeof item.value !== "string") return undefined;
  count(run, place, item.value.length >> 6);
  return item.value;
};

/** The characters of a text. */
export const charactersOf = (run: Run, text: string, place: Place): readonly string[] => {
  count(run, place, text.length >> 3);
  return [...text];
};

/** What a value becomes as a part of a longer text. */
export const joinable = (run: Run, item: Item, place: Place): string => {
  const text = stringOf(run, item, place) ?? (item.type === "scalar" ? spelled(item, item.within) : undefined);
  return text ?? notScalar(item, place);
};

/** A value's pieces within a longer text. */
const piecesOf = (run: Run, item: Item, place: Place): readonly Piece[] => {
  if (item.type === "composed") return item.pieces;
  const isWhole = item.type === "reference" || (item.type === "scalar" && typeof item.value === "string");
  if (isWhole) return [{ type: "value", item, place: undefined }];
  return [{ type: "value", item: scalar(joinable(run, item, place)), place: undefined }];
};

/** Texts one after the other; what each was made of is still known. */
export const concatenated = (run: Run, items: readonly Item[], place: Place): Item => {
  const pieces: Piece[] = [];
  for (const piece of items.flatMap((item) => piecesOf(run, item, place))) {
    count(run, place);
    const last = pieces.at(-1);
    if (piece.type === "literal" && last?.type === "literal") {
      const text = last.text + piece.text;
      textItem(run, place, text);
      pieces[pieces.length - 1] = { type: "literal", text };
    } else pieces.push(piece);
  }
  return { type: "composed", pieces };
};

/** A value in a list, a mapping or JSON again: JSON that was made of one already is a text there. */
export const innerJson = (run: Run, item: Item, place: Place): Json =>
  item.type === "json" && !holdsReference(item) ? item.text : jsonOf(run, item, place);

/** What a value is as JSON; references in it are not resolved yet. */
export const jsonOf = (run: Run, item: Item, place: Place): Json => {
  count(run, place);
  refuseMissing(item);
  switch (item.type) {
    case "scalar":
      return item.value;
    case "composed":
      return pieceText(run, item.pieces, place);
    case "json":
      return jsonOf(run, item.of, place);
    case "reference":
      return item.json;
    case "list":
      return item.items.map((one) => innerJson(run, one, place));
    case "dict": {
      const value: Record<string, Json> = {};
      for (const [key, one] of item.entries) {
        if (reservedKeys.has(key)) {
          throw new Unrendered("invalid-value", place, `the key "${key}" is reserved`, "use another name");
        }
        value[key] = innerJson(run, one, place);
      }
      return value;
    }
    default:
      return wrongType(place, `${kindOf(item)} is no value`, "call it, or take it out");
  }
};

/** True where something in a value waits for its reference. */
export const holdsReference = (item: Item): boolean => {
  if (item.type === "list") return item.items.some(holdsReference);
  if (item.type === "dict") return [...item.entries.values()].some(holdsReference);
  if (item.type === "json") return holdsReference(item.of);
  if (item.type === "composed")
    return item.pieces.some((piece) => piece.type === "value" && holdsReference(piece.item));
  return item.type === "reference";
};

/** A value from outside, as a part of the variable that it came from. */
export const itemOf = (run: Run, json: Json, within: Within, place: Place): Item => {
  count(run, place);
  const deferred: unknown = json;
  if (deferred instanceof Deferred) return { type: "reference", json, pieces: deferred.pieces, within };
  if (isSealed(json)) return { type: "reference", json, pieces: parseReferences(json.$secret), within };
  const inside = (key: string | number): Within => ({ value: within.value, path: joinPath(within.path, key) });
  if (Array.isArray(json)) {
    return { type: "list", items: json.map((one: Json, at) => itemOf(run, one, inside(at), place)), within };
  }
  if (typeof json === "object" && json !== null) {
    const entries = Object.entries(json).map(
      ([key, one]) => [key, itemOf(run, one as Json, inside(key), place)] as const,
    );
    return { type: "dict", entries: new Map(entries), within };
  }
  const value = json as Scalar["value"];
  // A number that the file writes with a point is one with a point.
  const float =
    typeof value === "number" &&
    (!Number.isInteger(value) || /[.eE]/.test(within.path === "" ? (within.value.text ?? "") : ""));
  return { ...scalar(value, float), within };
};
