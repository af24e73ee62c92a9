import type { Counter } from "./counter.ts";
import { longestRecord, wrongRecord } from "./counter.ts";

const quote = 0x22;
const comma = 0x2c;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * CSV as RFC 4180 has it: commas, a header row, as many fields in every row, quotes around fields only. Rows end with LF,
 * CRLF or CR. Empty rows may stand at the end only. Rows and columns count from 1; the header is row 1.
 */
export const csvCounter = (): Counter => {
  /** `closed`: after a quote that ended the field, or was the first of two. */
  let state: "start" | "plain" | "quoted" | "closed" = "start";
  let row = 1;
  let column = 1;
  let records = 0;
  let emptyRow = 0;
  let afterReturn = false;
  let quotedFrom = "";
  let name = "";
  const names: string[] = [];
  let width = 0;

  const place = (at = column): string => {
    const title = width === 0 ? undefined : names[at - 1];
    return `row ${row}, column ${at}${title === undefined || title === "" ? "" : ` (${JSON.stringify(title)})`}`;
  };

  const endField = (): void => {
    if (width === 0) {
      if (name === "") throw wrongRecord(place(), "the header has no name here", "name every column");
      const same = names.indexOf(name);
      if (same >= 0) {
        throw wrongRecord(
          place(),
          `the header has this name already, in column ${same + 1}`,
          "give each column its own name",
        );
      }
      names.push(name);
      name = "";
    } else if (column > width) {
      throw wrongRecord(
        `row ${row}, column ${column}`,
        `one field more than the ${width} of the header`,
        "put fields that hold a comma in quotes",
      );
    }
    state = "start";
  };

  const endRow = (): void => {
    if (column === 1 && state === "start") {
      if (emptyRow === 0) emptyRow = row;
    } else {
      endField();
      if (width === 0) width = names.length;
      else {
        if (column < width)
          throw wrongRecord(
            place(column + 1),
            `a field is missing: the header has ${width}`,
            "add it, if only as an empty one",
          );
        records++;
      }
    }
    row++;
    column = 1;
  };

  const begin = (): void => {
    if (emptyRow === 0) return;
    throw wrongRecord(`row ${emptyRow}, column 1`, "the row is empty", "take empty rows out, but for those at the end");
  };

  const take = (text: string): void => {
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (state === "quoted") {
        if (code === quote) state = "closed";
        else if (width === 0) name += text[index];
        continue;
      }
      if (code === lineFeed && afterReturn) {
        afterReturn = false;
        continue;
      }
      afterReturn = code === carriageReturn;
      if (code === lineFeed || code === carriageReturn) {
        endRow();
        continue;
      }
      if (state === "start") begin();
      if (code === comma) {
        endField();
        column++;
        continue;
      }
      if (code === quote) {
        if (state === "plain")
          throw wrongRecord(
            place(),
            "a quote stands inside a field without quotes",
            'put the field in quotes and write "" for a quote',
          );
        if (state === "closed" && width === 0) name += '"';
        if (state === "start") quotedFrom = place();
        state = "quoted";
        continue;
      }
      if (state === "closed")
        throw wrongRecord(place(), "text follows the closing quote", 'write "" for a quote inside quotes');
      state = "plain";
      if (width === 0) name += text[index];
      if (name.length > longestRecord)
        throw wrongRecord(place(), "the header does not end", "check that it is a CSV file");
    }
  };

  return {
    take,
    end: () => {
      if (state === "quoted") throw wrongRecord(quotedFrom, "the quote that begins here is never closed", "close it");
      if (column > 1 || state !== "start") endRow();
      if (width === 0) throw wrongRecord("row 1, column 1", "there is no header", "begin with a row of column names");
      return records;
    },
  };
};
