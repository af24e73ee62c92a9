import { equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import type { Scope } from "../expand/scope.ts";
import type { Source } from "../parse/source.ts";
import { reservedKeys } from "../parse/tree.ts";
import type { Dialect } from "../parse/variable-marks.ts";
import { evaluateKey, evaluateText } from "./evaluate.ts";
import type { Run, TextParts } from "./texts.ts";
import { writeText } from "./texts.ts";

/** A name that may stand for a text that is written anew. */
export type Stand = { readonly name: string; readonly text: string };

/** What candidates are checked against: one instance of the place that they are for. */
export type Wish<T> = {
  /** With the values of variables that other edits give. */
  readonly scope: Scope;
  /** Are written wherever their text is. */
  readonly must: readonly Stand[];
  /** Are written where that makes instances agree. */
  readonly may: readonly Stand[];
  readonly want: T;
};

/** How a template's texts are written. */
export type Style = {
  readonly dialect: Dialect;
  /** A text whose marks show how they are written. */
  readonly like: string;
  /** What its template language would read, or what would make it one. */
  readonly forbidden: RegExp | undefined;
};

export const styleOf = ({ file, text }: Source, dialect: Dialect): Style => ({
  dialect,
  like: text.includes("<<@") ? "<<@" : text.includes("{{@") ? "{{@" : "",
  forbidden: file.endsWith(".hbs") ? /\{\{/ : file.endsWith(".json") ? /\{\{%|\{#/ : undefined,
});

/** True where none of the texts that are new means something to a template language. */
const isAllowed = (before: readonly string[], after: readonly Run[], { forbidden }: Style): boolean =>
  forbidden === undefined ||
  after.every((run, index) =>
    run.every((part) => typeof part !== "string" || part === before[index] || !forbidden.test(part)),
  );

const replaced = (run: Run, { name, text }: Stand): Run =>
  run.flatMap((part): Run => {
    if (typeof part !== "string") return [part];
    const pieces = part.split(text);
    return pieces.flatMap((piece, index): Run => {
      const before = index === 0 ? [] : [{ name }];
      return piece === "" ? before : [...before, piece];
    });
  });

/** The part of a run that is not what it was. */
const freshPart = (before: string, after: string): { readonly start: number; readonly end: number } => {
  const longest = Math.min(before.length, after.length);
  let start = 0;
  while (start < longest && before[start] === after[start]) start++;
  let end = 0;
  while (end < longest - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { start, end: after.length - end };
};

const withMust = (before: string, after: string, must: readonly Stand[]): Run =>
  must.reduce<Run>(
    (run, stand) => {
      if (!before.includes(stand.text)) return replaced(run, stand);
      if (run.length !== 1) return run;
      const { start, end } = freshPart(before, after);
      return [after.slice(0, start), ...replaced([after.slice(start, end)], stand), after.slice(end)];
    },
    after === "" ? [] : [after],
  );

type Occurrence = { readonly run: number; readonly part: number; readonly start: number; readonly stand: Stand };

const occurrencesIn = (
  runs: readonly Run[],
  isChanged: (run: number) => boolean,
  may: readonly Stand[],
): Occurrence[] =>
  runs.flatMap((run, index) =>
    run.flatMap((part, number) => {
      if (typeof part !== "string" || !isChanged(index)) return [];
      return may.flatMap((stand) => {
        const found: Occurrence[] = [];
        for (let at = part.indexOf(stand.text); at !== -1; at = part.indexOf(stand.text, at + stand.text.length)) {
          found.push({ run: index, part: number, start: at, stand });
        }
        return found;
      });
    }),
  );

const applied = (runs: readonly Run[], chosen: readonly Occurrence[]): readonly Run[] =>
  runs.map((run, index) =>
    run.flatMap((part, number): Run => {
      if (typeof part !== "string") return [part];
      const here = chosen
        .filter((one) => one.run === index && one.part === number)
        .toSorted((a, b) => a.start - b.start || b.stand.text.length - a.stand.text.length);
      const parts: (string | { readonly name: string })[] = [];
      let from = 0;
      for (const { start, stand } of here) {
        if (start < from) continue;
        if (start > from) parts.push(part.slice(from, start));
        parts.push({ name: stand.name });
        from = start + stand.text.length;
      }
      if (from < part.length) parts.push(part.slice(from));
      return parts;
    }),
  );

const mostOccurrences = 6;

/** The ways to write runs: as they are, and with variables in place of their values. */
function* waysToWrite(
  before: readonly string[],
  after: readonly string[],
  { must, may }: Pick<Wish<unknown>, "must" | "may">,
  alone: boolean,
): Generator<readonly Run[]> {
  const isChanged = (run: number): boolean => before[run] !== after[run];
  const plain = after.map((run, index): Run => {
    if (run === "") return [];
    return isChanged(index) ? withMust(before[index] ?? "", run, must) : [run];
  });
  yield plain;
  if (alone || may.length === 0) return;
  const occurrences = occurrencesIn(plain, isChanged, may);
  if (occurrences.length > mostOccurrences) {
    yield applied(plain, occurrences);
    for (const { name } of may)
      yield applied(
        plain,
        occurrences.filter(({ stand }) => stand.name === name),
      );
    return;
  }
  for (let choice = (1 << occurrences.length) - 1; choice > 0; choice--) {
    yield applied(
      plain,
      occurrences.filter((_, index) => (choice & (1 << index)) !== 0),
    );
  }
}

/**
 * A text of a template, with other runs between its marks, that gives each instance what it wants; undefined where there is
 * none. `from` says whose wish the runs were taken from.
 */
export const agreeOnRuns = (
  parts: TextParts,
  runs: readonly string[],
  from: Pick<Wish<unknown>, "must" | "may">,
  wishes: readonly Wish<string>[],
  style: Style,
): string | undefined => {
  const { dialect, like } = style;
  for (const way of waysToWrite(parts.runs, runs, from, wishes.length === 1)) {
    const raw = isAllowed(parts.runs, way, style) ? writeText(parts, way, like) : undefined;
    if (raw === undefined) continue;
    if (wishes.every(({ scope, want }) => evaluateText(raw, scope, dialect) === want)) return raw;
  }
  return undefined;
};

const nothing: TextParts = { dialect: "own", raw: "", runs: [""], marks: [] };

const agreeOnText = (wishes: readonly Wish<string>[], style: Style): string | undefined => {
  const [first] = wishes;
  if (first === undefined) return undefined;
  return agreeOnRuns({ ...nothing, dialect: style.dialect }, [first.want], first, wishes, style);
};

/** Ways to write a key that is new for one instance, checked with it alone. */
export function* waysToWriteKey(key: string, wish: Wish<unknown>, style: Style): Generator<string> {
  if (reservedKeys.has(key)) return;
  const { dialect, like } = style;
  for (const way of waysToWrite([""], [key], wish, false)) {
    const raw = isAllowed([""], way, style) ? writeText({ ...nothing, dialect }, way, like) : undefined;
    if (raw !== undefined && evaluateKey(raw, wish.scope, dialect) === key) yield raw;
  }
}

const withWant = <T>(wish: Wish<unknown>, want: T): Wish<T> => ({ ...wish, want });

/** A value of a template that gives each instance what it wants; undefined where there is none. */
export const agreeOnValue = (wishes: readonly Wish<Json>[], style: Style): Json | undefined => {
  const [first] = wishes;
  if (first === undefined) return undefined;
  const { want } = first;
  if (typeof want === "string") {
    const texts = wishes.flatMap((wish) => (typeof wish.want === "string" ? [withWant(wish, wish.want)] : []));
    return texts.length === wishes.length ? agreeOnText(texts, style) : undefined;
  }
  if (Array.isArray(want)) {
    const lists = wishes.flatMap((wish) =>
      Array.isArray(wish.want) ? [withWant(wish, wish.want as readonly Json[])] : [],
    );
    if (lists.length < wishes.length || lists.some((list) => list.want.length !== want.length)) return undefined;
    const items = want.map((_, index) =>
      agreeOnValue(
        lists.map((list) => withWant(list, list.want[index] ?? null)),
        style,
      ),
    );
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  if (isObject(want)) {
    const maps = wishes.flatMap((wish) => (isObject(wish.want) ? [withWant(wish, wish.want)] : []));
    const size = Object.keys(want).length;
    if (maps.length < wishes.length || maps.some((map) => Object.keys(map.want).length !== size)) return undefined;
    const raw: Record<string, Json> = {};
    for (const key of Object.keys(want)) {
      const found = agreeOnMember(key, maps, style);
      if (found === undefined || Object.hasOwn(raw, found.key)) return undefined;
      raw[found.key] = found.value;
    }
    return raw;
  }
  return wishes.every((wish) => equal(wish.want, want)) ? want : undefined;
};

/** A key of the first instance as each instance has it, with a value that all agree on; `isOpen` says which keys count. */
export const agreeOnMember = (
  key: string,
  wishes: readonly Wish<{ readonly [key: string]: Json }>[],
  style: Style,
  isOpen: (index: number, key: string) => boolean = () => true,
): { readonly key: string; readonly value: Json; readonly keys: readonly string[] } | undefined => {
  const [first] = wishes;
  if (first === undefined) return undefined;
  for (const raw of waysToWriteKey(key, first, style)) {
    const keys: string[] = [];
    const values: Wish<Json>[] = [];
    for (const [index, wish] of wishes.entries()) {
      const name = evaluateKey(raw, wish.scope, style.dialect);
      const value = name !== undefined && Object.hasOwn(wish.want, name) ? wish.want[name] : undefined;
      if (name === undefined || value === undefined || !isOpen(index, name)) break;
      keys.push(name);
      values.push(withWant(wish, value));
    }
    if (values.length < wishes.length) continue;
    const value = agreeOnValue(values, style);
    if (value !== undefined) return { key: raw, value, keys };
  }
  return undefined;
};
