export { createSecretResolver } from "./secret-resolver.ts";
export type * from "./types.ts";
