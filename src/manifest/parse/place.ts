import type { Location } from "../../diagnostic.ts";
import type { Source } from "./source.ts";

const lines = new WeakMap<Source, readonly number[]>();

const lineStarts = (source: Source): readonly number[] => {
  const known = lines.get(source);
  if (known !== undefined) return known;
  const starts = [0];
  for (let at = source.text.indexOf("\n"); at !== -1; at = source.text.indexOf("\n", at + 1)) starts.push(at + 1);
  lines.set(source, starts);
  return starts;
};

/** True for names of things that are secret more often than not. */
export const looksSecret = (name: string): boolean =>
  /pass|secret|token|api_?key|access_?key|private|credential|^pat$|pat_|(?:^|_)key$/i.test(name) &&
  !/_ur[li]$|^(?:primary|foreign|partition|sort)_key$/i.test(name);

const secretMember = /["']?([A-Za-z_][\w.-]*)["']?\s*:\s*([^\s,}\]{[][^,}\]{[]*)?/g;
/** Letters and digits without a break; with slashes, as paths have them, only where both cases of letters are among them. */
const longRun = /(?=[\w+=]*\d)(?=[\w+=]*[A-Za-z])[\w+=]{24,}/;
const longRunWithSlashes = /(?=[\w+/=]*\d)(?=[\w+/=]*[a-z])(?=[\w+/=]*[A-Z])[\w+/=]{24,}/;
const harmless = /\\*\$(?:ENV|SECRET)\([^)]*\)|(?:<<|\{\{)@[^@]*@(?:>>|\}\})/g;

/**
 * True where a line seems to hold a secret in clear: a literal behind a key with a secret's name, a user with a password
 * in an address, or a long run of letters and digits. References and variables are not literals.
 */
export const maySecret = (line: string): boolean => {
  const plain = line.replace(harmless, "");
  for (const [, key = "", value = ""] of plain.matchAll(secretMember)) {
    if (looksSecret(key) && /[^\s"'|>&*!-]/.test(value)) return true;
  }
  return /:\/\/[^\s/@:]*:[^\s/@]+@/.test(plain) || longRun.test(plain) || longRunWithSlashes.test(plain);
};

/** Longer lines help nobody. */
const longestLine = 1000;

/** The place of two offsets, with the line's text unless that may hold a secret. */
export const placeAt = (source: Source, start: number, end: number): Location => {
  const starts = lineStarts(source);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= start) low = middle;
    else high = middle - 1;
  }
  const from = starts[low] ?? 0;
  const next = starts[low + 1];
  const line = source.text.slice(from, next === undefined ? undefined : next - 1);
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  const column = Math.min(start - from, text.length) + 1;
  const endColumn = Math.max(Math.min(end - from, text.length), column - 1) + 1;
  return {
    file: source.file,
    line: low + 1,
    column,
    endColumn: Math.max(endColumn, column + 1),
    ...(text.length > longestLine || maySecret(text) ? {} : { text }),
  };
};
