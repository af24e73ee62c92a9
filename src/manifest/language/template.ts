import type { Collector } from "../collect.ts";
import type { Template } from "../expand/compile-template.ts";
import { compileTemplate } from "../expand/compile-template.ts";
import { placeWithin } from "../expand/scope.ts";
import { parseJson } from "../parse/parse-json.ts";
import { parseYaml } from "../parse/parse-yaml.ts";
import { placeAt } from "../parse/place.ts";
import type { FileProblem, Source } from "../parse/source.ts";
import type { Tree } from "../parse/tree.ts";
import type { Dialect } from "../parse/variable-marks.ts";
import type { Context, Rendered, Segment } from "./rendering.ts";

/** A variable that a template names. */
export type NameUse = {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** The template asks whether it is there: nothing need have that name. */
  readonly asked?: boolean;
  /** It is only looked at whether it is there and true: a name that something else in the manifest declares may be missing. */
  readonly isCondition?: true;
  /** What it means where nothing has that name: `a.b` the member of a variable. */
  readonly otherwise?: readonly NameUse[];
};

/** A template file in a template language, taken apart once; what it gives depends on the values. */
export type LanguageTemplate = {
  readonly source: Source;
  /** Variables that it names, as far as they can be told before it is rendered. */
  readonly uses: readonly NameUse[];
  /** Throws `Unrendered` where an expression gives nothing, or more comes out than a file may hold. */
  readonly render: (prefix: string, context: Context) => Rendered;
  /** What to do where a value breaks what comes out. */
  readonly valueHint: string;
  /** Environment variables that its text names. */
  readonly environment: ReadonlySet<string>;
  /** Names of variables that stand for its values begin with it; it is nowhere in the template. */
  readonly prefix: string;
  /** Secrets that every tenant has. */
  readonly declared: ReadonlySet<string>;
  readonly dialect: Dialect;
  /** What it gave lately, by its text: most tenants differ in nothing but texts, which stand as variables there. */
  readonly compiled: Map<string, Template>;
};

export const isLanguage = (template: Template | LanguageTemplate): template is LanguageTemplate => "render" in template;

/** From a place in what came out to the place in the template that it came from. */
const mapping = (segments: readonly Segment[]) => {
  const segmentAt = (offset: number): Segment | undefined => {
    let low = 0;
    let high = segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((segments[middle]?.at ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return segments[low];
  };
  const startOf = (offset: number): number => {
    const segment = segmentAt(offset);
    if (segment === undefined) return 0;
    return segment.isValue ? segment.start : Math.min(segment.start + offset - segment.at, segment.end);
  };
  const endOf = (offset: number): number => {
    const segment = segmentAt(offset - 1);
    if (segment === undefined) return 1;
    return segment.isValue ? segment.end : Math.min(segment.start + offset - segment.at, segment.end);
  };
  return {
    segmentAt,
    place: (start: number, end: number): { start: number; end: number } => {
      const from = startOf(start);
      return { start: from, end: Math.max(end > start ? endOf(end) : from, from) };
    },
  };
};

type Mapping = ReturnType<typeof mapping>;

/** A problem of what came out, at its place in the template. */
const problemIn = (problem: FileProblem, { place, segmentAt }: Mapping, hint: string): FileProblem => {
  const { start, end } = place(problem.start, problem.end);
  const nearValue = [problem.start - 1, problem.start].some((offset) => segmentAt(offset)?.isValue === true);
  return { ...problem, start, end, ...(nearValue && problem.code === "yaml-syntax" ? { hint } : {}) };
};

type Remapping = Mapping & {
  readonly text: string;
  readonly prefix: string;
  readonly problems: FileProblem[];
  readonly valueHint: string;
};

/** A quoted text that stands in the middle of one without quotes keeps its quotes, which nobody means. */
const checkQuotes = (remapping: Remapping, value: string, start: number, end: number): void => {
  const { text, prefix, problems, place, segmentAt, valueHint: hint } = remapping;
  if (!value.includes(`"<<@ ${prefix}.`) || /["'|>]/.test(text[start] ?? "")) return;
  const mark = text.indexOf(`"<<@ ${prefix}.`, start);
  const segment = mark === -1 || mark >= end ? undefined : segmentAt(mark);
  const spot = segment ?? place(start, end);
  const message = "a {{x}} within a text keeps the quotes of its JSON literal";
  problems.push({ code: "invalid-value", start: spot.start, end: spot.end, message, hint });
};

/** The same tree at its places in the template; what is one value as a whole becomes that value's variable. */
const remap = (remapping: Remapping, tree: Tree): Tree => {
  const { place, segmentAt, prefix } = remapping;
  const spot = place(tree.start, tree.end);
  if (tree.type === "list") return { ...tree, ...spot, items: tree.items.map((item) => remap(remapping, item)) };
  if (tree.type === "map") {
    const members = tree.members.map(({ key, keyStart, keyEnd, value }) => {
      const { start, end } = place(keyStart, keyEnd);
      checkQuotes(remapping, key, keyStart, keyEnd);
      const whole = key.startsWith(`<<@ ${prefix}.`) && key.indexOf("@>>") === key.length - 3;
      const name = whole ? key.replace(" @>>", ".key @>>") : key;
      return { key: name, keyStart: start, keyEnd: end, value: remap(remapping, value) };
    });
    return { ...tree, ...spot, members };
  }
  const segment = segmentAt(tree.start);
  if (segment?.slot !== undefined && segment.at === tree.start && segmentAt(tree.end - 1) === segment) {
    const isWhole = remapping.text.slice(tree.start, tree.end) === JSON.stringify(tree.value);
    if (isWhole) return { ...tree, ...spot, value: `<<@ ${prefix}.${segment.slot} @>>` };
  }
  if (typeof tree.value === "string") checkQuotes(remapping, tree.value, tree.start, tree.end);
  return { ...tree, ...spot };
};

const keptTemplates = 100;
const keptLength = 100_000;

/** What a rendering gave, parsed and compiled; undefined, and reported, where that is no template. */
export const templateFrom = (
  { source, prefix, declared, dialect, compiled, valueHint }: LanguageTemplate,
  { text, segments }: Rendered,
  collect: Collector,
): Template | undefined => {
  const key = `${text}\0${segments.map((segment) => segment.start).join()}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const { trees, problems } = /\.json(?:\.hbs)?$/.test(source.file) ? json(text, dialect) : parseYaml(text);
  const places = mapping(segments);
  const all = problems.map((problem) => problemIn(problem, places, valueHint));
  const remapped = trees.map((tree) => remap({ ...places, text, prefix, problems: all, valueHint }, tree));
  for (const { code, severity, start, end, message, hint } of all) {
    collect[severity ?? "error"](code, placeAt(source, start, end), message, hint);
  }
  if (all.some(({ severity }) => severity === undefined)) return undefined;
  const template = compileTemplate(source, remapped, declared, dialect);
  for (const { code, spot, part, message, hint } of template.problems) {
    const place = part === undefined ? placeAt(source, spot.start, spot.end) : placeWithin(spot, part);
    collect.error(code, place, message, hint);
  }
  if (template.problems.length > 0) return undefined;
  if (compiled.size >= keptTemplates) for (const first of compiled.keys()) if (compiled.delete(first)) break;
  if (key.length <= keptLength && all.length === 0) compiled.set(key, template);
  return template;
};

const json = (text: string, dialect: Dialect): { trees: readonly Tree[]; problems: readonly FileProblem[] } => {
  const { tree, problems } = parseJson(text, dialect);
  return { trees: tree === undefined ? [] : [tree], problems };
};
