import { isObject, type Json, type Properties } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";
import type { SourceConnection } from "../source-driver.ts";
import { datasetPath } from "./dataset-path.ts";
import { openServer } from "./server.ts";

const mostBytes = 64 * 1024 * 1024;

/**
 * `{mappings, settings, aliases, indices}` of an index; of several, what an alias or pattern names: all their properties
 * (where they differ, those of the first index by name), the settings that they agree on, all aliases.
 */
export const metadata = async (
  connection: SourceConnection,
  dataset: string,
  signal: AbortSignal,
): Promise<Properties> => {
  const server = openServer(connection);
  try {
    const path = `${datasetPath(dataset)}?allow_no_indices=false`;
    const { value } = await server.ask(path, { method: "GET", most: mostBytes }, signal);
    const indices = Object.keys(value).sort();
    const described = indices.map((name) => objectOf(value[name]));
    if (described.length === 0) {
      throw new Problem("source_not_found", `the source has no index ${JSON.stringify(dataset)}`);
    }
    const all = (member: string): readonly Properties[] => described.map((index) => objectOf(index[member]));
    return {
      mappings: all("mappings").reduce(union),
      settings: all("settings").reduce(common),
      aliases: all("aliases").reduce(union),
      indices,
    };
  } finally {
    server.close();
  }
};

const objectOf = (value: Json | undefined): Properties => (value !== undefined && isObject(value) ? value : {});

/** What either has; where both have it, objects are joined and else the first one counts. */
const union = (a: Properties, b: Properties): Properties => {
  const members = new Map(Object.entries(a));
  for (const [name, value] of Object.entries(b)) {
    const first = members.get(name);
    if (first === undefined) members.set(name, value);
    else if (isObject(first) && isObject(value) && !isLeaf(first) && !isLeaf(value))
      members.set(name, union(first, value));
  }
  return Object.fromEntries(members);
};

/** The mapping of a field that holds values: it is taken whole. */
const isLeaf = (value: Properties): boolean => typeof value["type"] === "string" && value["properties"] === undefined;

/** What both have alike. */
const common = (a: Properties, b: Properties): Properties =>
  Object.fromEntries(
    Object.entries(a).flatMap(([name, first]) => {
      const second = b[name];
      if (second === undefined) return [];
      if (isObject(first) && isObject(second)) {
        const shared = common(first, second);
        return Object.keys(shared).length > 0 ? [[name, shared] as const] : [];
      }
      return JSON.stringify(first) === JSON.stringify(second) ? [[name, first] as const] : [];
    }),
  );
