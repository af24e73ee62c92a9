import type { Component, Json } from "../contract/index.ts";
import { yamlText } from "../yaml-text.ts";

/** Sealed values as the templates write them. */
const written = (value: Json): Json => {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(written);
  const secret = (value as { readonly [key: string]: Json })["$secret"];
  if (typeof secret === "string") return secret;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, written(member)]));
};

/** Components as YAML documents, in the form in which templates have them. */
export const componentsText = (components: readonly Component[]): string =>
  components
    .map(({ tenant, _id, type, properties }) => {
      const comment = `# tenant ${JSON.stringify(tenant)}\n`;
      return comment + yamlText({ _id, type, ...(written(properties) as { readonly [key: string]: Json }) });
    })
    .join("---\n")
    .trimEnd();
