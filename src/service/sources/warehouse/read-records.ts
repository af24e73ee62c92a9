import type { Json } from "../../../contract/index.ts";
import type { DataRow } from "../../data/types.ts";
import { Problem } from "../../problem.ts";
import type { ReadBatch, ReadRequest, SourceConnection } from "../source-driver.ts";
import type { DriverCalls } from "./driver-calls.ts";
import { sizeOfRow } from "./json-values.ts";
import { cursorValues, keyOf, keyParts, keysetQuery, refuseRepeated } from "./keyset.ts";
import { bareQuery } from "./statement.ts";
import type { Warehouse, WarehouseColumn, WarehouseResult, WarehouseSession } from "./warehouse.ts";

/** Milliseconds that the warehouse may take for a query to begin to answer, and for each part of the answer. */
const patience = 600_000;

/** Records of a batch: warehouses answer in parts, and what a batch holds is lost with a crash. */
const mostRows = 5_000;

/**
 * The records of a table or a query. With a key and `resumable` in the order of the key, and the last key of a batch is
 * its cursor; a batch goes out only when the next record is known to have another key.
 */
export async function* readRecords(
  warehouse: Warehouse,
  connection: SourceConnection,
  request: ReadRequest,
  calls: DriverCalls,
  opened: { current?: WarehouseSession },
): AsyncGenerator<ReadBatch> {
  const batchRows = Math.min(request.batchRows, mostRows);
  const ordered = request.resumable && request.key !== undefined;
  const { result, parts } = await calls.run(async () => {
    const session = await warehouse.open(connection, calls.signal);
    opened.current = session;
    const query = queryOf(request, session);
    const options = { values: [] as readonly string[], pageRows: batchRows };
    if (!ordered) {
      const unordered = await session.run(query, options);
      return { result: unordered, parts: keyParts(request.key ?? [], unordered.columns) };
    }
    const found = keyParts(request.key ?? [], await session.describe(query));
    const { sql, values } = keysetQuery(query, found, cursorValues(found, request.after), warehouse.quote);
    return { result: await session.run(sql, { ...options, values }), parts: found };
  }, patience);

  refuseSameNames(result.columns);
  const columns = result.columns.flatMap(({ name, type }) => (name === "_id" ? [] : [{ name, type }]));
  let rows: DataRow[] = [];
  let bytes = 0;
  let last: readonly string[] | undefined = ordered ? cursorValues(parts, request.after) : undefined;
  const batch = (): ReadBatch => ({ rows, columns, ...(ordered && last !== undefined ? { cursor: last } : {}) });
  for await (const page of within(calls, result)) {
    for (const row of page) {
      const key = keyOf(row, parts);
      if (ordered) refuseRepeated(key, last, parts);
      if (rows.length >= batchRows || bytes >= request.batchBytes) {
        yield batch();
        rows = [];
        bytes = 0;
      }
      last = key;
      rows.push(recordOf(row, result.columns));
      bytes += sizeOfRow(row);
    }
  }
  // Of an empty table too: its columns are worth knowing.
  if (rows.length > 0 || (last === undefined && request.after === undefined)) yield batch();
}

const queryOf = ({ dataset, query }: ReadRequest, session: WarehouseSession): string => {
  const bare = bareQuery(query ?? "");
  if (bare !== "") return bare;
  if (dataset !== undefined) return `SELECT * FROM ${session.table(dataset)}`;
  throw new Problem("bad_request", "there is neither a query nor a source_dataset to read");
};

/** The parts of a result, each waited for no longer than `patience`. */
async function* within(calls: DriverCalls, { rows }: WarehouseResult): AsyncGenerator<readonly (readonly Json[])[]> {
  for (;;) {
    const next = await calls.run(() => rows.next(), patience);
    if (next.done === true) return;
    yield next.value;
  }
}

/** A column `_id` is the record's identity; a null is left out. */
const recordOf = (row: readonly Json[], columns: readonly WarehouseColumn[]): DataRow => {
  const members = columns.flatMap(({ name }, index): [string, Json][] => {
    const value = row[index];
    return value === undefined || value === null ? [] : [[name, value]];
  });
  const { _id, ...properties } = Object.fromEntries(members);
  return _id === undefined ? { properties } : { _id: String(_id), properties };
};

const refuseSameNames = (columns: readonly WarehouseColumn[]): void => {
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name))
      throw new Problem("bad_request", `the query gives two columns ${name}; name one of them with AS`);
    seen.add(name);
  }
};
