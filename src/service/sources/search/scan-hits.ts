import { isUtf8 } from "node:buffer";
import { isObject, type Json, type Properties } from "../../../contract/index.ts";
import type { Column, ColumnType, TextRows } from "../../data/types.ts";
import { endOfString, endOfValue, isWholeNumber, skipSpace } from "./scan-json.ts";

/** The records of an answer where they stand in it. */
export type Scan = {
  readonly count: number;
  /** The answer without its records. */
  readonly envelope: Properties;
  /** What the last record was sorted by. */
  readonly sort: readonly Json[];
  /** Bytes of the records. */
  readonly size: number;
  /** Makes lines of the records, in the answer's own bytes: it cannot be parsed any more. */
  lines(): TextRows;
};

type Field = {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Kinds of its values, as bits. */
  kinds: number;
  /** The last record that has it. */
  record: number;
};

const kind = { text: 1, truth: 2, whole: 4, real: 8, nested: 16 };

/** The narrowest types that hold values of these kinds; JSON holds all others. */
const types: ReadonlyMap<number, ColumnType> = new Map<number, ColumnType>([
  [kind.text, "VARCHAR"],
  [kind.truth, "BOOLEAN"],
  [kind.whole, "BIGINT"],
  [kind.real, "DOUBLE"],
  [kind.whole | kind.real, "DOUBLE"],
]);

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const bracket = 0x5b;
const bracketEnd = 0x5d;
const brace = 0x7b;
const braceEnd = 0x7d;

const opening = '"hits":[';
const names = { id: Buffer.from('"_id"'), source: Buffer.from('"_source"'), sort: Buffer.from('"sort"') };

/**
 * Finds the records of an answer and the types of their properties without making values of them. Undefined where the
 * database might not read them as `JSON.parse` would, or where there is none: the answer is to be parsed then.
 */
export const scanHits = (bytes: Buffer): Scan | undefined => {
  const start = bytes.indexOf(opening);
  if (start < 0 || !isUtf8(bytes)) return undefined;
  const fields = new Fields();
  const records = scanRecords(bytes, start + opening.length, fields);
  if (records === undefined) return undefined;
  const { ends, first, last, longest, sort, size } = records;
  const envelope = parsed(`${bytes.toString("utf8", 0, start)}${opening}${bytes.toString("utf8", last)}`);
  const hits = envelope !== undefined && isObject(envelope) ? envelope["hits"] : undefined;
  if (envelope === undefined || !isObject(envelope) || hits === undefined || !isObject(hits)) return undefined;
  const { hits: none } = hits;
  const sorted = parsed(bytes.toString("utf8", sort.from, sort.to));
  if (!Array.isArray(none) || none.length > 0 || !Array.isArray(sorted)) return undefined;
  return {
    count: ends.length,
    envelope,
    sort: sorted,
    size,
    lines: () => {
      for (const end of ends) bytes[end] = 0x0a;
      return { lines: bytes.subarray(first, last + 1), longest, columns: fields.columns(), count: ends.length, size };
    },
  };
};

type Records = {
  /** Where records end: of each the place after it. */
  readonly ends: readonly number[];
  readonly first: number;
  readonly last: number;
  readonly longest: number;
  readonly sort: { readonly from: number; readonly to: number };
  /** Bytes of the properties. */
  readonly size: number;
};

/** Of an array of records that begins before `at`. */
const scanRecords = (bytes: Buffer, at: number, fields: Fields): Records | undefined => {
  const ends: number[] = [];
  const first = skipSpace(bytes, at);
  let [longest, size, sortFrom, sortTo] = [0, 0, 0, 0];
  for (let begin = first; ; ) {
    if (bytes[begin] !== brace) return undefined;
    let place = skipSpace(bytes, begin + 1);
    let [hasId, hasSource] = [false, false];
    for (;;) {
      if (bytes[place] !== quote) return undefined;
      const nameEnd = endOfString(bytes, place);
      const value = nameEnd < 0 ? -1 : valueAfter(bytes, nameEnd);
      if (value < 0) return undefined;
      const isId = startsWith(bytes, place, names.id);
      const isSource = startsWith(bytes, place, names.source);
      const end = isSource ? scanSource(bytes, value, ends.length, fields) : endOfValue(bytes, value, 0);
      if (end < 0 || (isId && (hasId || bytes[value] !== quote)) || (isSource && hasSource)) return undefined;
      hasId ||= isId;
      hasSource ||= isSource;
      if (isSource) size += end - value;
      else if (startsWith(bytes, place, names.sort)) [sortFrom, sortTo] = [value, end];
      place = skipSpace(bytes, end);
      if (bytes[place] === braceEnd) break;
      if (bytes[place] !== comma) return undefined;
      place = skipSpace(bytes, place + 1);
    }
    if (!hasId || !hasSource) return undefined;
    const end = place + 1;
    longest = Math.max(longest, end - begin);
    const next = skipSpace(bytes, end);
    // What stands between two records becomes the end of a line.
    ends.push(next);
    if (bytes[next] === bracketEnd) {
      return { ends, first, last: next, longest, sort: { from: sortFrom, to: sortTo }, size };
    }
    if (bytes[next] !== comma) return undefined;
    begin = skipSpace(bytes, next + 1);
  }
};

/** Gives the place after the object that begins at `at`, or -1. */
const scanSource = (bytes: Buffer, at: number, record: number, fields: Fields): number => {
  if (bytes[at] !== brace) return -1;
  let place = skipSpace(bytes, at + 1);
  if (bytes[place] === braceEnd) return place + 1;
  for (let expected = 0; ; expected++) {
    const found = fields.at(bytes, place, expected);
    // A name that comes twice, too.
    if (found < 0) return -1;
    const field = fields.list[found] as Field;
    if (field.record === record) return -1;
    field.record = record;
    expected = found;
    const value = valueAfter(bytes, place + field.bytes.length);
    if (value < 0) return -1;
    const end = endOfValue(bytes, value, 0);
    if (end < 0) return -1;
    const bit = kindOf(bytes, value, end);
    if (bit !== 0 && (field.kinds & bit) === 0) fields.learn(field, bit);
    place = skipSpace(bytes, end);
    if (bytes[place] === braceEnd) return place + 1;
    if (bytes[place] !== comma) return -1;
    place = skipSpace(bytes, place + 1);
  }
};

/** Where the value begins that follows a name; -1: there is no colon. */
const valueAfter = (bytes: Uint8Array, nameEnd: number): number => {
  const place = skipSpace(bytes, nameEnd);
  return bytes[place] === colon ? skipSpace(bytes, place + 1) : -1;
};

/** 0 for null. */
const kindOf = (bytes: Buffer, at: number, end: number): number => {
  switch (bytes[at]) {
    case quote:
      return kind.text;
    case 0x74:
    case 0x66:
      return kind.truth;
    case 0x6e:
      return 0;
    case brace:
    case bracket:
      return kind.nested;
    default:
      return isWholeNumber(bytes, at, end) ? kind.whole : kind.real;
  }
};

/** The properties that records have. */
class Fields {
  readonly list: Field[] = [];
  readonly #places = new Map<string, number>();
  readonly #folded = new Set<string>();
  readonly #named: Field[] = [];

  /** The place in the list of the field whose quoted name begins at `at`; -1 where the name is not a plain one. */
  at(bytes: Buffer, at: number, expected: number): number {
    const guess = this.list[expected];
    if (guess !== undefined && startsWith(bytes, at, guess.bytes)) return expected;
    if (bytes[at] !== quote) return -1;
    const end = endOfString(bytes, at);
    if (end < 0) return -1;
    const text = bytes.toString("latin1", at, end);
    return this.#places.get(text) ?? this.#add(bytes.subarray(at, end), text);
  }

  /** Columns come in the order in which their properties had a first value. */
  learn(field: Field, bit: number): void {
    if (field.kinds === 0) this.#named.push(field);
    field.kinds |= bit;
  }

  columns(): readonly Column[] {
    return this.#named.map(({ name, kinds }) => ({ name, type: types.get(kinds) ?? "JSON" }));
  }

  #add(bytes: Uint8Array, text: string): number {
    // Escaped names need reading; DuckDB's structures tell no upper from lower case; JavaScript puts numbers first.
    const name = Buffer.from(bytes).toString("utf8").slice(1, -1);
    const folded = name.toLowerCase();
    if (name === "" || name.includes("\\") || /^\d+$/.test(name) || this.#folded.has(folded)) return -1;
    this.#folded.add(folded);
    this.#places.set(text, this.list.length);
    return this.list.push({ name, bytes: Uint8Array.from(bytes), kinds: 0, record: -1 }) - 1;
  }
}

const startsWith = (bytes: Uint8Array, at: number, part: Uint8Array): boolean => {
  for (let place = 0; place < part.length; place++) {
    if (bytes[at + place] !== part[place]) return false;
  }
  return true;
};

const parsed = (text: string): Json | undefined => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
};
