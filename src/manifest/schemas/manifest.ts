import type { FromSchema } from "json-schema-to-ts";
import { datatypePattern, editorSchema } from "./shared.ts";

/** JSON Schema of a connector's `manifest.yaml` or `manifest.json`. */
export const manifestSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "connector-deployer manifest",
  description: "manifest.yaml: how one external system is connected. Every Sesam manifest is valid.",
  type: "object",
  additionalProperties: false,
  properties: {
    $schema: editorSchema,
    auth: { type: "string", description: "How the system authenticates, such as api_key or oauth2." },
    auth_variant: { type: "string" },
    oauth2: {
      type: "object",
      additionalProperties: false,
      properties: {
        login_url: { type: "string" },
        token_url: { type: "string", description: "Value of token_url where the project gives none." },
        scopes: { type: ["string", "array"], items: { type: "string" } },
      },
    },
    additional_parameters: {
      type: "object",
      default: {},
      description: "Parameters of all templates, by name; default is the value where nobody gives one.",
      additionalProperties: {
        type: ["object", "string", "null", "boolean", "number", "array"],
        additionalProperties: true,
        properties: { default: {}, description: { type: "string" } },
      },
    },
    "system-template": { type: "string", description: "Template that is expanded once for each tenant." },
    system_template: { type: "string", description: "Older spelling of system-template." },
    datatypes: {
      type: "object",
      default: {},
      description: "Kinds of records, by name.",
      propertyNames: { pattern: datatypePattern },
      additionalProperties: {
        type: "object",
        additionalProperties: false,
        properties: {
          template: {
            type: "string",
            description:
              "Template, relative to this folder; datatypes may share one. A datatype without one is skipped, with a warning.",
          },
          label: { type: "string" },
          description: { type: "string" },
          parameters: {
            type: "object",
            default: {},
            additionalProperties: true,
            description: "Parameters of this datatype only, with their values.",
          },
          parent: { type: "string", description: "Value of the variable parent: another datatype." },
          sync_frequency: { enum: ["slow", "weekly"], description: "slow: daily at midnight; weekly: Monday 00:00." },
          schedule_interval: { type: "number", exclusiveMinimum: 0, description: "Seconds; wins over the frequency." },
          webhook: { type: "boolean", description: "True: data arrives by itself, the schedule is hourly." },
        },
      },
    },
    use_webhook_secret: { type: "boolean" },
    requires_service_api_access: { type: "boolean" },
  },
} as const satisfies object;

export type ManifestContent = FromSchema<typeof manifestSchema>;
