import { isObject, type Json, type Properties } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";
import type { ReadBatch } from "../source-driver.ts";
import { pageOf } from "./hits.ts";
import { indexIdentities, listIndices } from "./indices.ts";
import { scanHits } from "./scan-hits.ts";
import { type AskedPage, askPage, narrowed, parsePage, type Reading, searchPath } from "./search-pages.ts";

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
  const { value } = await server.ask(searchPath(dataset, preferenceOf({ shard })), transfer, signal);
  const { hits, shards } = pageOf(value, false);
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
  /** Sequence numbers for each record that is left of them: a record that was changed or deleted leaves a gap. */
  let spread: number | "unknown" = 1;
  const ask = (from: Place): AskedRange => {
    const { sequence, top } = from;
    const end = spread === "unknown" ? top : sequence + Math.ceil(reading.size.records * spread);
    // Without an end a server looks at all that is left, for every page. Past `top` there is none: records go on coming.
    const range = end < top ? { gt: sequence, lte: end } : undefined;
    const search = {
      ...searchOf(reading, from.index, isOneOfMany, range),
      sort: [{ _seq_no: "asc" }],
      ...(sequence < 0 ? {} : { search_after: [sequence] }),
    };
    const page = askPage(reading, search, preferenceOf(from));
    // It may fail while nobody waits for it yet.
    page.catch(() => undefined);
    return { page, end: range?.lte };
  };
  let place = start;
  for (let asking = ask(place); ; ) {
    const { end } = asking;
    const asked = await asking.page;
    const { sequence, top } = place;
    // The server goes on while this page is looked at.
    const guess = reading.asText ? lastSequence(asked, top) : undefined;
    if (guess !== undefined) reading.size.learn(asked.asked.bytes.length / asked.records);
    const ahead = guess === undefined ? undefined : ask({ ...place, sequence: guess });
    const { reached, count, ...records } = textOf(reading, asked, top) ?? rowsOf(reading, asked);
    if (count > 0) {
      if (typeof reached !== "number" || reached <= sequence) throw notSorted();
      place = { ...place, sequence: reached };
      yield { ...records, cursor: place, mayRepeat: reached > top };
    }
    const isFull = count === asked.records;
    if (!isFull && end === undefined) return;
    // Where a range holds no record, whatever its end, the next one is looked for without.
    spread = count === 0 ? "unknown" : ((isFull ? place.sequence : (end ?? place.sequence)) - sequence) / count;
    asking = ahead !== undefined && guess === place.sequence ? ahead : ask(place);
  }
};

/** A page that was asked for, and the last sequence number that it may hold; undefined: any. */
type AskedRange = { readonly page: Promise<AskedPage>; readonly end: number | undefined };

/** Bytes of a page, beside which another one has room. */
const largestBeside = 16 * 1024 * 1024;
const ending = /^"sort":\[(\d{1,15})\]\}\]\}\}$/;

/** The sequence number of the last record of a page, as its end says; undefined: it does not, or it is the last page. */
const lastSequence = ({ asked: { bytes } }: AskedPage, top: number): number | undefined => {
  if (bytes.length > largestBeside) return undefined;
  const [, digits] = ending.exec(bytes.toString("latin1", bytes.lastIndexOf('"sort":['))) ?? [];
  const sequence = Number(digits);
  return sequence < top ? sequence : undefined;
};

type Records = Pick<ReadBatch, "rows" | "text"> & { readonly count: number; readonly reached: Json | undefined };

/** Records as they stand in the answer, if that is enough. */
const textOf = ({ asText, size, room }: Reading, { asked }: AskedPage, top: number): Records | undefined => {
  const scan = asText ? scanHits(asked.bytes) : undefined;
  const [reached] = scan?.sort ?? [];
  // What may have come before has to be compared.
  if (scan === undefined || typeof reached !== "number" || reached > top) return undefined;
  pageOf(scan.envelope, true);
  size.learn(asked.bytes.length / scan.count);
  return { rows: [], text: { ...scan.lines(), release: () => room.give(asked.bytes) }, count: scan.count, reached };
};

const rowsOf = (reading: Reading, asked: AskedPage): Records => {
  const { hits } = parsePage(reading, asked);
  return { rows: hits.map(({ row }) => row), count: hits.length, reached: hits.at(-1)?.sort[0] };
};

/** Of several copies always the same one is asked: another may be a moment behind, and a record that just moved be missed. */
const preferenceOf = ({ shard, node }: Pick<Place, "shard" | "node">): string =>
  `preference=${encodeURIComponent(`_shards:${shard}${node === undefined ? "" : `|_prefer_nodes:${node}`}`)}`;

const searchOf = (
  { query }: Reading,
  index: string,
  isOneOfMany: boolean,
  sequences?: { readonly gt: number; readonly lte: number },
): Properties => {
  const filter = [
    ...(isOneOfMany ? [{ term: { _index: index } }] : []),
    ...(sequences === undefined ? [] : [{ range: { _seq_no: sequences } }]),
  ];
  return {
    ...query.members,
    track_total_hits: false,
    ...(filter.length > 0 ? { query: narrowed(query.members["query"], filter) } : {}),
  };
};

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
