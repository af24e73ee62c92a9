import { projectSchema } from "./project.ts";

type Schema = { readonly [key: string]: unknown };

/** Nothing is required, and null takes a member of the project's file out. */
const partial = (schema: Schema): Schema => {
  const { required: _, default: __, properties, additionalProperties, ...rest } = schema;
  const relaxed: { [key: string]: unknown } = { ...rest };
  if (rest["type"] === "object" || (Array.isArray(rest["type"]) && rest["type"].includes("object"))) {
    relaxed["type"] = [...new Set([rest["type"], "null"].flat())];
    if (typeof properties === "object" && properties !== null) {
      const members = Object.entries(properties as { [name: string]: Schema });
      relaxed["properties"] = Object.fromEntries(members.map(([name, member]) => [name, partial(member)]));
    }
    if (additionalProperties !== undefined) {
      relaxed["additionalProperties"] =
        typeof additionalProperties === "boolean" ? additionalProperties : partial(additionalProperties as Schema);
    }
    return relaxed;
  }
  const { description, ...value } = relaxed;
  return { ...(description === undefined ? {} : { description }), anyOf: [value, { type: "null" }] };
};

/** JSON Schema of a file of `environments/`: the project's keys, each of them optional. */
export const environmentSchema = (): Schema => ({
  ...partial(projectSchema),
  type: "object",
  title: "connector-deployer environment",
  description: "environments/NAME.yaml: merged over connector-deployer.yaml (RFC 7386) with -e NAME.",
});
