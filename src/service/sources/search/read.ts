import { Problem } from "../../problem.ts";
import type { ReadBatch, ReadRequest, SourceConnection } from "../source-driver.ts";
import { parseImportQuery } from "./import-query.ts";
import { createPageRoom } from "./page-room.ts";
import { createPageSize } from "./page-size.ts";
import { readByKey } from "./read-by-key.ts";
import { readByScroll } from "./read-by-scroll.ts";
import { readBySequence } from "./read-by-sequence.ts";
import type { Reading } from "./search-pages.ts";
import { openServer } from "./server.ts";

/** Reads with what the server can do: resumable where that is wanted and it sorts by sequence numbers. */
export const read = async function* (
  connection: SourceConnection,
  request: ReadRequest,
  signal: AbortSignal,
): AsyncGenerator<ReadBatch, void, undefined> {
  const { dataset, key, after, resumable, batchRows, batchBytes, asText = false } = request;
  if (dataset === undefined) {
    throw new Problem("bad_request", "an import from a search source needs source_dataset: an index, alias or pattern");
  }
  const query = parseImportQuery(request.query);
  const server = openServer(connection);
  const least = key === undefined ? 1 : 2;
  const size = createPageSize(Math.min(batchRows, query.size ?? batchRows), batchBytes, least);
  const reading: Reading = { server, dataset, query, size, room: createPageRoom(), asText, signal };
  try {
    if (key !== undefined) yield* readByKey(reading, key, after);
    else if (!resumable) yield* readByScroll(reading);
    else yield* readResumably(reading, after);
  } finally {
    server.close();
  }
};

const readResumably = async function* (
  reading: Reading,
  after: ReadRequest["after"],
): AsyncGenerator<ReadBatch, void, undefined> {
  let hasBegun = after !== undefined;
  try {
    for await (const batch of readBySequence(reading, after)) {
      hasBegun = true;
      yield batch;
    }
    return;
  } catch (error) {
    const isRefused = error instanceof Problem && error.type === "source_error";
    if (hasBegun || !isRefused) throw error;
  }
  // A query that is wrong is refused here again.
  yield* readByScroll(reading);
};
