const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const dot = 0x2e;
const zero = 0x30;
const colon = 0x3a;
const bracket = 0x5b;
const backslash = 0x5c;
const bracketEnd = 0x5d;
const brace = 0x7b;
const braceEnd = 0x7d;

/** Whole numbers of so many digits are exact in JavaScript, whatever they are. */
const exactDigits = 15;

/** Values within values, which recursion stands. */
const deepest = 100;

/** The place of the first byte that is no white space. Line ends become blanks, so that each record is one line. */
export const skipSpace = (bytes: Uint8Array, at: number): number => {
  let place = at;
  for (;;) {
    const byte = bytes[place];
    if (byte === undefined || byte > 0x20) return place;
    if (byte === 0x0a || byte === 0x0d) bytes[place] = 0x20;
    else if (byte !== 0x20 && byte !== 0x09) return place;
    place++;
  }
};

/** The place after the string that begins at `at`; -1: it does not end, or holds a half of a surrogate pair perhaps. */
export const endOfString = (bytes: Uint8Array, at: number): number => {
  const { length } = bytes;
  for (let place = at + 1; place < length; place++) {
    const byte = bytes[place] as number;
    if (byte === quote) return place + 1;
    if (byte < 0x20) return -1;
    if (byte === backslash) {
      place = endOfEscape(bytes, place);
      if (place < 0) return -1;
    }
  }
  return -1;
};

const simpleEscapes = new Set(Array.from('"\\/bfnrt', (letter) => letter.charCodeAt(0)));

/** The place of the last byte of an escape. */
const endOfEscape = (bytes: Uint8Array, at: number): number => {
  const letter = bytes[at + 1] as number;
  if (simpleEscapes.has(letter)) return at + 1;
  if (letter !== 0x75) return -1;
  for (let place = at + 2; place < at + 6; place++) {
    if (!isHex(bytes[place])) return -1;
  }
  // Surrogates begin with d8 to df.
  return ((bytes[at + 2] as number) | 0x20) === 0x64 && (bytes[at + 3] as number) > 0x37 ? -1 : at + 5;
};

const isHex = (byte: number | undefined): boolean =>
  byte !== undefined && (isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66));

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= zero && byte <= 0x39;

/** The place after the value that begins at `at`; -1: it is none, or its digits may be too many for JavaScript. */
export const endOfValue = (bytes: Uint8Array, at: number, depth: number): number => {
  switch (bytes[at]) {
    case quote:
      return endOfString(bytes, at);
    case brace:
      return depth < deepest ? endOfObject(bytes, at, depth + 1) : -1;
    case bracket:
      return depth < deepest ? endOfArray(bytes, at, depth + 1) : -1;
    case 0x74:
      return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65 ? at + 4 : -1;
    case 0x6e:
      return bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c ? at + 4 : -1;
    case 0x66:
      return bytes[at + 1] === 0x61 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x73 && bytes[at + 4] === 0x65
        ? at + 5
        : -1;
    default:
      return endOfNumber(bytes, at);
  }
};

const endOfObject = (bytes: Uint8Array, at: number, depth: number): number => {
  let place = skipSpace(bytes, at + 1);
  if (bytes[place] === braceEnd) return place + 1;
  for (;;) {
    if (bytes[place] !== quote) return -1;
    place = endOfString(bytes, place);
    if (place < 0) return -1;
    place = skipSpace(bytes, place);
    if (bytes[place] !== colon) return -1;
    place = endOfValue(bytes, skipSpace(bytes, place + 1), depth);
    if (place < 0) return -1;
    place = skipSpace(bytes, place);
    if (bytes[place] === braceEnd) return place + 1;
    if (bytes[place] !== comma) return -1;
    place = skipSpace(bytes, place + 1);
  }
};

const endOfArray = (bytes: Uint8Array, at: number, depth: number): number => {
  let place = skipSpace(bytes, at + 1);
  if (bytes[place] === bracketEnd) return place + 1;
  for (;;) {
    place = endOfValue(bytes, place, depth);
    if (place < 0) return -1;
    place = skipSpace(bytes, place);
    if (bytes[place] === bracketEnd) return place + 1;
    if (bytes[place] !== comma) return -1;
    place = skipSpace(bytes, place + 1);
  }
};

const endOfNumber = (bytes: Uint8Array, at: number): number => {
  const begin = bytes[at] === minus ? at + 1 : at;
  let place = endOfDigits(bytes, begin);
  const digits = place - begin;
  if (digits === 0 || digits > exactDigits || (digits > 1 && bytes[begin] === zero)) return -1;
  if (bytes[place] === dot) {
    const fraction = endOfDigits(bytes, place + 1);
    if (fraction === place + 1) return -1;
    place = fraction;
  }
  if (((bytes[place] ?? 0) | 0x20) !== 0x65) return place;
  const sign = bytes[place + 1];
  const power = sign === minus || sign === 0x2b ? place + 2 : place + 1;
  const end = endOfDigits(bytes, power);
  // Two digits of power: neither infinite nor nothing.
  return end === power || end - power > 2 ? -1 : end;
};

const endOfDigits = (bytes: Uint8Array, at: number): number => {
  let place = at;
  while (isDigit(bytes[place])) place++;
  return place;
};

/** Whether JavaScript takes a number for a whole one that it can hold; it stands between two places. */
export const isWholeNumber = (bytes: Buffer, at: number, end: number): boolean => {
  let place = at;
  while (place < end && bytes[place] !== dot && ((bytes[place] as number) | 0x20) !== 0x65) place++;
  if (place === end) return true;
  // 12.5 is none at the first look, 12.0 and 1.25e2 are to be looked at.
  const isPlain = bytes[place] === dot && end - at <= exactDigits && endOfDigits(bytes, place + 1) === end;
  if (isPlain && bytes[end - 1] !== zero) return false;
  return Number.isSafeInteger(Number(bytes.toString("latin1", at, end)));
};
