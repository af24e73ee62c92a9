import type { Json, Piece } from "../../contract/index.ts";
import { parseReferences, writeReferences } from "../../contract/index.ts";
import type { DiagnosticCode } from "../../diagnostic.ts";
import type { Chunk, Dialect } from "../parse/variable-marks.ts";
import { parseVariables } from "../parse/variable-marks.ts";
import { brokenReference, Deferred, holdsReference, inClear, plainText, settle } from "./references.ts";
import type { Make, Scope, Spot } from "./scope.ts";
import { placeWithin, timesBefore } from "./scope.ts";

/** A part of a template: the same for everybody, or made from a scope. */
export type Part =
  | { readonly constant: true; readonly value: Json }
  | { readonly constant: false; readonly make: Make };

/** A variable in a template, at its place. */
export type VariableUse = { readonly name: string; readonly spot: Spot; readonly text: string; readonly start: number };

export type CompileProblem = {
  readonly code: DiagnosticCode;
  readonly spot: Spot;
  /** The part of the text that it is about. */
  readonly part?: string;
  readonly message: string;
  readonly hint?: string;
};

/** What compiling collects over a whole template. */
export type Compilation = {
  /** Names of its variables; their index is their slot. */
  readonly variables: string[];
  readonly slots: Map<string, number>;
  readonly uses: VariableUse[];
  readonly problems: CompileProblem[];
  /** Environment variables that its texts name. */
  readonly environment: Set<string>;
  /** Secrets that every tenant has, because the project declares them. */
  readonly declared: ReadonlySet<string>;
  readonly dialect: Dialect;
};

type Element =
  | Piece
  | { readonly type: "variable"; readonly slot: number; readonly mark: string; readonly before: () => number };

const slotOf = ({ variables, slots }: Compilation, name: string): number => {
  const slot = slots.get(name) ?? variables.push(name) - 1;
  slots.set(name, slot);
  return slot;
};

/** A text in which nothing can count. */
const isPlain = (text: string, dialect: Dialect): boolean =>
  !text.includes("@") && (dialect === "sesam" || !text.includes("$"));

const elementsOf = (compilation: Compilation, text: string, spot: Spot): Element[] => {
  const isSesam = compilation.dialect === "sesam";
  const chunks = parseVariables(text, compilation.dialect);
  return chunks.flatMap((chunk, index): Element[] => {
    if (chunk.type === "text") return isSesam ? [chunk] : references(compilation, chunk.text, chunks[index + 1], spot);
    const mark = text.slice(chunk.start, chunk.end);
    if (chunk.type === "malformed") {
      const hint = isSesam ? "write {{@ name @}}" : `write <<@ name @>>, or \\${mark} for the plain text`;
      compilation.problems.push({
        code: "invalid-value",
        spot,
        part: mark,
        message: `no variable follows ${mark}`,
        hint,
      });
      return [];
    }
    compilation.uses.push({ name: chunk.name, spot, text, start: chunk.start });
    const before = (): number => timesBefore(text, mark, chunk.start);
    return [{ type: "variable", slot: slotOf(compilation, chunk.name), mark, before }];
  });
};

const references = (compilation: Compilation, text: string, next: Chunk | undefined, spot: Spot): Piece[] => {
  const pieces = parseReferences(text);
  for (const piece of pieces) if (piece.type === "env") compilation.environment.add(piece.name);
  const broken = brokenReference(text);
  if (broken !== undefined) {
    const variable = next !== undefined && /\$(?:ENV|SECRET)\([A-Za-z0-9_.-]*$/.test(text);
    const message = variable ? `a variable cannot name a reference` : `no name stands in ${broken})`;
    const hint = `a name is letters, digits, "_", "." and "-"; write \\${broken} for the plain text`;
    compilation.problems.push({ code: "invalid-value", spot, part: broken, message, hint });
  }
  return pieces;
};

/**
 * A text of a template: exactly one variable takes its value with its type, anything else becomes text. In Sesam's dialect
 * a number in quotes becomes text as well.
 */
export const compileText = (compilation: Compilation, text: string, spot: Spot): Part => {
  if (isPlain(text, compilation.dialect)) return { constant: true, value: text };
  const elements = elementsOf(compilation, text, spot);
  const [only] = elements;
  if (only?.type === "variable" && elements.length === 1) {
    const { slot } = only;
    if (compilation.dialect === "sesam") {
      return {
        constant: false,
        make: (scope) => {
          const value = scope.values[slot];
          if (value === undefined) return null;
          return typeof value.json === "number" && value.literal !== true ? (value.text ?? null) : value.json;
        },
      };
    }
    return {
      constant: false,
      make: (scope) => {
        const value = scope.values[slot];
        if (value === undefined) return null;
        return value.make === undefined ? value.json : value.make(scope);
      },
    };
  }
  if (elements.every((element) => element.type !== "variable")) return withoutVariables(compilation, elements, spot);
  const slow: Make = (scope) => settle(pieces(elements, spot, scope), spot, scope);
  return { constant: false, make: joining(elements, slow) };
};

const withoutVariables = (compilation: Compilation, pieces: readonly Piece[], spot: Spot): Part => {
  if (!holdsReference(pieces)) return { constant: true, value: plainText(pieces) };
  const secrets = pieces.flatMap((piece) => (piece.type === "secret" ? [piece.name] : []));
  if (secrets.length > 0 && secrets.every((name) => compilation.declared.has(name))) {
    return { constant: true, value: Object.freeze({ $secret: writeReferences(pieces) }) };
  }
  return { constant: false, make: (scope) => settle(pieces, spot, scope) };
};

/** The short way where every variable is plain text; `slow` for the rest. */
const joining = (elements: readonly Element[], slow: Make): Make => {
  const slots: number[] = [];
  const literals = [""];
  for (const element of elements) {
    if (element.type === "variable") {
      slots.push(element.slot);
      literals.push("");
    } else if (element.type === "text") literals[literals.length - 1] += element.text;
    else return slow;
  }
  const [head = "", ...tails] = literals;
  const [slot = 0, otherSlot = 0] = slots;
  const [tail = "", otherTail = ""] = tails;
  if (slots.length === 1) {
    return (scope) => {
      const part = scope.values[slot]?.text;
      return part === undefined ? slow(scope) : head + part + tail;
    };
  }
  if (slots.length === 2) {
    return (scope) => {
      const part = scope.values[slot]?.text;
      const other = scope.values[otherSlot]?.text;
      return part === undefined || other === undefined ? slow(scope) : head + part + tail + other + otherTail;
    };
  }
  return (scope) => {
    const { values } = scope;
    let text = head;
    for (let index = 0; index < slots.length; index++) {
      const part = values[slots[index] ?? 0]?.text;
      if (part === undefined) return slow(scope);
      text += part + tails[index];
    }
    return text;
  };
};

const pieces = (elements: readonly Element[], spot: Spot, scope: Scope): Piece[] =>
  elements.flatMap((element): readonly Piece[] => {
    if (element.type !== "variable") return [element];
    const value = scope.values[element.slot];
    if (value?.pieces !== undefined) return value.pieces;
    if (value?.text !== undefined) return [{ type: "text", text: value.text }];
    const what = value?.json === null ? "null" : Array.isArray(value?.json) ? "a list" : "a mapping";
    const message = `${value?.written ?? element.mark} is ${what} here (${value?.from}), and cannot be a part of a longer text`;
    const place = () => placeWithin(spot, element.mark, element.before());
    scope.report("variable-not-scalar", place, message, "give it a text, a number or a boolean, or let it stand alone");
    return [];
  });

/** A key of a mapping: always text; secrets cannot be part of it. */
export const compileKey = (compilation: Compilation, key: string, spot: Spot): string | ((scope: Scope) => string) => {
  if (isPlain(key, compilation.dialect)) return key;
  const elements = elementsOf(compilation, key, spot);
  if (elements.every((element) => element.type === "text")) return plainText(elements);
  return (scope) => {
    const parts = pieces(elements, spot, scope);
    const secret = parts.find((piece) => piece.type === "secret");
    if (secret !== undefined) {
      const place = () => placeWithin(spot, `$SECRET(`);
      scope.report("invalid-value", place, "a key cannot hold a secret", "put the secret into the value");
      return key;
    }
    return inClear(new Deferred(parts, spot), scope, true);
  };
};
