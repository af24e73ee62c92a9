import { randomBytes } from "node:crypto";
import {
  type ConnectionType,
  type ConnectorType,
  derivedFields,
  inferConnectionType,
  secretFieldsOfType,
} from "../catalog/index.ts";
import type { Json, Properties } from "../contract/index.ts";
import type { AcknowledgedWire, ConnectionCreatedWire, ConnectionWire, SourceWire } from "../infino/index.ts";
import { checkConfig, mergePatch, readConfig } from "./connection-config.ts";
import { Problem } from "./problem.ts";
import type { Probed } from "./sources/health.ts";
import type { SourceStatus } from "./sources/source-driver.ts";
import type { ConnectionRecord, State } from "./state.ts";

/** A list waits for statuses only while that is quick: this long, for this many connections. */
const listWait = 300;
/** The same where one was never tried, as after a start. */
const firstWait = 1_000;
const listWaitsFor = 100;

export const listSources = (state: State): readonly SourceWire[] =>
  offered(state).map(({ id, name, description, category, auth_strategy }) => ({
    id,
    type: id,
    name,
    description,
    category,
    auth_strategy,
  }));

export const listConnections = async (state: State): Promise<readonly ConnectionWire[]> => {
  const old = [...state.connections.values()].map((record) => probed(state, record)).filter(state.health.old);
  const wait = old.some((one) => state.health.stamp(one) === undefined) ? firstWait : listWait;
  if (old.length > 0) await state.health.refresh(old, old.length > listWaitsFor ? 0 : wait);
  return Array.from(state.connections.values(), (record) => {
    const wire = connectionWire(state, record, state.health.known(probed(state, record)));
    return state.behaviour.bareLists ? bareWire(wire) : wire;
  });
};

/** Begins to try every connection. */
export const tryConnections = (state: State): void =>
  void state.health.refresh(
    [...state.connections.values()].map((record) => probed(state, record)),
    0,
  );

/** The answer has the fields of both descriptions of the API: an acknowledgement and the connection itself. */
export const createConnection = (state: State, source: string, body: Json): ConnectionCreatedWire & ConnectionWire => {
  const connectorType = offeredType(state, source);
  const config = mergePatch({}, readConfig(body, connectorType));
  checkConfig(connectorType, config);
  checkName(state, undefined, config);
  const now = state.timestamp();
  const record = {
    id: `conn-${randomBytes(8).toString("hex")}`,
    type: source,
    created_at: now,
    updated_at: now,
    config,
  };
  state.connections.put(record.id, record);
  const connection = probed(state, record);
  void state.health.refresh([connection], 0);
  return {
    connection_id: record.id,
    message: "Connection created successfully",
    auth: null,
    ...connectionWire(state, record, state.health.known(connection)),
  };
};

export const getConnection = async (state: State, id: string): Promise<ConnectionWire> => {
  const record = found(state, id);
  const status = await state.health.fresh(probed(state, record), state.statusWait);
  return connectionWire(state, found(state, id), status);
};

/**
 * Merges, and a null unsets, where the traits say nothing else. Every accepted patch changes `updated_at`, and lets its
 * jobs run whose last run failed.
 */
export const updateConnection = (state: State, id: string, body: Json): ConnectionWire => {
  const record = found(state, id);
  const connectorType = offeredType(state, record.type);
  const config = state.behaviour.patched(record.config, readConfig(body, connectorType));
  checkConfig(connectorType, config);
  checkName(state, id, config);
  const updated = { ...record, config, updated_at: state.timestamp() };
  state.connections.put(id, updated);
  const connection = probed(state, updated);
  void state.health.refresh([connection], 0);
  state.imports.mended(id);
  return connectionWire(state, updated, state.health.known(connection));
};

/** Its import jobs stay and fail. */
export const deleteConnection = (state: State, id: string): AcknowledgedWire => {
  if (!state.connections.delete(id)) throw notFound(id);
  state.health.forget(id);
  return { acknowledged: true };
};

/** A connector type that connections can be made for. */
export const offeredType = (state: State, source: string): ConnectorType => {
  const connectorType = state.catalog.get(source);
  if (connectorType !== undefined && !connectorType.disabled) return connectorType;
  const known = offered(state).map((type) => type.id);
  throw new Problem(
    "unknown_source_type",
    `${JSON.stringify(source)} is not a source type; known are ${known.join(", ")}`,
  );
};

/** Throws `name_taken` where names are unique and another connection has this one. */
const checkName = (state: State, id: string | undefined, { name }: Properties): void => {
  if (!state.behaviour.uniqueNames || name === undefined) return;
  const other = Array.from(state.connections.values()).find(
    (record) => record.id !== id && record.config["name"] === name,
  );
  if (other === undefined) return;
  throw new Problem("name_taken", `the connection ${other.id} has the name ${JSON.stringify(name)} already`);
};

const offered = (state: State): readonly ConnectorType[] => state.catalog.list().filter((type) => !type.disabled);

const found = (state: State, id: string): ConnectionRecord => {
  const record = state.connections.get(id);
  if (record === undefined) throw notFound(id);
  return record;
};

const notFound = (id: string): Problem => new Problem("not_found", `there is no connection ${JSON.stringify(id)}`);

const connectionWire = (state: State, record: ConnectionRecord, status: SourceStatus): ConnectionWire => {
  const { query_type, shown, probed } = viewOf(state, record);
  return {
    id: record.id,
    type: record.type,
    status: status.status,
    ...(status.reason === undefined ? {} : { reason: status.reason }),
    ...(status.untried === undefined ? {} : { untried: status.untried }),
    created_at: record.created_at,
    ...state.behaviour.updatedAt(record, state.health.stamp(probed)),
    config: shown,
    ...(query_type === undefined ? {} : { query_type }),
  };
};

/** Without the configuration, but for the name. */
const bareWire = ({ config, ...wire }: ConnectionWire): ConnectionWire => {
  const name = config?.["name"];
  return { ...wire, ...(typeof name === "string" ? { name } : {}) };
};

const probed = (state: State, record: ConnectionRecord): Probed => viewOf(state, record).probed;

type View = { readonly shown: Properties; readonly query_type: string | undefined; readonly probed: Probed };

/** What follows from a record, worked out once: lists show thousands of them. */
const views = new WeakMap<ConnectionRecord, View>();

const viewOf = (state: State, record: ConnectionRecord): View => {
  const existing = views.get(record);
  if (existing !== undefined) return existing;
  const { id, type, config } = record;
  const connectorType = state.catalog.get(type);
  const connection = connectorType === undefined ? undefined : inferConnectionType(connectorType, config);
  const view: View = {
    shown: shownConfig(state, connectorType, connection, config),
    query_type: connectorType?.query_type,
    probed: { id, version: record.updated_at, source: type, auth: connection?.type ?? "none", config },
  };
  views.set(record, view);
  return view;
};

/** Secrets as the traits say. Where the catalog no longer says what is secret, only the name is shown. */
const shownConfig = (
  state: State,
  connectorType: ConnectorType | undefined,
  connection: ConnectionType | undefined,
  config: Properties,
): Properties => {
  if (connectorType === undefined) return config["name"] === undefined ? {} : { name: config["name"] };
  const hidden = new Set(["auth", ...secretFieldsOfType(connectorType)]);
  const members = Map.groupBy(Object.entries(config), ([key]) => hidden.has(key));
  return {
    ...Object.fromEntries(members.get(false) ?? []),
    ...state.behaviour.secrets(Object.fromEntries(members.get(true) ?? [])),
    ...(connection === undefined ? {} : derivedFields(connection, config)),
  };
};
