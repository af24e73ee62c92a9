export { createService } from "./create-service.ts";
export { serve } from "./serve.ts";
export type * from "./types.ts";
