import { printable } from "./escape.ts";
import type { Style } from "./style.ts";

type Line = { readonly sign: " " | "-" | "+"; readonly text: string };

/** Lines with their line feeds: the last one may have none. */
const linesOf = (text: string): readonly string[] => (text === "" ? [] : (text.match(/[^\n]*\n|[^\n]+$/g) ?? []));

/** More differences than this, and all of what lies between is shown as another text. */
const mostSteps = 1_000;

/** The shortest edit of one list of lines into another (Myers' greedy search); undefined where it would be too long. */
const shortest = (a: readonly string[], b: readonly string[]): readonly Line[] | undefined => {
  const trace: Int32Array[] = [];
  const most = Math.min(a.length + b.length, mostSteps);
  const middle = most + 1;
  let reach = new Int32Array(2 * most + 3);
  for (let steps = 0; steps <= most; steps++) {
    trace.push(reach.slice());
    for (let k = -steps; k <= steps; k += 2) {
      const left = reach[middle + k - 1] ?? 0;
      const right = reach[middle + k + 1] ?? 0;
      let x = k === -steps || (k !== steps && left < right) ? right : left + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach[middle + k] = x;
      if (x >= a.length && x - k >= b.length) return walkBack(a, b, trace, middle);
    }
    reach = reach.slice();
  }
  return undefined;
};

const walkBack = (
  a: readonly string[],
  b: readonly string[],
  trace: readonly Int32Array[],
  middle: number,
): readonly Line[] => {
  const lines: Line[] = [];
  let [x, y] = [a.length, b.length];
  for (let steps = trace.length - 1; steps >= 0; steps--) {
    const reach = trace[steps];
    const k = x - y;
    const left = reach?.[middle + k - 1] ?? 0;
    const right = reach?.[middle + k + 1] ?? 0;
    const before = k === -steps || (k !== steps && left < right) ? k + 1 : k - 1;
    const beforeX = steps === 0 ? 0 : before === k + 1 ? right : left;
    const beforeY = steps === 0 ? 0 : beforeX - before;
    while (x > beforeX && y > beforeY) {
      x--;
      y--;
      lines.push({ sign: " ", text: a[x] ?? "" });
    }
    if (steps === 0) break;
    if (x === beforeX) lines.push({ sign: "+", text: b[--y] ?? "" });
    else lines.push({ sign: "-", text: a[--x] ?? "" });
  }
  return lines.reverse();
};

const difference = (a: readonly string[], b: readonly string[]): readonly Line[] => {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const [from, to] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  const keep = (text: string): Line => ({ sign: " ", text });
  const whole = [...from.map((text): Line => ({ sign: "-", text })), ...to.map((text): Line => ({ sign: "+", text }))];
  return [...a.slice(0, head).map(keep), ...(shortest(from, to) ?? whole), ...a.slice(a.length - tail).map(keep)];
};

const context = 3;

/** From and to which line each hunk goes; ones that touch are one. */
const hunks = (lines: readonly Line[]): readonly { readonly start: number; readonly end: number }[] => {
  const found: { start: number; end: number }[] = [];
  for (const [index, { sign }] of lines.entries()) {
    if (sign === " ") continue;
    const last = found.at(-1);
    const [start, end] = [Math.max(0, index - context), Math.min(lines.length, index + context + 1)];
    if (last !== undefined && start <= last.end) last.end = end;
    else found.push({ start, end });
  }
  return found;
};

const range = (before: number, length: number): string =>
  length === 1 ? `${before + 1}` : `${length === 0 ? before : before + 1},${length}`;

/** Two texts of a file as a unified diff, safe to show, without a line feed at the end; empty where they are equal. */
export const unifiedDiff = (file: string, before: string, after: string, style: Style): string => {
  const lines = difference(linesOf(before), linesOf(after));
  const written: string[] = [];
  const colour = { "-": style.red, "+": style.green, " ": (text: string) => text };
  const count = (part: readonly Line[], sign: Line["sign"]): number => part.filter((line) => line.sign !== sign).length;
  for (const { start, end } of hunks(lines)) {
    const [above, part] = [lines.slice(0, start), lines.slice(start, end)];
    const [old, now] = [count(above, "+"), count(above, "-")];
    written.push(style.cyan(`@@ -${range(old, count(part, "+"))} +${range(now, count(part, "-"))} @@`));
    for (const { sign, text } of part) {
      const bare = text.replace(/\r?\n$/, "");
      written.push(colour[sign](`${sign}${printable(bare)}`));
      if (!text.endsWith("\n")) written.push("\\ No newline at end of file");
    }
  }
  const name = printable(file);
  return written.length === 0 ? "" : [style.bold(`--- a/${name}`), style.bold(`+++ b/${name}`), ...written].join("\n");
};
