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

/** A component in the form in which templates have it, as YAML or JSON; secrets stand as references. */
export const componentText = ({ _id, type, properties }: Component, format: "yaml" | "json"): string => {
  const document = { _id, type, ...(written(properties) as { readonly [key: string]: Json }) };
  return format === "yaml" ? yamlText(document) : `${JSON.stringify(document, null, 2)}\n`;
};
