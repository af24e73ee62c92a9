import { address } from "../contract/index.ts";
import type { Adoption, AdoptReport, ForgetItem, ForgetReport, MoveReport } from "../deploy/index.ts";
import { printable } from "./escape.ts";
import type { Style } from "./style.ts";
import { styleOf } from "./style.ts";
import { dotted, fieldNote, formatDifference } from "./value.ts";
import { count, counted, listed } from "./words.ts";

type Options = { readonly colour: boolean; readonly detail: boolean };

const most = 50;

/** The first ones, and how many more there are. */
const shortened = (lines: readonly (readonly string[])[], { detail }: Options, style: Style): string[] => {
  const shown = detail ? lines : lines.slice(0, most);
  const more = lines.length - shown.length;
  return [...shown.flat(), ...(more > 0 ? [style.dim(`and ${count(more)} more; --detail shows every one`)] : [])];
};

const adoptionBlocks = ({ items, left }: Adoption, options: Options): string[][] => {
  const style = styleOf(options.colour);
  const taken = items.map((item) => [
    `${style.cyan("=")} ${printable(address(item.kind, item._id))} ${style.dim(printable(item.id))}`,
    ...item.fields.map((field) => {
      const note = fieldNote(field);
      return `    ${dotted(field.path)} ${formatDifference(field)}${note === "" ? "" : style.dim(` (${note})`)}`;
    }),
  ]);
  const others = left.map((item) => [
    `${style.yellow("?")} ${printable(address(item.kind, item._id))} cannot be adopted: ${printable(item.reason)}`,
    `    ${style.cyan("what to do:")} ${printable(item.hint)}`,
  ]);
  return [shortened(taken, options, style), shortened(others, options, style)];
};

const joined = (blocks: readonly (readonly string[])[]): string =>
  blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n");

/** What would be taken over, with what is live → what the files ask for. No line feed at the end. */
export const renderAdoption = (adoption: Adoption, options: Options): string =>
  joined(adoptionBlocks(adoption, options));

/** What was taken over and what was left, with the reason. No line feed at the end. */
export const renderAdoptReport = (report: AdoptReport, options: Options): string => {
  const style = styleOf(options.colour);
  const bad = report.results
    .filter((result) => result.outcome !== "done")
    .map((result) => {
      const { error } = result;
      const why = error === undefined ? "" : `: ${printable(error.message)}`;
      const cure = error?.hint === undefined ? [] : [`    ${style.cyan("what to do:")} ${printable(error.hint)}`];
      return [`${style.red("!")} ${printable(address(result.kind, result._id))} ${result.outcome}${why}`, ...cure];
    });
  const [taken = [], left = []] = adoptionBlocks(report, options);
  const done = report.results.filter((result) => result.outcome === "done").length;
  const differ = report.items.filter((item) => item.fields.some((field) => field.class !== "unknown")).length;
  const rest = [
    ...(bad.length === 0 ? [] : [`${count(bad.length)} not`]),
    ...(report.left.length === 0 ? [] : [`${count(report.left.length)} left`]),
    ...(differ === 0 ? [] : [`${count(differ)} differ from the files`]),
  ];
  const last =
    report.items.length === 0 && report.left.length === 0
      ? "nothing to adopt: what is meant is ours already, or not live"
      : [`${counted(done, "resource")} adopted`, ...rest].join(", ");
  return joined([options.detail ? taken : [], left, shortened(bad, options, style), [style.bold(last)]]);
};

const forgetLines = (items: readonly ForgetItem[], options: Options): string[] => {
  const style = styleOf(options.colour);
  return shortened(
    items.map((item) => [
      `${style.cyan("=")} ${printable(address(item.kind, item._id))} ${style.dim(printable(item.id))}${item.state === "retained" ? " (retained)" : ""}`,
    ]),
    options,
    style,
  );
};

/** What would be let go. No line feed at the end. */
export const renderForget = (items: readonly ForgetItem[], options: Options): string =>
  forgetLines(items, options).join("\n");

/** What was let go, and what of it the files still ask for. No line feed at the end. */
export const renderForgetReport = (report: ForgetReport, options: Options): string => {
  const style = styleOf(options.colour);
  const asked = report.items.filter((item) => item.declared === true);
  const names = asked.map((item) => printable(address(item.kind, item._id)));
  return joined([
    options.detail ? forgetLines(report.items, options) : [],
    asked.length === 0
      ? []
      : [
          `${style.yellow("?")} the files still ask for ${listed(names, 5)}: the next plan says that adoption is needed`,
          `    ${style.cyan("what to do:")} take the components out of the files, or connector-deployer adopt`,
        ],
    [style.bold(`${counted(report.items.length, "resource")} forgotten; what is live stays as it is`)],
  ]);
};

/** What was renamed, and what is to be done in the files. No line feed at the end. */
export const renderMove = (report: MoveReport, options: { readonly colour: boolean }): string => {
  const style = styleOf(options.colour);
  const { kind, declared, unresolved } = report;
  const [from, to] = [printable(address(kind, report.from)), printable(address(kind, report.to))];
  const cure = (text: string): string => `    ${style.cyan("what to do:")} ${text}`;
  return joined([
    unresolved.length === 0
      ? []
      : [`${style.yellow("?")} no value for ${unresolved.map(dotted).join(", ")}: written once by the next apply`],
    declared === undefined || (declared.to && !declared.from)
      ? []
      : [
          `${style.yellow("?")} the files ${declared.from ? `still ask for ${from}` : `do not ask for ${to} yet`}`,
          cure(`rename the component there before the next apply: _id ${printable(report.to)}`),
        ],
    [style.bold(`${from} is ${to} now (${printable(report.id)}, tenant ${printable(report.tenant)})`)],
  ]);
};
