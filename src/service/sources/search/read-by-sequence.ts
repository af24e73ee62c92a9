import { isObject, type Json } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";
import type { ReadBatch } from "../source-driver.ts";
import { indexIdentities, listIndices } from "./indices.ts";
import { type Reading, searchPage, withinIndex } from "./search-pages.ts";

/** How far a reading has come. */
type Place = {
  readonly index: string;
  /** Of the index, where it is known. */
  readonly uuid?: string;
  readonly shard: number;
  /** The last sequence number that was read. */
  readonly sequence: number;
  /** Which copy of the shard it was read from. */
  readonly node?: string;
};

/** An index has at most this many shards, so that no answer makes the reading endless. */
const mostShards = 1_024;

/**
 * Reads shard after shard in the order of sequence numbers, which are unique in a shard and found without a scan. Who is
 * changed meanwhile gets a later number: nobody is missed, somebody may come twice. Rejects with `source_error` before
 * the first batch where a server does not sort by them.
 */
export const readBySequence = async function* (
  reading: Reading,
  after: Json | undefined,
): AsyncGenerator<ReadBatch, void, undefined> {
  const start = after === undefined ? undefined : placeOf(after);
  const indices = await listIndices(reading);
  const identities = await indexIdentities(reading);
  for (const index of indices) {
    if (start !== undefined && index < start.index) continue;
    const uuid = identities.get(index);
    const from = start?.index === index ? start : undefined;
    if (from?.uuid !== undefined && uuid !== undefined && from.uuid !== uuid) {
      throw new Problem("bad_request", `the import cannot be resumed: the index ${index} is another one; run it anew`);
    }
    for (let shard = from?.shard ?? 0; shard < mostShards; shard++) {
      const place = { index, ...(uuid === undefined ? {} : { uuid }), shard, sequence: -1 };
      const isThere = yield* readShard(
        reading,
        from?.shard === shard ? { ...from, ...place, sequence: from.sequence } : place,
        indices.length > 1,
      );
      if (!isThere) break;
    }
  }
};

/** Gives whether there is such a shard. */
const readShard = async function* (
  reading: Reading,
  start: Place,
  isOneOfMany: boolean,
): AsyncGenerator<ReadBatch, boolean, undefined> {
  let place = start;
  for (;;) {
    const { index, shard, node, sequence } = place;
    // Of several copies always the same one is asked: another may be a moment behind, and a record that just moved be missed.
    const preference = `_shards:${shard}${node === undefined ? "" : `|_prefer_nodes:${node}`}`;
    const page = await searchPage(
      reading,
      {
        sort: [{ _seq_no: "asc" }],
        track_total_hits: false,
        ...(isOneOfMany ? { query: withinIndex(reading.query.members["query"], index) } : {}),
        ...(sequence < 0 ? {} : { search_after: [sequence] }),
        // Says which copy answers.
        ...(node === undefined ? { explain: true } : {}),
      },
      `preference=${encodeURIComponent(preference)}`,
    );
    const last = page.hits.at(-1);
    if (last === undefined) return page.shards > 0;
    const [reached] = last.sort;
    if (typeof reached !== "number" || reached <= sequence) {
      throw new Problem("source_error", "the source does not sort by sequence numbers");
    }
    const copy = node ?? last.node;
    place = { ...place, sequence: reached, ...(copy === undefined ? {} : { node: copy }) };
    yield { rows: page.hits.map(({ row }) => row), cursor: place, mayRepeat: true };
    if (page.hits.length < page.records) return true;
  }
};

const placeOf = (cursor: Json): Place => {
  const { index, uuid, shard, sequence, node } = isObject(cursor) ? cursor : {};
  if (typeof index !== "string" || typeof shard !== "number" || typeof sequence !== "number") {
    throw new Problem("bad_request", "the import cannot be resumed: it was read in another way; run it anew");
  }
  return {
    index,
    shard,
    sequence,
    ...(typeof uuid === "string" ? { uuid } : {}),
    ...(typeof node === "string" ? { node } : {}),
  };
};
