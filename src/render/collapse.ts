import type { Collapsed, CollapsePlaced, CollapseReport, CollapseUnplaced } from "../deploy/index.ts";
import { printable } from "./escape.ts";
import type { Style } from "./style.ts";
import { styleOf } from "./style.ts";
import { unifiedDiff } from "./unified-diff.ts";
import { dotted, formatValue } from "./value.ts";
import { count, counted } from "./words.ts";

type Options = { readonly colour: boolean; readonly detail: boolean };

const most = 50;

type Edit = Pick<CollapsePlaced, "name" | "path" | "from" | "to" | "location"> | CollapseUnplaced;

const isWhole = ({ path }: Edit): boolean => path === "";

const editText = (edit: Edit): string => {
  const { name, path, from, to } = edit;
  if (isWhole(edit)) return printable(name);
  return `${printable(name)} ${dotted(path)}${from === undefined && to === undefined ? "" : ` ${formatValue(from)} → ${formatValue(to)}`}`;
};

const placeText = ({ location }: Edit): string =>
  location === undefined ? "" : `${printable(location.file)}:${location.line}`;

const signOf = ({ from, to, path }: Edit): "+" | "-" | "~" =>
  path === "" && from === undefined && to !== undefined ? "+" : path === "" && to === undefined ? "-" : "~";

const placedLines = (edit: CollapsePlaced, style: Style): readonly string[] => [
  `${style.yellow(signOf(edit))} ${editText(edit)}`,
  style.dim(`    ${placeText(edit)} (${edit.into})`),
];

const unplacedLines = (edit: CollapseUnplaced, style: Style): readonly string[] => {
  const place = placeText(edit);
  return [
    `${style.red("?")} ${editText(edit)}`,
    `    ${style.yellow("no place:")} ${edit.reason}${place === "" ? "" : ` (${place})`}: ${printable(edit.message)}`,
  ];
};

const shortened = (blocks: readonly (readonly string[])[], { detail }: Options, style: Style): readonly string[] => {
  const shown = detail ? blocks : blocks.slice(0, most);
  const more = blocks.length - shown.length;
  return [...shown.flat(), ...(more > 0 ? [style.dim(`and ${count(more)} more; --detail shows every one`)] : [])];
};

const joined = (blocks: readonly (readonly string[])[]): string =>
  blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n");

const fileLines = ({ file, created, before, after }: Collapsed["files"][number], style: Style): readonly string[] => {
  if (before !== undefined && after !== undefined) return [unifiedDiff(file, before, after, style)];
  return [
    `${created ? style.green("+") : style.yellow("~")} ${printable(file)} ${style.dim("(values are not shown)")}`,
  ];
};

const blocksOf = ({ placed, unplaced, files }: Collapsed, options: Options): readonly (readonly string[])[] => {
  const style = styleOf(options.colour);
  return [
    shortened(
      placed.map((edit) => placedLines(edit, style)),
      options,
      style,
    ),
    shortened(
      unplaced.map((edit) => unplacedLines(edit, style)),
      options,
      style,
    ),
    ...files.map((file) => fileLines(file, style)),
  ];
};

/** What was edited in an expansion, where each edit goes, and the files' differences. No line feed at the end. */
export const renderCollapsed = (found: Collapsed, options: Options): string => joined(blocksOf(found, options));

const summaryOf = ({ placed, unplaced, files, written, dryRun }: CollapseReport): string => {
  if (placed.length === 0 && unplaced.length === 0) {
    return "nothing to collapse: the expansion is what the connector's files give";
  }
  const into = `${counted(placed.length, "edit")} in ${counted(files.length, "file")}`;
  if (dryRun && placed.length === 0) {
    const those = `${counted(unplaced.length, "edit")} ${unplaced.length === 1 ? "has" : "have"} no place`;
    return `nothing would be written: ${those}`;
  }
  const left = unplaced.length === 0 ? "" : `, ${count(unplaced.length)} without a place`;
  if (written) return `collapsed ${into}${left}`;
  if (dryRun) return `would collapse ${into}${left}`;
  const all = placed.length + unplaced.length;
  return `nothing was written: ${count(unplaced.length)} of ${counted(all, "edit")} ${unplaced.length === 1 ? "has" : "have"} no place${files.length === 0 ? "" : "; --partial writes the rest"}`;
};

/** What was collapsed; with what it would be where nothing was written. No line feed at the end. */
export const renderCollapseReport = (report: CollapseReport, options: Options): string => {
  const style = styleOf(options.colour);
  const blocks =
    report.written && !options.detail
      ? [
          ...blocksOf({ placed: [], unplaced: report.unplaced, files: [] }, options),
          report.files.map(
            ({ file, created }) => `${created ? style.green("+") : style.yellow("~")} ${printable(file)}`,
          ),
        ]
      : blocksOf(report, options);
  return joined([...blocks, [style.bold(summaryOf(report))]]);
};
