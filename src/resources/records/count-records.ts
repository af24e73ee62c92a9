import { DeployerError } from "../../errors.ts";
import type { Counter } from "./counter.ts";
import { csvCounter } from "./csv-counter.ts";
import { jsonCounter, jsonlCounter } from "./json-counters.ts";

export type RecordFormat = "json" | "jsonl" | "csv";

const counters = { json: jsonCounter, jsonl: jsonlCounter, csv: csvCounter } as const satisfies Record<
  RecordFormat,
  () => Counter
>;

/**
 * Reads a whole file, chunk by chunk, and counts its records. Throws `invalid-files` at the first one that is not what
 * the format says, and where the file is not UTF-8.
 */
export const countRecords = async (chunks: AsyncIterable<Uint8Array>, format: RecordFormat): Promise<number> => {
  const counter = counters[format]();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new DeployerError("invalid-files", "the file is not UTF-8", { hint: "save it as UTF-8" });
    }
  };
  for await (const chunk of chunks) counter.take(decode(chunk));
  counter.take(decode());
  return counter.end();
};
