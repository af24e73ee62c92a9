import { isObject } from "../../contract/index.ts";

type Schema = { readonly [key: string]: unknown };

const schemaOf = (value: unknown): Schema => (isObject(value as never) ? (value as Schema) : {});

/** A value that fits a schema, as YAML on one line; undefined where the schema says nothing of what is inside. */
export const exampleOf = (schema: Schema, depth = 0): string | undefined => {
  const { type, enum: allowed, default: byDefault } = schema;
  const types = [type].flat();
  if (Array.isArray(allowed)) return String(allowed[0]);
  if (types.includes("object")) return mappingOf(schema, depth);
  if (types.includes("array")) return `[${exampleOf(schemaOf(schema["items"]), depth + 1) ?? "…"}]`;
  if (types.includes("string")) return typeof byDefault === "string" ? byDefault : "…";
  if (types.includes("boolean")) return "true";
  return types.includes("integer") || types.includes("number") ? "1" : undefined;
};

const mappingOf = (schema: Schema, depth: number): string | undefined => {
  const properties = schemaOf(schema["properties"]);
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
  const named = Object.keys(properties).filter((name) => !name.startsWith("$"));
  const names = required.length > 0 ? required : named.slice(0, 1);
  const members = names.map((name) => [name, schemaOf(properties[name])] as const);
  const others = schemaOf(schema["additionalProperties"]);
  if (members.length === 0 && Object.keys(others).length > 0) members.push(["name", others]);
  if (members.length === 0) return undefined;
  const written = members.map(
    ([name, member]) => `${name}: ${((depth < 2 || "enum" in member) && exampleOf(member, depth + 1)) || "…"}`,
  );
  return `{ ${written.join(", ")} }`;
};
