// Usage: node scripts/schemas.ts
// Writes the JSON Schemas of the files that users write into schemas/.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectorTypeSchema } from "../src/catalog/index.ts";
import { environmentSchema, manifestSchema, projectSchema, tenantSchema } from "../src/manifest/index.ts";

/** Content of the files of `schemas/`, by name. */
export const schemaFiles = (): ReadonlyMap<string, string> => {
  const schemas = {
    project: projectSchema,
    environment: environmentSchema(),
    tenant: tenantSchema,
    manifest: manifestSchema,
    "connector-type": { $schema: "http://json-schema.org/draft-07/schema#", ...connectorTypeSchema },
  };
  return new Map(
    Object.entries(schemas).map(([name, schema]) => [`${name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`]),
  );
};

if (import.meta.main) {
  for (const [name, content] of schemaFiles()) {
    writeFileSync(join(import.meta.dirname, "../schemas", name), content);
  }
}
