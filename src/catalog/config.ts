import type { Json, Properties } from "../contract/index.ts";
import type { CatalogField, ConnectionType, ConnectorType } from "./types.ts";

type Schema = { readonly [key: string]: unknown };

/**
 * JSON Schema of a connection's `config`: every field under its name and its aliases, required fields (an alias
 * satisfies), and the `name` that is always there. Nothing else is allowed.
 */
export const configSchema = (connectorType: ConnectorType, connection: ConnectionType): object => {
  const properties: [string, Schema][] = [
    ["name", { type: "string", minLength: 1, description: "Name of the connection; its `_id` unless given." }],
  ];
  const required: string[] = [];
  const either: Schema[] = [];
  for (const field of connection.fields) {
    for (const key of spellings(field)) properties.push([key, fieldSchema(field)]);
    if (!field.required) continue;
    if (field.aliases === undefined || field.aliases.length === 0) required.push(field.name);
    else either.push({ anyOf: spellings(field).map((key) => ({ required: [key] })) });
  }
  return {
    type: "object",
    title: `${connectorType.name}: ${connection.label}`,
    ...(connection.description === undefined ? {} : { description: connection.description }),
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
    ...(either.length === 0 ? {} : { allOf: either }),
    additionalProperties: false,
  };
};

/** Keys of `config` that hold secrets, aliases included. */
export const secretFields = (connection: ConnectionType): readonly string[] => secretKeys(connection.fields);

/** Keys that hold secrets in any connection type of a connector type: what is stripped where the connection type is unknown. */
export const secretFieldsOfType = (connectorType: ConnectorType): readonly string[] => [
  ...new Set(connectorType.connections.flatMap((connection) => secretKeys(connection.fields))),
];

/** What the service takes for fields that are left out. */
export const configDefaults = (connection: ConnectionType): Properties =>
  Object.fromEntries(
    connection.fields.flatMap((field) => (field.default === undefined ? [] : [[field.name, field.default]])),
  );

/** Value of a field in a `config`, under its name or an alias; undefined where it is absent or null. */
export const fieldValue = (field: CatalogField, config: Properties): Json | undefined => {
  for (const key of spellings(field)) {
    const value = Object.hasOwn(config, key) ? config[key] : undefined;
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
};

/** Names of the required fields that a `config` does not give; an empty text does not count. */
export const missingFields = (connection: ConnectionType, config: Properties): readonly string[] =>
  connection.fields
    .filter((field) => field.required)
    .filter((field) => {
      const value = fieldValue(field, config);
      return value === undefined || value === "";
    })
    .map((field) => field.name);

/**
 * The connection type that a `config` without one is meant for: the one that knows most of the fields given, and among
 * equals one whose required fields are all there. Undefined for connector types without connections.
 */
export const inferConnectionType = (connectorType: ConnectorType, config: Properties): ConnectionType | undefined => {
  const rated = connectorType.connections.map((connection) => ({
    connection,
    known: connection.fields.filter((field) => fieldValue(field, config) !== undefined).length,
    missing: missingFields(connection, config).length,
  }));
  const [best] = rated.sort((a, b) => b.known - a.known || Number(a.missing > 0) - Number(b.missing > 0));
  return best?.connection;
};

/** Values of the `derived_from` fields that a `config` does not give itself. */
export const derivedFields = (connection: ConnectionType, config: Properties): Properties =>
  Object.fromEntries(
    connection.fields.flatMap((field) => {
      if (field.derived_from === undefined || fieldValue(field, config) !== undefined) return [];
      const dot = field.derived_from.indexOf(".");
      const source = connection.fields.find((other) => other.name === field.derived_from?.slice(0, dot));
      const holder = source === undefined ? undefined : asObject(fieldValue(source, config));
      const member = field.derived_from.slice(dot + 1);
      const value = holder !== undefined && Object.hasOwn(holder, member) ? holder[member] : undefined;
      return value === undefined ? [] : [[field.name, value]];
    }),
  );

const spellings = (field: CatalogField): readonly string[] => [field.name, ...(field.aliases ?? [])];

const secretKeys = (fields: readonly CatalogField[]): string[] =>
  fields.filter((field) => field.secret === true).flatMap(spellings);

const fieldSchema = (field: CatalogField): Schema => ({
  type: field.type,
  title: field.label,
  ...(field.description === undefined ? {} : { description: field.description }),
  ...(field.required && field.type === "string" ? { minLength: 1 } : {}),
  ...(field.default === undefined ? {} : { default: field.default }),
  ...(field.secret === true ? { writeOnly: true } : {}),
});

const asObject = (value: Json | undefined): Properties | undefined => {
  if (typeof value !== "string") return isProperties(value) ? value : undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return isProperties(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
};

const isProperties = (value: unknown): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value);
