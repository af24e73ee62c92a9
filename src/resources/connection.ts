import type { Catalog, ConnectorType } from "../catalog/index.ts";
import { configDefaults, configSchema, connectionType, secretFields, secretFieldsOfType } from "../catalog/index.ts";
import type { Live, Properties, Shape } from "../contract/index.ts";
import { isObject, joinPath } from "../contract/index.ts";
import type { ConnectionWire, InfinoClient } from "../infino/index.ts";
import { nearest } from "../nearest.ts";
import { complete } from "./complete.ts";
import { declareConnection } from "./declare-connection.ts";
import { withoutCredentials } from "./masked.ts";
import type { Judgement, Problem, ResourceKind } from "./types.ts";

const config = (properties: Properties): Properties => {
  const value = properties["config"];
  return isObject(value) ? value : {};
};

const text = (value: unknown): string => (typeof value === "string" ? value : "");

const makeShape = (type: ConnectorType | undefined, auth: string): Shape => {
  const connection = type?.connections.find((candidate) => candidate.type === auth);
  const secrets =
    type === undefined ? [] : connection === undefined ? secretFieldsOfType(type) : secretFields(connection);
  return {
    schema: {
      type: "object",
      required: ["source", "auth", "config"],
      additionalProperties: false,
      properties: {
        source: { type: "string", description: "connector type of the catalog" },
        auth: { type: "string", description: "connection type of that connector type" },
        config: type === undefined || connection === undefined ? { type: "object" } : configSchema(type, connection),
      },
    },
    secret: secrets.map((name) => joinPath("/config", name)),
    writeOnly: [],
    immutable: ["/source", "/auth"],
    unordered: [],
    // The API infers the connection type from the keys of config and never returns it.
    local: ["/auth"],
    defaults: Object.fromEntries(
      Object.entries(connection === undefined ? {} : configDefaults(connection)).map(([name, value]) => [
        joinPath("/config", name),
        value,
      ]),
    ),
    derived: (connection?.fields ?? []).flatMap(({ name, derived_from }) =>
      derived_from === undefined ? [] : [joinPath("/config", name)],
    ),
  };
};

/** One shape object for each connection type, so that its schema is compiled once. */
const shapes = new WeakMap<Catalog, Map<string, Shape>>();

const shape = (properties: Properties, catalog: Catalog): Shape => {
  const source = text(properties["source"]);
  const auth = text(properties["auth"]);
  const known = shapes.get(catalog) ?? new Map<string, Shape>();
  shapes.set(catalog, known);
  const key = JSON.stringify([source, auth]);
  const found = known.get(key) ?? makeShape(catalog.get(source), auth);
  known.set(key, found);
  return found;
};

const check = (_id: string, properties: Properties, catalog: Catalog): readonly Problem[] => {
  const source = properties["source"];
  const auth = properties["auth"];
  if (typeof source !== "string") return [];
  const type = catalog.get(source);
  if (type === undefined) {
    const names = catalog.list().map((candidate) => candidate.id);
    const hint = nearest(source, names, "connector types are");
    return [
      { code: "unknown-connector-type", _id, path: "/source", message: `unknown connector type "${source}"`, hint },
    ];
  }
  if (typeof auth !== "string" || connectionType(catalog, source, auth) !== undefined) return [];
  const names = type.connections.map((candidate) => candidate.type);
  return [
    names.length === 0
      ? {
          code: "unknown-connector-type",
          _id,
          path: "/source",
          message: `the connector type "${source}" has no connections`,
          hint: "it is used without one",
        }
      : {
          code: "unknown-connection-type",
          _id,
          path: "/auth",
          message: `the connector type "${source}" has no connection type "${auth}"`,
          hint: nearest(auth, names, "connection types are"),
        },
  ];
};

const toLive = (wire: ConnectionWire, catalog: Catalog): Live => {
  const type = catalog.get(wire.type);
  const secrets = new Set(type === undefined ? [] : secretFieldsOfType(type));
  const shown = Object.entries(wire.config ?? (wire.name === undefined ? {} : { name: wire.name }));
  const readable = Object.fromEntries(shown.filter(([name]) => !secrets.has(name)));
  const masked = shown.flatMap(([name, value]) =>
    secrets.has(name) && value !== null && value !== "" ? [joinPath("/config", name)] : [],
  );
  return {
    id: wire.id,
    properties: { source: wire.type, config: readable },
    ...(wire.created_at === "" ? {} : { createdAt: wire.created_at }),
    ...(wire.updated_at === undefined ? {} : { updatedAt: wire.updated_at }),
    ...(masked.length === 0 ? {} : { masked }),
    ...(wire.config === undefined ? { isBare: true } : {}),
    health: {
      status: wire.status,
      ...(wire.reason === undefined ? {} : { reason: withoutCredentials(wire.reason) }),
      ...(wire.untried === true ? { untried: true } : {}),
    },
  };
};

const read = async (
  api: InfinoClient,
  catalog: Catalog,
  id: string,
  signal: AbortSignal,
): Promise<Live | undefined> => {
  const wire = await api.getConnection(id, signal);
  return wire === undefined ? undefined : toLive(wire, catalog);
};

/** Targets whose lists do not even say names cost a read of each connection: it could be any. */
const list = async (api: InfinoClient, catalog: Catalog, signal: AbortSignal): Promise<readonly Live[]> => {
  const listed = (await api.listConnections(signal)).map((wire) => toLive(wire, catalog));
  const isNamed = (live: Live): boolean => live.isBare !== true || config(live.properties)["name"] !== undefined;
  return complete(listed, isNamed, (id) => read(api, catalog, id, signal));
};

/** What a source that was made a moment ago refuses it may accept a little later. */
const judge = ({ health }: Live): Judgement => {
  if (health?.status === "connected") return { state: "well" };
  if (health?.untried === true) {
    return {
      state: "badly",
      note: "nothing can tell whether it works: the target has no driver for its connector type",
    };
  }
  return { state: health?.status === "error" ? "doubtful" : "waiting" };
};

/** A connection to an external system. Its secrets are sent and never come back. */
export const connection: ResourceKind<InfinoClient> = {
  name: "connection",
  holdsData: false,
  properties: (component) => {
    const own = component.properties;
    if (own["config"] !== undefined && !isObject(own["config"])) return own;
    return { ...own, config: { name: component._id, ...config(own) } };
  },
  shape,
  check,
  references: () => [],
  key: (properties) => text(config(properties)["name"]),
  list: (api, catalog, _ids, signal) => list(api, catalog, signal),
  read: (api, catalog, id, _ids, signal) => read(api, catalog, id, signal),
  create: async (api, properties, _ids, signal) =>
    (await api.createConnection(text(properties["source"]), config(properties), signal)).connection_id,
  isPatched: true,
  update: async (api, id, changed, _ids, signal) => api.updateConnection(id, config(changed), signal),
  delete: async (api, id, signal) => {
    await api.deleteConnection(id, signal);
  },
  declare: declareConnection,
  judge,
};
