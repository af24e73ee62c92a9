import type { Live } from "../contract/index.ts";

/**
 * One listing for a whole batch: it starts when every change of the batch that is still running waits for it, so that
 * each of them sees a listing that began after it asked, and a round costs one request.
 */
export type BatchList = {
  /** The next listing. */
  read(): Promise<readonly Live[]>;
  /** A change of the batch has ended and will not ask again. */
  leave(): void;
};

export const batchList = (size: number, list: () => Promise<readonly Live[]>): BatchList => {
  let active = size;
  let waiting: { resolve: (live: readonly Live[]) => void; reject: (error: unknown) => void }[] = [];
  const startWhenAllWait = (): void => {
    if (waiting.length === 0 || waiting.length < active) return;
    const round = waiting;
    waiting = [];
    list().then(
      (live) => {
        for (const { resolve } of round) resolve(live);
      },
      (error: unknown) => {
        for (const { reject } of round) reject(error);
      },
    );
  };
  return {
    read: () =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        startWhenAllWait();
      }),
    leave: () => {
      active--;
      startWhenAllWait();
    },
  };
};
