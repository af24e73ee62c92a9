import type { Json } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import type { Compilation, Part } from "../expand/compile-text.ts";
import { compileKey, compileText } from "../expand/compile-text.ts";
import { Deferred, inClear } from "../expand/references.ts";
import type { Scope, Spot } from "../expand/scope.ts";
import type { Dialect } from "../parse/variable-marks.ts";

const nowhere: Spot = { source: { file: "", text: "", trees: () => [] }, start: 0, end: 0 };

const clear = (value: Json, scope: Scope): Json => {
  const deferred: unknown = value;
  if (deferred instanceof Deferred) return inClear(deferred, scope, true);
  if (Array.isArray(value)) return value.map((item: Json) => clear(item, scope));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, clear(member, scope)]));
};

type Made = Json | undefined;

const make = (scope: Scope, dialect: Dialect, compile: (compilation: Compilation) => Part): Made => {
  let isBroken = false;
  const own: Scope = {
    ...scope,
    deferred: false,
    report: () => {
      isBroken = true;
    },
  };
  const variables = [...scope.variables];
  const problems: Compilation["problems"] = [];
  const compilation = {
    variables,
    slots: new Map(variables.map((name, slot) => [name, slot])),
    uses: [],
    problems,
    environment: new Set<string>(),
    declared: new Set<string>(),
    dialect,
  };
  const part = compile(compilation);
  if (problems.length > 0 || variables.length > scope.variables.length) return undefined;
  const value = part.constant ? part.value : part.make(own);
  const made = own.deferred ? clear(value, own) : value;
  return isBroken ? undefined : made;
};

/** What a text of a template gives; undefined where it names what the scope does not have, or cannot be read. */
export const evaluateText = (raw: string, scope: Scope, dialect: Dialect): Made =>
  make(scope, dialect, (compilation) => compileText(compilation, raw, nowhere));

/** What a key of a template gives. */
export const evaluateKey = (raw: string, scope: Scope, dialect: Dialect): string | undefined => {
  const key = make(scope, dialect, (compilation) => {
    const compiled = compileKey(compilation, raw, nowhere);
    return typeof compiled === "string"
      ? { constant: true, value: compiled }
      : { constant: false, make: (inner) => compiled(inner) };
  });
  return typeof key === "string" ? key : undefined;
};

/** What a value of a template gives, with all that is in it. */
export const evaluate = (raw: Json, scope: Scope, dialect: Dialect): Made => {
  if (typeof raw === "string") return evaluateText(raw, scope, dialect);
  if (Array.isArray(raw)) {
    const items = raw.map((item: Json) => evaluate(item, scope, dialect));
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  if (!isObject(raw)) return raw;
  const value: Record<string, Json> = {};
  for (const [name, member] of Object.entries(raw)) {
    const key = evaluateKey(name, scope, dialect);
    const made = evaluate(member, scope, dialect);
    if (key === undefined || made === undefined || Object.hasOwn(value, key)) return undefined;
    value[key] = made;
  }
  return value;
};
