export { builtinCatalog, builtinConnectorTypes, connectionType, createCatalog } from "./catalog.ts";
export {
  configDefaults,
  configSchema,
  derivedFields,
  fieldValue,
  inferConnectionType,
  missingFields,
  secretFields,
  secretFieldsOfType,
} from "./config.ts";
export { connectorTypeSchema } from "./connector-type-schema.ts";
export type * from "./types.ts";
