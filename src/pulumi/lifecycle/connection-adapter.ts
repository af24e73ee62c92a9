import { connectionType, derivedFields } from "../../catalog/index.ts";
import type { Json, Properties } from "../../contract/index.ts";
import { isObject, joinPath, segments } from "../../contract/index.ts";
import { type Adapter, kindNamed } from "./adapter.ts";

const fields = ["source", "auth", "name", "config"] as const;

const picked = (from: Properties, names: readonly string[]): Properties =>
  Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])));

/** A class takes the connection's name beside its configuration, the kind in it. */
export const connectionAdapter: Adapter = {
  kind: kindNamed("connection"),
  fields,
  properties: (inputs) => {
    const { name, config } = inputs;
    return {
      ...picked(inputs, ["source", "auth", "config"]),
      ...(isObject(config) && name !== undefined ? { config: { name, ...config } } : {}),
    };
  },
  inputs: (properties) => {
    const { name, ...config } = (isObject(properties["config"]) ? properties["config"] : {}) as Record<string, Json>;
    return { ...picked(properties, ["source", "auth"]), ...(name === undefined ? {} : { name }), config };
  },
  argument: (path) => (path === "/config/name" ? "name" : segments(path).join(".")),
  derived: (properties, catalog) => {
    const { source, auth, config } = properties;
    const connection = connectionType(catalog, String(source), String(auth));
    if (connection === undefined || !isObject(config)) return {};
    const values = Object.entries(derivedFields(connection, config));
    return Object.fromEntries(values.map(([name, value]) => [joinPath("/config", name), value]));
  },
  outputs: (id) => ({ connectionId: id }),
  problems: ({ config }) =>
    isObject(config) && config["name"] !== undefined
      ? [
          {
            property: "config.name",
            message: '"config.name" is not a field here',
            hint: "give it as the argument name",
          },
        ]
      : [],
  isShown: (path) => segments(path).length < 2,
};
