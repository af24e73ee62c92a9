import type { Change } from "../contract/index.ts";
import type { Intent, Lease, Ledger } from "../ledger/index.ts";

type Waiting = { readonly intent: Intent; readonly done: () => void; readonly failed: (error: unknown) => void };

/** Milliseconds in which intents gather: a commit costs more than it delays, since requests wait for their turn anyway. */
const gathering = 4;

/** Commits intents; those of one tenant that come together share one commit. */
export const intentLog = (
  ledger: Ledger,
  run: string,
): ((lease: Lease, change: Change, seen: readonly string[]) => Promise<void>) => {
  const waiting = new Map<Lease, Waiting[]>();
  const flush = async (lease: Lease): Promise<void> => {
    const batch = waiting.get(lease) ?? [];
    waiting.delete(lease);
    try {
      await ledger.intend(
        lease,
        run,
        batch.map(({ intent }) => intent),
      );
      for (const { done } of batch) done();
    } catch (error) {
      for (const { failed } of batch) failed(error);
    }
  };
  return (lease, change, seen) =>
    new Promise((done, failed) => {
      const entry: Waiting = { intent: { change, seen }, done: () => done(), failed };
      const batch = waiting.get(lease);
      if (batch !== undefined) {
        batch.push(entry);
        return;
      }
      waiting.set(lease, [entry]);
      setTimeout(() => void flush(lease), gathering);
    });
};
