export * from "./holder.ts";
export * from "./open.ts";
export type * from "./types.ts";
