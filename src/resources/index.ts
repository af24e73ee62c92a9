export * from "./assemble.ts";
export * from "./ensure.ts";
export * from "./registry.ts";
export * from "./types.ts";
export { validateProperties } from "./validate.ts";
