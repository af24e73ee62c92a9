/** Why a command is being stopped. */
export type StopReason = "interrupt" | "deadline";

export type Stops = {
  /** Start nothing new. */
  readonly stop: AbortSignal;
  /** Abandon what runs, too. */
  readonly abort: AbortSignal;
  readonly reason: () => StopReason | undefined;
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
  const timers: NodeJS.Timeout[] = [];
  const after = (milliseconds: number, act: () => void): void => {
    const timer = setTimeout(act, milliseconds);
    timer.unref();
    timers.push(timer);
  };
  if (timeout !== undefined) {
    after(timeout, () => {
      reason ??= "deadline";
      events.onDeadline();
      stop.abort();
      after(grace, () => abort.abort());
    });
  }
  for (const signal of signals) process.on(signal, onSignal);
  return {
    stop: stop.signal,
    abort: abort.signal,
    reason: () => reason,
    dispose: () => {
      for (const signal of signals) process.off(signal, onSignal);
      for (const timer of timers) clearTimeout(timer);
    },
  };
};
