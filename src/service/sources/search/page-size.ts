import { Problem } from "../../problem.ts";

/** How many records to ask for at once, so that a page has as many bytes as a batch may have. */
export type PageSize = {
  /** Records to ask for. */
  readonly records: number;
  /** Bytes that the answer may have. */
  readonly most: number;
  /** Takes in what a page was like. */
  learn(recordSize: number): void;
  /** A page was larger than it may be. Throws `result_too_large` where it held one record. */
  shrink(): void;
};

/** Search servers give no more at once, unless they are told to. */
const mostRecords = 10_000;
/** Nothing is known of the records yet. */
const first = 200;
const largestRecord = 128 * 1024 * 1024;

/** `least`: records of a page, whatever their size. */
export const createPageSize = (batchRows: number, batchBytes: number, least = 1): PageSize => {
  let limit = Math.max(least, Math.min(batchRows, mostRecords));
  let records = Math.max(least, Math.min(first, limit));
  return {
    get records() {
      return records;
    },
    get most() {
      return records === least ? largestRecord * least : Math.max(4 * batchBytes, 1024 * 1024);
    },
    learn: (recordSize) => {
      const fitting = Math.floor(batchBytes / Math.max(1, recordSize));
      records = Math.max(least, Math.min(limit, fitting, records * 50));
    },
    shrink: () => {
      if (records === least) {
        throw new Problem("result_too_large", `a record of the source has more than ${largestRecord} bytes`);
      }
      records = Math.max(least, Math.floor(records / 4));
      limit = Math.min(limit, records);
    },
  };
};
