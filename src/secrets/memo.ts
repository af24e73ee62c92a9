import { DeployerError } from "../errors.ts";

type Entry = {
  readonly value: Promise<string>;
  readonly controller: AbortController;
  waiting: number;
  settled: boolean;
};

/**
 * Values by name, each computed once: calls at the same time share one computation, which ends early only when all of
 * them were cancelled. Failures are kept too, cancellations are not.
 */
export const createMemo = () => {
  const entries = new Map<string, Entry>();

  const begin = (name: string, compute: (signal: AbortSignal) => Promise<string>): Entry => {
    const controller = new AbortController();
    const entry: Entry = { value: compute(controller.signal), controller, waiting: 0, settled: false };
    const settle = (): void => {
      entry.settled = true;
    };
    entry.value.then(settle, settle);
    entries.set(name, entry);
    return entry;
  };

  return async (
    name: string,
    compute: (signal: AbortSignal) => Promise<string>,
    signal: AbortSignal | undefined,
  ): Promise<string> => {
    const cancelled = (): DeployerError =>
      new DeployerError("cancelled", `interrupted while reading the secret ${name}`, { details: { name } });
    if (signal?.aborted) throw cancelled();
    const entry = entries.get(name) ?? begin(name, compute);
    if (entry.settled) return entry.value;
    entry.waiting++;
    let onAbort = (): void => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(cancelled());
      signal?.addEventListener("abort", onAbort, { once: true });
    });
    try {
      return await Promise.race([entry.value, aborted]);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      entry.waiting--;
      if (entry.waiting === 0 && !entry.settled) {
        entries.delete(name);
        entry.controller.abort();
      }
    }
  };
};
