const quote = 0x22;
const backslash = 0x5c;
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

/** One record a line; `word` is how a line is called. */
export const lineCutter = (word: string): Cutter => {
  let line = 1;
  const rest = createRest(() => `${word} ${line}`);
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

/** Objects one after the other. */
export const valueCutter = (): Cutter => {
  let depth = 0;
  let isText = false;
  let isEscaped = false;
  let count = 0;
  const place = () => `record ${count + 1}`;
  const rest = createRest(place);

  const take = (chunk: Buffer): readonly Buffer[] => {
    const records: Buffer[] = [];
    let start = 0;
    for (let index = 0; index < chunk.length; index++) {
      const mark = chunk[index] ?? 0;
      if (depth === 0) {
        if (isSpace(mark)) continue;
        if (mark !== openObject) throw new BrokenFile(`${place()} does not begin with {`);
        start = index;
        depth = 1;
      } else if (isText) {
        if (isEscaped) isEscaped = false;
        else if (mark === backslash) isEscaped = true;
        else if (mark === quote) isText = false;
      } else if (mark === quote) isText = true;
      else if (mark === openObject || mark === openList) depth++;
      else if ((mark === closeObject || mark === closeList) && --depth === 0) {
        records.push(rest.complete(chunk.subarray(start, index + 1)));
        count++;
      }
    }
    if (depth > 0) rest.keep(chunk.subarray(start));
    return records;
  };
  return {
    take,
    end: () => {
      if (depth > 0) throw new BrokenFile(`${place()} does not end`);
      return [];
    },
  };
};
