import { inferConnectionType, secretFieldsOfType } from "../../catalog/index.ts";
import { Problem } from "../problem.ts";
import { secretRemover } from "../sources/secret-forms.ts";
import type { SourceConnection } from "../sources/source-driver.ts";
import type { State } from "../state.ts";

/** A connection as its driver takes it. Throws `not_found` where it was deleted. */
export const sourceConnection = (state: State, id: string): SourceConnection => {
  const record = state.connections.get(id);
  if (record === undefined) throw new Problem("not_found", `the connection ${id} was deleted`);
  const { type, config } = record;
  const connectorType = state.catalog.get(type);
  const connection = connectorType === undefined ? undefined : inferConnectionType(connectorType, config);
  return { source: type, auth: connection?.type ?? "none", config };
};

/** A text without what the catalog calls secret of a connection, should a driver have let it through. */
export const withoutSecrets = (state: State, id: string, text: string): string => {
  const record = state.connections.get(id);
  const connectorType = record === undefined ? undefined : state.catalog.get(record.type);
  if (record === undefined || connectorType === undefined) return text;
  return secretRemover(record.config, [...secretFieldsOfType(connectorType), "auth"])(text);
};
