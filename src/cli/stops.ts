/** Why a command is being stopped. */
export type StopReason = "interrupt" | "deadline";

export type Stops = {
  /** Start nothing new. */
  readonly stop: AbortSignal;
  /** Abandon what runs, too. */
  readonly abort: AbortSignal;
  readonly reason: () => StopReason | undefined;
  /** Stops the clock of the deadline, while a person is asked, until the function that it gives is called. */
  readonly pause: () => () => void;
  readonly dispose: () => void;
};

export type StopEvents = {
  /** The first interrupt, and the second. */
  readonly onInterrupt: (times: number) => void;
  readonly onDeadline: () => void;
  /** A third interrupt: the person has waited enough. */
  readonly onImpatience: () => void;
};

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** After a deadline, running requests get this long to end and be recorded. */
const grace = 10_000;

/** Turns signals and the deadline into two abort signals: nothing new, then not even what runs. */
export const createStops = (timeout: number | undefined, events: StopEvents): Stops => {
  const stop = new AbortController();
  const abort = new AbortController();
  let reason: StopReason | undefined;
  let times = 0;
  const onSignal = (): void => {
    times += 1;
    reason ??= "interrupt";
    if (times > 2) events.onImpatience();
    else events.onInterrupt(times);
    stop.abort();
    if (times > 1) abort.abort();
  };
  let timer: NodeJS.Timeout | undefined;
  const after = (milliseconds: number, act: () => void): void => {
    timer = setTimeout(act, milliseconds).unref();
  };
  const onDeadline = (): void => {
    reason ??= "deadline";
    events.onDeadline();
    // As of AbortSignal.timeout: what was waited for in vain is late, not interrupted.
    stop.abort(new DOMException("--timeout has passed", "TimeoutError"));
    after(grace, () => abort.abort());
  };
  let left = timeout;
  let since = performance.now();
  const go = (): void => {
    since = performance.now();
    if (left !== undefined) after(left, onDeadline);
  };
  go();
  for (const signal of signals) process.on(signal, onSignal);
  return {
    stop: stop.signal,
    abort: abort.signal,
    reason: () => reason,
    pause: () => {
      if (left === undefined || reason !== undefined) return () => undefined;
      clearTimeout(timer);
      left = Math.max(0, left - (performance.now() - since));
      return () => {
        if (reason === undefined) go();
      };
    },
    dispose: () => {
      for (const signal of signals) process.off(signal, onSignal);
      clearTimeout(timer);
    },
  };
};
