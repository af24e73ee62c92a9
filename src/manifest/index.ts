export { insideOf, isKept, realPath } from "./read/jail.ts";
export { readProject } from "./read/read-project.ts";
export { environmentSchema } from "./schemas/environment.ts";
export { manifestSchema } from "./schemas/manifest.ts";
export { projectSchema } from "./schemas/project.ts";
export { tenantSchema } from "./schemas/tenant.ts";
export { readSesamConnector } from "./sesam/read-sesam-connector.ts";
export type { SesamConnector, SesamExpansion, SesamFile, SesamOptions } from "./sesam/types.ts";
export type * from "./types.ts";
