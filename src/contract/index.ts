export * from "./json.ts";
export * from "./plan.ts";
export * from "./reference.ts";
export * from "./seal.ts";
export * from "./types.ts";
