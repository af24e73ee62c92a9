import type { DuckDBConnection } from "@duckdb/node-api";
import type { Json, Properties } from "../../contract/index.ts";
import { rowsOf } from "../data/tables.ts";
import { type Buckets, bucketKinds, type Found, mostBuckets, tooMany } from "./buckets.ts";
import type { Scope } from "./condition.ts";
import { isMetric, type Metric, metricOf } from "./metrics.ts";
import { textLiteral } from "./sql-text.ts";
import { objectAt, onlyMember, unsupported } from "./unsupported.ts";

/** What `aggs` asks for. */
export type Aggregations = {
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly buckets: ReadonlyMap<string, Buckets & { readonly place: string; readonly below: Aggregations }>;
};

export const parseAggregations = (given: Json | undefined, place: string, scope: Scope): Aggregations => {
  const metrics = new Map<string, Metric>();
  const buckets = new Map<string, Buckets & { readonly place: string; readonly below: Aggregations }>();
  for (const [name, one] of Object.entries(given === undefined ? {} : objectAt(given, place))) {
    const at = `${place}.${name}`;
    const { aggs, aggregations, meta: _, ...rest } = objectAt(one, at);
    const [kind, body] = onlyMember(rest, at, "the aggregation");
    const makeBuckets = Object.hasOwn(bucketKinds, kind) ? bucketKinds[kind] : undefined;
    if (isMetric(kind)) {
      if (aggs !== undefined || aggregations !== undefined)
        throw unsupported(`${at}.aggs`, "cannot stand below a metric");
      metrics.set(name, metricOf(kind, body, `${at}.${kind}`, scope));
    } else if (makeBuckets !== undefined) {
      const below = parseAggregations(aggs ?? aggregations, `${at}.aggs`, scope);
      buckets.set(name, { ...makeBuckets(body, `${at}.${kind}`, scope, below.metrics), place: `${at}.${kind}`, below });
    } else {
      throw unsupported(`${at}.${kind}`);
    }
  }
  return { metrics, buckets };
};

// Names that no column of a dataset has: those that end like this are marked.
const parentColumn = '"#0"';
const keyColumn = '"#00"';

/** The records that aggregations are about, all in the bucket 0. */
export const aggregated = (relation: string): string => `SELECT 0 AS ${parentColumn}, * FROM ${relation}`;

/** The answers for each of `count` buckets: `relation` gives the records, with the bucket that they are in. */
export const runAggregations = async (
  connection: DuckDBConnection,
  { metrics, buckets }: Aggregations,
  relation: string,
  count: number,
): Promise<readonly Properties[]> => {
  const answers: Record<string, Json>[] = Array.from({ length: count }, () => ({}));
  await runMetrics(connection, metrics, relation, answers);
  for (const [name, bucket] of buckets) {
    const keyed = `SELECT *, unnest(${bucket.keys}) AS ${keyColumn} FROM (${relation})`;
    const levels = await findBuckets(connection, bucket, keyed, count);
    const flat = levels.flatMap(({ found }, parent) => found.map((one) => ({ ...one, parent })));
    if (flat.length > mostBuckets) throw tooMany(bucket.place);
    const inner = await runBelow(connection, bucket.below, keyed, flat);
    let next = 0;
    for (const [parent, { found, others }] of levels.entries()) {
      const shown = found.map((one, at) => ({ ...bucket.shown(one, at), doc_count: one.count, ...inner[next++] }));
      const answer = answers[parent];
      if (answer !== undefined) answer[name] = bucket.answer(shown, others);
    }
  }
  return answers;
};

const runMetrics = async (
  connection: DuckDBConnection,
  metrics: ReadonlyMap<string, Metric>,
  relation: string,
  answers: Record<string, Json>[],
): Promise<void> => {
  if (metrics.size === 0) return;
  const expressions = [...metrics.values()].flatMap((metric) => metric.expressions);
  const rows = await rowsOf(
    connection,
    `SELECT ${parentColumn}, ${expressions.join(", ")} FROM (${relation}) GROUP BY ${parentColumn}`,
  );
  const values = new Map(rows.map(([parent, ...rest]) => [Number(parent), rest]));
  for (const [at, answer] of answers.entries()) {
    let place = 0;
    for (const [name, metric] of metrics) {
      answer[name] = metric.answer((values.get(at) ?? []).slice(place, place + metric.expressions.length));
      place += metric.expressions.length;
    }
  }
};

type Level = { readonly found: readonly Found[]; readonly others: number };

const findBuckets = async (
  connection: DuckDBConnection,
  bucket: Buckets & { readonly place: string },
  keyed: string,
  count: number,
): Promise<readonly Level[]> => {
  const measures = bucket.measures.map((measure, at) => `, ${measure} AS m${at}`).join("");
  const order = bucket.order.join(", ");
  const most = bucket.most ?? mostBuckets + 1;
  const rows = await rowsOf(
    connection,
    `SELECT b, CAST(k AS VARCHAR), n, CAST(sum(n) OVER (PARTITION BY b) AS BIGINT) FROM (
       SELECT ${parentColumn} AS b, ${keyColumn} AS k, count(*) AS n${measures} FROM (${keyed}) GROUP BY ALL
     ) WHERE n >= ${bucket.least} QUALIFY row_number() OVER (PARTITION BY b ORDER BY ${order}) <= ${most}
     ORDER BY b, ${order} LIMIT ${mostBuckets + 1}`,
  );
  if (rows.length > mostBuckets) throw tooMany(bucket.place);
  const found: Found[][] = Array.from({ length: count }, () => []);
  const totals = new Map<number, number>();
  for (const [parent, key, records, total] of rows) {
    found[Number(parent)]?.push({ key: String(key), count: Number(records) });
    totals.set(Number(parent), Number(total));
  }
  return found.map((some, parent) => {
    const inside = some.reduce((sum, one) => sum + one.count, 0);
    return { found: bucket.complete(some), others: (totals.get(parent) ?? 0) - inside };
  });
};

/** The answers below each of the buckets. */
const runBelow = async (
  connection: DuckDBConnection,
  below: Aggregations,
  keyed: string,
  buckets: readonly (Found & { readonly parent: number })[],
): Promise<readonly Properties[]> => {
  if (below.metrics.size === 0 && below.buckets.size === 0) return buckets.map(() => ({}));
  const places = buckets.flatMap(({ key, count, parent }, at) =>
    key === undefined || count === 0 ? [] : [`(${parent}, ${textLiteral(key)}, ${at})`],
  );
  const values = places.length === 0 ? "(-1, '', -1)" : places.join(", ");
  const relation = `SELECT v.i AS ${parentColumn}, r.* EXCLUDE (${parentColumn}, ${keyColumn}) FROM (${keyed}) AS r
    JOIN (VALUES ${values}) AS v(b, k, i) ON r.${parentColumn} = v.b AND CAST(r.${keyColumn} AS VARCHAR) = v.k`;
  return runAggregations(connection, below, relation, buckets.length);
};
