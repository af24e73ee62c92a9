const names = ["SIGINT", "SIGTERM"] as const;

/** Where a process hears that it should end; `process`, but for tests. */
export type SignalSource = {
  once(name: NodeJS.Signals, listener: () => void): unknown;
  off(name: NodeJS.Signals, listener: () => void): unknown;
  /** The process ends by the signal that it heard. */
  end(name: NodeJS.Signals): void;
};

/** Time for the last answers to get out. */
const farewell = 200;

export const processSignals: SignalSource = {
  once: (name, listener) => process.once(name, listener),
  off: (name, listener) => process.off(name, listener),
  end: (name) => {
    setTimeout(() => process.kill(process.pid, name), farewell).unref();
  },
};

/**
 * Gives work a signal that is aborted when the process should end, so that it starts nothing new; the process ends when
 * the last work has. While no work runs the process ends as always.
 */
export const stopping = (source: SignalSource): (<T>(work: (stop: AbortSignal) => Promise<T>) => Promise<T>) => {
  let running = 0;
  let stop = new AbortController();
  let heard: NodeJS.Signals | undefined;
  const listeners = new Map(
    names.map((name) => [
      name,
      () => {
        heard = name;
        stop.abort();
      },
    ]),
  );
  return async (work) => {
    if (running === 0) for (const [name, listener] of listeners) source.once(name, listener);
    running++;
    try {
      return await work(stop.signal);
    } finally {
      running--;
      if (running === 0) {
        for (const [name, listener] of listeners) source.off(name, listener);
        if (heard !== undefined) source.end(heard);
        heard = undefined;
        stop = new AbortController();
      }
    }
  };
};
