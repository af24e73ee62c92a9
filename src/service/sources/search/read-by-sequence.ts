import { isObject, type Json, type Properties } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";
import type { ReadBatch } from "../source-driver.ts";
import { pageOf } from "./hits.ts";
import { indexIdentities, listIndices } from "./indices.ts";
import { type Reading, searchPage, searchPath, withinIndex } from "./search-pages.ts";

/** How far a reading has come. */
type Place = {
  readonly index: string;
  /** Of the index, where it is known. */
  readonly uuid?: string;
  readonly shard: number;
  /** The last sequence number that was read. */
  readonly sequence: number;
  /** The last one that there was when the shard was begun: who has a later one may have been read before. */
  readonly top: number;
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
      const start = from?.shard === shard ? from : await beginShard(reading, index, shard, indices.length > 1);
      if (start === "no such shard") break;
      yield* readShard(reading, { ...start, ...(uuid === undefined ? {} : { uuid }) }, indices.length > 1);
    }
  }
};

/** Looks at the last record of a shard. */
const beginShard = async (
  reading: Reading,
  index: string,
  shard: number,
  isOneOfMany: boolean,
): Promise<Place | "no such shard"> => {
  const { server, dataset, signal } = reading;
  const search = {
    ...searchOf(reading, index, isOneOfMany),
    sort: [{ _seq_no: "desc" }],
    size: 1,
    _source: false,
    // Says which copy answers.
    explain: true,
  };
  const transfer = { method: "POST", body: JSON.stringify(search), most: 1024 * 1024, patient: true } as const;
  const asked = await server.ask(searchPath(dataset, preferenceOf({ shard })), transfer, signal);
  const { hits, shards } = pageOf(asked, false);
  if (shards === 0) return "no such shard";
  const last = hits[0];
  const top = last?.sort[0] ?? -1;
  if (typeof top !== "number") throw notSorted();
  return { index, shard, sequence: -1, top, ...(last?.node === undefined ? {} : { node: last.node }) };
};

const readShard = async function* (
  reading: Reading,
  start: Place,
  isOneOfMany: boolean,
): AsyncGenerator<ReadBatch, void, undefined> {
  let place = start;
  for (;;) {
    const { index, sequence, top } = place;
    const search = {
      ...searchOf(reading, index, isOneOfMany),
      sort: [{ _seq_no: "asc" }],
      ...(sequence < 0 ? {} : { search_after: [sequence] }),
    };
    const page = await searchPage(reading, search, preferenceOf(place));
    const reached = page.hits.at(-1)?.sort[0];
    if (page.hits.length === 0) return;
    if (typeof reached !== "number" || reached <= sequence) throw notSorted();
    place = { ...place, sequence: reached };
    yield { rows: page.hits.map(({ row }) => row), cursor: place, mayRepeat: reached > top };
    if (page.hits.length < page.records) return;
  }
};

/** Of several copies always the same one is asked: another may be a moment behind, and a record that just moved be missed. */
const preferenceOf = ({ shard, node }: Pick<Place, "shard" | "node">): string =>
  `preference=${encodeURIComponent(`_shards:${shard}${node === undefined ? "" : `|_prefer_nodes:${node}`}`)}`;

const searchOf = ({ query }: Reading, index: string, isOneOfMany: boolean): Properties => ({
  ...query.members,
  track_total_hits: false,
  ...(isOneOfMany ? { query: withinIndex(query.members["query"], index) } : {}),
});

const notSorted = (): Problem => new Problem("source_error", "the source does not sort by sequence numbers");

const placeOf = (cursor: Json): Place => {
  const { index, uuid, shard, sequence, top, node } = isObject(cursor) ? cursor : {};
  if (
    typeof index !== "string" ||
    typeof shard !== "number" ||
    typeof sequence !== "number" ||
    typeof top !== "number"
  ) {
    throw new Problem("bad_request", "the import cannot be resumed: it was read in another way; run it anew");
  }
  return {
    index,
    shard,
    sequence,
    top,
    ...(typeof uuid === "string" ? { uuid } : {}),
    ...(typeof node === "string" ? { node } : {}),
  };
};
