import type { Catalog, CatalogField, ConnectionType, ConnectorType } from "../catalog/index.ts";
import { inferConnectionType, missingFields } from "../catalog/index.ts";
import type { Json, Live, Properties } from "../contract/index.ts";
import { isObject, joinPath, segments } from "../contract/index.ts";
import { looksMasked } from "./masked.ts";
import type { Declaration } from "./types.ts";

const fieldOf = ({ fields }: ConnectionType, key: string): CatalogField | undefined =>
  fields.find((field) => field.name === key || field.aliases?.includes(key) === true);

/** Connection types that what can be read of a connection allows, in the catalog's order. */
const fitting = (type: ConnectorType, config: Properties, masked: readonly string[] | undefined): ConnectionType[] => {
  const known = Object.keys(config).filter((key) => type.connections.some((one) => fieldOf(one, key) !== undefined));
  return type.connections.filter((one) => {
    const isSecret = (key: string): boolean => fieldOf(one, key)?.secret === true;
    const unseen = missingFields(one, config);
    const isThere = (key: string): boolean => masked === undefined || masked.includes(key);
    return (
      known.every((key) => fieldOf(one, key) !== undefined) &&
      unseen.every((key) => isSecret(key) && isThere(key)) &&
      (masked ?? []).every(isSecret)
    );
  });
};

const typeOf = (value: Json): string =>
  Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value;

const fits = (field: CatalogField, value: Json): boolean =>
  typeOf(value) === field.type || (field.type === "number" && typeof value === "number");

const quoted = (keys: readonly string[]): string => keys.map((key) => JSON.stringify(key)).join(", ");

/** A live connection as a template would have it; its `auth` is inferred, since the API never returns it. */
export const declareConnection = (live: Live, catalog: Catalog): Declaration | { readonly problem: string } => {
  const source = String(live.properties["source"]);
  const type = catalog.get(source);
  if (type === undefined) return { problem: `the catalog has no connector type ${JSON.stringify(source)}` };
  const config = isObject(live.properties["config"]) ? live.properties["config"] : {};
  const { name, ...given } = config;
  if (typeof name !== "string" || name === "")
    return { problem: "it has no name, and a connection is found by its name" };
  const masked = live.masked?.flatMap((path) => segments(path).at(-1) ?? []);
  const fit = fitting(type, given, masked);
  const connection = fit[0] ?? inferConnectionType(type, given);
  if (connection === undefined) return { problem: `the connector type ${JSON.stringify(source)} has no connections` };
  const kept: [string, Json][] = [];
  const unknown: string[] = [];
  const strange: string[] = [];
  for (const [key, value] of Object.entries(given)) {
    const field = fieldOf(connection, key);
    if (value === null || field?.secret === true) continue;
    if (field === undefined) unknown.push(key);
    else if (looksMasked(value) || !fits(field, value)) strange.push(key);
    else kept.push([key, value]);
  }
  const secrets = connection.fields.filter(
    ({ name, secret, required }) => secret === true && (required || masked?.includes(name) === true),
  );
  const unsure = connection.fields.filter((field) => field.secret === true && !secrets.includes(field));
  const others = fit.filter((one) => one !== connection).map((one) => one.type);
  const notes = [
    others.length === 0
      ? "auth: follows from the fields, since the API does not return it."
      : `auth: the API does not return it; by its fields it may also be ${others.join(", ")}.`,
    ...(unsure.length === 0 || masked !== undefined
      ? []
      : [`The API does not say whether it has these secrets: ${unsure.map((field) => field.name).join(", ")}.`]),
    ...(unknown.length === 0 ? [] : [`Left out, because the catalog does not know them: ${quoted(unknown)}.`]),
    ...(strange.length === 0 ? [] : [`Left out, because the catalog wants other values: ${quoted(strange)}.`]),
  ];
  return {
    _id: name,
    name: "/config/name",
    properties: { source, auth: connection.type, config: { name, ...Object.fromEntries(kept) } },
    secrets: secrets.map((field) => joinPath("/config", field.name)),
    notes,
  };
};
