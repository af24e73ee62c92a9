import { isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import { isObject, type Json, type Properties } from "../../contract/index.ts";
import { mostColumns, tooManyColumns } from "../data/tables.ts";
import { Problem } from "../problem.ts";
import { BrokenFile, type Cutter, lineCutter, valueCutter } from "./cut-values.ts";
import type { Reading } from "./detect-format.ts";
import { createVariety, look, type Seen } from "./json-columns.ts";
import { deepest, mostErrors } from "./loaded.ts";

export type JsonReading = Exclude<Reading, "csv">;

/** What a JSON file holds. */
export type JsonScan = {
  readonly seen: Seen;
  readonly records: number;
  /** Records that could not be taken. */
  readonly failed: number;
  readonly errors: readonly string[];
  /** Properties whose texts hardly come twice, as far as the first records tell. */
  readonly varied: ReadonlySet<string>;
  /** Bytes of the longest record. */
  readonly longest: number;
};

/** Records that a sample has. */
export const sampleRecords = 1_000;

const pieceSize = 256 * 1024;

/**
 * Reads records, a piece of the file at a time. With `target` all of them, and those that are good are written there, one
 * a line; without it only some of the first. Throws `malformed_file` where the file is broken as a whole.
 */
export const scanJson = async (
  path: string,
  reading: JsonReading,
  options: { readonly target?: string; readonly most?: number; readonly signal: AbortSignal },
): Promise<JsonScan> => {
  const { target, most = Number.POSITIVE_INFINITY, signal } = options;
  const word = reading === "lines" ? "line" : "record";
  const cutter: Cutter = reading === "objects" ? valueCutter() : lineCutter(word);
  const seen: Seen = new Map();
  const variety = createVariety();
  const errors: string[] = [];
  let [place, records, failed, longest] = [0, 0, 0, 0];
  let good: Buffer[] = [];

  const take = (record: Buffer): void => {
    place++;
    const found = readRecord(place === 1 ? withoutMark(record) : record);
    if (found === undefined) return;
    if (typeof found === "string") {
      failed++;
      if (errors.length < mostErrors) errors.push(`${word} ${place}: ${found}`);
      return;
    }
    look(seen, found);
    if (seen.size > mostColumns + 1) throw tooManyColumns();
    if (records++ < sampleRecords) variety.add(found);
    if (record.length > longest) longest = record.length;
    if (target === undefined) return;
    const line = place === 1 ? withoutMark(record) : record;
    good.push(reading === "objects" ? oneLine(line) : line, newLine);
  };

  const input = await open(path);
  try {
    const output = target === undefined ? undefined : await open(target, "wx", 0o600);
    try {
      const piece = Buffer.alloc(pieceSize);
      for (let isFirst = true; records + failed < most; isFirst = false) {
        signal.throwIfAborted();
        const { bytesRead } = await input.read(piece, 0, pieceSize, null);
        const bytes = piece.subarray(0, bytesRead);
        const cut = bytesRead === 0 ? cutter.end() : cutter.take(isFirst ? withoutMark(bytes) : bytes);
        for (const record of cut) take(record);
        if (good.length > 0) {
          await output?.writeFile(Buffer.concat(good));
          good = [];
        }
        if (bytesRead === 0) break;
      }
    } finally {
      await output?.close();
    }
  } catch (error) {
    if (error instanceof BrokenFile) throw new Problem("malformed_file", `the file is broken: ${error.message}`);
    throw error;
  } finally {
    await input.close();
  }
  return { seen, varied: variety.varied(), records, failed, errors, longest };
};

const newLine = Buffer.from("\n");

/** Without the byte order mark. */
const withoutMark = (bytes: Buffer): Buffer =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;

/** Line ends stand between the parts of a record only: texts hold none. */
const oneLine = (record: Buffer): Buffer => {
  if (!record.includes(0x0a) && !record.includes(0x0d)) return record;
  const copy = Buffer.from(record);
  for (let index = 0; index < copy.length; index++)
    if (copy[index] === 0x0a || copy[index] === 0x0d) copy[index] = 0x20;
  return copy;
};

/** A record; undefined for an empty line; else what is wrong with it, without its content. */
const readRecord = (bytes: Buffer): Properties | string | undefined => {
  if (!isUtf8(bytes)) return "it is not UTF-8";
  const text = bytes.toString("utf8");
  if (text.trim() === "") return undefined;
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    const position = /at position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    return `it is not valid JSON${position === undefined ? "" : `, from column ${Number(position) + 1} on`}`;
  }
  if (!isObject(value)) return "it is no JSON object";
  if (text.includes("\\u") && /(^|[^\\])(\\\\)*\\ud[89a-f]/.test(JSON.stringify(value))) {
    return "it has half of a surrogate pair";
  }
  return isDeep(text) ? `it is nested deeper than ${deepest} levels` : value;
};

/** Brackets within texts count too: a cheap test that only few records need more than. */
const isDeep = (text: string): boolean => {
  let [depth, isText] = [0, false];
  if (text.length <= deepest) return false;
  for (let index = 0; index < text.length; index++) {
    const mark = text[index];
    if (mark === "\\" && isText) index++;
    else if (mark === '"') isText = !isText;
    else if (!isText && (mark === "{" || mark === "[") && ++depth > deepest) return true;
    else if (!isText && (mark === "}" || mark === "]")) depth--;
  }
  return false;
};
