import { durationPattern } from "../read/duration.ts";

/** What a vendor, a tenant and a connector may be called: their names are joined to the system's. */
export const idPattern = "^[a-z0-9][a-z0-9_-]*$";

/** Names that references can name, as in `$SECRET(name)`. */
export const secretNamePattern = "^[A-Za-z_][A-Za-z0-9_.-]*$";

export const datatypePattern = "^[A-Za-z0-9_][A-Za-z0-9_.-]*$";

/** What patterns ask for, in words. */
export const patternWords: ReadonlyMap<string, string> = new Map([
  [idPattern, 'use lower-case letters, digits, "-" and "_", beginning with a letter or a digit'],
  [secretNamePattern, 'use letters, digits, "_", "." and "-", beginning with a letter or "_"'],
  [datatypePattern, 'use letters, digits, "_", "." and "-"'],
  [durationPattern, "write it like 500ms, 30s, 2m or 1h"],
]);

export const editorSchema = {
  type: "string",
  description: "Address of this file's JSON Schema, for editors.",
} as const;

export const driftPolicy = { enum: ["revert", "keep", "fail"] } as const;

export const parameterValues = {
  type: "object",
  description: "Values of parameters, by name.",
  additionalProperties: true,
  default: {},
} as const;

export const secretSource = {
  type: "object",
  description: "Where a secret's value comes from: exactly one of its members.",
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: {
    env: { type: "string", minLength: 1, description: "Name of an environment variable." },
    file: { type: "string", minLength: 1, description: "A file that holds the value, relative to the project folder." },
  },
} as const;
