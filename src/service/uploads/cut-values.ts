const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];
const lineFeed = 0x0a;

/** Bytes of one record at most. */
export const longestRecord = 16 * 1024 * 1024;

/** What is wrong with the file as a whole; says where. */
export class BrokenFile extends Error {}

export type Cutter = {
  /** The records that end in this piece of the file; a record may be any JSON value, or none at all. */
  take(chunk: Buffer): readonly Buffer[];
  /** What is left at the end. */
  end(): readonly Buffer[];
};

const isSpace = (mark: number): boolean => mark === 0x20 || mark === lineFeed || mark === 0x0d || mark === 0x09;

const tooLong = (record: string) => new BrokenFile(`${record} is longer than ${longestRecord} bytes`);

/** Keeps the parts of a record that spreads over several pieces. */
const createRest = (place: () => string) => {
  let parts: Buffer[] = [];
  let length = 0;
  return {
    keep: (part: Buffer): void => {
      if (part.length === 0) return;
      parts.push(Buffer.from(part));
      length += part.length;
      if (length > longestRecord) throw tooLong(place());
    },
    complete: (part: Buffer): Buffer => {
      if (parts.length === 0) return part;
      const whole = Buffer.concat([...parts, part]);
      parts = [];
      length = 0;
      return whole;
    },
  };
};

/** One record a line. */
export const lineCutter = (): Cutter => {
  let line = 1;
  const rest = createRest(() => `line ${line}`);
  return {
    take: (chunk) => {
      const records: Buffer[] = [];
      let start = 0;
      for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
        records.push(rest.complete(chunk.subarray(start, end)));
        line++;
        start = end + 1;
      }
      rest.keep(chunk.subarray(start));
      return records;
    },
    end: () => [rest.complete(Buffer.alloc(0))],
  };
};

/** The members of one list (`isList`), or values one after the other. */
export const valueCutter = (isList: boolean): Cutter => {
  /** `before`: a value may begin; `after`: it has ended. */
  let state: "list" | "before" | "within" | "after" | "end" = isList ? "list" : "before";
  let depth = 0;
  let isText = false;
  let isEscaped = false;
  let count = 0;
  const place = () => `record ${count + 1}`;
  const rest = createRest(place);

  const take = (chunk: Buffer): readonly Buffer[] => {
    const records: Buffer[] = [];
    let start = 0;
    const finish = (end: number): void => {
      records.push(rest.complete(chunk.subarray(start, end)));
      count++;
    };
    for (let index = 0; index < chunk.length; index++) {
      const mark = chunk[index] ?? 0;
      if (state === "within") {
        if (isText) {
          if (isEscaped) isEscaped = false;
          else if (mark === backslash) isEscaped = true;
          else if (mark === quote) isText = false;
        } else if (mark === quote) isText = true;
        else if (mark === openObject || mark === openList) depth++;
        else if (depth === 0) {
          // A bare value ends where something else begins.
          if (mark !== comma && mark !== closeList && !isSpace(mark)) continue;
          finish(index);
          state = "after";
          index--;
        } else if ((mark === closeObject || mark === closeList) && --depth === 0) {
          finish(index + 1);
          state = isList ? "after" : "before";
        }
        continue;
      }
      if (isSpace(mark)) continue;
      if (state === "list") {
        if (mark !== openList) throw new BrokenFile("it does not begin with [");
        state = "before";
      } else if (state === "after" && mark === comma) state = "before";
      else if (isList && mark === closeList && (state === "after" || (state === "before" && count === 0)))
        state = "end";
      else if (state === "before" && mark !== comma && mark !== closeList && (isList || mark === openObject)) {
        state = "within";
        start = index;
        isText = mark === quote;
        depth = mark === openObject || mark === openList ? 1 : 0;
      } else throw new BrokenFile(wrongMark(state, count, isList));
    }
    if (state === "within") rest.keep(chunk.subarray(start));
    return records;
  };
  return {
    take,
    end: () => {
      if (state === "end" || (!isList && state === "before")) return [];
      throw new BrokenFile(state === "within" ? `${place()} does not end` : "the list is not closed");
    },
  };
};

const wrongMark = (state: "before" | "after" | "end", count: number, isList: boolean): string => {
  if (state === "end") return `something follows the list of ${count} records`;
  if (!isList) return `record ${count + 1} does not begin with {`;
  return state === "after" ? `after record ${count} a comma or ] has to follow` : `record ${count + 1} is missing`;
};
