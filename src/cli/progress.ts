import type { ReportEvent } from "../engine/index.ts";
import { printable, renderEvent, renderProgress, renderWaiting } from "../render/index.ts";
import type { Session } from "./session.ts";

/** Milliseconds between two looks of the display. */
const pace = 100;

/** A display on a terminal that shows counts and what runs; lines that stay are put above it. */
const live = async (session: Session, changes: number): Promise<{ line: (text: string) => void; end: () => void }> => {
  const { createLogUpdate } = await import("log-update");
  const { stderr } = session.io;
  const display = createLogUpdate(stderr);
  const { activity, output } = session;
  const waiting: string[] = [];
  const draw = (): void => {
    if (waiting.length > 0) {
      display.clear();
      stderr.write(waiting.splice(0).join(""));
    }
    if (activity.phase() === "starting") return;
    if (activity.phase() === "comparing") {
      display(`comparing with target ${printable(activity.target() ?? "")}`);
      return;
    }
    if (activity.phase() === "waiting") {
      display(renderWaiting(activity.waiting(), { columns: stderr.columns ?? 80 }));
      return;
    }
    const progress = {
      changes,
      outcomes: activity.outcomes(),
      running: activity.running(),
      wave: activity.wave(),
      started: activity.started(),
      now: Date.now(),
    };
    display(renderProgress(progress, { colour: output.colour, columns: stderr.columns ?? 80 }));
  };
  const timer = setInterval(draw, pace);
  const line = (text: string): void => void waiting.push(`${text}\n`);
  output.divert((text) => {
    // The terminal may have echoed ^C into the display's last line.
    line(text);
    draw();
  });
  return {
    line,
    end: () => {
      clearInterval(timer);
      output.divert(undefined);
      display.clear();
      stderr.write(waiting.splice(0).join(""));
      display.done();
    },
  };
};

/** Lines, a few times a second in one write. */
const plain = (session: Session): { line: (text: string) => void; end: () => void } => {
  const waiting: string[] = [];
  const write = (): void => {
    if (waiting.length > 0) session.io.stderr.write(waiting.splice(0).join(""));
  };
  const timer = setInterval(write, pace);
  return {
    line: (text) => waiting.push(`${text}\n`),
    end: () => {
      clearInterval(timer);
      write();
    },
  };
};

const isLive = (session: Session): boolean => {
  const { io, output } = session;
  return (
    io.stderr.isTTY === true &&
    output.format === "text" &&
    !io.env["CI"] &&
    !io.env["NO_COLOR"] &&
    io.env["TERM"] !== "dumb"
  );
};

/** Shows how a run of so many changes goes on, on standard error, until the function that it gives is called. */
export const showProgress = async (session: Session, changes: number): Promise<() => void> => {
  if (session.quiet) return () => undefined;
  const isOnTerminal = isLive(session);
  const display = isOnTerminal ? await live(session, changes) : plain(session);
  const stop = session.listen((event: ReportEvent) => {
    // The plan has said this, and the report says it again.
    if (event.code === "tenant-refused") return;
    // What ended well is in the display's counts already.
    if (isOnTerminal && event.code === "change-ended" && event.outcome === "done") return;
    if (isOnTerminal && (event.code === "wait-started" || (event.code === "health" && event.healthy === true))) {
      return;
    }
    // On the same terminal the report says it again, with all that is known.
    if (isOnTerminal && session.io.stdout.isTTY === true && event.code === "health") return;
    const line = renderEvent(event, { colour: session.output.colour });
    if (line !== undefined) display.line(line);
  });
  return () => {
    stop();
    display.end();
  };
};
