import { BrokenFile } from "./cut-values.ts";

const [quote, backslash, comma, lineFeed, carriageReturn] = [0x22, 0x5c, 0x2c, 0x0a, 0x0d];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];
const space = 0x20;
/** No text in JSON may hold it: a record that had a line end in a text stays as malformed as it was. */
const noMark = 0x01;

export type ListLines = {
  /** Changes the next piece of the file in place. */
  take(piece: Buffer): void;
  /** Throws where the list has not ended. */
  end(): void;
};

const [beforeList, beforeFirst, beforeValue, within, inBare, afterValue, afterList] = [0, 1, 2, 3, 4, 5, 6];

/**
 * Makes the members of a JSON list records that stand on lines of their own, byte for byte in place: what parts them
 * becomes a line end, and line ends elsewhere become spaces. Throws {@link BrokenFile} where it is no list; says where.
 */
export const listLines = (): ListLines => {
  let state = beforeList;
  let depth = 0;
  let isText = false;
  let isEscaped = false;
  let count = 0;

  /** Of a record that is a list or an object, from `index` on; gives the place after it or after the piece. */
  const takeNested = (piece: Buffer, start: number): number => {
    let index = start;
    const { length } = piece;
    while (index < length) {
      if (isText) {
        // Texts are most of a file: nothing else is looked at here.
        while (index < length) {
          const mark = piece[index++] as number;
          if (isEscaped) isEscaped = false;
          else if (mark === quote) {
            isText = false;
            break;
          } else if (mark === backslash) isEscaped = true;
          else if (mark === lineFeed || mark === carriageReturn) piece[index - 1] = noMark;
        }
        continue;
      }
      const mark = piece[index++] as number;
      if (mark === quote) isText = true;
      else if (mark === lineFeed || mark === carriageReturn) piece[index - 1] = space;
      else if (mark === openObject || mark === openList) depth++;
      else if ((mark === closeObject || mark === closeList) && --depth === 0) {
        state = afterValue;
        return index;
      }
    }
    return index;
  };

  /** Of a record that is a text, a number or a word. */
  const takeBare = (piece: Buffer, start: number): number => {
    for (let index = start; index < piece.length; index++) {
      const mark = piece[index] as number;
      if (isText) {
        if (isEscaped) isEscaped = false;
        else if (mark === backslash) isEscaped = true;
        else if (mark === quote) isText = false;
        else if (mark === lineFeed || mark === carriageReturn) piece[index] = noMark;
      } else if (mark === comma || mark === closeList || isSpace(mark)) {
        state = afterValue;
        return index;
      } else if (mark === quote) isText = true;
    }
    return piece.length;
  };

  /** Of what stands between records. */
  const takeBetween = (piece: Buffer, index: number): number => {
    const mark = piece[index] as number;
    if (isSpace(mark)) {
      piece[index] = space;
      return index + 1;
    }
    if (state === beforeList && mark === openList) {
      piece[index] = space;
      state = beforeFirst;
    } else if (state === afterValue && mark === comma) {
      piece[index] = lineFeed;
      state = beforeValue;
    } else if (mark === closeList && (state === afterValue || state === beforeFirst)) {
      piece[index] = lineFeed;
      state = afterList;
    } else if ((state === beforeFirst || state === beforeValue) && mark !== comma && mark !== closeList) {
      count++;
      if (mark === openObject || mark === openList) {
        state = within;
        depth = 1;
      } else {
        state = inBare;
        isText = mark === quote;
      }
    } else throw new BrokenFile(wrong(state, count));
    return index + 1;
  };

  return {
    take: (piece) => {
      for (let index = 0; index < piece.length; ) {
        if (state === within) index = takeNested(piece, index);
        else if (state === inBare) index = takeBare(piece, index);
        else index = takeBetween(piece, index);
      }
    },
    end: () => {
      if (state === afterList) return;
      throw new BrokenFile(
        state === within || state === inBare ? `record ${count} does not end` : "the list is not closed",
      );
    },
  };
};

const isSpace = (mark: number): boolean => mark === space || mark === lineFeed || mark === carriageReturn || mark === 9;

const wrong = (state: number, count: number): string => {
  if (state === beforeList) return "it does not begin with [";
  if (state === afterList) return `something follows the list of ${count} records`;
  return state === afterValue ? `after record ${count} a comma or ] has to follow` : `record ${count + 1} is missing`;
};
