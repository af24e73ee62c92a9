import { address } from "../contract/index.ts";
import type { Pulled, PullField, PullItem, PullOther, PullReport } from "../deploy/index.ts";
import type { Location } from "../diagnostic.ts";
import { printable } from "./escape.ts";
import type { Style } from "./style.ts";
import { styleOf } from "./style.ts";
import { unifiedDiff } from "./unified-diff.ts";
import { dotted, formatValue } from "./value.ts";
import { count, counted, listed } from "./words.ts";

type Options = { readonly colour: boolean; readonly detail: boolean };

const most = 50;
const mostOthers = 20;

/** The first ones, and how many more there are. */
const shortened = (
  blocks: readonly (readonly string[])[],
  limit: number,
  { detail }: Options,
  style: Style,
): readonly string[] => {
  const shown = detail ? blocks : blocks.slice(0, limit);
  const more = blocks.length - shown.length;
  return [...shown.flat(), ...(more > 0 ? [style.dim(`and ${count(more)} more; --detail shows every one`)] : [])];
};

const placeText = ({ file, line }: Location): string => `${printable(file)}:${line}`;

const fieldLines = ({ path, from, to, places, left }: PullField, style: Style): readonly string[] => [
  `    ${dotted(path)}${from === undefined && to === undefined ? "" : ` ${formatValue(from)} → ${formatValue(to)}`}`,
  ...places.map(({ location, why }) => style.dim(`      ${placeText(location)}: ${printable(why)}`)),
  ...left.map(
    ({ reason, message, location }) =>
      `      ${style.yellow("stays:")} ${reason}${location === undefined ? "" : ` (${placeText(location)})`}: ${printable(message)}`,
  ),
];

const isTaken = ({ fields }: PullItem): boolean => fields.every(({ left }) => left.length === 0);

const itemLines = (item: PullItem, style: Style): readonly string[] => [
  `${isTaken(item) ? style.yellow("~") : style.yellow("?")} ${printable(address(item.kind, item._id))} ${style.dim(printable(item.id))}`.trimEnd(),
  ...item.fields.flatMap((field) => fieldLines(field, style)),
  ...(item.fields.length === 0 ? ["    the files say already what was edited"] : []),
  ...(item.unread.length === 0 || !isTaken(item)
    ? []
    : [style.dim(`      not readable, and counts as unchanged: ${listed(item.unread.map(dotted), 5)}`)]),
];

const whatOf = ({ what, ids }: PullOther): string => {
  const named = ids.length === 0 ? "" : ` (${printable(listed(ids, 5))})`;
  switch (what) {
    case "vanished":
      return `is not there any more${named}`;
    case "adoption":
      return `is there and not ours${named}`;
    case "ambiguous":
      return `is there more than once, and none is ours${named}`;
    case "duplicate":
      return `is there besides ours${named}`;
    case "undeclared":
      return `is declared by nobody${named}`;
    case "unreadable":
      return "could not be read";
    default:
      return what satisfies never;
  }
};

const otherLines = (other: PullOther, style: Style): readonly string[] => [
  `${style.yellow("?")} ${printable(address(other.kind, other._id))} ${whatOf(other)}`,
  `    ${style.cyan("what to do:")} ${printable(other.hint)}`,
];

const blocksOf = ({ items, others, files }: Pulled, options: Options): readonly (readonly string[])[] => {
  const style = styleOf(options.colour);
  return [
    shortened(
      items.map((item) => itemLines(item, style)),
      most,
      options,
      style,
    ),
    shortened(
      others.map((other) => otherLines(other, style)),
      mostOthers,
      options,
      style,
    ),
    ...files.map(({ file, before, after }) => [unifiedDiff(file, before, after, style)]),
  ];
};

const joined = (blocks: readonly (readonly string[])[]): string =>
  blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n");

/** What was edited live, where each edit goes and why, and the files' differences. No line feed at the end. */
export const renderPulled = (pulled: Pulled, options: Options): string => joined(blocksOf(pulled, options));

const summaryOf = ({ items, files, written, dryRun }: PullReport): string => {
  const fields = items.flatMap((item) => item.fields);
  const left = fields.filter((field) => field.left.length > 0).length;
  const taken = fields.length - left;
  const into = `${counted(taken, "live edit")}${taken === 0 ? "" : ` in ${counted(files.length, "file")}`}`;
  const stay = left === 0 ? "" : `, ${count(left)} ${left === 1 ? "stays" : "stay"} live only`;
  if (items.length === 0) return "nothing to pull: no live edit of what is ours differs from the files";
  if (fields.length === 0 && (written || dryRun)) {
    return `${written ? "noted" : "would note"} ${counted(items.length, "resource")} as seen; the files have these live edits`;
  }
  if (written) return `pulled ${into}${stay}`;
  if (dryRun) return `would pull ${into}${stay}`;
  const rest = files.length === 0 ? "" : "; --partial writes the rest";
  return `nothing was written: ${count(left)} of ${counted(fields.length, "live edit")} cannot go into the files${rest}`;
};

/** What was pulled; with what it would be where nothing was written. No line feed at the end. */
export const renderPullReport = (report: PullReport, options: Options): string => {
  const style = styleOf(options.colour);
  const left = report.items.filter((item) => !isTaken(item));
  const blocks =
    report.written && !options.detail
      ? [
          ...blocksOf({ items: left, others: report.others, files: [] }, options),
          report.files.map(({ file }) => `${style.yellow("~")} ${printable(file)}`),
        ]
      : blocksOf(report, options);
  return joined([...blocks, [style.bold(summaryOf(report))]]);
};
