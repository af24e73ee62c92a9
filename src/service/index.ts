export { createService } from "./create-service.ts";
export { readTraits } from "./read-traits.ts";
export { serve } from "./serve.ts";
export type * from "./types.ts";
