import type { FromSchema } from "json-schema-to-ts";
import { targetTimes } from "../../contract/index.ts";
import { durationPattern } from "../read/duration.ts";
import { driftPolicy, editorSchema, idPattern, parameterValues, secretNamePattern, secretSource } from "./shared.ts";

const target = {
  type: "object",
  description: "An API to deploy to. $ENV() and $SECRET() count in its texts.",
  required: ["type", "endpoint", "access_key", "secret_key"],
  additionalProperties: false,
  properties: {
    type: { enum: ["infino"], description: "The kind of API." },
    endpoint: { type: "string", minLength: 1, description: "Base address of the API." },
    access_key: { type: "string", minLength: 1 },
    secret_key: { type: "string", minLength: 1, description: "A reference, never the key itself." },
    service_url: {
      type: "string",
      minLength: 1,
      description: "Value of the variable service_url; by default the endpoint.",
    },
    request_timeout: {
      type: "string",
      pattern: durationPattern,
      default: `${targetTimes.request / 1000}s`,
      description: "How long one request may take: 500ms, 30s, 2m.",
    },
    settle: {
      type: "string",
      pattern: durationPattern,
      default: `${targetTimes.settle / 1000}s`,
      description: "How long the target may take until a write shows in its lists.",
    },
    verify: {
      type: "string",
      pattern: durationPattern,
      default: `${targetTimes.verify / 1000}s`,
      description: "How long to wait until a write that does not show counts as failed.",
    },
    traits: {
      type: "object",
      description: "How this target behaves where targets differ.",
      additionalProperties: false,
      default: {},
      properties: {
        patch: { enum: ["merge", "replace"], description: "What PATCH does with members that are not sent." },
        unset: { enum: ["null", "none"], description: "How a member is unset." },
        names: { enum: ["free", "unique"], description: "Whether two connections may have one name." },
        secrets: { enum: ["omitted", "masked"], description: "What reads return in place of secrets." },
        lists: { enum: ["full", "bare"], description: "Whether lists carry the configuration." },
        updated_at: { enum: ["config", "any", "none"], description: "Which changes move updated_at." },
      },
    },
  },
} as const;

const auth = {
  type: { type: "string" },
  api_base_url: { type: "string", description: "Value of the variable base_url." },
  access_token_url: { type: "string", description: "Value of the variable token_url." },
  authorize_scopes: { type: ["string", "array"], items: { type: "string" } },
  login_url: { type: "string" },
  identity_url: { type: "string" },
  tenant_id_expression: { type: "string" },
  label: { type: "string" },
} as const;

/** What `auth` of a connector may hold. */
export const authFields: readonly string[] = Object.keys(auth);

const connector = {
  type: "object",
  description: "The multi-tenant configuration of one connector.",
  required: ["path"],
  additionalProperties: false,
  properties: {
    path: { type: "string", minLength: 1, description: "The connector's folder, relative to the project folder." },
    auth: {
      type: "object",
      additionalProperties: false,
      default: {},
      properties: auth,
    },
    parameter_values: parameterValues,
  },
} as const;

/** JSON Schema of `connector-deployer.yaml`, after an environment was merged over it. */
export const projectSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "connector-deployer project",
  description: "connector-deployer.yaml: the vendor, targets, connectors and rules of a project.",
  type: "object",
  required: ["vendor", "targets", "connectors"],
  additionalProperties: false,
  properties: {
    $schema: editorSchema,
    vendor: { type: "string", pattern: idPattern, description: "First part of every system's name." },
    targets: {
      type: "object",
      description: "The APIs that are deployed to, by name; tenants without a target use default.",
      propertyNames: { pattern: idPattern },
      additionalProperties: target,
    },
    connectors: {
      type: ["object", "string"],
      description:
        "The connectors and their multi-tenant configuration, by id; or the path of Sesam's config.json, relative to the project folder.",
      propertyNames: { pattern: idPattern },
      additionalProperties: connector,
    },
    secrets: {
      type: "object",
      description: "Secrets for all tenants and for the targets, by name.",
      default: {},
      propertyNames: { pattern: secretNamePattern },
      additionalProperties: {
        ...secretSource,
        properties: {
          ...secretSource.properties,
          command: {
            type: "array",
            minItems: 1,
            items: { type: "string" },
            description: "A program and its arguments, run without a shell, that prints the value.",
          },
        },
      },
    },
    tenants: {
      type: ["string", "array"],
      items: { type: "string" },
      default: "tenants/*.{yaml,yml,json}",
      description: "Glob or globs of the tenant files.",
    },
    waves: {
      type: "array",
      items: { type: "string", minLength: 1 },
      uniqueItems: true,
      default: [],
      description: "Names of waves in order; a tenant's label wave names its own, without one it is in the last.",
    },
    ledger: {
      type: "string",
      minLength: 1,
      default: ".connector-deployer/ledger.db",
      description:
        "File of the ledger, relative to the project folder; or postgres://USER:$SECRET(name)@HOST/DATABASE, with ledger_key.",
    },
    ledger_key: { type: "string", minLength: 1, description: "Key of the fingerprints, as a reference." },
    ledger_durability: {
      enum: ["normal", "full"],
      default: "normal",
      description: "full survives a loss of power, at a price.",
    },
    on_drift: {
      description: "What to do about changes made behind our back: set them back, leave them, or fail.",
      default: "revert",
      anyOf: [
        { type: "string", ...driftPolicy },
        {
          type: "object",
          required: ["default"],
          additionalProperties: false,
          properties: {
            default: driftPolicy,
            kinds: { type: "object", description: "By kind.", additionalProperties: driftPolicy },
          },
        },
      ],
    },
    protected: {
      type: "array",
      items: { type: "string", minLength: 1 },
      default: [],
      description: "Globs of kind/_id that are never deleted or replaced.",
    },
    moved: {
      type: "array",
      default: [],
      description: "Renames: what has the old kind/_id is the new one now; its entry moves, and it is not made anew.",
      items: {
        type: "object",
        required: ["from", "to"],
        additionalProperties: false,
        properties: { from: { type: "string", minLength: 1 }, to: { type: "string", minLength: 1 } },
      },
    },
    ignore: {
      type: "array",
      default: [],
      description: "Differences that are neither shown nor set back.",
      items: {
        type: "object",
        required: ["kind", "path"],
        additionalProperties: false,
        properties: {
          kind: { type: "string", minLength: 1 },
          path: { type: "string", minLength: 1, description: "Such as config.timeout_secs." },
        },
      },
    },
    allow_env: {
      type: ["string", "array"],
      items: { type: "string" },
      default: ["*"],
      description: "Globs of the environment variables that tenant files may read.",
    },
  },
} as const satisfies object;

export type ProjectContent = FromSchema<typeof projectSchema>;
