import { readdirSync, readFileSync } from "node:fs";
import type { Catalog, ConnectionType, ConnectorType } from "./types.ts";

let types: readonly ConnectorType[] | undefined;
let catalog: Catalog | undefined;

/** The connector types that come with this package: every file of `connector-types/`, sorted by id. Read once. */
export const builtinConnectorTypes = (): readonly ConnectorType[] => {
  if (types === undefined) {
    const folder = new URL("./connector-types/", import.meta.url);
    const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
    types = sorted(files.map((file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")) as ConnectorType));
  }
  return types;
};

/** A catalog of the built-in connector types. */
export const builtinCatalog = (): Catalog => {
  catalog ??= createCatalog(builtinConnectorTypes());
  return catalog;
};

/** A catalog of these connector types; of two with one id the later one counts. */
export const createCatalog = (connectorTypes: readonly ConnectorType[]): Catalog => {
  const byId = new Map(connectorTypes.map((type) => [type.id, type]));
  const list = sorted([...byId.values()]);
  return { get: (id) => byId.get(id), list: () => list };
};

/** One way to authenticate with one connector type; undefined where the catalog does not have it. */
export const connectionType = (catalog: Catalog, source: string, auth: string): ConnectionType | undefined =>
  catalog.get(source)?.connections.find((connection) => connection.type === auth);

const sorted = (list: ConnectorType[]): readonly ConnectorType[] =>
  list.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
