import type { Counter } from "./counter.ts";
import { longestRecord, wrongRecord } from "./counter.ts";

/** Parses one record; its errors name the column, never what stands there. */
const check = (text: string, place: string): void => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const position = /at position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    const column = position === undefined ? "" : `, column ${Number(position) + 1}`;
    throw wrongRecord(`${place}${column}`, "this is not valid JSON", "check quotes, commas and brackets");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return;
  throw wrongRecord(`${place}, column 1`, "a record has to be an object", 'write {"name": value, …}');
};

const tooLong = (place: string) =>
  wrongRecord(place, `the record is longer than ${longestRecord} characters`, "check the file's format");

/** One object a line. Lines with nothing on them do not count. */
export const jsonlCounter = (): Counter => {
  let line = 1;
  let rest = "";
  let records = 0;
  const endLine = (text: string): void => {
    if (text.trim() !== "") {
      check(text, `line ${line}`);
      records++;
    }
    line++;
  };
  return {
    take: (text) => {
      let start = 0;
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
        endLine(rest + text.slice(start, end));
        rest = "";
        start = end + 1;
      }
      rest += text.slice(start);
      if (rest.length > longestRecord) throw tooLong(`line ${line}`);
    },
    end: () => {
      endLine(rest);
      return records;
    },
  };
};

const isSpace = (mark: string | undefined): boolean => mark === " " || mark === "\n" || mark === "\r" || mark === "\t";

/** One array of objects. Each is cut out and parsed by itself, so that the file need not fit into memory. */
export const jsonCounter = (): Counter => {
  /** What may come next; `item`: within one. */
  let state: "array" | "first" | "item" | "separator" | "next" | "end" = "array";
  let depth = 0;
  let isText = false;
  let isEscaped = false;
  let rest = "";
  let records = 0;
  const place = (): string => `record ${records + 1}`;

  /** Goes on within a record; the index after its end, or the text's length. */
  const within = (text: string, from: number): number => {
    for (let index = from; index < text.length; index++) {
      const mark = text[index];
      if (isText) {
        if (isEscaped) isEscaped = false;
        else if (mark === "\\") isEscaped = true;
        else if (mark === '"') isText = false;
      } else if (mark === '"') isText = true;
      else if (mark === "{" || mark === "[") depth++;
      else if ((mark === "}" || mark === "]") && --depth === 0) {
        check(rest + text.slice(from, index + 1), place());
        rest = "";
        records++;
        state = "separator";
        return index + 1;
      }
    }
    rest += text.slice(from);
    if (rest.length > longestRecord) throw tooLong(place());
    return text.length;
  };

  const take = (text: string): void => {
    let index = 0;
    while (index < text.length) {
      if (state === "item") {
        index = within(text, index);
        continue;
      }
      const mark = text[index];
      if (isSpace(mark)) index++;
      else if (state === "array" && mark === "[") {
        state = "first";
        index++;
      } else if (mark === "{" && (state === "first" || state === "next")) state = "item";
      else if (mark === "]" && (state === "first" || state === "separator")) {
        state = "end";
        index++;
      } else if (mark === "," && state === "separator") {
        state = "next";
        index++;
      } else throw unexpected();
    }
  };

  const unexpected = () => {
    switch (state) {
      case "array":
        return wrongRecord(
          "line 1, column 1",
          "the file is no list",
          "write [ … ], or set format: jsonl for one object a line",
        );
      case "first":
      case "next":
        return wrongRecord(`${place()}, column 1`, "a record has to be an object", 'write {"name": value, …}');
      case "end":
        return wrongRecord(`after record ${records}`, "something follows the list", "keep one list in the file");
      default:
        return wrongRecord(`after record ${records}`, "a comma or ] has to follow", "check commas and brackets");
    }
  };

  return {
    take,
    end: () => {
      if (state === "end") return records;
      if (state === "array") throw unexpected();
      throw wrongRecord(
        state === "item" ? place() : `after record ${records}`,
        "the list is not closed",
        "check that the file is complete",
      );
    },
  };
};
