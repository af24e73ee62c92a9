import type { Operation, Outcome } from "../contract/index.ts";
import { printable } from "./escape.ts";
import { symbolOf } from "./plan-lines.ts";
import { styleOf } from "./style.ts";
import { clip } from "./width.ts";
import { count, counted, duration } from "./words.ts";

/** How far an apply is. */
export type Progress = {
  readonly changes: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Longest running first. */
  readonly running: readonly { readonly resource: string; readonly op: Operation; readonly since: number }[];
  readonly wave: string | undefined;
  /** Milliseconds, on the same clock as `now`. */
  readonly started: number;
  readonly now: number;
};

const mostRunning = 5;
const barCells = 24;

/** Whole seconds: the display has no use for more. */
const elapsed = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  return seconds < 60 ? `${seconds} s` : duration(seconds * 1000);
};

/** What a live display shows while the health of resources is waited for. No line feed at the end. */
export const renderWaiting = (
  waiting: {
    readonly resources: number;
    readonly healthy: number;
    readonly unhealthy: number;
    readonly open: ReadonlyMap<string, string>;
  },
  options: { readonly columns: number },
): string => {
  const unhealthy = waiting.unhealthy === 0 ? "" : `, ${count(waiting.unhealthy)} unhealthy`;
  const head = `waiting: ${count(waiting.healthy)} of ${count(waiting.resources)} healthy${unhealthy}`;
  const lines = [...waiting.open].slice(0, mostRunning).map(([resource, status]) => {
    return `  ${clip(`${printable(resource)} ${printable(status)}`, options.columns - 3)}`;
  });
  const left = waiting.open.size - lines.length;
  return [clip(head, options.columns - 1), ...lines, ...(left > 0 ? [`  and ${count(left)} more`] : [])].join("\n");
};

/** What a live display shows: counts, what runs, time passed. Lines clip into `columns`. No line feed at the end. */
export const renderProgress = (
  progress: Progress,
  options: { readonly colour: boolean; readonly columns: number },
): string => {
  const style = styleOf(options.colour);
  const { outcomes, changes, running } = progress;
  const ended = Object.values(outcomes).reduce((sum, number) => sum + number, 0);
  const share = changes === 0 ? 0 : Math.min(1, ended / changes);
  const full = Math.floor(share * barCells);
  const bar = `${"█".repeat(full)}${"░".repeat(barCells - full)}`;
  const troubles = (["conflict", "failed", "uncertain", "skipped"] as const)
    .filter((outcome) => outcomes[outcome] > 0)
    .map((outcome) => `, ${count(outcomes[outcome])} ${outcome}`)
    .join("");
  const wave = progress.wave === undefined ? "" : `, wave ${printable(progress.wave)}`;
  const time = elapsed(progress.now - progress.started);
  const head = clip(
    ` ${count(ended)} of ${counted(changes, "change")}${troubles}${wave}, ${time}`,
    options.columns - barCells - 1,
  );
  const lines = running.slice(0, mostRunning).map((change) => {
    const age = elapsed(progress.now - change.since);
    return `  ${symbolOf(change.op, style)} ${clip(`${printable(change.resource)} ${age}`, options.columns - 6)}`;
  });
  const more =
    running.length > mostRunning ? [style.dim(`  and ${count(running.length - mostRunning)} more running`)] : [];
  return [`${style.green(bar)}${head}`, ...lines, ...more].join("\n");
};
