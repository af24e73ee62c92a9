import { Problem } from "../problem.ts";
import type { ReadBatch } from "../sources/source-driver.ts";

/** Milliseconds that an abandoned source has to let go. */
const farewell = 500;

/**
 * Hands batches on one by one; the next one is fetched while one is written. `patience`: milliseconds that a batch may
 * take to come, `source_timeout` after that. When it ends, well or not, the source is told to stop.
 */
export const copyBatches = async (
  read: (signal: AbortSignal) => AsyncIterable<ReadBatch>,
  write: (batch: ReadBatch) => Promise<void>,
  patience: number,
  signal: AbortSignal,
): Promise<void> => {
  signal.throwIfAborted();
  const ended = new AbortController();
  const batches = read(AbortSignal.any([signal, ended.signal]))[Symbol.asyncIterator]();
  const fetch = (): Promise<IteratorResult<ReadBatch>> => {
    const next = batches.next();
    // It may fail while the batch before is still being written.
    next.catch(() => undefined);
    return next;
  };
  try {
    for (let next = fetch(); ; ) {
      const { done, value } = await within(next, patience, signal);
      if (done === true) return;
      next = fetch();
      await write(value);
      signal.throwIfAborted();
    }
  } finally {
    ended.abort();
    const stopped = batches.return?.(undefined).catch(() => undefined);
    if (stopped !== undefined) await settled(stopped, farewell);
  }
};

const within = async <Value>(work: Promise<Value>, milliseconds: number, signal: AbortSignal): Promise<Value> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const minutes = Math.round(milliseconds / 60_000);
    reject(new Problem("source_timeout", `the source gave no records for ${minutes} minutes`));
  }, milliseconds);
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
};

/** Waits for work to end, for some milliseconds at most. */
export const settled = async (work: Promise<unknown>, milliseconds: number): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([work.catch(() => undefined), promise]);
  clearTimeout(timer);
};
