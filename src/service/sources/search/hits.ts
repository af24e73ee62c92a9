import { isObject, type Json, type Properties } from "../../../contract/index.ts";
import type { DataRow } from "../../data/types.ts";
import { Problem } from "../../problem.ts";

/** A record that was found. */
export type Hit = {
  readonly row: DataRow;
  /** What it was sorted by. */
  readonly sort: readonly Json[];
  /** Where it was found, if that was asked for. */
  readonly node?: string;
};

export type Page = {
  readonly hits: readonly Hit[];
  /** Shards that were asked. */
  readonly shards: number;
  readonly scroll?: string;
  /** Records that the search finds, where the source says it exactly. */
  readonly total?: number;
};

/** The records of an answer, which must be complete. Throws `source_timeout`, `source_error` or `source_unreachable`. */
export const pageOf = (value: Properties, wantsSource: boolean): Page => {
  if (value["timed_out"] === true) throw new Problem("source_timeout", "the source did not finish the search in time");
  const { _shards: shards, hits: found, _scroll_id: scroll } = value;
  const { hits: records, total } = found !== undefined && isObject(found) ? found : {};
  if (shards === undefined || !isObject(shards) || !Array.isArray(records)) {
    throw new Problem("source_unreachable", "the source answers a search, but not like a search server");
  }
  const failed = shards["failed"];
  if (typeof failed === "number" && failed > 0) {
    throw new Problem("source_unreachable", `${failed} of ${String(shards["total"])} shards did not answer`);
  }
  return {
    hits: records.map((record) => hitOf(record as Json, wantsSource)),
    shards: typeof shards["total"] === "number" ? shards["total"] : 0,
    ...(typeof scroll === "string" ? { scroll } : {}),
    ...exactly(total),
  };
};

/** A number before Elasticsearch 7. */
const exactly = (total: Json | undefined): { readonly total?: number } => {
  const value = total !== undefined && isObject(total) && total["relation"] === "eq" ? total["value"] : total;
  return typeof value === "number" ? { total: value } : {};
};

const hitOf = (record: Json, wantsSource: boolean): Hit => {
  if (!isObject(record) || typeof record["_id"] !== "string") {
    throw new Problem("source_unreachable", "the source answers with records that have no _id");
  }
  const { _id, _source: source, sort, _node: node } = record;
  if (source === undefined && wantsSource) {
    throw new Problem("source_error", `the record ${_id} has no _source: its index does not keep it`);
  }
  return {
    row: { _id, properties: source !== undefined && isObject(source) ? source : noProperties },
    sort: Array.isArray(sort) ? sort : [],
    ...(typeof node === "string" ? { node } : {}),
  };
};

const noProperties: Properties = {};
