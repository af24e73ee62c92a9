import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import type * as AjvModule from "ajv";
import type * as Yaml from "yaml";
import type { Catalog, ConnectorType } from "../catalog/index.ts";
import { builtinCatalog, builtinConnectorTypes, connectorTypeSchema, createCatalog } from "../catalog/index.ts";
import type { Properties } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";

// A constructor cannot wait for import(), and without catalog files neither package is needed.
const require = createRequire(import.meta.url);

const wrong = (file: string, what: string, hint: string): DeployerError =>
  new DeployerError("invalid-files", `the catalog file ${file} ${what}`, { hint });

const parse = (file: string, text: string): unknown => {
  try {
    return file.endsWith(".json") ? JSON.parse(text) : (require("yaml") as typeof Yaml).parse(text);
  } catch {
    throw wrong(file, `is not valid ${file.endsWith(".json") ? "JSON" : "YAML"}`, "correct its syntax");
  }
};

const read = (dir: string, file: string): ConnectorType => {
  let text: string;
  try {
    text = readFileSync(resolve(dir, file), "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const why = code === "ENOENT" ? "does not exist" : `cannot be read: ${String(code)}`;
    throw wrong(file, why, "give its path relative to the program's folder");
  }
  const content = parse(file, text);
  const { Ajv } = require("ajv") as typeof AjvModule;
  const validate = new Ajv({ strict: false }).compile<ConnectorType>(connectorTypeSchema);
  if (validate(content)) return content;
  const first = validate.errors?.[0];
  const place = first === undefined || first.instancePath === "" ? "" : ` at ${first.instancePath}`;
  throw wrong(file, `is no connector type: it ${first?.message ?? "is wrong"}${place}`, "compare it with the schema");
};

/** The files of the `catalog` argument. Throws `usage`. */
export const catalogFiles = (inputs: Properties): readonly string[] => {
  const files = inputs["catalog"] ?? [];
  if (Array.isArray(files) && files.every((file) => typeof file === "string")) return files;
  throw new DeployerError("usage", '"catalog" must be a list of files');
};

const known = new Map<string, Catalog>();

/**
 * The built-in connector types and those of these files (JSON or YAML, relative to `dir`). Files are read once in a
 * process. Throws `invalid-files`.
 */
export const catalogOf = (files: readonly string[], dir: string): Catalog => {
  if (files.length === 0) return builtinCatalog();
  const key = JSON.stringify([dir, files]);
  const found = known.get(key);
  if (found !== undefined) return found;
  const catalog = createCatalog([...builtinConnectorTypes(), ...files.map((file) => read(dir, file))]);
  known.set(key, catalog);
  return catalog;
};
