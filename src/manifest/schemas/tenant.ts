import type { FromSchema } from "json-schema-to-ts";
import { driftPolicy, editorSchema, idPattern, parameterValues, secretNamePattern, secretSource } from "./shared.ts";

/** JSON Schema of a tenant file. */
export const tenantSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "connector-deployer tenant",
  description: "tenants/*.yaml: one tenant, its connectors, values and secrets.",
  type: "object",
  required: ["id"],
  additionalProperties: false,
  properties: {
    $schema: editorSchema,
    id: { type: "string", pattern: idPattern, description: "Internal id; part of every system's name." },
    state: {
      enum: ["present", "absent"],
      default: "present",
      description: "absent offboards: everything owned is deleted, data by its own rule.",
    },
    labels: {
      type: "object",
      additionalProperties: { type: "string" },
      default: {},
      description: "For selecting tenants; the label wave names the tenant's wave.",
    },
    target: { type: "string", default: "default", description: "Name of a target of the project." },
    service_url: { type: "string", description: "Value of the variable service_url for this tenant." },
    connectors: {
      type: "object",
      default: {},
      description: "The connectors that this tenant has, by id; true and {} mean without values of its own.",
      additionalProperties: {
        type: ["object", "boolean", "null"],
        additionalProperties: false,
        properties: {
          auth: {
            type: "object",
            additionalProperties: false,
            default: {},
            properties: {
              account_id: { type: ["string", "integer"], description: "Value of the variable account_id." },
              is_fullsync: {
                type: ["boolean", "object"],
                additionalProperties: { type: "boolean" },
                default: false,
                description: "Value of the variable is_fullsync, for all datatypes or by datatype.",
              },
            },
          },
          parameter_values: parameterValues,
          datatypes: {
            type: "object",
            default: {},
            description: "Switches by datatype; one that is not named is on.",
            additionalProperties: {
              type: ["boolean", "object"],
              additionalProperties: false,
              properties: { parameter_values: parameterValues },
            },
          },
        },
      },
    },
    secrets: {
      type: "object",
      description: "The tenant's own secrets, by name; they hide the project's of the same name.",
      default: {},
      propertyNames: { pattern: secretNamePattern },
      additionalProperties: secretSource,
    },
    on_drift: { ...driftPolicy, description: "Overrides the project's policy." },
  },
} as const satisfies object;

export type TenantContent = FromSchema<typeof tenantSchema>;
