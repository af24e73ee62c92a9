import { PassThrough } from "node:stream";
import type { Activity } from "../../src/cli/activity.ts";
import { createActivity } from "../../src/cli/activity.ts";
import type { Session } from "../../src/cli/session.ts";
import type { Format } from "../../src/cli/shared-flags.ts";
import type { ReportEvent } from "../../src/engine/index.ts";

export type Terminal = {
  readonly session: Session;
  readonly activity: Activity;
  readonly stop: AbortController;
  /** What a person types. */
  readonly type: (text: string) => void;
  readonly close: () => void;
  /** Everything that was written to standard error so far. */
  readonly shown: () => string;
  readonly report: (event: ReportEvent) => void;
};

export type TerminalFacts = {
  readonly isTerminal?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  readonly format?: Format;
  readonly quiet?: boolean;
};

/** A session whose streams are in memory. */
export const createTerminal = (facts: TerminalFacts = {}): Terminal => {
  const { isTerminal = true, env = {}, format = "text", quiet = false } = facts;
  const stream = () => Object.assign(new PassThrough(), { isTTY: isTerminal, columns: 80, rows: 24 });
  const [stdin, stdout, stderr] = [stream(), stream(), stream()];
  let written = "";
  stderr.on("data", (chunk) => {
    written += String(chunk);
  });
  const stop = new AbortController();
  const activity = createActivity(Date.now);
  const listeners = new Set<(event: ReportEvent) => void>();
  const report = (event: ReportEvent): void => {
    activity.take(event);
    for (const listener of listeners) listener(event);
  };
  const session = {
    io: { stdin, stdout, stderr, env },
    output: {
      format,
      colour: false,
      print: async () => undefined,
      note: (text: string) => stderr.write(`${text}\n`),
      warn: (text: string) => stderr.write(`${text}\n`),
      divert: () => undefined,
    },
    stops: {
      stop: stop.signal,
      abort: new AbortController().signal,
      reason: () => undefined,
      pause: () => () => undefined,
      dispose: () => undefined,
    },
    activity,
    quiet,
    verbose: false,
    interactive: isTerminal,
    report,
    listen: (listener: (event: ReportEvent) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    session: session as unknown as Session,
    activity,
    stop,
    type: (text) => stdin.write(text),
    close: () => stdin.end(),
    shown: () => written,
    report,
  };
};
