import { isObject } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";
import { datasetPath } from "./dataset-path.ts";
import type { Reading } from "./search-pages.ts";

const mostIndices = 10_000;
const mostBytes = 32 * 1024 * 1024;

/** The indices that hold records of a reading, in the order of their names. Asks for no more than a search may. */
export const listIndices = async ({ server, dataset, query, signal }: Reading): Promise<readonly string[]> => {
  const { query: condition, runtime_mappings: mappings } = query.members;
  const body = JSON.stringify({
    ...(condition === undefined ? {} : { query: condition }),
    ...(mappings === undefined ? {} : { runtime_mappings: mappings }),
    size: 0,
    track_total_hits: false,
    aggs: { indices: { terms: { field: "_index", size: mostIndices } } },
  });
  const path = `${datasetPath(dataset)}/_search?allow_partial_search_results=false&allow_no_indices=false`;
  const { value } = await server.ask(path, { method: "POST", body, most: mostBytes, patient: true }, signal);
  const { aggregations } = value;
  const terms = aggregations !== undefined && isObject(aggregations) ? aggregations["indices"] : undefined;
  const buckets = terms !== undefined && isObject(terms) ? terms["buckets"] : undefined;
  if (!Array.isArray(buckets)) {
    throw new Problem("source_error", `the source does not say which indices ${JSON.stringify(dataset)} has`);
  }
  if (buckets.length === mostIndices) {
    throw new Problem("source_error", `${JSON.stringify(dataset)} has ${mostIndices} indices or more; name fewer`);
  }
  return buckets.flatMap((bucket) => (isObject(bucket) ? [String(bucket["key"])] : [])).sort();
};

/** What tells an index from another that later has its name; empty where the credentials do not allow to know. */
export const indexIdentities = async ({ server, dataset, signal }: Reading): Promise<ReadonlyMap<string, string>> => {
  try {
    const path = `${datasetPath(dataset)}/_settings?filter_path=*.settings.index.uuid`;
    const { value } = await server.ask(path, { method: "GET", most: mostBytes, patient: true }, signal);
    return new Map(
      Object.entries(value).flatMap(([name, index]) => {
        const settings = isObject(index) ? index["settings"] : undefined;
        const inner = settings !== undefined && isObject(settings) ? settings["index"] : undefined;
        const uuid = inner !== undefined && isObject(inner) ? inner["uuid"] : undefined;
        return typeof uuid === "string" ? [[name, uuid] as const] : [];
      }),
    );
  } catch (error) {
    if (error instanceof Problem && (error.type === "source_refused" || error.type === "source_error"))
      return new Map();
    throw error;
  }
};
