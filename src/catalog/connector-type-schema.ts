const fieldName = { type: "string", pattern: "^[A-Za-z][A-Za-z0-9_]*$", not: { const: "name" } } as const;

const field = {
  type: "object",
  required: ["name", "label", "required", "type"],
  additionalProperties: false,
  properties: {
    name: { ...fieldName, description: "The key in `config`; `name` itself is always there and not listed." },
    label: { type: "string" },
    description: { type: "string" },
    required: { type: "boolean" },
    type: { enum: ["string", "integer", "number", "boolean", "object", "array"] },
    subtype: { type: "string", description: "How the value is read: `url`, `password`, `json`, `comma-separated`, …" },
    placeholder: { type: "string" },
    default: { description: "What the service takes when the field is left out." },
    secret: { type: "boolean", description: "Never returned, sealed in plans and ledgers, a literal is refused." },
    aliases: {
      type: "array",
      items: fieldName,
      uniqueItems: true,
      description: "Other accepted spellings of the key.",
    },
    derived_from: {
      type: "string",
      pattern: "^[A-Za-z][A-Za-z0-9_]*\\.[^.]+$",
      description: "`FIELD.MEMBER`: the value when it is not given, read from another field that holds a JSON object.",
    },
  },
} as const;

/** JSON Schema (draft 2020-12 and draft-07) of one catalog file: a connector type. */
export const connectorTypeSchema = {
  title: "Connector type",
  description: "How connections to one kind of external system are configured.",
  type: "object",
  required: ["id", "name", "description", "category", "disabled", "supported_modes", "auth_strategy", "connections"],
  additionalProperties: false,
  properties: {
    $schema: { type: "string" },
    id: { type: "string", pattern: "^[a-z0-9][a-z0-9_-]*$" },
    name: { type: "string", minLength: 1 },
    description: { type: "string" },
    category: { type: "string" },
    disabled: { type: "boolean", description: "True: known, but not offered." },
    supported_modes: { type: "array", items: { enum: ["query", "import", "upload"] }, uniqueItems: true },
    auth_strategy: { type: "string", description: "`connection`, or `none` for types without a connection object." },
    query_type: { enum: ["querydsl", "sql"] },
    connections: {
      type: "array",
      items: {
        type: "object",
        required: ["type", "label", "integration_type", "fields"],
        additionalProperties: false,
        properties: {
          type: { type: "string", pattern: "^[a-z0-9][a-z0-9_-]*$" },
          label: { type: "string" },
          description: { type: "string" },
          integration_type: { type: "string", pattern: "^(native|third_party:.+)$" },
          fields: { type: "array", items: field },
        },
      },
    },
    configuration: { type: "array", items: field },
    advanced_configuration: { type: "array", items: field },
  },
} as const;
