import type { ErrorObject, ValidateFunction } from "ajv";
import { Ajv } from "ajv";
import type { Json, Path } from "../../contract/index.ts";
import { isObject, joinPath, segments } from "../../contract/index.ts";
import type { Diagnostic, DiagnosticCode, Location } from "../../diagnostic.ts";
import { nearest } from "../../nearest.ts";
import { looksSecret } from "../parse/place.ts";
import type { Source } from "../parse/source.ts";
import { findIn, placeOf } from "../parse/tree.ts";
import { patternWords } from "../schemas/shared.ts";
import { durationPattern } from "./duration.ts";
import { exampleOf } from "./example.ts";

// The schemas are ours: a test compares them with the one of JSON Schema, which takes long to compile.
const schemasAreRight = { validateSchema: false, meta: false } as const;
const ajv = new Ajv({ allErrors: true, useDefaults: true, verbose: true, allowUnionTypes: true, ...schemasAreRight });

/** A check that is compiled when it is first used. It also fills in defaults. */
export const validator = <Content>(schema: object): (() => ValidateFunction<Content>) => {
  let compiled: ValidateFunction<Content> | undefined;
  return () => {
    compiled ??= ajv.compile<Content>(schema);
    return compiled;
  };
};

/** Finds the place of a value, or of its key, by its path. */
export type Locate = (path: Path, part?: "key" | "value") => Location | undefined;

/** Looks through several files, the last first: what stands in a later one is merged over the earlier. */
export const locateIn =
  (...sources: readonly Source[]): Locate =>
  (path, part = "value") => {
    for (const source of sources.toReversed()) {
      const [tree] = source.trees();
      const found = tree && findIn(tree, segments(path));
      if (found !== undefined) return placeOf(source, found, part);
    }
    const [first] = sources;
    return path === "" && first !== undefined ? { file: first.file, line: 1, column: 1 } : undefined;
  };

export type Finding = {
  readonly code: DiagnosticCode;
  readonly path: Path;
  readonly message: string;
  readonly hint?: string;
};

/** `connectors.crm.auth`, as people write it. */
export const dotted = (path: Path): string => segments(path).join(".");

const typeName = (value: unknown): string => {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : typeof value === "string" ? "text" : `the ${typeof value} ${value}`;
};

const typeNames: Readonly<Record<string, string>> = {
  object: "a mapping",
  array: "a list",
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  null: "nothing",
};

const shown = (value: unknown, path: Path): string => {
  if (segments(path).some(looksSecret)) return "the value";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

const where = (path: Path): string => (path === "" ? "the file" : `"${dotted(path)}"`);

/** The text of a value as the file writes it; undefined where the line is not to be shown. */
const writtenAt = ({ text, column, endColumn }: Partial<Location>): string | undefined =>
  text === undefined || column === undefined ? undefined : text.slice(column - 1, (endColumn ?? column + 1) - 1);

/** What to do about a number or a boolean where a text is wanted. `place` is where it stands. */
export const quotesHint = (place: Location | undefined, pattern?: unknown): string => {
  const written = writtenAt(place ?? {});
  if (pattern === durationPattern && (written === undefined || /^\d+(\.\d+)?$/.test(written))) {
    return `write it with its unit: ${written ?? "30"}s`;
  }
  return written === undefined ? "put it in quotes, as it is written" : `put it in quotes: "${written}"`;
};

const typeHint = (error: ErrorObject, expected: readonly string[], locate: Locate): { hint?: string } => {
  const { data: value, instancePath } = error;
  if (expected.includes("string") && (typeof value === "number" || typeof value === "boolean")) {
    return { hint: quotesHint(locate(instancePath), error.parentSchema?.["pattern"]) };
  }
  const word = typeof value === "string" && expected.includes("boolean") && /^(yes|no|on|off|true|false)$/i.test(value);
  if (word) return { hint: "write true or false, without quotes" };
  const plainText = typeof value === "string" && /^[\w./*-]+$/.test(value) && !segments(instancePath).some(looksSecret);
  const example =
    plainText && expected.includes("array")
      ? `[${value}]`
      : exampleOf({ ...error.parentSchema, type: expected.find((type) => type !== "null") });
  const wanted = expected.includes("object") || expected.includes("array");
  if (!wanted || example === undefined) return {};
  const name = segments(instancePath).at(-1);
  return {
    hint: `write it like this: ${name === undefined ? (example.includes(", ") ? example : example.slice(2, -2)) : `${name}: ${example}`}`,
  };
};

const finding = (error: ErrorObject, locate: Locate): Finding | undefined => {
  const { keyword, instancePath: path, params, data } = error;
  switch (keyword) {
    case "additionalProperties": {
      const field = String(params["additionalProperty"]);
      const known = Object.keys(isObject(error.parentSchema?.["properties"]) ? error.parentSchema["properties"] : {});
      const hint = nearest(field, known, "known fields are");
      return { code: "unknown-field", path: joinPath(path, field), message: `unknown field "${field}"`, hint };
    }
    case "required": {
      const field = String(params["missingProperty"]);
      return {
        code: "missing-field",
        path,
        message: `${where(path)} needs the field "${field}"`,
        hint: `add ${field}`,
      };
    }
    case "type": {
      const expected = [params["type"]].flat().map(String);
      const names = expected.map((type) => typeNames[type] ?? type).join(" or ");
      const message = `${where(path)} has to be ${names}, not ${typeName(data)}`;
      return { code: "wrong-type", path, message, ...typeHint(error, expected, locate) };
    }
    case "enum": {
      const allowed = [params["allowedValues"]].flat().map(String);
      const hint =
        typeof data === "string" ? nearest(data, allowed, "it is one of") : `it is one of: ${allowed.join(", ")}`;
      return { code: "invalid-value", path, message: `${where(path)} cannot be ${shown(data, path)}`, hint };
    }
    case "minProperties":
    case "maxProperties":
      return {
        code: "invalid-value",
        path,
        message: `${where(path)} needs exactly one source`,
        hint: `one of: ${Object.keys((error.parentSchema?.["properties"] ?? {}) as object).join(", ")}`,
      };
    case "propertyNames":
    case "if":
    case "anyOf":
      return undefined;
    default: {
      const name = error.propertyName;
      const pattern = String(params["pattern"]);
      const unitless = pattern === durationPattern && typeof data === "string" && /^\d+(\.\d+)?$/.test(data);
      const words = unitless ? `write it with its unit: ${data}s` : patternWords.get(pattern);
      const hint = keyword === "pattern" ? (words ?? `it has to match ${pattern}`) : undefined;
      const message =
        name === undefined ? `${where(path)} cannot be ${shown(data, path)}` : `the name "${name}" is not allowed`;
      const rule = hint ?? `it ${error.message ?? `breaks the rule ${keyword}`}`;
      return { code: "invalid-value", path: name === undefined ? path : joinPath(path, name), message, hint: rule };
    }
  }
};

/** Of alternatives only those count whose type fits the value; else every alternative would add its complaint. */
const relevant = (errors: readonly ErrorObject[]): readonly ErrorObject[] => {
  let kept = errors;
  for (const choice of errors.filter((error) => error.keyword === "anyOf" || error.keyword === "oneOf")) {
    const branchOf = (error: ErrorObject): string | undefined =>
      error.schemaPath.startsWith(`${choice.schemaPath}/`)
        ? error.schemaPath.slice(choice.schemaPath.length + 1).split("/")[0]
        : undefined;
    const isType = (error: ErrorObject): boolean =>
      error.keyword === "type" && error.instancePath === choice.instancePath;
    const misfits = new Set(kept.filter(isType).map(branchOf));
    const others = new Set(kept.map(branchOf).filter((branch) => branch !== undefined && !misfits.has(branch)));
    if (others.size > 0) kept = kept.filter((error) => !misfits.has(branchOf(error)) || branchOf(error) === undefined);
    else kept = kept.filter((error) => branchOf(error) === undefined || isType(error));
  }
  return kept;
};

/**
 * Checks content and fills in its defaults. The content is narrowed where there are no diagnostics. `rephrase` may say
 * better than a schema what is wrong.
 */
export const validate = <Content>(
  check: ValidateFunction<Content>,
  content: Json | undefined,
  locate: Locate,
  rephrase: (finding: Finding) => Finding = (found) => found,
): { content: Content | undefined; diagnostics: readonly Diagnostic[] } => {
  const data: unknown = content ?? null;
  if (check(data)) return { content: data, diagnostics: [] };
  const diagnostics = relevant(check.errors ?? []).flatMap((error): Diagnostic[] => {
    const found = finding(error, locate);
    if (found === undefined) return [];
    const { code, path, message, hint } = rephrase(found);
    const part = code === "wrong-type" || code === "invalid-value" ? "value" : "key";
    const location = locate(path, error.propertyName === undefined ? part : "key");
    const kept = location ?? locate(parentOf(path), "key") ?? locate("", "key");
    return [{ code, severity: "error", message, ...(hint && { hint }), ...(kept && { location: kept }) }];
  });
  return { content: undefined, diagnostics };
};

const parentOf = (path: Path): Path => path.slice(0, Math.max(0, path.lastIndexOf("/")));
