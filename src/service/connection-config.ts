import {
  type CatalogField,
  type ConnectionType,
  type ConnectorType,
  fieldValue,
  inferConnectionType,
  missingFields,
} from "../catalog/index.ts";
import { isObject, type Json, type Properties } from "../contract/index.ts";
import { Problem } from "./problem.ts";

/**
 * The configuration in a request: below `config` or the body itself, `name` inside or beside. The members of an `auth`
 * object that the connector type knows as fields become fields.
 */
export const readConfig = (body: Json, connectorType: ConnectorType): Properties => {
  if (!isObject(body)) throw new Problem("bad_request", "the body must be a JSON object");
  const config = Object.hasOwn(body, "config") ? body["config"] : body;
  if (!isObject(config)) throw new Problem("invalid_field", "config must be a JSON object");
  const beside = config !== body && !Object.hasOwn(config, "name") ? body["name"] : undefined;
  const { auth, ...fields } = config;
  const known = new Set(
    connectorType.connections.flatMap((connection) => connection.fields.map((field) => field.name)),
  );
  const members = isObject(auth) && !known.has("auth") ? Object.entries(auth) : [];
  const lifted = members.filter(([name]) => known.has(name) && !Object.hasOwn(fields, name));
  const kept = members.filter(([name]) => !known.has(name));
  return {
    ...(beside === undefined ? {} : { name: beside }),
    ...fields,
    ...Object.fromEntries(lifted),
    ...(kept.length > 0 ? { auth: Object.fromEntries(kept) } : isObject(auth) || auth === undefined ? {} : { auth }),
  };
};

/** RFC 7386: members are merged, null unsets. */
export const mergePatch = (target: Properties, patch: Properties): Properties => {
  const members = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) members.delete(key);
    else if (isObject(value)) {
      const below = members.get(key);
      members.set(key, mergePatch(isObject(below) ? below : {}, value));
    } else members.set(key, value);
  }
  return Object.fromEntries(members);
};

/** The connection type that a configuration is meant for. Throws `missing_fields` or `invalid_field`. */
export const checkConfig = (connectorType: ConnectorType, config: Properties): ConnectionType => {
  const connection = inferConnectionType(connectorType, config);
  if (connection === undefined) {
    throw new Problem("bad_request", `${connectorType.id} needs no connection`);
  }
  const missing = missingFields(connection, config);
  if (missing.length > 0) {
    const others = connectorType.connections.map((type) => type.type).join(", ");
    throw new Problem(
      "missing_fields",
      `${connectorType.id} with ${connection.type} lacks ${missing.join(", ")}; it can authenticate by ${others}`,
    );
  }
  const name = config["name"];
  if (name !== undefined && (typeof name !== "string" || name === "")) {
    throw new Problem("invalid_field", "name must be a text that is not empty");
  }
  for (const field of connection.fields) {
    const value = fieldValue(field, config);
    if (value !== undefined && !fits(field, value)) {
      throw new Problem("invalid_field", `${field.name} must be of type ${field.type}, not ${typeName(value)}`);
    }
  }
  return connection;
};

const fits = (field: CatalogField, value: Json): boolean => {
  const actual = typeName(value);
  // Clients in other languages tend to pass a key file as they parsed it.
  if (field.subtype === "json" && actual === "object") return true;
  return actual === field.type || (actual === "integer" && field.type === "number");
};

const typeName = (value: Json): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
};
