import type { ErrorObject, ValidateFunction } from "ajv";
import { Ajv } from "ajv";
import addFormatsModule from "ajv-formats";
import type { Catalog } from "../catalog/index.ts";
import type { Json, Path, Properties } from "../contract/index.ts";
import { at, eachSealed, isSealed, joinPath, mapSealed, segments } from "../contract/index.ts";
import { nearest } from "../nearest.ts";
import type { Problem, ResourceKind } from "./types.ts";

// ajv-formats is CommonJS: its function is the module's default member.
const addFormats = addFormatsModule as unknown as typeof addFormatsModule.default;

let ajv: Ajv | undefined;
const compiled = new WeakMap<object, ValidateFunction>();

const validator = (schema: object): ValidateFunction => {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  if (ajv === undefined) {
    ajv = new Ajv({ allErrors: true, strict: false, verbose: true });
    addFormats(ajv);
  }
  const validate = ajv.compile(schema);
  compiled.set(schema, validate);
  return validate;
};

const dotted = (path: Path): string => segments(path).join(".");

const article = (type: string): string => (/^[aeio]/.test(type) ? `an ${type}` : `a ${type}`);

const found = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? "a list"
      : typeof value === "object"
        ? "a mapping"
        : `the ${typeof value} ${JSON.stringify(value)}`;

const toProblem = (_id: string, error: ErrorObject, hidden: (path: Path) => boolean): Problem => {
  const path = error.instancePath;
  const name = dotted(path);
  switch (error.keyword) {
    case "required": {
      const missing = String(error.params["missingProperty"]);
      const below = joinPath(path, missing);
      return { code: "missing-field", _id, path: below, message: `"${dotted(below)}" is required`, hint: "add it" };
    }
    case "additionalProperties": {
      const extra = String(error.params["additionalProperty"]);
      const known = Object.keys((error.parentSchema?.["properties"] as object | undefined) ?? {});
      const below = joinPath(path, extra);
      return {
        code: "unknown-field",
        _id,
        path: below,
        message: `"${dotted(below)}" is not a field here`,
        hint: nearest(extra, known, "fields are"),
      };
    }
    case "type": {
      const wanted = [error.params["type"]].flat().join(" or ");
      const value = hidden(path) ? "another type" : found(error.data);
      return {
        code: "wrong-type",
        _id,
        path,
        message: `"${name}" must be ${article(wanted)}; it is ${value}`,
        hint: `write ${article(wanted)}`,
      };
    }
    default: {
      const value = hidden(path) ? "" : `; it is ${found(error.data)}`;
      const allowed = error.params["allowedValues"];
      const hint = Array.isArray(allowed) ? `allowed are: ${allowed.join(", ")}` : undefined;
      return {
        code: "invalid-value",
        _id,
        path,
        message: `"${name}" ${error.message ?? "is not allowed"}${value}`,
        ...(hint === undefined ? {} : { hint }),
      };
    }
  }
};

export type ValidateOptions = {
  /** Secrets may stand in clear, since they come from a program and not from a file. Default false. */
  readonly clearSecrets?: boolean;
  /** True where a wrong value is not shown; catalog secrets never are. */
  readonly hides?: (path: Path) => boolean;
};

/** Everything that is wrong with a resource by itself. Sealed values count as texts and are never shown. */
export const validateProperties = <Api>(
  kind: ResourceKind<Api>,
  catalog: Catalog,
  _id: string,
  properties: Properties,
  { clearSecrets = false, hides = () => false }: ValidateOptions = {},
): readonly Problem[] => {
  const special = kind.check?.(_id, properties, catalog) ?? [];
  const shape = kind.shape(properties, catalog);
  const sealed = new Set<Path>();
  eachSealed(properties, (path) => sealed.add(path));
  const secret = new Set(shape.secret);
  const validate = validator(shape.schema);
  const problems: Problem[] = [...special];
  if (!validate(sealed.size === 0 ? properties : mapSealed(properties, () => ""))) {
    const seen = new Set(special.map((problem) => problem.path));
    for (const error of validate.errors ?? []) {
      // What a sealed value holds is not known here: only its place is checked.
      if (sealed.has(error.instancePath)) continue;
      // Of a key and its aliases only the key itself is asked for.
      if (error.keyword === "required" && /\/anyOf\/[1-9]/.test(error.schemaPath)) continue;
      if (["anyOf", "oneOf", "if"].includes(error.keyword) && (validate.errors?.length ?? 0) > 1) continue;
      const problem = toProblem(_id, error, (path) => secret.has(path) || hides(path));
      if (!seen.has(problem.path)) problems.push(problem);
    }
  }
  for (const path of clearSecrets ? [] : shape.secret) {
    const value: Json | undefined = at(properties, path);
    if (value === undefined || value === null || isSealed(value)) continue;
    problems.push({
      code: "plain-secret",
      _id,
      path,
      message: `"${dotted(path)}" is a secret and is written in clear`,
      hint: "declare it under secrets: and write $SECRET(name)",
    });
  }
  return problems;
};
