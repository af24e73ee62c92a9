import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";
import { isObject, type Json, type Properties } from "../../src/contract/index.ts";

/** The API's description, which is not part of this project; `INFINO_OPENAPI` names it where it is not beside the checkout. */
export const descriptionFile =
  process.env["INFINO_OPENAPI"] ??
  fileURLToPath(new URL("../../../shared/reference/infino-openapi.yaml", import.meta.url));

export type Described = {
  /** `GET /{dataset}/metadata`. */
  readonly operation: string;
  readonly statuses: readonly number[];
  /** Undefined: the description gives no schema for this status. */
  validator(status: number): ValidateFunction | undefined;
};

const methods = ["get", "head", "post", "put", "patch", "delete"];

const member = (value: Json | undefined, ...path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>((at, name) => (isObject(at) ? at[name] : undefined), value);

/**
 * The schema as strict as its words: every property that it names is required, but for those that `isOptional`;
 * OpenAPI's `nullable` becomes JSON Schema's null.
 */
const strict = (schema: Json, place: string, isOptional: (place: string) => boolean): Json => {
  if (Array.isArray(schema)) return schema.map((item: Json, index) => strict(item, `${place}/${index}`, isOptional));
  if (!isObject(schema)) return schema;
  const { nullable, examples: _, ...rest } = schema;
  const members = Object.fromEntries(
    Object.entries(rest).map(([key, value]): [string, Json] => {
      if (key === "properties" && isObject(value)) {
        const properties = Object.entries(value).map(([name, below]): [string, Json] => [
          name,
          strict(below, `${place}.${name}`, isOptional),
        ]);
        return [key, Object.fromEntries(properties)];
      }
      return [key, strict(value, place, isOptional)];
    }),
  );
  const named = isObject(rest["properties"]) ? Object.keys(rest["properties"]) : [];
  const required = named.filter((name) => !isOptional(`${place}.${name}`));
  const whole: Properties = required.length === 0 ? members : { ...members, required };
  return nullable === true ? { anyOf: [whole, { type: "null" }] } : whole;
};

/** Operations of the description; undefined where the file is not there. `isOptional` is asked with `Schema.property`. */
export const readDescription = async (
  isOptional: (place: string) => boolean,
): Promise<readonly Described[] | undefined> => {
  const text = await readFile(descriptionFile, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const document = parse(text) as Properties;
  const schemas = member(document, "components", "schemas") as Properties;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const components = Object.entries(schemas).map(([name, schema]): [string, Json] => [
    name,
    strict(schema, name, isOptional),
  ]);
  ajv.addSchema({ components: { schemas: Object.fromEntries(components) } }, "description");
  const resolved = (response: Json): Json => {
    const pointer = member(response, "$ref");
    return typeof pointer === "string" ? (member(document, ...pointer.split("/").slice(1)) ?? null) : response;
  };
  return Object.entries(member(document, "paths") as Properties).flatMap(([path, item]) =>
    methods.flatMap((method): Described[] => {
      const responses = member(item, method, "responses");
      if (!isObject(responses)) return [];
      return [
        {
          operation: `${method.toUpperCase()} ${path}`,
          statuses: Object.keys(responses).map(Number),
          validator: (status) => {
            const schema = member(resolved(responses[String(status)] ?? null), "content", "application/json", "schema");
            if (schema === undefined) return undefined;
            const text = JSON.stringify(strict(schema, "", () => false)).replaceAll('"#/', '"description#/');
            return ajv.compile(JSON.parse(text));
          },
        },
      ];
    }),
  );
};
