export { createClient } from "./client.ts";
export { redact } from "./redact.ts";
export type * from "./types.ts";
