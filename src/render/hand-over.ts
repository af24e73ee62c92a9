import { address } from "../contract/index.ts";
import type { AdoptLeft, HandOver, HandOverReport, TakeBack, TakeBackReport } from "../deploy/index.ts";
import { printable } from "./escape.ts";
import type { Style } from "./style.ts";
import { styleOf } from "./style.ts";
import { dotted, fieldNote, formatDifference } from "./value.ts";
import { count, counted, listed } from "./words.ts";

type Options = { readonly colour: boolean; readonly detail: boolean };
/** `leftIsSaid`: what is left was shown before a question; the report says how many. */
type ReportOptions = Options & { readonly leftIsSaid?: boolean };

const most = 50;
const mostCommands = 10;

const shortened = (
  blocks: readonly (readonly string[])[],
  limit: number,
  { detail }: Options,
  style: Style,
): string[] => {
  const shown = detail ? blocks : blocks.slice(0, limit);
  const more = blocks.length - shown.length;
  return [...shown.flat(), ...(more > 0 ? [style.dim(`and ${count(more)} more; --detail shows every one`)] : [])];
};

const joined = (blocks: readonly (readonly string[])[]): string =>
  blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n");

const leftLines = (left: readonly AdoptLeft[], what: string, options: Options, style: Style): string[] =>
  shortened(
    left.map((item) => [
      `${style.yellow("?")} ${printable(address(item.kind, item._id))} ${what}: ${printable(item.reason)}`,
      `    ${style.cyan("what to do:")} ${printable(item.hint)}`,
    ]),
    most,
    options,
    style,
  );

type Item = { readonly kind: string; readonly _id: string; readonly id: string };

const itemLine = (item: Item, style: Style, note: string): string =>
  `${style.cyan("=")} ${printable(address(item.kind, item._id))} ${style.dim(printable(item.id))}${note === "" ? "" : style.dim(` (${note})`)}`;

const handedLines = (items: readonly (Item & { readonly handedOver: boolean })[], options: Options, style: Style) =>
  shortened(
    items.map((item) => [itemLine(item, style, item.handedOver ? "handed over already" : "")]),
    most,
    options,
    style,
  );

const notHanded = "is not handed over";

/** What would be handed over to Pulumi. No line feed at the end. */
export const renderHandOver = ({ items, left }: HandOver, options: Options): string => {
  const style = styleOf(options.colour);
  return joined([handedLines(items, options, style), leftLines(left, notHanded, options, style)]);
};

/** What was handed over, and the commands that Pulumi needs now. No line feed at the end. */
export const renderHandOverReport = (
  report: HandOverReport,
  commands: readonly string[],
  options: ReportOptions,
): string => {
  const style = styleOf(options.colour);
  const { items, left } = report;
  const last =
    items.length === 0 && left.length === 0
      ? "nothing to hand over: the selected tenants own nothing"
      : [
          `${counted(items.length, "resource")} handed over`,
          ...(left.length === 0 ? [] : [`${count(left.length)} left`]),
        ];
  return joined([
    options.detail ? handedLines(items, options, style) : [],
    options.leftIsSaid === true ? [] : leftLines(left, notHanded, options, style),
    commands.length === 0
      ? []
      : [
          "Pulumi takes them with:",
          ...shortened(
            commands.map((line) => [`    ${printable(line)}`]),
            mostCommands,
            options,
            style,
          ),
        ],
    [style.bold(Array.isArray(last) ? last.join(", ") : last)],
  ]);
};

const takenLines = ({ items }: TakeBack, options: Options, style: Style): string[] =>
  shortened(
    items.map((item) => [
      itemLine(item, style, item.adopted ? "new to the ledger" : ""),
      ...item.fields.map((field) => {
        const note = fieldNote(field);
        return `    ${dotted(field.path)} ${formatDifference(field)}${note === "" ? "" : style.dim(` (${note})`)}`;
      }),
    ]),
    most,
    options,
    style,
  );

const notTaken = "is not taken back";

/** What would be taken back from Pulumi, with what the next plan will change. No line feed at the end. */
export const renderTakeBack = (found: TakeBack, options: Options): string => {
  const style = styleOf(options.colour);
  return joined([takenLines(found, options, style), leftLines(found.left, notTaken, options, style)]);
};

/** What stands in a state beside what can be taken back. */
export type StateFacts = {
  /** Names of whole tenants in the state. */
  readonly deployments: readonly string[];
  /** What takes everything that is ours out of the state. */
  readonly commands: readonly string[];
};

/** What was taken back, and how Pulumi lets go of it. No line feed at the end. */
export const renderTakeBackReport = (report: TakeBackReport, state: StateFacts, options: ReportOptions): string => {
  const style = styleOf(options.colour);
  const { items, left, known } = report;
  const differ = items.filter(({ fields }) => fields.length > 0).length;
  const last = [
    `${counted(items.length, "resource")} taken back`,
    ...(left.length === 0 ? [] : [`${count(left.length)} left`]),
    ...(known.length === 0 ? [] : [`${count(known.length)} the ledger's already`]),
    ...(differ === 0 ? [] : [`${count(differ)} differ from the files`]),
  ];
  const whole = listed(state.deployments.map(printable), 5);
  return joined([
    options.detail ? takenLines(report, options, style) : [],
    options.leftIsSaid === true ? [] : leftLines(left, notTaken, options, style),
    state.deployments.length === 0
      ? []
      : [`${style.dim("·")} TenantDeployment works on the ledger: nothing of ${whole} is to be taken back`],
    state.commands.length === 0 || items.length + known.length === 0
      ? []
      : [
          "now take them out of Pulumi's state, without pulumi destroy, which would delete what is live:",
          ...shortened(
            state.commands.map((line) => [`    ${printable(line)}`]),
            mostCommands,
            options,
            style,
          ),
        ],
    [style.bold(last.join(", "))],
  ]);
};
