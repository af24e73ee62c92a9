import type { DuckDBConnection } from "@duckdb/node-api";
import type { Json, Properties } from "../../contract/index.ts";
import type { HitWire, SearchWire } from "../../infino/index.ts";
import { quoted, sourceText } from "../data/columns.ts";
import { numberOf } from "../data/tables.ts";
import type { Column } from "../data/types.ts";
import type { Call } from "../operations.ts";
import { Problem } from "../problem.ts";
import type { State } from "../state.ts";
import { aggregated, parseAggregations, runAggregations } from "./aggregations.ts";
import { createScope, type Scope } from "./condition.ts";
import { checkDataset } from "./prepare-sql.ts";
import { mostCharacters, mostRows, readWithin } from "./query-limits.ts";
import { type SortOrder, sortOrder } from "./sort-order.ts";
import { type SourceFilter, sourceFilter } from "./source-filter.ts";
import { parsedJson } from "./sql-value.ts";
import { checkMembers, objectAt, wholeNumber } from "./unsupported.ts";

const members = [
  "query",
  "aggs",
  "aggregations",
  "from",
  "size",
  "sort",
  "_source",
  "track_total_hits",
  "track_scores",
  "timeout",
];

/** A dataset that never had a record. */
const noRecords = "(SELECT CAST(NULL AS VARCHAR) AS _id WHERE FALSE)";

type Page = {
  readonly from: number;
  readonly size: number;
  readonly order: SortOrder | undefined;
  readonly filter: SourceFilter;
};

/** `GET|POST /{dataset}/querydsl`. Every hit has the score 1; none where the request sorts. */
export const queryDataset = async (state: State, call: Call): Promise<SearchWire> => {
  const dataset = call.param("dataset");
  checkDataset(state, dataset);
  const request = call.bytes().length === 0 ? {} : objectAt(call.json(), "the body");
  checkMembers(request, "the body", members);
  const started = performance.now();
  const columns = await state.data.columns(dataset);
  const scope = createScope(columns, Date.parse(state.timestamp()));
  const condition = request["query"] === undefined ? "TRUE" : scope.clause(request["query"], "query");
  const given = request["aggs"] ?? request["aggregations"];
  const aggregations = parseAggregations(given, "aggs", scope);
  const page = pageOf(request, scope);
  const records = columns.length === 0 ? noRecords : `main.${quoted(dataset)}`;
  const relation = `${records} WHERE ${condition}`;
  const found = await readWithin(state, call.signal, async (connection) => {
    const total = await numberOf(connection, `SELECT count(*) FROM ${relation}`);
    const hits = await readHits(connection, dataset, columns, relation, page);
    const [answers] =
      given === undefined ? [] : await runAggregations(connection, aggregations, aggregated(relation), 1);
    return { total, hits, answers };
  });
  return {
    took: Math.round(performance.now() - started),
    timed_out: false,
    _shards: { total: 1, successful: 1, skipped: 0, failed: 0 },
    hits: {
      total: { value: found.total, relation: "eq" },
      max_score: found.hits.length === 0 || page.order !== undefined ? null : 1,
      hits: found.hits,
    },
    ...(given === undefined ? {} : { aggregations: found.answers ?? {} }),
  };
};

const pageOf = (request: Properties, { fields }: Scope): Page => ({
  from: wholeNumber(request["from"], "from", 0, 1_000_000_000) ?? 0,
  size: wholeNumber(request["size"], "size", 0, mostRows) ?? 10,
  order: sortOrder(request["sort"], fields),
  filter: sourceFilter(request["_source"]),
});

const readHits = async (
  connection: DuckDBConnection,
  dataset: string,
  columns: readonly Column[],
  relation: string,
  { from, size, order, filter }: Page,
): Promise<readonly HitWire[]> => {
  if (size === 0) return [];
  const values = (order?.values ?? []).map((value) => `, ${value}`).join("");
  const terms = order === undefined ? "" : ` ORDER BY ${order.terms.join(", ")}`;
  const result = await connection.stream(
    `SELECT _id, ${sourceText(columns)}${values} FROM ${relation}${terms} LIMIT ${size} OFFSET ${from}`,
  );
  const hits: HitWire[] = [];
  let characters = 0;
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const [id, source, ...sorted] of chunk.getRows()) {
      const text = String(source);
      characters += text.length;
      if (characters > mostCharacters) {
        throw new Problem("result_too_large", `the hits are larger than ${mostCharacters} characters: ask for fewer`);
      }
      const kept = filter(parsedJson(text) as Properties);
      hits.push({
        _index: dataset,
        _id: String(id),
        _score: order === undefined ? 1 : null,
        ...(kept === undefined ? {} : { _source: kept }),
        ...(order === undefined
          ? {}
          : { sort: sorted.map((value): Json => (value === null ? null : parsedJson(String(value)))) }),
      });
    }
  }
  return hits;
};
