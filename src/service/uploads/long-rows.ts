import { BrokenFile } from "./cut-values.ts";

const [quote, lineFeed, carriageReturn] = [0x22, 0x0a, 0x0d];

/** Bytes that a row of a CSV file may have: DuckDB drops one of twice as many without a word. */
export const longestRow = 8 * 1024 * 1024;

/** `start`: of a field, only there a quote opens it; `closed`: a quote within quotes, which may be the first of two. */
type Place = "start" | "bare" | "quoted" | "closed";

/** Looks for rows that are too long, a piece of the file at a time. Throws {@link BrokenFile}; says where. */
export const longRows = (delimiter: string): ((piece: Buffer) => void) => {
  const between = delimiter.charCodeAt(0);
  let offset = 0;
  /** Where the row begins that has not ended. */
  let begin = 0;
  let place: Place = "start";

  const check = (end: number): void => {
    if (end - begin > longestRow) {
      throw new BrokenFile(`the row that begins at byte ${begin + 1} is longer than ${longestRow} bytes`);
    }
  };
  const take = (byte: number, index: number): Place => {
    if (place === "quoted") return byte === quote ? "closed" : "quoted";
    if (byte === quote && place !== "bare") return "quoted";
    if (byte === between) return "start";
    if (byte !== lineFeed && byte !== carriageReturn) return "bare";
    check(offset + index);
    begin = offset + index + 1;
    return "start";
  };
  const lines = (piece: Buffer): void => {
    const mark = piece.includes(lineFeed) ? lineFeed : carriageReturn;
    const first = piece.indexOf(mark);
    if (first < 0) return;
    check(offset + first);
    begin = offset + piece.lastIndexOf(mark) + 1;
  };

  return (piece) => {
    if (place === "quoted" || piece.includes(quote)) {
      for (let index = 0; index < piece.length; index++) place = take(piece[index] ?? 0, index);
    } else {
      // Far faster, and pieces are smaller than what a row may have.
      lines(piece);
      place = take(piece[piece.length - 1] ?? 0, piece.length - 1);
    }
    offset += piece.length;
    check(offset);
  };
};
