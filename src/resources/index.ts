export * from "./assemble.ts";
export * from "./complete.ts";
export * from "./ensure.ts";
export { looksMasked, withoutCredentials } from "./masked.ts";
export { changedProperties } from "./patch-body.ts";
export * from "./registry.ts";
export * from "./rendered.ts";
export * from "./types.ts";
export { validateProperties } from "./validate.ts";
