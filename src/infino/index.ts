export { createClient } from "./client.ts";
export { redact, withoutTexts } from "./redact.ts";
export type * from "./types.ts";
export type * from "./wire-types.ts";
